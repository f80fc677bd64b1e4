/** Reads KPI values out of the KPI store: a handful of statements, whatever is asked. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { bucketsOf, type Granularity } from '../domain/buckets.ts'
import { dayAt, endOfDay } from '../domain/calendar.ts'
import type { Conventions, ConventionsChoice } from '../domain/conventions.ts'
import { dateOf, formatDay, type Day } from '../domain/day.ts'
import type { Evaluation } from '../domain/evaluate.ts'
import { formatExact, formatPart } from '../domain/exact.ts'
import { trailingPeriods } from '../domain/fiscal.ts'
import { nullReasonInWords } from '../domain/goal-words.ts'
import type { KpiDefinition, KpiMetric, KpiUnit, NullReason, Point } from '../domain/kpi.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { answer, type Ask } from './answer.ts'
import { askedWithout, withoutOf, type PutBack } from './without.ts'
import { checkConventions, checkCurrency, checkDay, checkOrder, refuseIf } from './check.ts'
import { rateInWords } from '../domain/rates.ts'
import {
  groupSegments,
  readCollectorNames,
  type GroupKey,
  type KpiDimension,
  type Names,
  type SegmentFilter,
} from './segments.ts'
import {
  fromLatest,
  fromSource,
  knownAtOf,
  type Knowledge,
  type KpiOrganization,
  type SegmentView,
  type Sourced,
} from './source.ts'

export type KpiQuery = {
  readonly metrics: readonly KpiMetric[]
  readonly groupBy?: readonly KpiDimension[]
  readonly from?: Temporal.PlainDate | null | undefined
  readonly to?: Temporal.PlainDate | null | undefined
  readonly granularity?: Granularity
  readonly asOf?: Temporal.PlainDate | null | undefined
  readonly filter?: SegmentFilter | null | undefined
  readonly segments?: SegmentView
  readonly currency?: string | null | undefined
  readonly conventions?: ConventionsChoice | null | undefined
  /** The clock: it decides what today is. */
  readonly now: Temporal.Instant
} & Knowledge

/** A row as the API gives it, the collector by uuid. */
export type KpiRow = GroupKey & {
  readonly metric: KpiMetric
  readonly time: Temporal.Instant
  readonly date: Temporal.PlainDate
  readonly value: number | null
  readonly valueExact: string | null
  readonly unit: KpiUnit
  readonly currency: string
  readonly reason: NullReason | null
  readonly message: string | null
  readonly numerator: string | null
  readonly denominator: string | null
  readonly asOf: Temporal.PlainDate
  readonly knownAt: Temporal.Instant
  readonly conventions: Conventions
}

const METRICS_MAX = 200
const DIMENSIONS_MAX = 2
const POINTS_MAX = 800
/** A reader that wants more asks in parts; a process that gives more starves its other readers. */
const ROWS_MAX = 10_000

/** The answer of `kpis`. Throws BAD_USER_INPUT that names the argument. A missing rate takes only the values that need it. */
export async function readKpis(tx: Tx, organization: KpiOrganization, query: KpiQuery): Promise<KpiRow[]> {
  const metrics = [...new Set(query.metrics)]
  const groupBy = [...new Set(query.groupBy)]
  refuseIf(metrics.length === 0 && 'metrics must name at least one KPI.')
  refuseIf(metrics.length > METRICS_MAX && `metrics must be at most ${METRICS_MAX}, not ${metrics.length}.`)
  refuseIf(
    groupBy.length > DIMENSIONS_MAX && `groupBy must be at most ${DIMENSIONS_MAX}, not ${groupBy.length}.`,
  )
  const currency = checkCurrency(query.currency, organization.baseCurrency)
  const names = await readCollectorNames(tx, organization.id, groupBy)
  return fromSource(tx, organization, query, (sourced) =>
    readKpisFrom(sourced, organization, query, { metrics, groupBy, currency, names }),
  )
}

async function readKpisFrom(
  { source, segments, usual }: Sourced,
  organization: KpiOrganization,
  query: KpiQuery,
  { metrics, groupBy, currency, names }: Checked,
): Promise<KpiRow[]> {
  const conventions = checkConventions(query.conventions, usual)
  const { points, asOf } = pointsOf(query, organization, conventions)
  const groups = groupSegments(segments, query.filter, groupBy, names)
  const rowCount = metrics.length * groups.length * points.length
  refuseIf(
    rowCount > ROWS_MAX && `The answer would have ${rowCount} rows, more than ${ROWS_MAX}: ask in parts.`,
  )
  const asks = metrics.map((metric): Ask => ({
    definition: kpiDefinition(metric),
    conventions,
    currency,
    groups,
    points,
  }))
  const evaluationOf = await answer(source, asks)

  const common = { currency, asOf: dateOf(asOf), knownAt: knownAtOf(query), conventions }
  return points.flatMap((point) => {
    const at = { time: endOfDay(point.day, organization.timeZone), date: dateOf(point.day) }
    return asks.flatMap((ask) =>
      groups.map((group) => ({
        ...common,
        ...at,
        ...group.key,
        ...valueOf(ask.definition, currency, evaluationOf(ask, group, point)),
      })),
    )
  })
}

type Checked = {
  readonly metrics: readonly KpiMetric[]
  readonly groupBy: readonly KpiDimension[]
  readonly currency: string
  readonly names: Names
}

const todayOf = (now: Temporal.Instant, { timeZone }: KpiOrganization): Day => dayAt(now, timeZone)

