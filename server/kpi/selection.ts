/** The statement over the KPI store: adds up in PostgreSQL whatever nothing is asked between. */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'
import type { BookRow } from '../domain/book.ts'
import { dayAt, endOfMonth } from '../domain/calendar.ts'
import { formatDay, type Day } from '../domain/day.ts'
import { measures as measureKinds, type Measure } from '../domain/measures.ts'
import { byMonthName, namesOf, type Age, type AgedSeries } from '../ledger/ages.ts'
import { LEVELS, type Cut } from '../ledger/cuts.ts'
import type { Cell, CutCell } from './segments.ts'
import { spansOf, split, standingsOf, type Span, type Standing } from './spans.ts'

/** A row of the books, and the cell that it belongs to. */
export type CellRow = { readonly cell: Cell; readonly row: BookRow }

/** What to read of the rows of some measures. */
export type Selection = {
  readonly measures: readonly {
    readonly measure: Measure
    /** Rows up to this day do not matter; null: all do. */
    readonly after: Day | null
    readonly anchored: boolean
    readonly aged: boolean
    readonly daily: boolean
  }[]
  readonly days: ReadonlySet<Day>
  /** Null: each anchor is asked for. */
  readonly anchors: ReadonlySet<Day> | null
  /** Of balances: what answers instead of rows by anchor, where there is anything for all ages that are asked for. */
  readonly series: readonly AgedSeries[] | null
}

/** Out of which rows, as known when. */
export type Sight = {
  /** Null for all that is committed. */
  readonly knownAt: Temporal.Instant | null
  /** Whether rows are folded that were recorded after `knownAt`: then they are taken out again. */
  readonly isAhead: boolean
  /** As if items had always been in the segments where they are today. */
  readonly isAsIs: boolean
  /** Of segments with ids up to this one days are folded; 0 of none. */
  readonly daysOfSegments: number
}

/**
 * Adds up the rows by cell, by the first asked-for day on or after theirs, and likewise by anchor. One statement, so
 * that it sees the folded rows and how far they reach in one snapshot. It puts together
 *
 * - for balances the last checkpoint before all asked-for days,
 * - then whole months in which nothing is asked, and days where something is, by cuts of few segments or many,
 * - for single segments of which days are not folded, the days out of `flow`; so too for all of them where somebody knows
 *   less than what is folded, or asks by anchor,
 * - and what is not folded yet, segment by segment.
 *
 * Whoever knows less than what is folded has taken out what came later: of days by the day of recording, of months and
 * checkpoints by what came after its month was over, and of the day of `knownAt` row by row.
 */
export async function readSelection(
  tx: Tx,
  organizationId: string,
  selection: Selection,
  cells: readonly CutCell[],
  /** Cells whose money is valued day by day. */
  isForeign: (cell: Cell) => boolean,
  sight: Sight,
): Promise<CellRow[]> {
  const plan = planOf(selection, cells, isForeign, sight)
  return plan === null ? [] : cellRowsOf(plan, cells, await readSums(tx, organizationId, plan))
}

/** A place in the order in which rows of `flow` are folded. */
export type Position = { readonly xid: string; readonly day: string }

/** What the fold holds and the tail behind it; or one of the two; or the tail behind a position of earlier. */
export type Reach = 'ALL' | 'FOLDED' | 'TAIL' | Position

