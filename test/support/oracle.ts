/**
 * THE ORACLE of all fault tests. Subscribers wrote down every event that they saw, clients every payment that they were
 * answered; afterwards it compares them with what PostgreSQL has. The promise that it holds the product to: at least
 * once; in order per goal; nothing lost within retention; a repeat is recognisable by its cursor; beyond retention there
 * is an explicit GAP. Every payment that was acknowledged stands in the books exactly once.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { encodeId } from '@tidemark/server/ids.ts'
import type { Company, GoalMetric } from './company.ts'
import { type Follower, plain, type Seen } from './follower.ts'
import { execute } from './graphql.ts'
import type { Load } from './load.ts'
import { expectSoundBooks } from './sound-books.ts'

export type Verdict = {
  /** What went wrong, in words, of each kind the first few; empty where the promise was kept. */
  readonly wrongs: readonly string[]
  /** For the report. */
  readonly counts: Counts
}

export type Counts = {
  readonly acknowledged: number
  readonly sentAgain: number
  readonly subscribers: number
  /** Events over all subscribers, and how many of them were repeats, known by their cursors. */
  readonly events: number
  readonly repeats: number
  readonly gaps: number
  /** Rows of progress that were recorded. */
  readonly recorded: number
  /** How often subscribers came back. */
  readonly reconnected: number
}

export type Evidence = {
  readonly followers: readonly Follower[]
  readonly loads: readonly Load[]
  /** A server that runs: what it answers is compared too. */
  readonly url: string
  /** Who did not read may have been given the last state of a goal instead of each. */
  readonly mayCoalesce?: boolean
  /** Connections that servers may have to the database: the pools of those that run, and what listens. */
  readonly connectionsMax?: number
}

type Recorded = { readonly goalId: string; readonly sequence: number; readonly value: string | null }

const SETTLING_MS_MAX = 45_000
const SETTLING_POLL_MS = 100
const TOLD_MAX = 5
/** Commands that are sent once more, with their keys. */
const ASKED_AGAIN = 10
/** The pool, the listener, the canceller, and the courier's own. */
export const CONNECTIONS_PER_SERVER = 20 + 1 + 1 + 12

/** Waits until goals and subscribers have caught up, then judges. */
export const judge = async (company: Company, evidence: Evidence): Promise<Verdict> => {
  const { followers, loads } = evidence
  const settled = await settle(company, evidence)
  const rows = await readRecorded(company)
  const wrongs = [
    ...settled,
    ...few('the sequence', gapsIn(rows)),
    ...few(
      'subscribers',
      followers.flatMap((follower, index) =>
        [
          ...wrongsOfStream(follower.seen, rows, evidence.mayCoalesce === true),
          ...lastWrong(follower, rows),
        ].map((wrong) => `subscriber ${index}: ${wrong}`),
      ),
    ),
    ...few(
      'refused',
      followers.flatMap(({ refusals }) => refusals),
    ),
    ...few('answers', (await Promise.all(loads.map((load) => load.askAgain(ASKED_AGAIN)))).flat()),
    ...few('payments', await wrongPayments(company, loads)),
    ...few('left over', await leftOver(company, evidence.connectionsMax ?? CONNECTIONS_PER_SERVER)),
  ]
  await expectSoundBooks(company.connection, company.organization.id)
  const events = followers.flatMap(({ seen }) => seen)
  return {
    wrongs,
    counts: {
      acknowledged: loads.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0),
      sentAgain: loads.reduce((sum, load) => sum + load.again(), 0),
      subscribers: followers.length,
      events: events.length,
      repeats: followers.reduce((sum, { seen }) => sum + repeatsIn(seen), 0),
      gaps: events.filter(({ kind }) => kind === 'GAP').length,
      recorded: rows.length,
      reconnected: followers.reduce((sum, { closes }) => sum + closes.length, 0),
    },
  }
}

/** Of many of one kind, the first few and how many there are. */
const few = (kind: string, wrongs: readonly string[]): string[] =>
  wrongs.length <= TOLD_MAX
    ? [...wrongs]
    : [...wrongs.slice(0, TOLD_MAX), `and ${wrongs.length - TOLD_MAX} more of ${kind}`]

// What a subscriber saw.

/**
 * Null where nothing is wrong. A goal's first event says where it stood; from there on each row of it is seen in order,
 * once or again with a cursor that was seen before, and only a GAP passes over some.
 */
