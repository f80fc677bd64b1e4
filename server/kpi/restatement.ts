/** What figures of past days were when they were first known, what they are now, and which entries moved them. */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import type { Reader, Tx } from '@tidemark/drizzle/transaction.ts'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { endOfDay } from '../domain/calendar.ts'
import { dateOf, dayOf, formatDay, parseDay } from '../domain/day.ts'
import { formatExact } from '../domain/exact.ts'
import type { EntryKind } from '../domain/invoice.ts'
import type { KpiDefinition } from '../domain/kpi.ts'
import { Exact, type Money } from '../domain/money.ts'
import type { ItemKind } from '../domain/projection.ts'
import { isMissing } from '../domain/rates.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { readRates } from '../ledger/rates.ts'
import { byKey } from '../loaders.ts'
import { refuseIf } from './check.ts'
import { readKpis, type KpiQuery, type KpiRow } from './queries.ts'
import { groupSegments, readSegmentsAfter } from './segments.ts'
import type { KpiOrganization } from './source.ts'

export type RestatementQuery = Omit<KpiQuery, 'groupBy' | 'asOf' | 'from' | 'to'> & {
  readonly from: Temporal.PlainDate
  readonly to: Temporal.PlainDate
  /** Days after its day on which a figure counts as first known. */
  readonly afterDays: number
}

export type Restatement = {
  readonly metric: KpiDefinition
  readonly date: Temporal.PlainDate
  readonly firstKnown: KpiRow
  readonly now: KpiRow
  readonly change: string | null
  /** Largest first. */
  readonly entries: (first: number) => Promise<readonly RestatingEntry[]>
}

export type RestatingEntry = {
  readonly kind: EntryKind
  readonly effectiveOn: Temporal.PlainDate
  readonly recordedAt: Temporal.Instant
  readonly amount: Money
  readonly customerId: string
  readonly itemId: string
  readonly itemKind: ItemKind
  readonly reason: string | null
  readonly auditId: string
}

const METRICS_MAX = 10
const DAYS_MAX = 40
const AFTER_DAYS_MAX = 366
const FIRST_MAX = 1_000

/** The answer of `restatements`. Throws BAD_USER_INPUT that names the argument. */
export async function readRestatements(
  reader: Reader,
  organization: KpiOrganization,
  query: RestatementQuery,
): Promise<Restatement[]> {
  const { from, to, afterDays, metrics, ...asked } = query
  refuseIf(metrics.length > METRICS_MAX && `metrics must be at most ${METRICS_MAX}, not ${metrics.length}.`)
  refuseIf(
    (afterDays < 0 || afterDays > AFTER_DAYS_MAX) &&
      `afterDays must be from 0 to ${AFTER_DAYS_MAX}, not ${afterDays}.`,
  )
  const read = (part: Partial<KpiQuery>) =>
    reader.read((tx) => readKpis(tx, organization, { ...asked, metrics, ...part }))
  const series = await read({ from, to })
  const dates = [...new Set(series.map((row) => dayOf(row.date)))]
  refuseIf(
    series.some((row) => row.reason === 'IN_THE_FUTURE') &&
      `to must not lie after today, but is ${to.toString()}.`,
  )
  refuseIf(
    dates.length > DAYS_MAX &&
      `The answer would have ${dates.length} days, more than ${DAYS_MAX}: ask in parts.`,
  )

  const entries = loaderOfEntries(reader, organization, query)
  const restatements: Restatement[] = []
  for (const [index, day] of dates.entries()) {
    const asOf = dateOf(day)
    const bucket = { asOf, from: index === 0 ? from : dateOf((dates[index - 1] ?? day) + 1), to: asOf }
    // What becomes of the things of a period is no restatement: both are as of the day itself.
    const now = await read(bucket)
    const knownNow = now[0]?.knownAt ?? query.settledAt
    const then = earlier(endOfDay(day + afterDays, organization.timeZone), knownNow)
    const firstKnown = await read({ ...bucket, knownAt: then })
    for (const row of now) {
      const first = firstKnown.find((one) => one.metric === row.metric)
      if (first === undefined) throw new Error('Each metric has a row')
      restatements.push({
        metric: kpiDefinition(row.metric),
        date: row.date,
        firstKnown: first,
        now: row,
        change: changeOf(first, row),
        entries: (count) => {
          refuseIf((count < 0 || count > FIRST_MAX) && `first must be from 0 to ${FIRST_MAX}, not ${count}.`)
          const point: EntriesPoint = {
            day: formatDay(day),
            after: microseconds(first.knownAt),
            upTo: microseconds(row.knownAt),
            count,
          }
          return entries.load(JSON.stringify(point))
        },
      })
    }
  }
  return restatements
}

