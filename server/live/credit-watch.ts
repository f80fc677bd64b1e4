/**
 * Finds customers that begin to use more than their credit limit, and those that do no more: after a posting those that
 * it touched and all above them, and everybody after a midnight and after what touches everybody, such as rates. It knows no
 * events: whatever it missed before, it finds.
 */
import { dateAt } from '../domain/calendar.ts'
import { dayOf, type Day } from '../domain/day.ts'
import { newUuid } from '../ids.ts'
import { newAudits } from '../ledger/audit.ts'
import { isMissingRate, readCreditStandings, type CreditStanding } from '../ledger/credit-standing.ts'
import { BEFORE_ALL, creditWatchLock } from '../ledger/credit-watch-lock.ts'
import { readPaths } from '../ledger/hierarchy.ts'
import { hasNew, isForeign, newRanges, sinceColumns, type Since } from '../ledger/news.ts'
import { readCreditRules, tellCrossings } from './credit-alerts.ts'
import { compareSteps, isEscalationRule } from './escalation-alerts.ts'
import { microseconds } from '@tidemark/drizzle/columns.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { creditCrossing } from '@tidemark/drizzle/tables/crossing.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

export type CreditWatched =
  /** Another process is at it, and may have begun before what this one was woken for. */
  | { readonly outcome: 'BUSY' }
  | {
      readonly outcome: 'DONE'
      readonly alerted: boolean
      /** There is more to look at. */
      readonly more: boolean
    }

type Books = Pick<OrganizationRow, 'id' | 'baseCurrency' | 'timeZone'>

const TIMEOUT_MS = 30_000
/** Where more customers are touched than by one batch of limits or two, everybody is looked at. */
const TOUCHED_MAX = 20_000
/** Of everybody, so many in one transaction; and of any, so many in one statement. */
const SWEPT_AT_ONCE = 2_000

/** What may change what anybody uses: rates, rules, and who belongs to whom. */
const TOUCHES_ALL = [
  'recordRates',
  'importRates',
  'setCreditPolicy',
  'setParentCustomer',
  'loadDemo',
  'restoreBackup',
]

/** One short transaction; the caller goes on while there is more. */
export const watchCredit = (
  connection: Connection,
  organization: Books,
  now: Temporal.Instant,
): Promise<CreditWatched> =>
  inTransaction(
    connection,
    { organizationId: organization.id, mode: 'write', timeoutMs: TIMEOUT_MS },
    async (tx) => {
      const [lock] = await tx.sql<{ held: boolean }[]>`
        select pg_try_advisory_xact_lock(hashtextextended(${creditWatchLock(organization.id)}, 0)) as held`
      if (lock?.held !== true) return { outcome: 'BUSY' }
      const today = dateAt(now, organization.timeZone)
      const watch = await readWatch(tx, organization.id)
      const touched =
        watch.since === null ? null : await readTouched(tx, organization.id, watch.since, dayOf(today))
      const isNewDay = watch.watchedOn !== today.toString()
      // What is seen for the first time, a new day, or what touches all: begin with the first customer.
      const sweptTo = touched === null || isNewDay ? BEFORE_ALL : watch.sweptTo
      const rules = await readCreditRules(tx, organization.id)
      const escalation = [...rules.values()].filter(isEscalationRule)
      const swept =
        sweptTo === null ? [] : await readSwept(tx, organization.id, sweptTo, escalation.length > 0)
      const looked = [...new Set([...(touched ?? []), ...swept])]
      const at = { today: dayOf(today), now }
      const changed = await compareAll(tx, organization, looked, at)
      // What came with a posting is told with it; what the first look finds was so before.
      if (watch.since !== null)
        await tellChanges(tx, organization, changed, { swept, touched: touched ?? [], at })
      const found = await compareSteps(tx, organization, { rules: escalation, customerIds: looked }, now)
      const alerted = await tellCrossings(tx, organization, { rules, found }, now)
      const more = swept.length === SWEPT_AT_ONCE
      await tx.sql`
        insert into credit_watch (organization_id, seen, watched_on, swept_to)
        values (${organization.id}, ${watch.snapshot}::pg_snapshot, ${today.toString()}::date,
          ${more ? (swept.at(-1) ?? null) : null}::uuid)
        on conflict (organization_id) do update
        set seen = excluded.seen, watched_on = excluded.watched_on, swept_to = excluded.swept_to`
      return { outcome: 'DONE', alerted, more }
    },
  )

type Watch = {
  /** Null before the first look, and where what had been seen says nothing here. */
  readonly since: Since | null
  readonly watchedOn: string | null
  readonly sweptTo: string | null
  /** Taken before anything is looked at: what is committed later is looked at again. */
  readonly snapshot: string
}