export const wrongsOfStream = (
  seen: readonly Seen[],
  rows: readonly Recorded[],
  mayCoalesce: boolean,
): string[] => {
  const wrongs: string[] = []
  const byGoal = Map.groupBy(rows, ({ goalId }) => goalId)
  const stored = new Map(rows.map((row) => [row.sequence, row]))
  const last = new Map<string, number>()
  const cursors = new Set<string>()
  for (const { kind, cursor, goalId, sequence, value } of seen) {
    const row = sequence === null ? undefined : stored.get(sequence)
    if (sequence !== null && (row === undefined || row.goalId !== goalId || row.value !== value)) {
      wrongs.push(`${kind} ${sequence} says ${value}, stored is ${row?.value}`)
    }
    const at = sequence ?? 0
    const before = last.get(goalId)
    const isRepeat = cursors.has(`${goalId} ${cursor}`)
    cursors.add(`${goalId} ${cursor}`)
    if (before === undefined) {
      last.set(goalId, at)
      continue
    }
    if (at <= before) {
      if (!isRepeat) wrongs.push(`${kind} ${at} came after ${before} and is no repeat`)
      continue
    }
    if (kind !== 'GAP' && !mayCoalesce) {
      const missed = (byGoal.get(goalId) ?? []).filter((one) => one.sequence > before && one.sequence < at)
      if (missed.length > 0) {
        wrongs.push(`lost ${missed.map((one) => one.sequence).join(', ')} before ${kind} ${at}`)
      }
    }
    last.set(goalId, at)
  }
  return wrongs
}

const lastWrong = ({ seen }: Follower, rows: readonly Recorded[]): string[] => {
  const stored = lastOf(rows)
  const told = new Map(seen.filter(({ sequence }) => sequence !== null).map((one) => [one.goalId, one]))
  return [...stored].flatMap(([goalId, row]) => {
    const value = told.get(goalId)?.value
    return value === row.value ? [] : [`${goalId} is ${value} there, and in truth ${row.value}`]
  })
}

const repeatsIn = (seen: readonly Seen[]): number =>
  seen.length - new Set(seen.map(({ goalId, cursor }) => `${goalId} ${cursor}`)).size

const lastOf = (rows: readonly Recorded[]): ReadonlyMap<string, Recorded> =>
  new Map(rows.map((row) => [row.goalId, row]))

const gapsIn = (rows: readonly Recorded[]): string[] =>
  rows.flatMap(({ sequence }, index) =>
    sequence === index + 1 ? [] : [`row ${index + 1} of the progress has the number ${sequence}`],
  )

// What is in the database.

const readRecorded = async ({ connection, organization }: Company): Promise<Recorded[]> => {
  const rows = await connection.sql<{ id: string; sequence: number; value: string | null }[]>`
    select goal_id as id, sequence::int as sequence, value::text as value
    from goal_progress where organization_id = ${organization.id} order by sequence`
  return rows.map(({ id, sequence, value }) => ({
    goalId: encodeId('goal', id),
    sequence,
    value: plain(value),
  }))
}

/** What the goals must come to, in plain SQL over the ledger's entries; all of a test's books are of yesterday. */
export const readTruth = async ({
  connection,
  organization,
}: Company): Promise<Record<GoalMetric, string>> => {
  const [row] = await connection.sql<[{ cash: string; open: string; receivable: string }]>`
    with item_sum as (
      select i.id, i.kind, sum(e.amount) as balance from item i
      join ledger_entry e on e.organization_id = i.organization_id and e.item_id = i.id
      where i.organization_id = ${organization.id} group by i.id, i.kind
    )
    select
      (select coalesce(sum(amount), 0) / 100 from ledger_entry
        where organization_id = ${organization.id} and kind = 'RECEIVED')::text as cash,
      (select count(*) from item_sum where kind = 'INVOICE' and balance <> 0)::text as open,
      (select coalesce(sum(balance), 0) / 100 from item_sum where kind = 'INVOICE')::text as receivable`
  return {
    CASH_COLLECTED: plain(row.cash) ?? '',
    OPEN_INVOICE_COUNT: row.open,
    TOTAL_RECEIVABLES: plain(row.receivable) ?? '',
  }
}

type Goals = {
  goals: { nodes: { id: string; name: GoalMetric; progress: { valueExact: string | null } | null }[] }
}

/**
 * Waits until the server's answer is the truth, and the last event of each subscriber is the last that was recorded. What
 * never came to be is told.
 */
