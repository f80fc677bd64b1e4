/** From a posting to a subscriber: the evaluator, the feed and the subscription over a real PostgreSQL. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, connect } from '@tidemark/drizzle/connect.ts'
import { createEvents, createLocalEvents, type Events } from '@tidemark/server/events.ts'
import { createGoal } from '@tidemark/server/goal/commands.ts'
import { evaluate, isDue } from '@tidemark/server/live/evaluate.ts'
import { startEvaluator } from '@tidemark/server/live/evaluator.ts'
import { openFeed } from '@tidemark/server/live/feed.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import type { CreateGoalInput } from '@tidemark/server/schema.generated.ts'
import type { GoalProgressRow } from '@tidemark/drizzle/rows.ts'
import { goal as goals, goalProgress } from '@tidemark/drizzle/tables/goal.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { asc } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBooks, type Books } from '../support/books.ts'

const date = (text: string) => Temporal.PlainDate.from(text)
const noon = (day: string) => Temporal.Instant.from(`${day}T12:00:00Z`)
const fail = (error: unknown, message: string) => {
  throw new Error(message, { cause: error })
}

let books: Books
let now: Temporal.Instant
const clock = () => now
const running: (() => Promise<void>)[] = []

beforeEach(async () => {
  books = await openBooks('2026-06-30')
  now = noon('2026-06-30')
})
afterEach(async () => {
  for (const close of running.splice(0).toReversed()) await close()
  await books.close()
})

const closeLater = <Closable extends { close(): Promise<void> }>(closable: Closable): Closable => {
  running.push(() => closable.close())
  return closable
}

/** Open invoices down from 100 to 0 by the end of the year. */
const openInvoices = (more: Partial<CreateGoalInput> = {}): CreateGoalInput => ({
  name: 'Close every invoice',
  metric: 'OPEN_INVOICE_COUNT',
  direction: 'DECREASE',
  baseline: '100',
  target: '0',
  startsOn: date('2026-06-01'),
  deadline: date('2026-12-31'),
  dryRun: false,
  ...more,
})

async function setGoal(more: Partial<CreateGoalInput> = {}): Promise<string> {
  const outcome = await createGoal(books.context, openInvoices(more))
  if (isProblem(outcome)) throw new Error(outcome.message)
  return outcome.goalId
}

const rows = (): Promise<GoalProgressRow[]> =>
  inTransaction(books.connection, { organizationId: books.organization.id, mode: 'read' }, (tx) =>
    tx.select().from(goalProgress).orderBy(asc(goalProgress.sequence)),
  )

const bill = (number: number) => books.bill(`I-${number}`, '100', '2026-06-01', '2026-07-15')
const evaluateNow = async (connection: Connection = books.connection) => {
  const done = await evaluate(connection, books.organization, now, fail)
  return done.outcome === 'DONE' ? { ...done, appended: done.appended.length } : done
}

async function until<Value>(look: () => Promise<Value>, holds: (value: Value) => boolean): Promise<Value> {
  const giveUpAt = performance.now() + 8_000
  for (;;) {
    const value = await look()
    if (holds(value)) return value
    if (performance.now() > giveUpAt)
      throw new Error(
        `Still ${JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part))}`,
      )
    await sleep(20)
  }
}