async function readWatch(tx: Tx, organizationId: string): Promise<Watch> {
  type Row = Since & Omit<Watch, 'since'> & { readonly isKnown: boolean }
  const [row] = await tx.sql<Row[]>`
    select watched_on::text as "watchedOn", swept_to as "sweptTo", pg_current_snapshot()::text as snapshot,
      coalesce(not ${isForeign(tx, 'seen')}, false) as "isKnown", ${sinceColumns(tx, 'seen')}
    from (select) as always left join credit_watch on organization_id = ${organizationId}`
  if (row === undefined) throw new Error('How far credit was looked at could not be read')
  const { isKnown, from, running, ...watch } = row
  return { ...watch, since: isKnown ? { from, running } : null }
}

/** Whom something new is about, with all above them; null where that may be everybody. */
async function readTouched(
  tx: Tx,
  organizationId: string,
  since: Since,
  today: Day,
): Promise<readonly string[] | null> {
  const { sql } = tx
  const found = await Promise.all(
    newRanges(tx, since).map(
      (range) => sql<{ id: string | null; all: boolean }[]>`
        with fresh as materialized (
          select id, action, recorded_at, case when subject ~ ${UUID} then subject::uuid end as about from audit
          where organization_id = ${organizationId} and ${range}
        )
        select null as id, true as all from fresh where action = any(${TOUCHES_ALL})
        union all
        select id, false from (
          select customer.id from fresh
          join customer on customer.organization_id = ${organizationId} and customer.id = fresh.about
          union
          select customer_id from fresh
          join sales_order as ordered on ordered.organization_id = ${organizationId} and ordered.id = fresh.about
          union
          select item.customer_id from fresh
          join ledger_entry as entry on entry.organization_id = ${organizationId}
            and entry.recorded_at = fresh.recorded_at and entry.audit_id = fresh.id
          join item on item.organization_id = ${organizationId} and item.id = entry.item_id
        ) as touched
        limit ${TOUCHED_MAX + 1}`,
    ),
  )
  const rows = found.flat()
  if (rows.length > TOUCHED_MAX || rows.some(({ all }) => all)) return null
  const ids = [...new Set(rows.flatMap(({ id }) => id ?? []))]
  if (ids.length === 0) return []
  return readPaths(tx, organizationId, ids, today)
}

const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'

/**
 * The next customers that can be over a limit: they have one, and something in the books, or are over it as far as is known.
 * Where it is looked at for how long they owe too, all who owe something, and of whom that was told.
 */
const readSwept = async (
  tx: Tx,
  organizationId: string,
  after: string,
  withDebtors: boolean,
): Promise<readonly string[]> => {
  const rows = await tx.sql<{ id: string }[]>`
    select id from customer
    where organization_id = ${organizationId} and id > ${after}::uuid and (
      (credit_limit_state = 'AMOUNT' or credit_limit_through is not null) and (
        exists (select from customer_state as state where state.organization_id = ${organizationId}
          and state.customer_id = customer.id and (receivable <> 0 or unapplied <> 0))
        or exists (select from sales_order as ordered where ordered.organization_id = ${organizationId}
          and ordered.customer_id = customer.id and is_open)
        or exists (select from customer_parent as below where below.organization_id = ${organizationId}
          and below.parent_id = customer.id)
        or exists (select from credit_reservation as held where held.organization_id = ${organizationId}
          and held.customer_id = customer.id and released_at is null)
      )
      or exists (select from credit_crossing as crossing where crossing.organization_id = ${organizationId}
        and crossing.customer_id = customer.id and ended_at is null)
      or ${withDebtors}::boolean and (
        exists (select from customer_state as state where state.organization_id = ${organizationId}
          and state.customer_id = customer.id and receivable <> 0)
        or exists (select from alert where alert.organization_id = ${organizationId}
          and alert.customer_id = customer.id and escalation_days is not null and ended_at is null)
      )
    )
    order by id limit ${SWEPT_AT_ONCE}`
  return rows.map(({ id }) => id)
}

type At = Parameters<typeof readCreditStandings>[3]

type Changed = {
  readonly begun: readonly string[]
  readonly over: readonly string[]
  /** Nobody can tell: a rate is missing. */
  readonly unknown: readonly string[]
}

/**
 * An audit row for each customer that the calendar changed, whom no posting tells of: a temporary limit that ended, a rate that
 * is too old by now. So `customerChanged` tells it, and a customer's page has it.
 */