/** The points of a series, or the one day; and the day that nothing is known after. */
function pointsOf(
  query: KpiQuery,
  organization: KpiOrganization,
  conventions: Conventions,
): { points: Point[]; asOf: Day } {
  const today = todayOf(query.now, organization)
  const asked = query.asOf == null ? today : checkDay(query.asOf, 'asOf')
  // Nobody knows tomorrow: a later day has rows, but no values.
  const asOf = Math.min(asked, today)
  if (query.from == null) {
    refuseIf(query.to != null && 'to needs from: a series has both ends.')
    return {
      points: [
        { day: asked, period: trailingPeriods(asked, conventions.periodMonths, conventions.calendar), asOf },
      ],
      asOf,
    }
  }
  const from = checkDay(query.from, 'from')
  const to = query.to == null ? asOf : checkDay(query.to, 'to')
  checkOrder(from, to)
  const granularity = query.granularity ?? 'MONTH'
  const buckets = bucketsOf({ from, to }, granularity, POINTS_MAX + 1, conventions.calendar)
  refuseIf(
    buckets.length > POINTS_MAX &&
      `granularity ${granularity} makes more than ${POINTS_MAX} points from ${formatDay(from)} to ${formatDay(to)}.`,
  )
  return { points: buckets.map((period) => ({ day: period.to, period, asOf })), asOf }
}

/** One value that is wanted, such as that of a goal, or of one day of its history. */
export type KpiRequest = {
  readonly metric: KpiMetric
  /** The day at whose end the value is taken; periods end on it and nothing after it is known. */
  readonly asOf: Temporal.PlainDate
  readonly filter?: SegmentFilter | null | undefined
  readonly currency?: string | null | undefined
  readonly conventions?: ConventionsChoice | null | undefined
  /** The first day of its period, which ends on `asOf`; that of the conventions if left out. */
  readonly from?: Temporal.PlainDate | null
  /** As it would be had what the guard counts not happened since the end of that day; no value where that is unknown. */
  readonly putBack?: PutBack
}

export type KpiValue = Pick<KpiRow, 'valueExact' | 'reason' | 'numerator' | 'denominator'> & {
  /** Set where there is no value because a rate is missing; `reason` is null then. */
  readonly missingRate: { readonly currency: string; readonly day: Temporal.PlainDate } | null
}

/**
 * One value for each request, in their order, all out of the same few statements: the goals of an organization, or
 * the last 90 days of one. Throws BAD_USER_INPUT.
 */
export async function readKpiValues(
  tx: Tx,
  organization: KpiOrganization,
  requests: readonly KpiRequest[],
  options: ValueOptions,
): Promise<KpiValue[]> {
  if (requests.length === 0) return []
  return fromLatest(tx, organization, (sourced) => readValuesFrom(sourced, organization, requests, options))
}

type ValueOptions = { readonly now: Temporal.Instant; readonly isRepeated?: boolean }

async function readValuesFrom(
  { source, segments }: Sourced,
  organization: KpiOrganization,
  requests: readonly KpiRequest[],
  { now, isRepeated = false }: ValueOptions,
): Promise<KpiValue[]> {
  const today = dayAt(now, organization.timeZone)
  const groupsByFilter = new Map<string, Ask['groups']>()
  const asked = requests.map((request) => {
    const filterKey = JSON.stringify(request.filter ?? {})
    const groups = groupsByFilter.get(filterKey) ?? groupSegments(segments, request.filter, [])
    groupsByFilter.set(filterKey, groups)
    const conventions = checkConventions(request.conventions)
    const day = checkDay(request.asOf, 'asOf')
    const period =
      request.from == null
        ? trailingPeriods(day, conventions.periodMonths, conventions.calendar)
        : { from: checkDay(request.from, 'from'), to: day }
    const point = { day, period, asOf: Math.min(day, today) }
    const ask = {
      definition: kpiDefinition(request.metric),
      conventions,
      currency: checkCurrency(request.currency, organization.baseCurrency),
      groups,
      points: [point],
    }
    return { ask, without: withoutOf(request.putBack, ask) }
  })
  const asks = await askedWithout(source.tx, organization.id, asked, isRepeated)
  const evaluationOf = await answer({ ...source, isRepeated }, asks)
  return asks.flatMap((ask) =>
    ask.groups.flatMap((group) =>
      ask.points.map((point): KpiValue => {
        const evaluation = evaluationOf(ask, group, point)
        const { missingRate } = evaluation
        const { valueExact, reason, numerator, denominator } = valueOf(
          ask.definition,
          ask.currency,
          evaluation,
        )
        return {
          valueExact,
          numerator,
          denominator,
          reason: missingRate === null ? reason : null,
          missingRate:
            missingRate === null ? null : { currency: missingRate.currency, day: dateOf(missingRate.day) },
        }
      }),
    ),
  )
}

const noValue = { value: null, numerator: null, denominator: null }

/** The value in the forms that readers take. */
function valueOf(definition: KpiDefinition, currency: string, { outcome, missingRate }: Evaluation) {
  const { value, numerator, denominator } = outcome ?? noValue
  const reason = missingRate === null ? outcome.reason : 'MISSING_RATE'
  const valueExact = value === null ? null : formatExact(value, definition.unit, currency)
  return {
    metric: definition.metric,
    unit: definition.unit,
    value: valueExact === null ? null : Number(valueExact),
    valueExact,
    reason,
    message: missingRate === null ? inWords(reason) : rateInWords(missingRate),
    numerator: numerator === null ? null : formatPart(numerator),
    denominator: denominator === null ? null : formatPart(denominator),
  }
}

const inWords = (reason: NullReason | null): string | null => {
  if (reason === null) return null
  const words = nullReasonInWords[reason]
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}
