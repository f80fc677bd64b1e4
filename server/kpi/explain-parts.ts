/** Tells what each driver did, down to segments, customers and invoices. */
import { formatExact } from '../domain/exact.ts'
import type { Driver } from '../domain/explain-drivers.ts'
import { driversOf, sumUp, type Formula, type Sums } from '../domain/explain-formulas.ts'
import { roundToSum, type Split } from '../domain/explain.ts'
import type { KpiUnit } from '../domain/kpi.ts'
import { currencyDigits, Exact } from '../domain/money.ts'
import { refuseIf } from './check.ts'
import type { QuantitiesRow } from './explain-items.ts'
import {
  groupSegments,
  type GroupKey,
  type KpiDimension,
  type Names,
  type Segment,
  type SegmentFilter,
} from './segments.ts'

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

export type Told = { readonly unit: KpiUnit; readonly currency: string }

const DIGITS = 10
const digitsOf = ({ unit, currency }: Told): number => (unit === 'MONEY' ? currencyDigits(currency) : DIGITS)
export const show = (value: Exact, { unit, currency }: Told): string => formatExact(value, unit, currency)

/** The rows within a filter, and how they are put together. */
type Book = ReturnType<typeof bookOf>

export function bookOf(
  segments: readonly Segment[],
  filter: SegmentFilter | null | undefined,
  all: readonly QuantitiesRow[],
  collectors: Names,
) {
  const chosen = (more: SegmentFilter) => {
    const [within] = groupSegments(segments, filter, [])
    const [group] = groupSegments(within?.segments ?? [], more, [])
    return new Map(group?.segments.map((one) => [one.id, one]))
  }
  const everything = chosen({})
  const currencyOf = ({ segmentId }: QuantitiesRow) => everything.get(segmentId)?.currency ?? ''
  const isOf = (more: SegmentFilter | null | undefined, { customerId }: QuantitiesRow) =>
    more?.customerId?.includes(customerId) ?? true
  const rows = all.filter((row) => everything.has(row.segmentId) && isOf(filter, row))
  return {
    rows,
    chosen,
    isOf,
    currencyOf,
    sums: (some: readonly QuantitiesRow[]): Sums =>
      sumUp(some.map((row) => ({ currency: currencyOf(row), sides: row.sides }))),
    /** The rows by the values of a dimension. */
    groups: (dimension: KpiDimension) => {
      const bySegment = Map.groupBy(rows, (row) => row.segmentId)
      const all = groupSegments([...everything.values()], null, [dimension], collectors)
      return all.map(({ key, segments: members }) => ({
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

export function tell(formula: Formula, split: Split, telling: Telling): Part[] {
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
  const isAll = chosen.size === book.chosen({}).size && filter.customerId == null
  const rows = isAll
    ? book.rows
    : book.rows.filter((row) => chosen.has(row.segmentId) && book.isOf(filter, row))
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
