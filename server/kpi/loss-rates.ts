/** Which share of each bucket of aging is lost, by following the invoices of a time through the buckets. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { microseconds } from '@tidemark/drizzle/columns.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { minorOf } from '../domain/aging.ts'
import { dayAt } from '../domain/calendar.ts'
import { dateOf, formatDay, type Day } from '../domain/day.ts'
import { rollRates } from '../domain/formulas.ts'
import { Exact, type Money } from '../domain/money.ts'
import { isMissing } from '../domain/rates.ts'
import { readRates } from '../ledger/rates.ts'
import { checkCurrency, checkDay, checkOrder, noRate, refuseIf } from './check.ts'
import { groupSegments, readSegmentsAfter, type SegmentFilter } from './segments.ts'
import { knownAtOf, type Knowledge, type KpiOrganization } from './source.ts'

export type LossRatesQuery = {
  readonly from: Temporal.PlainDate
  readonly to: Temporal.PlainDate
  readonly asOf?: Temporal.PlainDate | null | undefined
  readonly filter?: SegmentFilter | null | undefined
  readonly currency?: string | null | undefined
  readonly now: Temporal.Instant
} & Knowledge

export type LossRatesAnswer = {
  readonly from: Temporal.PlainDate
  readonly to: Temporal.PlainDate
  readonly asOf: Temporal.PlainDate
  readonly knownAt: Temporal.Instant
  readonly buckets: readonly {
    readonly label: string
    readonly reached: Money
    readonly rollRate: string | null
    readonly lossRate: string | null
  }[]
  readonly lost: Money
  readonly rates: readonly string[] | null
  readonly tooYoung: number
}

const LABELS = ['Current', '1-30', '31-60', '61-90', '91+'] as const
/** What the conventions take. */
const DIGITS = 10

/** The answer of `lossRates`. Throws BAD_USER_INPUT that names the argument, or MISSING_RATE. */
export async function readLossRates(
  tx: Tx,
  organization: KpiOrganization,
  query: LossRatesQuery,
): Promise<LossRatesAnswer> {
  refuseIf(
    query.filter?.customerId != null &&
      'filter.customer: one customer is too few to tell a rate from: leave it out.',
  )
  const [from, to] = [checkDay(query.from, 'from'), checkDay(query.to, 'to')]
  checkOrder(from, to)
  const today = dayAt(query.now, organization.timeZone)
  const asOf = query.asOf == null ? today : checkDay(query.asOf, 'asOf')
  refuseIf(asOf > today && `asOf must not lie after today, which is ${formatDay(today)}.`)
  const currency = checkCurrency(query.currency, organization.baseCurrency)
  const knownAt = knownAtOf(query)

  const segments = await readSegmentsAfter(tx, organization.id, 0)
  const [group] = groupSegments(segments, query.filter, [])
  const segmentIds = (group?.segments ?? []).map((one) => one.id)
  const [sums, rates] = await Promise.all([
    readSums(tx, organization.id, segmentIds, { from, to, asOf }, knownAt),
    readRates(tx, organization, asOf, asOf, knownAt),
  ])
  // In constant currency, so that a moving rate is neither paid nor lost.
  const inAnswer = (of: (sum: UnpaidSums) => string): Exact =>
    sums.reduce((all, sum) => {
      const factor = rates.perMinorUnit(sum.currency, currency, asOf)
      if (isMissing(factor)) throw noRate(factor)
      return all.plus(factor.times(of(sum)))
    }, new Exact(0))
  const reached = LABELS.map((_, index) => inAnswer((sum) => sum.reached[index] ?? '0'))
  const lost = inAnswer((sum) => sum.lost)
  const found = rollRates(reached, lost)
  const money = (exact: Exact): Money => ({ minor: minorOf(exact, currency), currency })
  const shown = (rate: Exact | null) => rate?.toDecimalPlaces(DIGITS).toFixed() ?? null
  const lossRates = found.flatMap(({ loss }) => shown(loss) ?? [])
  return {
    from: query.from,
    to: query.to,
    asOf: dateOf(asOf),
    knownAt,
    buckets: LABELS.map((label, index) => ({
      label,
      reached: money(reached[index] ?? new Exact(0)),
      rollRate: shown(found[index]?.roll ?? null),
      lossRate: shown(found[index]?.loss ?? null),
    })),
    lost: money(lost),
    rates: lossRates.length === LABELS.length ? lossRates : null,
    tooYoung: sums.reduce((all, sum) => all + sum.too_young, 0),
  }
}

type UnpaidSums = {
  readonly currency: string
  /** By bucket: what was billed, and what was unpaid on the first days of the others. Minor units. */
  readonly reached: readonly string[]
  readonly lost: string
  readonly too_young: number
}

/**
 * By currency. Unpaid is what is open, and what was written off though it had not been paid; nothing else that lowers a
 * bill is a loss. Reads the invoices of the time and no others.
 */
const readSums = (
  tx: Tx,
  organizationId: string,
  segmentIds: readonly number[],
  { from, to, asOf }: { readonly from: Day; readonly to: Day; readonly asOf: Day },
  knownAt: Temporal.Instant,
) => {
  const last = formatDay(asOf)
  return tx.sql<UnpaidSums[]>`
    with entry as (
      select e.item_id, e.installment, s.currency, e.effective_on as day, e.amount,
        e.kind in ('INVOICED', 'CORRECTED', 'VOIDED') as is_bill,
        e.kind = 'RECOVERED' or e.kind = 'WRITTEN_OFF' and coalesce(e.code, 'BAD_DEBT') = 'BAD_DEBT' as is_loss,
        max(e.due_on) filter (where e.kind = 'INVOICED') over (partition by e.item_id, e.installment) as due_on
      from invoice b
      join item i on i.organization_id = b.organization_id and i.id = b.id
      join segment s on s.organization_id = i.organization_id and s.id = i.segment_id
      join ledger_entry e on e.organization_id = i.organization_id and e.item_id = i.id
      where b.organization_id = ${organizationId} and b.issued_on between ${formatDay(from)}::date and ${formatDay(to)}::date
        and i.segment_id = any(${arrayOf(segmentIds)}::int[])
        and e.effective_on <= ${last}::date and e.recorded_at <= ${microseconds(knownAt)}::timestamptz
    ), part as (
      select currency, due_on + 91 <= ${last}::date as is_old, sum(amount) filter (where is_bill) as billed,
        greatest(sum(amount) filter (where not is_loss and day <= due_on + 1), 0) as over0,
        greatest(sum(amount) filter (where not is_loss and day <= due_on + 31), 0) as over30,
        greatest(sum(amount) filter (where not is_loss and day <= due_on + 61), 0) as over60,
        greatest(sum(amount) filter (where not is_loss and day <= due_on + 91), 0) as over90,
        greatest(sum(amount) filter (where not is_loss), 0) as unpaid
      from entry where due_on is not null group by item_id, installment, currency, due_on
    )
    select currency,
      array[sum(billed), sum(over0), sum(over30), sum(over60), sum(over90)]::text[] as reached,
      sum(least(unpaid, over90))::text as lost, sum(too_young)::int as too_young
    from (
      select currency, 0 as too_young, billed, over0, over30, over60, over90, unpaid from part where is_old
      union all
      select currency, 1, 0, 0, 0, 0, 0, 0 from part where not is_old and billed <> 0
    ) counted group by currency`
}