export async function readSums(
  tx: Tx,
  organizationId: string,
  plan: Plan,
  reach: Reach = 'ALL',
): Promise<FlowRecord[]> {
  const folded = reach === 'ALL' || reach === 'FOLDED' ? foldedPartsOf(tx, organizationId, plan) : []
  const parts = reach === 'FOLDED' ? folded : [...folded, ofTail(tx, organizationId, plan)]
  if (parts.length === 0) return []
  const fold =
    typeof reach === 'string'
      ? tx.sql`
      select coalesce(xid, '0') as xid, coalesce(day, '-infinity') as day,
        coalesce(checkpoint_on, '-infinity') as checkpoint_on
      from (select) one left join kpi_fold on organization_id = ${organizationId}`
      : tx.sql`select ${reach.xid}::xid8 as xid, ${reach.day}::date as day, '-infinity'::date as checkpoint_on`
  return tx.sql<FlowRecord[]>`
    with fold as materialized (${fold}
    ), m as materialized (
      select * from unnest(
        ${arrayOf(plan.read.map((_, number) => number))}::int[],
        ${arrayOf(plan.read.map((one) => one.stored))}::text[],
        ${arrayOf(plan.read.map((one) => one.name))}::text[],
        ${arrayOf(plan.read.map((one) => one.monthName))}::text[],
        ${dates(plan.read.map((one) => one.after))}::date[],
        ${arrayOf(plan.read.map((one) => one.anchored))}::bool[],
        ${arrayOf(plan.read.map((one) => one.aged))}::bool[],
        ${arrayOf(plan.read.map((one) => one.daily))}::bool[],
        ${arrayOf(plan.read.map((one) => one.olderThanDays !== undefined))}::bool[],
        ${arrayOf(plan.read.map((one) => one.olderThanDays ?? null))}::int[]
      ) as m (number, stored, name, month_name, after, anchored, aged, daily, is_series, older)
    ), f as (${parts.reduce((all, part) => tx.sql`${all} union all ${part}`)})
    select number, index, at_day, at_anchor, sum(amount) as amount, sum(count) as count,
      nullif(sum(days), 0) as days, nullif(sum(amount_days), 0) as amount_days,
      nullif(sum(anchor_amount), 0) as anchor_amount
    from f
    group by 1, 2, 3, 4`.execute()
}

export const cellRowsOf = (
  plan: Plan,
  cells: readonly CutCell[],
  records: readonly FlowRecord[],
): CellRow[] =>
  records.flatMap((record) => {
    const cell = cells[record.index]?.cell
    const one = plan.read[record.number]
    return cell === undefined || one === undefined
      ? []
      : [{ cell, row: bookRowOf(record, one, cell.currency) }]
  })

export type Plan = NonNullable<ReturnType<typeof planOf>>

/** Which rows of which tables. Null where nothing is asked. */
export function planOf(
  { measures, days, anchors, series }: Selection,
  cells: readonly CutCell[],
  isForeign: (cell: Cell) => boolean,
  { knownAt, isAhead, isAsIs, daysOfSegments }: Sight,
) {
  const dayEnds = [...days].sort((a, b) => a - b)
  const lastDay = dayEnds.at(-1)
  if (lastDay === undefined || measures.length === 0 || cells.length === 0) return null
  const knownDay = knownAt === null || !isAhead ? null : dayAt(knownAt, 'UTC')
  const isBalance = measures.some((one) => one.after === null)
  const after = isBalance ? null : Math.min(...measures.map((one) => one.after ?? -Infinity))
  // What falls due later does so for series on the day on which it does, as if it had been recorded then.
  const usesSeries = series !== null && (knownDay === null || knownDay >= lastDay)
  const spans = spansOf(dayEnds, after, knownDay)
  // And what becomes of the things of a period is folded likewise.
  const isTooEarly =
    knownDay !== null && knownDay < lastDay && measures.some((one) => measureKinds[one.measure] === 'cohort')
  const isByAnchor = isBalance && !usesSeries
  const cuts = cells.flatMap((one, index) =>
    (isTooEarly ? segmentsOf(one) : isByAnchor ? cutsByAnchor(one) : one.cuts).map((cut) => ({
      ...cut,
      index,
      isForeign: isForeign(one.cell),
      hasDays: cut.level !== LEVELS.SEGMENT || (cut.id <= daysOfSegments && knownDay === null && !isByAnchor),
    })),
  )
  // Of segments there are months as far as nothing of them has to be taken out again.
  const hasMonths = knownDay === null && (isBalance ? usesSeries && spans.months.length > 1 : true)
  const isOfMonths = anchors !== null && [...anchors].every((anchor) => endOfMonth(anchor) === anchor)
  const whole: Standing[] = spans.base === null ? [] : [{ base: spans.base, after: null, upTo: lastDay }]
  const all = { after, upTo: lastDay }
  return {
    read: [
      ...measures.flatMap((one) =>
        namesOf(one.measure, isAsIs).map((name) => ({
          ...one,
          name,
          monthName: isOfMonths && measureKinds[one.measure] === 'cohort' ? byMonthName(name) : name,
          stored: name,
          olderThanDays: undefined,
        })),
      ),
      ...(usesSeries ? series : []).map((one) => ({
        ...one,
        monthName: one.name,
        after: null,
        anchored: false,
        aged: false,
        daily: false,
      })),
    ],
    dayEnds,
    anchorEnds: anchors === null ? null : [...anchors].sort((a, b) => a - b),
    lastDay,
    known: knownAt === null ? 'infinity' : microseconds(knownAt),
    knownDay,
    usesSeries,
    spans,
    /** For what is valued day by day, which takes neither months nor checkpoints. */
    allDays: split([all], knownDay ?? Infinity),
    placesOfSegment: placesOfSegments(cells),
    foreign: cells.flatMap(({ cell }, index) => (isForeign(cell) ? [index] : [])),
    cuts: cuts.filter(({ hasDays }) => hasDays),
    /** Whose days are read out of `flow`. */
    segments: cuts.filter(({ hasDays }) => !hasDays),
    hasMonths,
    ofSegments: {
      isByAge: isBalance && hasMonths,
      standings: hasMonths ? standingsOf(spans) : whole,
      days: isBalance ? [] : hasMonths ? spans.days : [all],
      allDays: !isBalance && measures.some((one) => one.daily) ? [all] : [],
    },
  }
}

