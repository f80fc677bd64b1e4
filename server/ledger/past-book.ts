/**
 * What is in the books of customers' credit over a time, as it was known on each day: for replaying a policy. One row for a
 * customer or a bill, what happened to it as one text: a driver's row costs more than what is in it.
 */
import type {
  Bill,
  BillEntry,
  ExposureChange,
  PastBook,
  PastCustomer,
  PastReview,
  ReceiptEntry,
} from '../domain/credit-simulation.ts'
import { NOT_SET, creditLimitOn, type DatedLimit } from '../domain/credit-limit.ts'
import type { RiskClass } from '../domain/credit-policy.ts'
import { formatDay, type Day } from '../domain/day.ts'
import type { DatedParent } from '../domain/hierarchy.ts'
import { uninvoicedOf, type OrderState } from '../domain/order.ts'
import { readLimits } from './credit-limits.ts'
import { readRatings } from './credit-ratings.ts'
import { readRates } from './rates.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'

export type PastBookAsked = {
  readonly from: Day
  readonly today: Day
  /** Where nobody had decided on a limit or class, today's hold. */
  readonly asToday: boolean
  /** More bills than this are not read. */
  readonly billsMax: number
}

type Books = Pick<OrganizationRow, 'id' | 'baseCurrency' | 'timeZone'>

export type PastBookRead = {
  readonly book: PastBook
  /** The day of the first recording; null where nothing was. */
  readonly knownFrom: Day | null
}

/** Null where there are more bills than may be. */
export async function readPastBook(
  tx: Tx,
  organization: Books,
  { from, today, asToday, billsMax }: PastBookAsked,
): Promise<PastBookRead | null> {
  const { id, baseCurrency } = organization
  const knownFrom = await readFirstRecording(tx, organization)
  const wanted = { organization, from, today, knownFrom: knownFrom ?? today }
  const [bills, unapplied, orders, securities, parents, rates] = await Promise.all([
    readBills(tx, wanted, billsMax + 1),
    readUnapplied(tx, wanted),
    readOrders(tx, wanted),
    readSecurities(tx, wanted),
    readAllParents(tx, id),
    readRates(tx, organization, from, today),
  ])
  if (bills.length > billsMax) return null
  const related = parents.flatMap(({ customerId, parentId }) => [customerId, parentId ?? customerId])
  const ids = [...new Set([...bills.map(({ customer_id }) => customer_id), ...related])].toSorted()
  const [people, limits, ratings, reviews] = await Promise.all([
    readCustomers(tx, id, ids),
    readLimits(tx, id, ids),
    readRatings(tx, id, ids),
    readReviews(tx, id, ids),
  ])
  const billsOf = Map.groupBy(bills, ({ customer_id }) => customer_id)
  const unappliedOf = Map.groupBy(unapplied, ({ customer_id }) => customer_id)
  const ordersOf = Map.groupBy(orders, ({ customer_id }) => customer_id)
  const securitiesOf = Map.groupBy(securities, ({ customer_id }) => customer_id)
  const customers = people.map(({ id: customerId, number, risk_class }): PastCustomer => {
    const decided: readonly DatedLimit[] = limits.get(customerId) ?? []
    const cash = (unappliedOf.get(customerId) ?? []).map((row) => cashOf(row, from))
    return {
      id: customerId,
      number,
      limits: decided,
      reviews: reviews.get(customerId) ?? [],
      ratings: ratings.get(customerId) ?? [],
      assumed: asToday
        ? { limit: decided.length === 0 ? NOT_SET : creditLimitOn(decided, today), riskClass: risk_class }
        : null,
      bills: (billsOf.get(customerId) ?? []).map(billOf),
      changes: [
        ...cash.flatMap(({ changes }) => changes),
        ...(ordersOf.get(customerId) ?? []).flatMap(changesOfOrder),
        ...(securitiesOf.get(customerId) ?? []).flatMap(changesOfSecurity),
      ],
      receipts: cash.flatMap(({ receipts }) => receipts),
    }
  })
  return { book: { baseCurrency, rates, from, to: today, customers, parents }, knownFrom }
}