async function tellChanges(
  tx: Tx,
  organization: Books,
  { begun, over, unknown }: Changed,
  {
    swept,
    touched,
    at,
  }: { readonly swept: readonly string[]; readonly touched: readonly string[]; readonly at: At },
): Promise<void> {
  const told = new Set(swept)
  for (const id of touched) told.delete(id)
  const maybe = unknown.filter((id) => told.has(id))
  // Of whom nobody could tell yesterday, nothing is new.
  const earlier =
    maybe.length === 0
      ? []
      : [...(await readCreditStandings(tx, organization, maybe, { ...at, today: at.today - 1 })).values()]
  const stale = earlier
    .filter((standing) => overOf(standing) !== 'UNKNOWN')
    .map(({ customerId }) => customerId)
  const rows = [
    ...begun.map((subject) => ({ subject, isOverLimit: true })),
    ...over.map((subject) => ({ subject, isOverLimit: false })),
    ...stale.map((subject) => ({ subject, isOverLimit: null })),
  ].filter(({ subject }) => told.has(subject))
  if (rows.length === 0) return
  const records = rows.map(({ subject, isOverLimit }) => ({ id: newUuid(), subject, after: { isOverLimit } }))
  await newAudits(tx, { organization, actor: 'system' }, 'watchCredit', records)
}

async function compareAll(
  tx: Tx,
  organization: Books,
  customerIds: readonly string[],
  at: At,
): Promise<Changed> {
  const parts: Changed[] = []
  for (let from = 0; from < customerIds.length; from += SWEPT_AT_ONCE)
    parts.push(await compare(tx, organization, customerIds.slice(from, from + SWEPT_AT_ONCE), at))
  return {
    begun: parts.flatMap(({ begun }) => begun),
    over: parts.flatMap(({ over }) => over),
    unknown: parts.flatMap(({ unknown }) => unknown),
  }
}

/** Writes what of these customers is another than is known, and says what. Of whom nobody can tell, nothing changes. */
async function compare(
  tx: Tx,
  organization: Books,
  customerIds: readonly string[],
  at: At,
): Promise<Changed> {
  const [standings, known] = await Promise.all([
    readCreditStandings(tx, organization, customerIds, at),
    tx.sql<{ id: string; customerId: string }[]>`
      select id, customer_id as "customerId" from credit_crossing
      where organization_id = ${organization.id} and customer_id = any(${customerIds}::uuid[]) and ended_at is null`,
  ])
  const open = new Map(known.map(({ id, customerId }) => [customerId, id]))
  const begun = [...standings.values()].flatMap((standing) => {
    const over = overOf(standing)
    if (over === null || over === 'UNKNOWN' || open.has(standing.customerId)) return []
    const { customerId, currency } = standing
    return [{ organizationId: organization.id, id: newUuid(), customerId, ...over, currency, since: at.now }]
  })
  const over = known.flatMap(({ id, customerId }) => {
    const standing = standings.get(customerId)
    return standing !== undefined && overOf(standing) === null ? [{ id, customerId }] : []
  })
  if (begun.length > 0) await tx.insert(creditCrossing).values(begun)
  if (over.length > 0)
    await tx.sql`
      update credit_crossing set ended_at = ${microseconds(at.now)}::timestamptz
      where organization_id = ${organization.id} and id = any(${over.map(({ id }) => id)}::uuid[])`
  return {
    begun: begun.map(({ customerId }) => customerId),
    over: over.map(({ customerId }) => customerId),
    unknown: [...standings.values()]
      .filter((standing) => overOf(standing) === 'UNKNOWN')
      .map(({ customerId }) => customerId),
  }
}

type Over = { readonly exposure: bigint; readonly limit: bigint }

/** Null where it uses no more than it may. */
export function overOf({
  committed,
  limit,
}: Pick<CreditStanding, 'committed' | 'limit'>): Over | 'UNKNOWN' | null {
  if (limit.state !== 'AMOUNT' || limit.amount === null) return null
  if (isMissingRate(committed)) return 'UNKNOWN'
  return committed > limit.amount.minor ? { exposure: committed, limit: limit.amount.minor } : null
}

/** Whether there is something to look at. Where no limit was ever set and no rule is on escalation, nothing is. */
export async function isCreditDue(tx: Tx, { id, timeZone }: Books, now: Temporal.Instant): Promise<boolean> {
  const today = dateAt(now, timeZone).toString()
  const [row] = await tx.sql<
    (Since & { readonly due: boolean; readonly isKnown: boolean; readonly isIdle: boolean })[]
  >`
    select coalesce(${isForeign(tx, 'seen')}, true) or watched_on <> ${today}::date or swept_to is not null
        or exists (select from alert where organization_id = ${id} and customer_id is not null and ended_at is null
          and snoozed_until <= ${microseconds(now)}::timestamptz) as due,
      seen is not null as "isKnown", ${sinceColumns(tx, 'seen')},
      seen is null and not exists (select from credit_limit where organization_id = ${id})
        and not exists (select from alert_rule where organization_id = ${id} and enabled and deleted_at is null
          and condition ->> 'kind' = 'ESCALATION') as "isIdle"
    from (select) as always left join credit_watch on organization_id = ${id}`
  if (row === undefined || row.isIdle) return false
  return row.due || !row.isKnown || hasNew(tx, id, row)
}
