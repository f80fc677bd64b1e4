/** Explains the change of a KPI between two days: domain/explain.ts has the mathematics, explain-items.ts the reading. */
import type { Reader } from '@tidemark/drizzle/transaction.ts'
import { dayAt, lengthOf } from '../domain/calendar.ts'
import { formatDay, type Day } from '../domain/day.ts'
import { formatExact } from '../domain/exact.ts'
import type { Driver } from '../domain/explain-drivers.ts'
import {
  driversOf,
  formulaOf,
  roundToSum,
  splitChange,
  sumUp,
  type Formula,
  type Split,
  type SplitOptions,
  type Sums,
  valuesBy,
} from '../domain/explain.ts'
import type { Moment } from '../domain/explain-items.ts'
import type { KpiDefinition, KpiMetric, KpiUnit, NullReason } from '../domain/kpi.ts'
import { currencyDigits, Exact } from '../domain/money.ts'
import { isMissing, type Rates } from '../domain/rates.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { readRates } from '../ledger/rates.ts'
import { byKey } from '../loaders.ts'
import { checkDay, noRate, refuseIf } from './check.ts'
import { partsByValues, valueQuery } from './explain-values.ts'
import { readQuantities, type Moments, type QuantitiesRow } from './explain-items.ts'
import { readKpis, type KpiQuery, type KpiRow } from './queries.ts'
import {
  groupSegments,
  readSegments,
  type GroupKey,
  type KpiDimension,
  type Segment,
  type SegmentFilter,
} from './segments.ts'
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

/** What a driver did, and what is needed to tell it of less than all. */
export type Part = {
  readonly driver: Driver
  readonly change: string
  readonly segments: (dimension: KpiDimension) => Promise<SegmentChange[]>
  readonly customers: (first: number, filter: SegmentFilter) => Listed<CustomerChange>
}

export type SegmentChange = GroupKey & { readonly change: string }
/** The first of a list, largest first, and what the rest adds up to. */
export type Listed<Entry> = { readonly list: readonly Entry[]; readonly rest: string }
export type CustomerChange = {
  readonly customerId: string
  readonly change: string
  readonly invoices: (first: number) => Promise<Listed<InvoiceChange>>
}
export type InvoiceChange = { readonly invoiceId: string; readonly change: string }

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

type Told = { readonly unit: KpiUnit; readonly currency: string }

const DIGITS = 10
const digitsOf = ({ unit, currency }: Told): number => (unit === 'MONEY' ? currencyDigits(currency) : DIGITS)
const show = (value: Exact, { unit, currency }: Told): string => formatExact(value, unit, currency)

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
  const [segments, rates, rows] = await reader.read((tx) =>
    Promise.all([
      readSegments(tx, organization.id),
      readRates(tx, organization, fromDay, toDay, knownAt),
      readQuantities(tx, { ...source, customerIds: null }),
    ]),
  )
  const book = bookOf(segments, filter, rows)
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