type Wanted = {
  readonly organization: Books
  readonly from: Day
  readonly today: Day
  readonly knownFrom: Day
}

async function readFirstRecording({ sql }: Tx, { id, timeZone }: Books): Promise<Day | null> {
  const [row] = await sql<{ day: Day | null }[]>`
    select (min(recorded_at) at time zone ${timeZone})::date - date '1970-01-01' as day
    from ledger_entry where organization_id = ${id}`
  return row?.day ?? null
}

/**
 * The day from which on something was known: its own, unless it was recorded later. What is of a day before the first
 * recording came with the books as they were taken over, and nobody can tell when it was known.
 */
const knownOn = (
  { sql }: Tx,
  { organization, knownFrom }: Wanted,
  own: Fragment,
  recorded: Fragment,
): Fragment => sql`
  (case when ${own} < ${formatDay(knownFrom)}::date then ${own}
    else greatest(${own}, (${recorded} at time zone ${organization.timeZone})::date) end - date '1970-01-01')`

type BillRow = {
  readonly customer_id: string
  readonly id: string
  readonly currency: string
  readonly entries: string
}

const KINDS = { B: 'BILLED', P: 'PAID', W: 'WRITTEN_OFF', V: 'VOIDED', O: 'OTHER' } as const

/** Bills that were open at some time since `from`, or made out since. A small residue that was written off is no loss. */
async function readBills(tx: Tx, wanted: Wanted, limit: number): Promise<BillRow[]> {
  const { sql } = tx
  const { organization, from, today, knownFrom } = wanted
  const { id, timeZone } = organization
  const first = formatDay(from)
  return sql<BillRow[]>`
    with wanted as (
      select item_id from open_span
      where organization_id = ${id} and (closes_on is null or closes_on > ${first}::date)
      union
      select item_id from ledger_entry
      where organization_id = ${id} and effective_on >= ${first}::date and kind = 'INVOICED'
        and kind not in ('PAYMENT_APPLIED', 'CREDIT_APPLIED', 'RECEIVED', 'APPLIED')
      union
      select item_id from ledger_entry
      where organization_id = ${id} and recorded_at >= ${first}::date::timestamp at time zone ${timeZone}
        and effective_on < ${first}::date and effective_on >= ${formatDay(knownFrom)}::date
    )
    select item.customer_id, item.id, segment.currency, entries.text as entries
    from wanted
    join item on item.organization_id = ${id} and item.id = wanted.item_id and item.kind = 'INVOICE'
    join segment on segment.organization_id = ${id} and segment.id = item.segment_id
    cross join lateral (
      select string_agg(
        concat(
          ${knownOn(tx, wanted, sql`effective_on`, sql`recorded_at`)}, ',', installment, ',',
          case kind when 'INVOICED' then 'B' when 'PAYMENT_APPLIED' then 'P' when 'VOIDED' then 'V' when 'RECOVERED' then 'W'
            when 'WRITTEN_OFF' then case when code = 'TOLERANCE' then 'O' else 'W' end else 'O' end, ',',
          amount, ',', due_on - date '1970-01-01'
        ), ' ' order by sequence) as text
      from ledger_entry
      where organization_id = ${id} and item_id = wanted.item_id and kind <> 'MOVED' and effective_on <= ${formatDay(today)}::date
    ) as entries
    where entries.text is not null
    order by item.id
    limit ${limit}`
}

const billOf = ({ id, currency, entries }: BillRow): Bill => ({
  id,
  currency,
  entries: entries.split(' ').map((text): BillEntry => {
    const [day = '', installment = '', kind = '', amount = '', dueOn = ''] = text.split(',')
    return {
      day: Number(day),
      installment: Number(installment),
      amount: BigInt(amount),
      dueOn: dueOn === '' ? null : Number(dueOn),
      kind: KINDS[kind as keyof typeof KINDS],
    }
  }),
})

type CashRow = {
  readonly customer_id: string
  readonly currency: string
  /** By everything that is posted. */
  readonly now: bigint
  readonly entries: string | null
}