/** By the id of a segment, from 1 on: the places of the cells that it is in. */
function placesOfSegments(cells: readonly CutCell[]): readonly (readonly number[])[] {
  const places: number[][] = []
  for (const [index, { cell }] of cells.entries())
    for (const id of cell.segmentIds) (places[id - 1] ??= []).push(index)
  return Array.from(places, (found) => found ?? [])
}

const NO_CELL = -1

/** Rows by anchor are there for the whole organization and for segments only. */
const cutsByAnchor = ({ cell, cuts }: CutCell): readonly Cut[] =>
  cuts.every((cut) => cut.level === LEVELS.ORGANIZATION) ? cuts : segmentsOf({ cell })

const segmentsOf = ({ cell }: Pick<CutCell, 'cell'>): readonly Cut[] =>
  cell.segmentIds.map((id) => ({ level: LEVELS.SEGMENT, id }))

/** The parts of the sum of what is folded that are not empty. */
function foldedPartsOf(tx: Tx, organizationId: string, plan: Plan) {
  const { spans, cuts, segments, knownDay, ofSegments } = plan
  const hasCuts = cuts.length > 0
  const hasSegments = segments.length > 0
  const whole = spans.months
  const days = [...spans.days, ...plan.allDays.days]
  return [
    ...(hasCuts && spans.base !== null ? [ofCheckpoint(tx, organizationId, plan)] : []),
    ...(whole.length > 0 && (hasCuts || (hasSegments && plan.hasMonths))
      ? [ofMonths(tx, organizationId, plan)]
      : []),
    ...(hasCuts && days.length > 0 ? [ofDays(tx, organizationId, plan)] : []),
    ...(hasCuts && knownDay !== null && days.length > 0
      ? [ofLateDays(tx, organizationId, plan, knownDay)]
      : []),
    ...(hasCuts && knownDay !== null && spans.early.length + plan.allDays.early.length > 0
      ? [ofEarlyDays(tx, organizationId, plan, knownDay)]
      : []),
    ...(hasCuts && knownDay !== null && whole.length > 0 ? [ofLate(tx, organizationId, plan, knownDay)] : []),
    ...(hasSegments && ofSegments.standings.length > 0 ? [ofStandings(tx, organizationId, plan)] : []),
    ...(hasSegments && ofSegments.days.length + ofSegments.allDays.length > 0
      ? [ofSegmentDays(tx, organizationId, plan)]
      : []),
    ...(knownDay === null ? [] : [ofKnownDay(tx, organizationId, plan, knownDay)]),
  ]
}