const earlier = (a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant =>
  Temporal.Instant.compare(a, b) < 0 ? a : b

const changeOf = (first: KpiRow, now: KpiRow): string | null =>
  first.valueExact === null || now.valueExact === null
    ? null
    : formatExact(new Exact(now.valueExact).minus(first.valueExact), now.unit, now.currency)

/** Entries recorded after `after` and up to `upTo` that take effect on `day` or before it. */
type EntriesPoint = {
  readonly day: string
  readonly after: string
  readonly upTo: string
  readonly count: number
}

/**
 * All points of an answer are read in one pass over the ledger: what was known a while after it took effect was known at
 * each of them.
 */
const loaderOfEntries = (reader: Reader, organization: KpiOrganization, query: RestatementQuery) =>
  byKey<readonly RestatingEntry[], readonly RestatingEntry[]>(
    reader,
    async (tx, keys) => {
      const points = keys.map((key) => JSON.parse(key) as EntriesPoint)
      const records = await readEntries(tx, organization, query, points)
      const byPoint = Map.groupBy(records, (record) => record.point)
      return new Map(keys.map((key, index) => [key, (byPoint.get(index) ?? []).map(entryOf)]))
    },
    [],
  )

type EntryRecord = {
  point: number
  kind: EntryKind
  effective_on: string
  recorded_at: string
  amount: bigint
  currency: string
  customer_id: string
  item_id: string
  item_kind: ItemKind
  reason: string | null
  audit_id: string
}

function entryOf(record: EntryRecord): RestatingEntry {
  const day = parseDay(record.effective_on)
  if (day === null) throw new Error(`The database gave ${record.effective_on} for a date`)
  return {
    kind: record.kind,
    effectiveOn: dateOf(day),
    recordedAt: Temporal.Instant.from(record.recorded_at),
    amount: { minor: record.amount, currency: record.currency },
    customerId: record.customer_id,
    itemId: record.item_id,
    itemKind: record.item_kind,
    reason: record.reason,
    auditId: record.audit_id,
  }
}

async function readEntries(
  tx: Tx,
  organization: KpiOrganization,
  { filter, currency, to, afterDays }: RestatementQuery,
  points: readonly EntriesPoint[],
): Promise<EntryRecord[]> {
  const segments = await readSegmentsAfter(tx, organization.id, 0)
  const [group] = groupSegments(segments, filter, [])
  const customerIds = group?.customerIds ?? null
  const segmentIds = (group?.segments ?? []).map((segment) => segment.id)
  const isAll = segmentIds.length === segments.length
  const currencies = [...new Set(group?.segments.map((segment) => segment.currency))]
  const last = dayOf(to)
  const rates = await readRates(tx, organization, last, last)
  // Only for the order: amounts of different currencies side by side.
  const worth = currencies.map((from) => {
    const rate = rates.perMinorUnit(from, currency ?? organization.baseCurrency, last)
    return isMissing(rate) ? 0 : rate.toNumber()
  })
  return tx.sql<EntryRecord[]>`
    with worth as (
      select * from unnest(${arrayOf(currencies)}::text[], ${arrayOf(worth)}::float8[]) as worth (currency, rate)
    ), late as materialized (
      select e.*, i.kind as item_kind, i.customer_id, s.currency, abs(e.amount) * worth.rate as size
      from ledger_entry e
      join item i on i.organization_id = e.organization_id and i.id = e.item_id
      join segment s on s.organization_id = i.organization_id and s.id = i.segment_id
      join worth on worth.currency = s.currency
      where e.organization_id = ${organization.id}
        and e.recorded_at > (e.effective_on + ${afterDays + 1}::int)::timestamp at time zone ${organization.timeZone} - interval '1 millisecond'
        and (${isAll} or i.segment_id = any(${arrayOf(segmentIds)}::int[])
          or e.segment_id = any(${arrayOf(segmentIds)}::int[])
          or exists (select from item_share h where h.organization_id = i.organization_id and h.item_id = i.id
            and h.segment_id = any(${arrayOf(segmentIds)}::int[]))
          or exists (select from ledger_entry m where m.organization_id = i.organization_id and m.item_id = i.id
            and m.segment_id = any(${arrayOf(segmentIds)}::int[])))
        and (${customerIds === null} or i.customer_id = any(${arrayOf(customerIds ?? [])}::uuid[]))
    )
    select (p.number - 1)::int as point, late.*
    from unnest(
      ${arrayOf(points.map((point) => point.day))}::date[],
      ${arrayOf(points.map((point) => point.after))}::timestamptz[],
      ${arrayOf(points.map((point) => point.upTo))}::timestamptz[],
      ${arrayOf(points.map((point) => point.count))}::int[]
    ) with ordinality as p (day, after, up_to, count, number)
    cross join lateral (
      select kind, effective_on, to_json(recorded_at) #>> '{}' as recorded_at, amount, currency, customer_id, item_id,
        item_kind, reason, audit_id
      from late
      where effective_on <= p.day and recorded_at > p.after and recorded_at <= p.up_to
      order by size desc, late.recorded_at desc, item_id, sequence limit p.count
    ) late`
}