/**
 * Receipts and credit notes: what of them was applied to nothing, by its changes since `from` back from what is so now, and
 * what came in or bounced of receipts that could still bounce then.
 */
async function readUnapplied(tx: Tx, wanted: Wanted): Promise<CashRow[]> {
  const { sql } = tx
  const { organization, from } = wanted
  const { id, timeZone } = organization
  const first = formatDay(from)
  return sql<CashRow[]>`
    select coalesce(state.customer_id, moved.customer_id) as customer_id, coalesce(state.currency, moved.currency) as currency,
      coalesce(state.unapplied, 0)::bigint as now, moved.entries
    from (select customer_id, currency, unapplied from customer_state where organization_id = ${id}) as state
    full join (
      select customer_id, currency,
        string_agg(concat(day, ',', starts_on, ',', unapplied, ',', received), ' ') as entries
      from (
        select item.customer_id, segment.currency, known.day, max(item.starts_on) - date '1970-01-01' as starts_on,
          sum(amount) as unapplied, sum(amount) filter (where entry.kind in ('RECEIVED', 'BOUNCED')) as received
        from item
        join segment on segment.organization_id = ${id} and segment.id = item.segment_id
        join ledger_entry as entry on entry.organization_id = ${id} and entry.item_id = item.id
        cross join lateral (
          select ${knownOn(tx, wanted, sql`entry.effective_on`, sql`entry.recorded_at`)} as day
        ) as known
        where item.organization_id = ${id} and item.kind in ('RECEIPT', 'CREDIT_NOTE') and entry.kind <> 'MOVED'
          and (entry.effective_on >= ${first}::date
            or entry.recorded_at >= ${first}::date::timestamp at time zone ${timeZone}
            or item.starts_on > ${first}::date - ${CLEARING_DAYS_MAX}::int)
        group by item.customer_id, segment.currency, item.id, known.day
      ) as each
      group by customer_id, currency
    ) as moved using (customer_id, currency)
    where coalesce(state.unapplied, 0) <> 0 or moved.entries is not null`
}

/** The longest that a policy can wait for a receipt to bounce. */
const CLEARING_DAYS_MAX = 120

function cashOf(
  { currency, now, entries }: CashRow,
  from: Day,
): { changes: ExposureChange[]; receipts: ReceiptEntry[] } {
  const changes: ExposureChange[] = []
  const receipts: ReceiptEntry[] = []
  let before = now
  for (const text of entries === null ? [] : entries.split(' ')) {
    const [day = '', startsOn = '', unapplied = '', received = ''] = text.split(',')
    const change = { day: Number(day), minor: BigInt(unapplied), currency }
    if (change.minor !== 0n && change.day >= from) {
      changes.push({ ...change, source: 'unapplied' })
      before -= change.minor
    }
    if (received !== '' && received !== '0')
      receipts.push({ day: change.day, startsOn: Number(startsOn), minor: BigInt(received), currency })
  }
  if (before !== 0n) changes.push({ day: from - 1, source: 'unapplied', minor: before, currency })
  return { changes, receipts }
}

type OrderRow = {
  readonly customer_id: string
  readonly currency: string
  readonly amount: bigint
  readonly events: string
}

/** Orders that had something to be delivered or billed at some time since `from`. */
async function readOrders(tx: Tx, wanted: Wanted): Promise<OrderRow[]> {
  const { sql } = tx
  const { organization, from, today } = wanted
  return sql<OrderRow[]>`
    select customer_id, currency, sales_order.amount, events.text as events
    from sales_order
    cross join lateral (
      select max(occurred_on) as last_on, string_agg(
        concat(${knownOn(tx, wanted, sql`occurred_on`, sql`recorded_at`)}, ',', kind, ',', event.amount), ' ' order by version) as text
      from order_event as event
      where event.organization_id = ${organization.id} and event.order_id = sales_order.id
        and occurred_on <= ${formatDay(today)}::date
    ) as events
    where sales_order.organization_id = ${organization.id} and events.text is not null
      and (is_open or events.last_on >= ${formatDay(from)}::date)`
}