/** Cuts with what is read of them, as `c`. */
const cutRows = (tx: Tx, plan: Plan, cuts: Plan['cuts']) => tx.sql`(
  select m.*, c.*, m.daily and c.is_foreign as by_day
  from m join unnest(
    ${arrayOf(cuts.map((cut) => cut.level))}::smallint[],
    ${arrayOf(cuts.map((cut) => cut.id))}::int[],
    ${arrayOf(cuts.map((cut) => cut.index))}::int[],
    ${arrayOf(cuts.map((cut) => cut.isForeign))}::bool[],
    ${arrayOf(cuts.map((cut) => cut.hasDays))}::bool[]
  ) as c (level, cut, index, is_foreign, has_days) on m.is_series = ${plan.usesSeries}::bool
) c`

const ofCheckpoint = (tx: Tx, organizationId: string, plan: Plan) => tx.sql`
  select c.number, c.index, p.*
  from ${cutRows(tx, plan, plan.cuts)} cross join fold cross join lateral (
    select ${sums(tx, plan, 'c')} from (
      select month as day, anchor, amount, count, 0 as days, amount_days from kpi_checkpoint
      where organization_id = ${organizationId} and month = least(fold.checkpoint_on, ${optional(plan.spans.base)}::date)
        and measure = c.name and level = c.level and cut = c.cut
    ) r group by 1, 2
  ) p`

/** Whole months, as (after, upto); those from the beginning as far as the checkpoint does not reach. */
const monthSpans = (tx: Tx, { spans }: Plan) => tx.sql`
  unnest(${dates(spans.months.map((span) => span.after))}::date[], ${dates(spans.months.map((span) => span.upTo))}::date[])
    as whole (after, upto)`

const ofMonths = (tx: Tx, organizationId: string, plan: Plan) => tx.sql`
  select c.number, c.index, p.*
  from ${cutRows(tx, plan, plan.hasMonths ? [...plan.cuts, ...plan.segments] : plan.cuts)}
  cross join ${monthSpans(tx, plan)} cross join fold cross join lateral (
    select ${sums(tx, plan, 'c')} from (
      select month as day, anchor, amount, count, days, amount_days from kpi_month
      where organization_id = ${organizationId} and measure = c.month_name and level = c.level and cut = c.cut
        and month > greatest(case when whole.after = '-infinity' then fold.checkpoint_on else whole.after end, c.after)
        and month <= whole.upto
    ) r group by 1, 2
  ) p
  where not c.by_day and (c.has_days or isfinite(whole.after))`

const ofDays = (tx: Tx, organizationId: string, plan: Plan) =>
  sumsOfDays(
    tx,
    plan,
    [plan.spans.days, plan.allDays.days],
    tx.sql`select day, anchor, amount, count, days, amount_days from kpi_day where organization_id = ${organizationId}`,
  )

/** What of these days was recorded after the day whose knowledge is asked for. */
const ofLateDays = (tx: Tx, organizationId: string, plan: Plan, knownDay: Day) =>
  sumsOfDays(
    tx,
    plan,
    [plan.spans.days, plan.allDays.days],
    tx.sql`
      select day, anchor, -amount as amount, -count as count, -days as days, -amount_days as amount_days
      from kpi_day_recorded
      where organization_id = ${organizationId} and recorded_on > ${formatDay(knownDay)}::date`,
  )

/** Of days after the one whose knowledge is asked for: of them little was known then, and that has an index. */
const ofEarlyDays = (tx: Tx, organizationId: string, plan: Plan, knownDay: Day) =>
  sumsOfDays(
    tx,
    plan,
    [plan.spans.early, plan.allDays.early],
    tx.sql`
      select day, anchor, amount, count, days, amount_days from kpi_day_recorded
      where organization_id = ${organizationId} and recorded_on <= ${formatDay(knownDay)}::date and recorded_on < day`,
  )

