/** Aging customer by customer, out of the items that were open: what it costs follows them and not the books. */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { bucketBounds, bucketsOf, minorOf, type AgingBasis, type AgingBucket } from '../domain/aging.ts'
import { dateOf, formatDay, parseDay, type Day } from '../domain/day.ts'
import { Exact, majorOf, type Money } from '../domain/money.ts'
import { isMissing, type Rates } from '../domain/rates.ts'
import { readRates } from '../ledger/rates.ts'
import { checkAging, refuseUnknown, type AgingQuery } from './aging.ts'
import { noRate, refuseIf } from './check.ts'
import { isScattered, readScattered } from './scattered.ts'
import { groupSegments } from './segments.ts'
import { readSource, type KpiOrganization } from './source.ts'

export type CustomerAging = {
  readonly customerId: string
  readonly buckets: readonly AgingBucket[]
  readonly total: Money
  readonly unapplied: Money
  readonly oldestOn: Temporal.PlainDate | null
}

export type CustomerAgingPage = {
  readonly edges: readonly { readonly cursor: string; readonly node: CustomerAging }[]
  readonly nodes: readonly CustomerAging[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  readonly totalCount: number
  readonly asOf: Temporal.PlainDate
  readonly knownAt: Temporal.Instant
}

const PAGE_SIZE_MAX = 1_000

/** The answer of `agingByCustomer`. Throws BAD_USER_INPUT that names the argument, or MISSING_RATE. */
export async function readAgingByCustomer(
  tx: Tx,
  organization: KpiOrganization,
  query: AgingQuery & { readonly first: number; readonly after?: string | null | undefined },
): Promise<CustomerAgingPage> {
  const { by, edges, currency, day, knownAt } = checkAging(organization, query)
  const { first } = query
  refuseIf((first < 1 || first > PAGE_SIZE_MAX) && `first must be from 1 to ${PAGE_SIZE_MAX}, not ${first}.`)
  const start = placeAfter(query.after)
  const { source, segments } = await readSource(tx, organization, knownAt)
  refuseUnknown(source, query)
  const chosen = groupSegments(segments, query.filter, []).flatMap((group) => group.segments)
  const asked = {
    organizationId: organization.id,
    day,
    knownAt,
    by,
    edges,
    segmentIds: chosen.length === segments.length ? null : chosen.map(({ id }) => id),
  }
  const customerIds = query.filter?.customerId
  const [everybodys, rates] = await Promise.all([
    readOpen(tx, asked),
    readRates(tx, organization, day, day, knownAt),
  ])
  const open = everybodys.filter(({ customerId }) => customerIds?.includes(customerId) ?? true)
  const customers = [...Map.groupBy(open, (row) => row.customerId)]
    .map(([customerId, rows]) => customerOf(customerId, rows, { by, edges, day, currency, rates }))
    .sort(byTotal)
  const nodes = customers.slice(start, start + first).map(({ node }) => node)
  const page = nodes.map((node, index) => ({ cursor: cursorOf(start + index), node }))
  return {
    edges: page,
    nodes,
    pageInfo: {
      hasNextPage: start + nodes.length < customers.length,
      endCursor: page.at(-1)?.cursor ?? null,
    },
    totalCount: customers.length,
    asOf: dateOf(day),
    knownAt,
  }
}

const CURSOR = 'aging:'

/** A place in the order: as of a day and as known at a moment it does not change. */
const cursorOf = (place: number): string => Buffer.from(`${CURSOR}${place}`).toString('base64url')

function placeAfter(cursor: string | null | undefined): number {
  if (cursor == null) return 0
  const place = /^aging:(\d{1,9})$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1]
  refuseIf(place === undefined && 'after must be the endCursor of a page of agingByCustomer.')
  return Number(place) + 1
}

/** What a customer has open in a currency within a bucket; `bucket` null is what is unapplied. */
export type OpenSum = {
  readonly customerId: string
  readonly currency: string
  readonly bucket: number | null
  readonly minor: bigint
  readonly count: number
  readonly oldestOn: Day | null
}

export type OpenQuery = {
  readonly organizationId: string
  readonly day: Day
  readonly knownAt: Temporal.Instant
  readonly by: AgingBasis
  readonly edges: readonly number[]
  /** Null for all. */
  readonly segmentIds: readonly number[] | null
}

type Valuing = Pick<OpenQuery, 'by' | 'edges' | 'day'> & { readonly currency: string; readonly rates: Rates }
/** With the total before it is rounded, which decides the order. */
type Valued = { readonly node: CustomerAging; readonly exact: Exact }