function changesOfOrder({ currency, amount, events }: OrderRow): ExposureChange[] {
  const changes: ExposureChange[] = []
  let order: OrderState = { amount, isReleased: false, shipped: 0n, invoiced: 0n, isCancelled: false }
  let counted = { shipped: 0n, releasedOrders: 0n, openOrders: 0n }
  let last = -Infinity
  for (const text of events.split(' ')) {
    const [known = '', kind = '', moved = ''] = text.split(',')
    // An event that was recorded late comes no earlier than what followed from it.
    const day = Math.max(Number(known), last)
    last = day
    order = afterEvent(order, kind, BigInt(moved))
    const { shipped, toShip } = uninvoicedOf(order)
    const now = {
      shipped,
      releasedOrders: order.isReleased ? toShip : 0n,
      openOrders: order.isReleased ? 0n : toShip,
    }
    for (const source of ['shipped', 'releasedOrders', 'openOrders'] as const) {
      const minor = now[source] - counted[source]
      if (minor !== 0n) changes.push({ day, source, minor, currency })
    }
    counted = now
  }
  return changes
}

/** As it was written: what was not allowed was not recorded. */
function afterEvent(order: OrderState, kind: string, amount: bigint): OrderState {
  switch (kind) {
    case 'RELEASED':
      return { ...order, isReleased: true }
    case 'CANCELLED':
      return { ...order, isCancelled: true }
    case 'SHIPPED':
      return { ...order, shipped: order.shipped + amount }
    case 'INVOICED':
      return { ...order, invoiced: order.invoiced + amount }
    case 'UNINVOICED':
      return { ...order, invoiced: order.invoiced - amount }
    default:
      return order
  }
}

type SecurityRow = {
  readonly customer_id: string
  readonly source: 'security' | 'insurance'
  readonly currency: string
  readonly minor: bigint
  readonly day: Day
  readonly until: Day | null
}

const readSecurities = async (tx: Tx, wanted: Wanted): Promise<SecurityRow[]> => tx.sql<SecurityRow[]>`
  select customer_id, case kind when 'INSURANCE' then 'insurance' else 'security' end as source, currency, amount as minor,
    ${knownOn(tx, wanted, tx.sql`effective_on`, tx.sql`recorded_at`)} as day, until - date '1970-01-01' as until
  from credit_security
  where organization_id = ${wanted.organization.id}
    and (until is null or until >= ${formatDay(wanted.from)}::date)`

function changesOfSecurity({ source, currency, minor, day, until }: SecurityRow): ExposureChange[] {
  if (until !== null && until < day) return []
  const begins = { day, source, minor, currency }
  return until === null ? [begins] : [begins, { ...begins, day: until + 1, minor: -minor }]
}

const readAllParents = async ({ sql }: Tx, organizationId: string): Promise<DatedParent[]> => sql<
  DatedParent[]
>`
  select customer_id as "customerId", parent_id as "parentId", version, effective_on - date '1970-01-01' as "from",
    until - date '1970-01-01' as until
  from customer_parent where organization_id = ${organizationId}`

type CustomerRecord = { readonly id: string; readonly number: string; readonly risk_class: RiskClass | null }

const readCustomers = async (
  { sql }: Tx,
  organizationId: string,
  ids: readonly string[],
): Promise<CustomerRecord[]> => sql<CustomerRecord[]>`
  select id, number, risk_class from customer where organization_id = ${organizationId} and id = any(${ids})`

async function readReviews(
  { sql }: Tx,
  organizationId: string,
  ids: readonly string[],
): Promise<Map<string, readonly PastReview[]>> {
  const rows = await sql<(PastReview & { readonly customerId: string })[]>`
    select customer_id as "customerId", risk_class as "riskClass", reviewed_on - date '1970-01-01' as day,
      next_review_on - date '1970-01-01' as "nextReviewOn"
    from credit_review where organization_id = ${organizationId} and customer_id = any(${ids})
    order by customer_id, reviewed_on, version`
  return Map.groupBy(rows, ({ customerId }) => customerId)
}