describe('one evaluation', () => {
  it('appends a row where value or status changed, and none where nothing did', async () => {
    await setGoal()
    await bill(1)
    expect(await evaluateNow()).toMatchObject({ outcome: 'DONE', appended: 1, alerted: false, failing: 0 })
    expect(await evaluateNow()).toMatchObject({ outcome: 'DONE', appended: 0, alerted: false, failing: 0 })
    await bill(2)
    expect(await evaluateNow()).toMatchObject({ outcome: 'DONE', appended: 1, alerted: false, failing: 0 })
    const progress = await rows()
    expect(progress.map(({ sequence, value }) => [sequence, Number(value)])).toEqual([
      [1n, 1],
      [2n, 2],
    ])
    expect(progress[1]).toMatchObject({ status: 'ON_TRACK', asOf: date('2026-06-30') })
    expect(progress[1]?.statusReason).toBe('Open invoices are 2, 84 below where they should be today (86).')
  })

  it('goes on for all others where a goal cannot be computed', async () => {
    await setGoal()
    await bill(1)
    const bad = crypto.randomUUID()
    await inTransaction(
      books.connection,
      { organizationId: books.organization.id, mode: 'write' },
      (tx) =>
        tx.sql`
        insert into goal (organization_id, id, name, metric, direction, filter, conventions, currency, baseline,
          baseline_on, target, starts_on, deadline)
        select organization_id, ${bad}, 'Of a newer version', 'NOT_INVENTED_YET', direction, filter, conventions,
          currency, baseline, baseline_on, target, starts_on, deadline from goal`,
    )
    const told: string[] = []
    await evaluate(books.connection, books.organization, now, (_error, message) => told.push(message))
    await evaluate(books.connection, books.organization, now, (_error, message) => told.push(message))
    const progress = await rows()
    expect(progress).toHaveLength(2)
    expect(progress.find(({ goalId }) => goalId !== bad)).toMatchObject({ status: 'ON_TRACK' })
    expect(progress.find(({ goalId }) => goalId === bad)).toMatchObject({ status: 'NO_DATA', value: null })
    expect(told).toEqual([`The goal ${bad} could not be computed`])
  })

  it('says so where an exchange rate is missing', async () => {
    await setGoal({ metric: 'TOTAL_RECEIVABLES', baseline: '5000', target: '10' })
    await books.bill('E-1', '100', '2026-06-01', '2026-07-15', { amount: { amount: '100', currency: 'EUR' } })
    await evaluateNow()
    const [progress] = await rows()
    expect(progress?.status).toBe('NO_DATA')
    expect(progress?.statusReason).toMatch(/there is no exchange rate of EUR for 2026-06-30/)
  })
})

/**
 * Holds up whoever adds up balances, the first of a KPI's statements, until `letGo`: what is posted while `reached`
 * has settled is committed between two statements.
 */
async function holdBalances({ connection }: Books) {
  await connection.sql.unsafe(`
    create function hold_balances() returns boolean language plpgsql as $$ begin
      if current_query() like '%width_bucket%' then perform pg_advisory_xact_lock_shared(4711); end if;
      return true;
    end $$;
    create policy held on flow as restrictive for select using (measure <> 'OPEN_BY_DUE' or hold_balances())`)
  const locked = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const holding = connection.sql.begin(async (sql) => {
    await sql`select pg_advisory_xact_lock(4711)`
    locked.resolve()
    await released.promise
  })
  await locked.promise
  const waiting = async () => {
    const [row] = await connection.sql<{ waiting: number }[]>`
      select count(*)::int as waiting from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and wait_event = 'advisory'`
    return row?.waiting ?? 0
  }
  return {
    reached: () => until(waiting, (count) => count > 0),
    async letGo() {
      released.resolve()
      await holding
    },
  }
}

describe('a posting that is committed while a KPI is read', () => {
  // All that was sold is open, so DSO is the window's 30 days, whichever postings it knows of.
  const dso = { metric: 'DSO', conventions: { dsoMonths: 1 }, target: '10' } as const

  it('is in all of a progress value or in none of it, and looked at again', async () => {
    await setGoal({ ...dso, baseline: '60' })
    await bill(1)
    const hold = await holdBalances(books)
    const evaluated = evaluateNow()
    await hold.reached()
    await bill(2)
    await hold.letGo()
    expect(await evaluated).toMatchObject({ outcome: 'DONE', appended: 1, alerted: false, failing: 0 })
    expect(await rows()).toMatchObject([{ value: '30', numerator: '3000', denominator: '100' }])
    const due = await inTransaction(
      books.connection,
      { organizationId: books.organization.id, mode: 'read' },
      (tx) => isDue(tx, books.organization, now),
    )
    expect(due).toBe(true)
  })

  it('is in all of a baseline or in none of it', async () => {
    await bill(1)
    const hold = await holdBalances(books)
    const { baseline: _baseline, ...input } = openInvoices({ ...dso, startsOn: date('2026-06-30') })
    const created = createGoal(books.context, input)
    await hold.reached()
    await bill(2)
    await hold.letGo()
    expect(isProblem(await created)).toBe(false)
    const [frozen] = await inTransaction(
      books.connection,
      { organizationId: books.organization.id, mode: 'read' },
      (tx) => tx.select().from(goals),
    )
    expect(frozen).toMatchObject({ baseline: '30', baselineNumerator: '3000', baselineDenominator: '100' })
  })
})

