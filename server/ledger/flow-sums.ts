/** What a posting appends to `flow`. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'
import type { Measure, SegmentRow } from '../domain/measures.ts'
import { project, type History } from '../domain/projection.ts'
import type { Share } from '../domain/shares.ts'
import { dates } from './new-items.ts'

/** An item's history before and after the posting; null where the posting makes it. */
export type HistoryChange = {
  readonly shares: readonly Share[]
  readonly before: History | null
  readonly after: History
}

export type FlowSum = { -readonly [Field in keyof SegmentRow]: SegmentRow[Field] }

/**
 * project(after) - project(before), summed up per segment, measure, anchor and day: a posting of many items, such as
 * an import, writes a fraction of the rows that its items have.
 */
export function flowOf(changes: Iterable<HistoryChange>): FlowSum[] {
  const sums: FlowSums = new Map()
  for (const { shares, before, after } of changes) {
    for (const row of before === null ? [] : project(before, shares)) {
      const sum = sumFor(sums, row)
      sum.amount -= row.amount
      sum.count -= row.count
      sum.days -= row.days
      sum.amountDays -= row.amountDays
    }
    for (const row of project(after, shares)) {
      const sum = sumFor(sums, row)
      sum.amount += row.amount
      sum.count += row.count
      sum.days += row.days
      sum.amountDays += row.amountDays
    }
  }
  const rows = [...sums.values()].flatMap((measures) =>
    [...measures.values()].flatMap((days) => [...days.values()]),
  )
  return rows.filter(
    (sum) => sum.amount !== 0n || sum.count !== 0 || sum.days !== 0n || sum.amountDays !== 0n,
  )
}

/** By segment, by measure, by anchor and day. A key of text would be most of the garbage of an import. */
type FlowSums = Map<number, Map<Measure, Map<number, FlowSum>>>

/** More than the last day that books may hold, so that anchor and day make one number. */
const DAYS_MAX = 2 ** 20

function sumFor(sums: FlowSums, { segmentId, asIs, measure, anchor, day }: SegmentRow): FlowSum {
  // Segments count from 1, so that those of rows as-is can have the numbers below 0.
  const place = asIs ? -segmentId : segmentId
  let ofSegment = sums.get(place)
  if (ofSegment === undefined) sums.set(place, (ofSegment = new Map()))
  let ofMeasure = ofSegment.get(measure)
  if (ofMeasure === undefined) ofSegment.set(measure, (ofMeasure = new Map()))
  const key = anchor * DAYS_MAX + day
  let sum = ofMeasure.get(key)
  if (sum === undefined) {
    sum = { segmentId, asIs, measure, anchor, day, amount: 0n, count: 0, days: 0n, amountDays: 0n }
    ofMeasure.set(key, sum)
  }
  return sum
}

/** `recordedAt` is given, or selected. */
export function insertRows(
  tx: Tx,
  organizationId: string,
  recordedAt: string | Fragment,
  rows: readonly SegmentRow[],
): Fragment | null {
  if (rows.length === 0) return null
  return tx.sql`
    insert into flow (organization_id, recorded_at, measure, day, anchor, segment_id, amount, count, days, amount_days)
    select ${organizationId}, ${recordedAt}, * from unnest(
      ${arrayOf(rows.map((row) => (row.asIs ? `${row.measure}~` : row.measure)))}::text[],
      ${dates(rows.map((row) => row.day))}::date[],
      ${dates(rows.map((row) => row.anchor))}::date[],
      ${arrayOf(rows.map((row) => row.segmentId))}::int[],
      ${arrayOf(rows.map((row) => row.amount))}::bigint[],
      ${arrayOf(rows.map((row) => row.count))}::int[],
      ${arrayOf(rows.map((row) => row.days))}::bigint[],
      ${arrayOf(rows.map((row) => row.amountDays))}::numeric[])`
}