function customerOf(customerId: string, rows: readonly OpenSum[], valuing: Valuing): Valued {
  const { by, edges, day, currency, rates } = valuing
  const bounds = bucketBounds(by, edges)
  const older = bounds.map(() => new Exact(0))
  const counts = bounds.map(() => 0)
  let unapplied = new Exact(0)
  let oldestOn: Day | null = null
  for (const { bucket, minor, count, currency: from, oldestOn: anchor } of rows) {
    const rate = rates.between(from, currency, day)
    if (isMissing(rate)) throw noRate(rate)
    const amount = majorOf({ minor, currency: from }).times(rate)
    if (bucket === null) {
      unapplied = unapplied.plus(amount)
      continue
    }
    // Each bucket with all older ones, as buckets are rounded.
    for (let index = 0; index <= bucket; index++) {
      older[index] = (older[index] ?? new Exact(0)).plus(amount)
      counts[index] = (counts[index] ?? 0) + count
    }
    if (anchor !== null) oldestOn = oldestOn === null ? anchor : Math.min(oldestOn, anchor)
  }
  const exact = older[0] ?? new Exact(0)
  const node: CustomerAging = {
    customerId,
    buckets: bucketsOf(bounds, older, counts, currency),
    total: { minor: minorOf(exact, currency), currency },
    unapplied: { minor: minorOf(unapplied, currency), currency },
    oldestOn: oldestOn === null ? null : dateOf(oldestOn),
  }
  return { node, exact }
}

const byTotal = (a: Valued, b: Valued): number =>
  b.exact.comparedTo(a.exact) || (a.node.customerId < b.node.customerId ? -1 : 1)

/** Items in one segment by one statement; what is shared out or moved, and only where segments are asked for, item by item. */
async function readOpen(tx: Tx, query: OpenQuery): Promise<OpenSum[]> {
  const { organizationId, day, knownAt, by, segmentIds } = query
  const known = microseconds(knownAt)
  const onDay = formatDay(day)
  const lowest = thresholds(query)
  const records = await tx.sql<OpenRecord[]>`
    with candidate as (
      select item_id from open_span
      where organization_id = ${organizationId} and opens_on <= ${onDay}::date
        and (closes_on is null or closes_on > ${onDay}::date)
      union
      -- What was open as far as was known then, whatever came after.
      select item_id from ledger_entry
      where organization_id = ${organizationId} and recorded_at > ${known}::timestamptz
        and effective_on <= ${onDay}::date
    ), part as (
      select e.item_id, sum(e.amount) as balance,
        coalesce(
          (array_agg(e.due_on order by e.effective_on desc, e.sequence desc) filter (where e.kind = 'RE_DATED'))[1],
          max(e.due_on) filter (where e.kind = 'INVOICED')) as due_on
      from candidate
      join ledger_entry e on e.organization_id = ${organizationId} and e.item_id = candidate.item_id
      where e.recorded_at <= ${known}::timestamptz and e.effective_on <= ${onDay}::date
      group by e.item_id, case when ${by} = 'DUE_DATE' then e.installment end
      having sum(e.amount) <> 0
    ), open as (
      select i.customer_id, s.currency, part.balance,
        case when i.kind = 'INVOICE' then case when ${by} = 'DUE_DATE' then part.due_on else i.starts_on end end as anchor
      from part
      join item i on i.organization_id = ${organizationId} and i.id = part.item_id
      join segment s on s.organization_id = i.organization_id and s.id = i.segment_id
      where i.kind in ('INVOICE', 'RECEIPT', 'CREDIT_NOTE') and (${segmentIds === null} or (
        i.segment_id = any(${arrayOf(segmentIds ?? [])}::int[]) and not ${isScattered(tx, organizationId, 'i.id')}))
    )
    select customer_id, currency, width_bucket(${onDay}::date - anchor, ${arrayOf(lowest)}::int[]) as bucket,
      sum(balance)::bigint as minor, count(*)::int as count, min(anchor)::text as oldest_on
    from open group by 1, 2, 3`
  const sums = records.map((record): OpenSum => ({
    customerId: record.customer_id,
    currency: record.currency,
    bucket: record.bucket,
    minor: record.minor,
    count: record.count,
    oldestOn: record.oldest_on === null ? null : parseDay(record.oldest_on),
  }))
  if (segmentIds === null) return sums
  const scattered = await readScattered(tx, { ...query, segmentIds })
  return [
    ...sums,
    ...scattered.map(({ anchor, ...row }) => ({
      ...row,
      bucket: anchor === null ? null : lowest.filter((from) => day - anchor >= from).length,
      oldestOn: anchor,
    })),
  ]
}

/** The ages from which each bucket but the first begins. */
const thresholds = ({ by, edges }: Pick<OpenQuery, 'by' | 'edges'>): number[] =>
  bucketBounds(by, edges)
    .slice(1)
    .map(({ fromDays }) => fromDays ?? 0)

type OpenRecord = {
  customer_id: string
  currency: string
  bucket: number | null
  minor: bigint
  count: number
  oldest_on: string | null
}