describe('an organization with more goals than a statement has parameters for', () => {
  it('is evaluated all the same', { timeout: 60_000 }, async () => {
    await setGoal()
    await inTransaction(
      books.connection,
      { organizationId: books.organization.id, mode: 'write' },
      (tx) => tx.sql`
        insert into goal (organization_id, id, name, metric, direction, filter, conventions, currency, baseline,
          baseline_on, target, starts_on, deadline)
        select organization_id, gen_random_uuid(), name, metric, direction, filter, conventions, currency, baseline,
          baseline_on, target, starts_on, deadline
        from goal, generate_series(1, 5100)`,
    )
    expect(await evaluateNow()).toMatchObject({
      outcome: 'DONE',
      appended: 5_101,
      alerted: false,
      failing: 0,
    })
  })
})

describe('two evaluators', () => {
  it('racing for one organization count one sequence without gaps or repeats', async () => {
    const other = closeLater(await connect(await urlOf(books), { max: 4 }))
    for (let index = 0; index < 6; index++) await setGoal({ name: `Goal ${index}` })
    const evaluators = [books.connection, other].map((connection) =>
      closeLater(
        startEvaluator(
          { connection, events: createLocalEvents(fail), clock, logError: fail },
          { pollMs: 15 },
        ),
      ),
    )
    for (let number = 1; number <= 25; number++) await bill(number)
    await until(rows, (progress) => Number(progress.at(-1)?.value) === 25)
    await Promise.all(evaluators.map((evaluator) => evaluator.poll()))
    const progress = await rows()
    expect(progress.map(({ sequence }) => sequence)).toEqual(progress.map((_, index) => BigInt(index + 1)))
    for (const own of Map.groupBy(progress, ({ goalId }) => goalId).values()) {
      const values = own.map(({ value }) => Number(value))
      expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b))
      expect(values.at(-1)).toBe(25)
    }
  })
})