/** `rows` ends in a condition, to which measure, cut and days are added. */
const sumsOfDays = (
  tx: Tx,
  plan: Plan,
  [some, all]: readonly [some: readonly Span[], all: readonly Span[]],
  rows: Fragment,
) => tx.sql`
  select c.number, c.index, p.*
  from ${cutRows(tx, plan, plan.cuts)} join ${daySpans(tx, some, all)} on span.is_all = c.by_day
  cross join lateral (
    select ${sums(tx, plan, 'c')} from (
      ${rows} and measure = c.name and level = c.level and cut = c.cut
        and day > greatest(span.after, c.after) and day <= span.upto
    ) r group by 1, 2
  ) p`

const daySpans = (tx: Tx, some: readonly Span[], all: readonly Span[]) => tx.sql`
  unnest(
    ${dates([...some, ...all].map((span) => span.after))}::date[],
    ${dates([...some, ...all].map((span) => span.upTo))}::date[],
    ${arrayOf([...some.map(() => false), ...all.map(() => true)])}::bool[]
  ) as span (after, upto, is_all)`

/** What months and checkpoints hold of what came later: of the month of `knownDay` day by day, then by months. */
const ofLate = (tx: Tx, organizationId: string, plan: Plan, knownDay: Day) => tx.sql`
  select c.number, c.index, p.*
  from ${cutRows(tx, plan, plan.cuts)} cross join ${monthSpans(tx, plan)}
  cross join (values (false, ${formatDay(knownDay)}::date, ${formatDay(endOfMonth(knownDay))}::date), (true, ${formatDay(endOfMonth(knownDay))}::date, 'infinity'::date))
    as recorded (is_total, after, upto)
  cross join lateral (
    select ${sums(tx, plan, 'c')} from (
      select month as day, anchor, -amount as amount, -count as count, -days as days, -amount_days as amount_days from kpi_late
      where organization_id = ${organizationId} and measure = c.name and level = c.level and cut = c.cut
        and is_total = recorded.is_total and recorded_on > recorded.after and recorded_on <= recorded.upto
        and month > greatest(whole.after, c.after) and month <= whole.upto
    ) r group by 1, 2
  ) p
  where not c.by_day`

/** Segments with what they belong to, as `s`. */
const segmentRows = (tx: Tx, { segments }: Plan) => tx.sql`
  unnest(
    ${arrayOf(segments.map((segment) => segment.id))}::int[],
    ${arrayOf(segments.map((segment) => segment.index))}::int[],
    ${arrayOf(segments.map((segment) => segment.isForeign))}::bool[]
  ) as s (segment_id, index, is_foreign)`

/** Of `flow` what is folded, and was recorded by the day whose knowledge is asked for. */
const isFolded = (tx: Tx, { knownDay }: Plan) =>
  knownDay === null
    ? tx.sql`(xid, day) <= (fold.xid, fold.day)`
    : tx.sql`(xid, day) <= (fold.xid, fold.day) and recorded_at < (${formatDay(knownDay + 1)}::date)::timestamp at time zone 'UTC'`

const storedNames = (plan: Plan) =>
  arrayOf(plan.read.filter((one) => one.olderThanDays === undefined).map((one) => one.stored))