const settle = async (company: Company, { followers, url }: Evidence): Promise<string[]> => {
  const giveUpAt = performance.now() + SETTLING_MS_MAX
  let quiet = 0
  for (;;) {
    const wrongs = [...(await wrongAnswers(company, url)), ...(await lateFollowers(company, followers))]
    // Twice, for between two looks something may have been recorded.
    quiet = wrongs.length === 0 ? quiet + 1 : 0
    if (quiet > 1) return []
    if (performance.now() > giveUpAt) return wrongs
    await sleep(SETTLING_POLL_MS)
  }
}

const wrongAnswers = async (company: Company, url: string): Promise<string[]> => {
  const truth = await readTruth(company)
  try {
    const query = '{ goals(first: 100) { nodes { id name progress { valueExact } } } }'
    const { goals } = await execute<Goals>(url, company.token, query)
    return goals.nodes.flatMap(({ name, progress }) => {
      const value = plain(progress?.valueExact ?? null)
      return value === truth[name]
        ? []
        : [`the server says ${name} is ${value}, in truth it is ${truth[name]}`]
    })
  } catch (error) {
    return [`the server does not answer: ${String(error)}`]
  }
}

const lateFollowers = async (company: Company, followers: readonly Follower[]): Promise<string[]> => {
  if (followers.length === 0) return []
  const [row] = await company.connection.sql<{ sequence: number }[]>`
    select max(sequence)::int as sequence from goal_progress where organization_id = ${company.organization.id}`
  const late = followers.filter(({ seen }) => (seen.at(-1)?.sequence ?? 0) < (row?.sequence ?? 0))
  return late.length === 0
    ? []
    : [
        `${late.length} of ${followers.length} subscribers never saw ${row?.sequence}, but ${late[0]?.seen.at(-1)?.sequence}`,
      ]
}

const wrongPayments = async (
  { connection, organization }: Company,
  loads: readonly Load[],
): Promise<string[]> => {
  const { id } = organization
  const found = await inTransaction(connection, { organizationId: id, mode: 'read' }, async ({ sql }) => ({
    receipts: await sql<{ key: string; id: string }[]>`select reference as key, id from receipt`,
    invoices: await sql<{ key: string; id: string }[]>`select 'bill-' || number as key, id from invoice`,
    audited: await sql<{ action: string; count: number }[]>`
      select action, count(*)::int as count from audit
      where action in ('recordReceipt', 'recordInvoice') group by action`,
  }))
  const stored = [
    ...found.receipts.map((row) => `${row.key} ${encodeId('receipt', row.id)}`),
    ...found.invoices.map((row) => `${row.key} ${encodeId('invoice', row.id)}`),
  ]
  const answered = loads.flatMap(({ acknowledged }) => [...acknowledged].map(([key, id]) => `${key} ${id}`))
  const storedSet = new Set(stored)
  const answeredSet = new Set(answered)
  const audited = found.audited.reduce((sum, { count }) => sum + count, 0)
  return [
    ...answered
      .filter((one) => !storedSet.has(one))
      .map((one) => `${one} was acknowledged and is not in the books`),
    ...stored
      .filter((one) => !answeredSet.has(one))
      .map((one) => `${one} is in the books and nobody was told`),
    ...(storedSet.size === stored.length ? [] : ['something is in the books twice']),
    ...(audited === stored.length ? [] : [`the audit tells of ${audited}, the books have ${stored.length}`]),
  ]
}

const LEFT_OVER_SECONDS = 3
const LEFT_OVER_MS_MAX = 15_000

/** Statements and transactions that nobody waits for any more, and connections beyond those of the servers' pools. */
const leftOver = async ({ connection }: Company, connectionsMax: number): Promise<string[]> => {
  const giveUpAt = performance.now() + LEFT_OVER_MS_MAX
  for (;;) {
    const rows = await connection.sql<{ name: string; state: string; query: string; old: boolean }[]>`
      select application_name as name, state, left(query, 80) as query,
        coalesce(xact_start < now() - make_interval(secs => ${LEFT_OVER_SECONDS}), false) as old
      from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
        and application_name <> 'outside'`
    const old = rows
      .filter(({ old }) => old)
      .map(({ name, state, query }) => `${name} is ${state} in ${query}`)
    const tooMany =
      rows.length > connectionsMax ? [`${rows.length} connections, where ${connectionsMax} are enough`] : []
    const wrongs = [...old, ...tooMany]
    if (wrongs.length === 0 || performance.now() > giveUpAt) return wrongs
    await sleep(SETTLING_POLL_MS)
  }
}
