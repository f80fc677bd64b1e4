/** Explains the change of a KPI between two days: domain/explain.ts has the mathematics, explain-items.ts the reading. */
import type { Reader } from '@tidemark/drizzle/transaction.ts'
import { dayAt, lengthOf } from '../domain/calendar.ts'
import { formatDay, type Day } from '../domain/day.ts'
import { formatExact } from '../domain/exact.ts'
import { formulaOf } from '../domain/explain-formulas.ts'
import { splitChange, valuesBy, type SplitOptions } from '../domain/explain.ts'
import type { Moment } from '../domain/explain-items.ts'
import type { KpiDefinition, KpiMetric, NullReason } from '../domain/kpi.ts'
import { Exact } from '../domain/money.ts'
import { isMissing, type Rates } from '../domain/rates.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { readRates } from '../ledger/rates.ts'
import { byKey } from '../loaders.ts'
import { checkDay, noRate, refuseIf } from './check.ts'
import { readQuantities, type Moments } from './explain-items.ts'
import { bookOf, show, tell, type Part } from './explain-parts.ts'
import { partsByValues, valueQuery } from './explain-values.ts'
import { readKpis, type KpiQuery, type KpiRow } from './queries.ts'
import { readCollectorNames, readSegmentsAfter } from './segments.ts'
import type { KpiOrganization } from './source.ts'

export type ExplainQuery = Pick<
  KpiQuery,
  'filter' | 'currency' | 'conventions' | 'now' | 'knownAt' | 'settledAt'
> & {
  readonly metric: KpiMetric
  readonly from: Temporal.PlainDate
  readonly to: Temporal.PlainDate
}

export type Explanation = {
  readonly metric: KpiDefinition
  readonly from: KpiRow
  readonly to: KpiRow
  readonly change: string | null
  readonly reason: NullReason | null
  readonly parts: readonly Part[]
}

/** The answer of `explainKpi`. Throws BAD_USER_INPUT that names the argument, or MISSING_RATE. */
export async function explainKpi(
  reader: Reader,
  organization: KpiOrganization,
  query: ExplainQuery,
): Promise<Explanation> {
  const { metric } = query
  const definition = kpiDefinition(metric)
  const [fromDay, toDay] = [checkDay(query.from, 'from'), checkDay(query.to, 'to')]
  const today = dayAt(query.now, organization.timeZone)
  refuseIf(fromDay >= toDay && `to (${formatDay(toDay)}) must lie after from (${formatDay(fromDay)}).`)
  refuseIf(toDay > today && `to must not lie after today, which is ${formatDay(today)}.`)

  const readValue = async (asOf: Temporal.PlainDate): Promise<KpiRow> => {
    const [row] = await reader.read((tx) => readKpis(tx, organization, { ...valueQuery(query), asOf }))
    if (row === undefined) throw new Error('Without dimensions there is one row')
    return row
  }
  const from = await readValue(query.from)
  const to = await readValue(query.to)
  const ends = { metric: definition, from, to }
  if (from.valueExact === null || to.valueExact === null)
    return { ...ends, change: null, reason: to.reason ?? from.reason, parts: [] }

  const change = new Exact(to.valueExact).minus(from.valueExact)
  const told = { unit: definition.unit, currency: to.currency }
  const parts =
    (await partsByDrivers(reader, organization, query, { ...ends, fromDay, toDay, change })) ??
    partsByValues(reader, organization, query, ends)
  return { ...ends, change: show(change, told), reason: null, parts }
}

type Ends = { readonly metric: KpiDefinition; readonly from: KpiRow; readonly to: KpiRow }
type Changed = Ends & { readonly fromDay: Day; readonly toDay: Day; readonly change: Exact }

/** Null where the KPI is not made of the quantities of domain/explain.ts. */
async function partsByDrivers(
  reader: Reader,
  organization: KpiOrganization,
  { filter }: ExplainQuery,
  { metric, from, to, fromDay, toDay, change }: Changed,
): Promise<Part[] | null> {
  const formula = formulaOf(metric.metric, to.conventions)
  if (formula === null) return null
  const moments: Moments = [momentOf(metric, fromDay, from), momentOf(metric, toDay, to)]
  const { knownAt, currency } = to
  const source = { organizationId: organization.id, moments, knownAt }
  const [segments, collectors, rates, rows] = await reader.read((tx) =>
    Promise.all([
      readSegmentsAfter(tx, organization.id, 0),
      readCollectorNames(tx, organization.id, ['COLLECTOR']),
      readRates(tx, organization, fromDay, toDay, knownAt),
      readQuantities(tx, { ...source, customerIds: null }),
    ]),
  )
  const book = bookOf(segments, filter, rows, collectors)
  const split: SplitOptions = {
    totals: book.sums(book.rows),
    rate: ratesAtEnds(rates, currency, [fromDay, toDay]),
    days: [lengthOf(moments[0].window), lengthOf(moments[1].window)],
  }
  // Whatever a convention makes of the KPI that is not known here: then it is told by its numerator and denominator.
  const [before, after] = valuesBy(formula, split)
  if (!isShownAs(before, from) || !isShownAs(after, to)) return null

  const items = byKey(
    reader,
    async (tx, customerIds) =>
      Map.groupBy(await readQuantities(tx, { ...source, customerIds }), (row) => row.customerId),
    [],
  )
  return tell(formula, splitChange(formula, split), {
    book,
    told: { unit: metric.unit, currency },
    change,
    itemsOf: (customerId) => items.load(customerId),
  })
}

/** The window is that of the sales which the KPI reads, and what is past due is what it reads as that. */
function momentOf(metric: KpiDefinition, day: Day, { conventions }: KpiRow): Moment {
  const point = { day, period: { from: day, to: day }, asOf: day }
  const inputs = Object.values(metric.inputs(point, conventions)).flat()
  const sales = inputs.flatMap((input) =>
    input.read === 'movement' && input.measure === 'BILLED' ? [input.period] : [],
  )
  const ages = inputs.flatMap((input) =>
    input.read === 'balance' && input.measure === 'OPEN_BY_DUE' ? (input.olderThanDays ?? []) : [],
  )
  return { day, window: sales[0] ?? point.period, pastDueBefore: day - (ages[0] ?? 0) }
}

/**
 * A currency that had no rate on one of the days had no balances then: what it has on the other day is no matter of
 * rates.
 */
const ratesAtEnds =
  (rates: Rates, currency: string, days: readonly [Day, Day]): SplitOptions['rate'] =>
  (from, side) => {
    const own = rates.perMinorUnit(from, currency, days[side])
    const other = isMissing(own) ? rates.perMinorUnit(from, currency, days[1 - side] ?? days[side]) : own
    if (isMissing(other)) throw noRate(other)
    return other
  }

const TOLERANCE = new Exact('1e-9')

const isShownAs = (value: Exact | null | undefined, { valueExact, unit, currency }: KpiRow): boolean =>
  value != null &&
  valueExact !== null &&
  (unit === 'MONEY'
    ? formatExact(value, unit, currency) === valueExact
    : value.minus(valueExact).abs().lt(TOLERANCE))