/** The balances of segments: as they stood at a month's end by anchor, and the days since. */
const ofStandings = (tx: Tx, organizationId: string, plan: Plan) => {
  const { standings, isByAge } = plan.ofSegments
  const late =
    plan.knownDay === null
      ? tx.sql``
      : tx.sql`
      union all
      select measure, month, anchor, -amount, -count, 0, -amount_days from kpi_late
      where organization_id = ${organizationId} and measure = any(${storedNames(plan)}::text[])
        and level = ${LEVELS.SEGMENT}::int and cut = s.segment_id and month <= x.base
        and (not is_total and recorded_on > ${formatDay(plan.knownDay)}::date and recorded_on <= ${formatDay(endOfMonth(plan.knownDay))}::date
          or is_total and recorded_on > ${formatDay(endOfMonth(plan.knownDay))}::date)`
  return tx.sql`
  select m.number, s.index, ${sums(tx, plan, 'm', 'false')}
  from fold
  cross join lateral (
    select least(span.base, fold.checkpoint_on) as base, span.after, span.upto
    from unnest(
      ${dates(standings.map((one) => one.base))}::date[],
      ${dates(standings.map((one) => one.after))}::date[],
      ${dates(standings.map((one) => one.upTo))}::date[]
    ) as span (base, after, upto)
  ) x
  cross join ${segmentRows(tx, plan)}
  cross join lateral (
    select measure, month as day, anchor, amount, count, 0 as days, amount_days from kpi_checkpoint
    where organization_id = ${organizationId} and month = x.base and measure = any(${storedNames(plan)}::text[])
      and level = ${LEVELS.SEGMENT}::int and cut = s.segment_id
    ${late}
    union all
    select measure, day, anchor, amount, count, days, amount_days from flow
    where organization_id = ${organizationId} and segment_id = s.segment_id and day > x.base and day <= x.upto
      and measure = any(${storedNames(plan)}::text[]) and ${isFolded(tx, plan)}
  ) told
  join m on m.stored = told.measure and m.is_series = ${isByAge}::bool
  cross join lateral (
    select greatest(told.day, told.anchor + m.older + 1) as day, told.anchor, told.amount, told.count, told.days,
      case when m.is_series then told.amount::numeric * (told.anchor - date '1970-01-01') else told.amount_days end as amount_days
  ) r
  where r.day > x.after and r.day <= x.upto
  group by 1, 2, 3, 4`
}

const ofSegmentDays = (tx: Tx, organizationId: string, plan: Plan) => tx.sql`
  select m.number, s.index, ${sums(tx, plan, 'm', '(m.daily and s.is_foreign)')}
  from fold
  cross join ${segmentRows(tx, plan)}
  join ${daySpans(tx, plan.ofSegments.days, plan.ofSegments.allDays)} on s.is_foreign or not span.is_all
  cross join lateral (
    select measure, day, anchor, amount, count, days, amount_days from flow
    where organization_id = ${organizationId} and segment_id = s.segment_id and day > span.after and day <= span.upto
      and measure = any(${storedNames(plan)}::text[]) and ${isFolded(tx, plan)}
    -- Else PostgreSQL reads all days of each segment, to join them with the few that are asked for.
    offset 0
  ) r
  join m on m.stored = r.measure and span.is_all = (m.daily and s.is_foreign)
  where r.day > m.after
  group by 1, 2, 3, 4`

/**
 * The cells of a row r, as `s`; none for segments of no cell. A look into an array, since of thousands of segments a table
 * would take longer to make than the few rows to find in it.
 */
const cellsOfRow = (tx: Tx, { placesOfSegment, foreign }: Plan) => {
  const isForeign = tx.sql`place = any(${arrayOf(foreign)}::int[]) as is_foreign`
  if (placesOfSegment.some((places) => places.length > 1))
    return tx.sql`
  lateral (
    select place as index, ${isForeign}
    from unnest((${arrayOf(placesOfSegment.map((places) => arrayOf(places)))}::text[])[r.segment_id]::int[]) place
  ) s`
  return tx.sql`
  lateral (
    select place as index, ${isForeign}
    from (
      select (${arrayOf(placesOfSegment.map(([place = NO_CELL]) => place))}::int[])[r.segment_id] as place offset 0
    ) found
    where place > ${NO_CELL}::int
  ) s`
}

