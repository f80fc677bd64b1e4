/**
 * Explains the change of any KPI by its own numerator and denominator, or as an amount. Customers are not told: they
 * would take the whole history of each.
 */
import type { Reader } from '@tidemark/drizzle/transaction.ts'
import { formatExact } from '../domain/exact.ts'
import type { Driver } from '../domain/explain-drivers.ts'
import { roundToSum, splitQuotient, type Quotient } from '../domain/explain.ts'
import type { KpiDefinition } from '../domain/kpi.ts'
import { currencyDigits, Exact } from '../domain/money.ts'
import { refuseIf } from './check.ts'
import type { Part, SegmentChange } from './explain-parts.ts'
import type { ExplainQuery } from './explain.ts'
import { readKpis, type KpiRow } from './queries.ts'
import type { KpiDimension } from './segments.ts'
import type { KpiOrganization } from './source.ts'

/** Asks for the value of one day: `from` and `to` would make a series. */
export const valueQuery = ({ from: _from, to: _to, metric, ...rest }: ExplainQuery) => ({
  ...rest,
  metrics: [metric],
})

type Ends = { readonly metric: KpiDefinition; readonly from: KpiRow; readonly to: KpiRow }

/** Both ends have a value. */
export function partsByValues(
  reader: Reader,
  organization: KpiOrganization,
  query: ExplainQuery,
  ends: Ends,
): Part[] {
  const { metric, from, to } = ends
  const digits = metric.unit === 'MONEY' ? currencyDigits(to.currency) : DIGITS
  const show = (change: Exact) => formatExact(change, metric.unit, to.currency)
  const whole = changesOf(ends, from, to)
  const changes = roundToSum(
    whole.map(({ change }) => change),
    exact(to.valueExact).minus(exact(from.valueExact)),
    digits,
  )
  const segments = async (index: number, dimension: KpiDimension): Promise<SegmentChange[]> => {
    const groups = await readGroups(reader, organization, query, dimension)
    const found = groups.map((group) => changesOf(ends, group.from, group.to)[index]?.change ?? zero)
    const total = changes[index] ?? zero
    refuseIf(!addsUp(found, total, digits) && notBySegment(metric, dimension))
    const rounded = roundToSum(found, total, digits)
    return groups.flatMap(({ key }, at) => {
      const change = rounded[at] ?? zero
      return change.isZero() ? [] : [{ ...key, change: show(change) }]
    })
  }
  return whole.map(({ driver }, index) => {
    const change = show(changes[index] ?? zero)
    return {
      driver,
      change,
      segments: (dimension) => segments(index, dimension),
      customers: () => ({ list: [], rest: change }),
    }
  })
}

/** Why, and what to do about it where something can be done. */
function notBySegment({ metric, theme }: KpiDefinition, dimension: KpiDimension): string {
  const told = `${metric} cannot be told by segment: the values of segments do not add up to that of all.`
  if (theme !== 'CREDIT') return told
  if (dimension === 'CURRENCY' || dimension === 'PRODUCT_LINE')
    return `${told} Credit is that of customers, who have no ${WORDS[dimension]} of their own: ask by another dimension.`
  return `${told} Credit counts where customers are today, and only the whole has those without a ${WORDS[dimension]} of their own: give them one (moveCustomer).`
}

const WORDS: Readonly<Record<KpiDimension, string>> = {
  CURRENCY: 'currency',
  BUSINESS_UNIT: 'business unit',
  REGION: 'region',
  CHANNEL: 'channel',
  PRODUCT_LINE: 'product line',
  COLLECTOR: 'collector',
}

const DIGITS = 10
const zero = new Exact(0)
const exact = (text: string | null | undefined): Exact => new Exact(text ?? 0)

const isQuotient = ({ numerator, denominator }: KpiRow): boolean => numerator !== null && denominator !== null

/** Counts and medians, such as of customers, do not; of what does, each value has been rounded. */
function addsUp(values: readonly Exact[], total: Exact, digits: number): boolean {
  const rest = values.reduce((left, value) => left.minus(value), total)
  const rounding = new Exact(10).pow(-digits).times(values.length + 2)
  return rest.abs().lte(total.abs().times(PRECISION).plus(rounding))
}
/** Numerators and denominators come with ten digits. */
const PRECISION = '1e-9'

type Change = { readonly driver: Driver; readonly change: Exact }

/** What a member of the whole added to the change. A row that is left out had nothing. */
function changesOf(
  { metric, from, to }: Ends,
  before: KpiRow | undefined,
  after: KpiRow | undefined,
): readonly Change[] {
  if (!isQuotient(from) || !isQuotient(to)) {
    return [{ driver: 'AMOUNT', change: exact(after?.valueExact).minus(exact(before?.valueExact)) }]
  }
  const scale = metric.unit === 'PERCENT' ? 100 : 1
  const change = splitQuotient(
    scale,
    [quotientOf(from), quotientOf(to)],
    [quotientOf(before), quotientOf(after)],
  )
  return [
    { driver: 'NUMERATOR', change: change.numerator },
    { driver: 'DENOMINATOR', change: change.denominator },
  ]
}

const quotientOf = (row: KpiRow | undefined): Quotient => ({
  numerator: exact(row?.numerator),
  denominator: exact(row?.denominator),
})

type GroupEnds = {
  readonly key: Omit<SegmentChange, 'change'>
  readonly from: KpiRow | undefined
  readonly to: KpiRow | undefined
}

async function readGroups(
  reader: Reader,
  organization: KpiOrganization,
  query: ExplainQuery,
  dimension: KpiDimension,
): Promise<GroupEnds[]> {
  const readEnd = (asOf: Temporal.PlainDate) =>
    reader.read((tx) => readKpis(tx, organization, { ...valueQuery(query), groupBy: [dimension], asOf }))
  const [before, after] = [await readEnd(query.from), await readEnd(query.to)]
  const first = new Map(before.map((row) => [keyText(row), row]))
  return after.map((row) => ({ key: keyOf(row), from: first.get(keyText(row)), to: row }))
}

const keyOf = (row: KpiRow): GroupEnds['key'] => ({
  documentCurrency: row.documentCurrency,
  businessUnit: row.businessUnit,
  region: row.region,
  channel: row.channel,
  productLine: row.productLine,
  collectorId: row.collectorId,
  collectorName: row.collectorName,
})
const keyText = (row: KpiRow): string => JSON.stringify(keyOf(row))