/** The window is that of the sales which the KPI reads. */
function momentOf(metric: KpiDefinition, day: Day, { conventions }: KpiRow): Moment {
  const point = { day, period: { from: day, to: day }, asOf: day }
  const sales = Object.values(metric.inputs(point, conventions))
    .flat()
    .find((input) => input.read === 'movement' && input.measure === 'BILLED')
  return { day, window: sales?.read === 'movement' ? sales.period : point.period }
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

/** The rows within a filter, and how they are put together. */
type Book = ReturnType<typeof bookOf>

function bookOf(
  segments: readonly Segment[],
  filter: SegmentFilter | null | undefined,
  all: readonly QuantitiesRow[],
) {
  const chosen = (more: SegmentFilter) => {
    const [within] = groupSegments(segments, filter, [])
    const [group] = groupSegments(within?.segments ?? [], more, [])
    return new Map(group?.segments.map((one) => [one.id, one]))
  }
  const everything = chosen({})
  const currencyOf = ({ segmentId }: QuantitiesRow) => everything.get(segmentId)?.currency ?? ''
  const rows = all.filter(({ segmentId }) => everything.has(segmentId))
  return {
    rows,
    chosen,
    currencyOf,
    sums: (some: readonly QuantitiesRow[]): Sums =>
      sumUp(some.map((row) => ({ currency: currencyOf(row), sides: row.sides }))),
    /** The rows by the values of a dimension. */
    groups: (dimension: KpiDimension) => {
      const bySegment = Map.groupBy(rows, (row) => row.segmentId)
      return groupSegments([...everything.values()], null, [dimension]).map(({ key, segments: members }) => ({
        key,
        rows: members.flatMap((member) => bySegment.get(member.id) ?? []),
      }))
    },
  }
}

type Telling = {
  readonly book: Book
  readonly told: Told
  readonly change: Exact
  /** Of a customer, item by item. */
  readonly itemsOf: (customerId: string) => Promise<readonly QuantitiesRow[]>
}

function tell(formula: Formula, split: Split, telling: Telling): Part[] {
  const { book, told, change } = telling
  const drivers = driversOf(formula)
  const totals = book.sums(book.rows)
  const changes = roundToSum(
    drivers.map((driver) => split.contribution(driver, totals)),
    change,
    digitsOf(told),
  )
  return drivers.map((driver, index) => {
    const whole = changes[index] ?? zero
    return {
      driver,
      change: show(whole, told),
      segments: (dimension) => Promise.resolve(tellSegments(split, telling, driver, whole, dimension)),
      customers: (first, filter) => tellCustomers(split, telling, driver, whole, first, filter),
    }
  })
}

const zero = new Exact(0)

function tellSegments(
  split: Split,
  { book, told }: Telling,
  driver: Driver,
  whole: Exact,
  dimension: KpiDimension,
): SegmentChange[] {
  const groups = book.groups(dimension)
  const changes = roundToSum(
    groups.map(({ rows }) => split.contribution(driver, book.sums(rows))),
    whole,
    digitsOf(told),
  )
  return groups.flatMap(({ key }, index) => {
    const change = changes[index] ?? zero
    return change.isZero() ? [] : [{ ...key, change: show(change, told) }]
  })
}

function tellCustomers(
  split: Split,
  telling: Telling,
  driver: Driver,
  whole: Exact,
  first: number,
  filter: SegmentFilter,
): Listed<CustomerChange> {
  const { book, told, itemsOf } = telling
  const chosen = book.chosen(filter)
  const isAll = chosen.size === book.chosen({}).size
  const rows = isAll ? book.rows : book.rows.filter((row) => chosen.has(row.segmentId))
  const { list, rest } = tellLargest(split, telling, driver, {
    rows,
    keyOf: (row) => row.customerId,
    whole: isAll ? whole : split.contribution(driver, book.sums(rows)).toDecimalPlaces(digitsOf(told)),
    first,
  })
  return {
    rest,
    list: list.map(({ key: customerId, change }) => ({
      customerId,
      change: show(change, told),
      invoices: async (first) => {
        const items = (await itemsOf(customerId)).filter((row) => chosen.has(row.segmentId))
        const largest = tellLargest(split, telling, driver, {
          rows: items.filter((row) => row.kind === 'INVOICE'),
          keyOf: (row) => row.itemId ?? '',
          whole: change,
          first,
        })
        return {
          rest: largest.rest,
          list: largest.list.map((one) => ({ invoiceId: one.key, change: show(one.change, told) })),
        }
      },
    })),
  }
}

const FIRST_MAX = 1_000

type Ranking = {
  readonly rows: readonly QuantitiesRow[]
  readonly keyOf: (row: QuantitiesRow) => string
  /** What all of them, and what is not among the rows, add up to. */
  readonly whole: Exact
  readonly first: number
}

/** Put in order by what is quick to compute; only what is told is computed exactly. */
function tellLargest(
  split: Split,
  { book, told }: Telling,
  driver: Driver,
  { rows, keyOf, whole, first }: Ranking,
): Listed<{ readonly key: string; readonly change: Exact }> {
  refuseIf((first < 0 || first > FIRST_MAX) && `first must be from 0 to ${FIRST_MAX}, not ${first}.`)
  const ranked = [...Map.groupBy(rows, keyOf)]
    .map(([key, own]) => ({
      key,
      own,
      about: own.reduce((sum, row) => sum + split.estimate(driver, book.currencyOf(row), row.sides), 0),
    }))
    .filter(({ about }) => about !== 0)
    .sort((a, b) => Math.abs(b.about) - Math.abs(a.about) || (a.key < b.key ? -1 : 1))
  const list = ranked.slice(0, first).map(({ key, own }) => ({
    key,
    change: split.contribution(driver, book.sums(own)).toDecimalPlaces(digitsOf(told)),
  }))
  return {
    list,
    rest: show(
      list.reduce((rest, { change }) => rest.minus(change), whole),
      told,
    ),
  }
}