/** What is folded and was recorded on the day of `knownAt`, but later than that. */
const ofKnownDay = (tx: Tx, organizationId: string, plan: Plan, knownDay: Day) => tx.sql`
  select m.number, s.index, ${sums(tx, plan, 'm', '(m.daily and s.is_foreign)')}
  from fold cross join lateral (
    select measure, segment_id, day, anchor, -amount as amount, -count as count, -days as days, -amount_days as amount_days
    from flow
    where organization_id = ${organizationId} and recorded_at > ${plan.known}::timestamptz
      and recorded_at < (${formatDay(knownDay + 1)}::date)::timestamp at time zone 'UTC'
      and (xid, day) <= (fold.xid, fold.day) and day <= ${formatDay(plan.lastDay)}::date
      and measure = any(${storedNames(plan)}::text[])
    offset 0
  ) r
  cross join ${cellsOfRow(tx, plan)}
  join m on m.stored = r.measure and not m.is_series
  group by 1, 2, 3, 4`

const ofTail = (tx: Tx, organizationId: string, plan: Plan) => tx.sql`
  select m.number, s.index, ${sums(tx, plan, 'm', '(m.daily and s.is_foreign)')}
  from fold cross join lateral (
    select measure, segment_id, day, anchor, amount, count, days, amount_days from flow
    where organization_id = ${organizationId} and (xid, day) > (fold.xid, fold.day)
      and recorded_at <= ${plan.known}::timestamptz and day <= ${formatDay(plan.lastDay)}::date
    -- Nobody needs the order, but it is that of the index, and PostgreSQL takes the tail for long.
    order by xid, day offset 0
  ) r
  cross join ${cellsOfRow(tx, plan)}
  join m on m.stored = r.measure and not m.is_series
  group by 1, 2, 3, 4`

/** Sums of rows r that belong to `of`, by the first asked-for day and anchor on or after theirs. */
const sums = (tx: Tx, { dayEnds, anchorEnds }: Plan, of: 'c' | 'm', byDay = 'c.by_day') => {
  const owner = tx.sql(of)
  const anchor =
    anchorEnds === null
      ? tx.sql`r.anchor - date '1970-01-01'`
      : tx.sql`(${arrayOf(anchorEnds)}::int[])[1 + width_bucket(r.anchor - date '1970-01-01', ${arrayOf(anchorEnds.map(next))}::int[])]`
  return tx.sql`
    case when ${tx.sql.unsafe(byDay)} then r.day - date '1970-01-01'
      else (${arrayOf(dayEnds)}::int[])[1 + width_bucket(r.day - date '1970-01-01', ${arrayOf(dayEnds.map(next))}::int[])]
    end as at_day,
    case when ${owner}.anchored then ${anchor} end as at_anchor,
    sum(r.amount) as amount, sum(r.count) as count, sum(r.days) as days, sum(r.amount_days) as amount_days,
    sum(case when ${owner}.aged then r.amount::numeric * (r.anchor - date '1970-01-01') end) as anchor_amount`
}

const optional = (day: Day | null): string | null => (day === null ? null : formatDay(day))

const dates = (days: readonly (Day | null)[]): string =>
  arrayOf(days.map((day) => (day === null || day === -Infinity ? '-infinity' : formatDay(day))))

const next = (day: Day): Day => day + 1

/** A sum, by the numbers of what is read and of the cell. */
export type FlowRecord = {
  number: number
  index: number
  at_day: number
  at_anchor: number | null
  amount: string
  count: string
  /** Null where it is 0, as most are: what is not sent need not be read. */
  days: string | null
  amount_days: string | null
  anchor_amount: string | null
}

const bookRowOf = (
  record: FlowRecord,
  { measure, olderThanDays }: { readonly measure: Measure; readonly olderThanDays: Age | undefined },
  currency: string,
): BookRow => ({
  measure,
  currency,
  day: record.at_day,
  // Anchored after all that anything is asked of.
  anchor: record.at_anchor ?? Infinity,
  amount: BigInt(record.amount),
  count: Number(record.count),
  days: orZero(record.days),
  // A series has there what by anchor would have to be added up.
  ...(olderThanDays === undefined
    ? { amountDays: orZero(record.amount_days), anchorAmount: orZero(record.anchor_amount) }
    : { amountDays: 0n, anchorAmount: orZero(record.amount_days), olderThanDays }),
})

const orZero = (sum: string | null): bigint => (sum === null ? 0n : BigInt(sum))