describe('the evaluator', () => {
  const start = (events: Events = createLocalEvents(fail), pollMs = 50) => {
    const evaluator = closeLater(
      startEvaluator({ connection: books.connection, events, clock, logError: fail }, { pollMs }),
    )
    return { events, evaluator }
  }

  it('wakes up when it is told, and takes a burst at once', async () => {
    await setGoal()
    const { events } = start(undefined, 60_000)
    await until(rows, (progress) => progress.length === 1)
    let announced = 0
    events.on('progress', () => announced++)
    for (let number = 1; number <= 12; number++) {
      await bill(number)
      events.publish('posted', { organizationId: books.organization.id })
    }
    const progress = await until(rows, (found) => Number(found.at(-1)?.value) === 12)
    expect(progress.length).toBeLessThanOrEqual(13)
    await until(
      async () => announced,
      (count) => count >= 1,
    )
    expect(announced).toBeLessThanOrEqual(12)
  })

  it('finds what nobody told it', async () => {
    await setGoal()
    start()
    await bill(1)
    await until(rows, (progress) => Number(progress.at(-1)?.value) === 1)
    await bill(2)
    expect(await until(rows, (progress) => Number(progress.at(-1)?.value) === 2)).not.toEqual([])
  })

  it('finds what was committed after it had looked, though it was written before', async () => {
    await setGoal()
    const { evaluator } = start()
    await evaluator.poll()
    const organizationId = books.organization.id
    const written = Promise.withResolvers<void>()
    const commit = Promise.withResolvers<void>()
    const slow = inTransaction(books.connection, { organizationId, mode: 'write' }, async (tx) => {
      const [open] = await tx.sql<{ xid: string }[]>`select pg_current_xact_id()::text as xid`
      expect(open).toBeDefined()
      await tx.sql`insert into audit (organization_id, id, actor, action, subject, hash)
        values (${organizationId}, ${crypto.randomUUID()}, 'test', 'slow', 'nothing', '')`
      // What a posting changes, in the smallest form that the goal sees.
      await tx.sql`insert into segment (organization_id, id, currency, region) values (${organizationId}, 900, 'USD', 'far')`
      await tx.sql`insert into flow (organization_id, measure, day, anchor, segment_id, amount, count, days, amount_days, recorded_at)
        values (${organizationId}, 'OPEN_BY_ISSUE', '2026-06-30', '2026-06-30', 900, 10000, 7, 0, 0, clock_timestamp())`
      written.resolve()
      await commit.promise
    })
    await written.promise
    // Younger transactions are evaluated meanwhile, so a mere "later than the last one" would pass it by.
    await bill(1)
    await until(rows, (progress) => Number(progress.at(-1)?.value) === 1)
    commit.resolve()
    await slow
    await until(rows, (progress) => Number(progress.at(-1)?.value) === 8)
  })

  it('wakes up at midnight where the organization is, though nobody posted', async () => {
    await setGoal({ startsOn: date('2026-07-01') })
    await bill(1)
    start()
    const [before] = await until(rows, (progress) => progress.length === 1)
    expect(before).toMatchObject({ status: 'PENDING_START', asOf: date('2026-06-30') })
    now = Temporal.Instant.from('2026-06-30T23:59:59Z')
    await sleep(150)
    expect(await rows()).toHaveLength(1)
    now = Temporal.Instant.from('2026-07-01T00:00:00Z')
    const progress = await until(rows, (found) => found.length === 2)
    expect(progress[1]).toMatchObject({ status: 'ON_TRACK', asOf: date('2026-07-01') })
  })

  it('leaves a day alone that a process whose clock is ahead has begun', async () => {
    await setGoal()
    await bill(1)
    now = Temporal.Instant.from('2026-07-01T00:00:01Z')
    await evaluateNow()
    now = Temporal.Instant.from('2026-06-30T23:59:59Z')
    const { evaluator } = start()
    await evaluator.poll()
    await bill(2)
    await evaluator.poll()
    const progress = await rows()
    expect(progress.map(({ asOf, value }) => [asOf.toString(), value])).toEqual([
      ['2026-07-01', '1'],
      ['2026-07-01', '2'],
    ])
  })

  it('goes on for the organizations after one that it cannot look at', async () => {
    await setGoal()
    const organizationId = crypto.randomUUID()
    await inTransaction(books.connection, { organizationId, mode: 'write' }, async (tx) => {
      await tx.sql`insert into organization (id, slug, name, base_currency, time_zone)
        values (${organizationId}, 'nowhere', 'Nowhere', 'USD', 'Nowhere/At_All')`
      await tx.sql`insert into evaluation (organization_id, seen, evaluated_on, sequence)
        values (${organizationId}, pg_current_snapshot(), '2026-06-30', 0)`
      // A new version of the row lies after all others, and is read after them.
      await tx.sql`update organization set name = name where id = ${books.organization.id}`
    })
    const told: string[] = []
    const logError = (_error: unknown, message: string) => told.push(message)
    const services = { connection: books.connection, events: createLocalEvents(fail), clock, logError }
    const evaluator = closeLater(startEvaluator(services, { pollMs: 20 }))
    await until(rows, (progress) => progress.length === 1)
    await evaluator.poll()
    const looks = ['credit', 'evaluation'].map(
      (look) => `What is due could not be read (${look} of ${organizationId})`,
    )
    expect([...new Set(told)].toSorted()).toEqual(looks)
  })

  it('hears of postings in other processes', async () => {
    await setGoal()
    const url = await urlOf(books)
    const here = closeLater(await createEvents(books.connection, url, fail))
    const there = closeLater(await createEvents(books.connection, url, fail))
    start(there, 60_000)
    await until(rows, (progress) => progress.length === 1)
    await bill(1)
    here.publish('posted', { organizationId: books.organization.id })
    const progress = await until(rows, (found) => Number(found.at(-1)?.value) === 1)
    expect(progress.at(-1)?.sequence).toBe(BigInt(progress.length))
  })
})

describe('the feed', () => {
  it('hands every row to every follower, in order and once, also where nobody told it', async () => {
    await setGoal()
    await bill(1)
    await evaluateNow()
    const events = createLocalEvents(fail)
    const feed = closeLater(
      openFeed({ connection: books.connection, events, logError: fail }, { pollMs: 50 }),
    )
    const seen: [GoalProgressRow[], GoalProgressRow[]] = [[], []]
    const stops = await Promise.all(
      seen.map((rowsSeen) => feed.follow(books.organization.id, (row) => void rowsSeen.push(row))),
    )
    for (let number = 2; number <= 8; number++) {
      await bill(number)
      await evaluateNow()
      if (number % 2 === 0) events.publish('progress', { organizationId: books.organization.id })
    }
    await until(
      async () => seen[0].length,
      (length) => length === 7,
    )
    const all = await rows()
    expect(seen[0]).toEqual(all.slice(1))
    expect(seen[1]).toEqual(all.slice(1))
    for (const stop of stops) stop()
    await bill(9)
    await evaluateNow()
    await sleep(150)
    expect(seen[0]).toHaveLength(7)
  })
})

/** The address of the books' own database, for connections beside theirs. */
async function urlOf({ connection }: Books): Promise<string> {
  const { host, port, user, pass, database } = connection.sql.options
  return `postgres://${user}:${String(pass)}@${host[0]}:${port[0]}/${database}`
}
