/** What KPIs are made of, as far as their change is explained by more than numerator and denominator. */
import { drivers, type Driver } from './explain-drivers.ts'
import type { KpiMetric } from './kpi.ts'
import { Exact } from './money.ts'

/** What is added up over the books at a day; minor units of one currency. Of the window: the window that ends on the day. */
export type Quantities = {
  /** Open and not past due. */
  readonly notDue: bigint
  readonly pastDue: bigint
  /** Of `pastDue` what is disputed. */
  readonly disputed: bigint
  /** Of `notDue` what was not billed in the window or was due by its first due date. */
  readonly extended: bigint
  /** Billed in the window and by the first due date not yet due, paid or not. */
  readonly expected: bigint
  /** Receipts not applied. */
  readonly unapplied: bigint
  /** Billed in the window, with corrections. */
  readonly billed: bigint
  /** The same, each bill times its days from invoice to first due date. */
  readonly billedDays: bigint
  /** Credit notes issued in the window. */
  readonly credited: bigint
}
export type QuantityName = keyof Quantities

export const noQuantities: Quantities = {
  notDue: 0n,
  pastDue: 0n,
  disputed: 0n,
  extended: 0n,
  expected: 0n,
  unapplied: 0n,
  billed: 0n,
  billedDays: 0n,
  credited: 0n,
}
export const quantityNames = Object.keys(noQuantities) as readonly QuantityName[]

/** The same sums at the first and at the second day. */
export type Sides = readonly [Quantities, Quantities]
/** By currency. */
export type Sums = ReadonlyMap<string, Sides>

/** Adds up what has the same currency. */
export function sumUp(parts: Iterable<{ readonly currency: string; readonly sides: Sides }>): Sums {
  const sums = new Map<string, [Mutable, Mutable]>()
  for (const { currency, sides } of parts) {
    let sum = sums.get(currency)
    if (sum === undefined) {
      sum = [{ ...noQuantities }, { ...noQuantities }]
      sums.set(currency, sum)
    }
    for (const name of quantityNames) {
      sum[0][name] += sides[0][name]
      sum[1][name] += sides[1][name]
    }
  }
  return sums
}
type Mutable = { -readonly [Name in QuantityName]: bigint }

/** So much of each quantity. */
export type Linear = { readonly [Name in QuantityName]?: Exact }

/** A KPI as scale x (pieces + granted) / divisor; `days` is the length of the window. */
export type Formula = {
  readonly scale: number
  readonly pieces: readonly { readonly driver: Driver; readonly of: (days: number) => Linear }[]
  /** Null where nothing is divided. */
  readonly divisor: { readonly driver: Driver; readonly of: (days: number) => Linear } | null
  /** Whether G is a piece. */
  readonly hasTerms: boolean
}

const one = new Exact(1)
const less = new Exact(-1)
const perDay = (days: number): Exact => one.div(days)

const sales: Formula['divisor'] = {
  driver: 'SALES_VOLUME',
  of: (days) => ({ billed: perDay(days), credited: perDay(-days) }),
}
/** G of domain/explain.ts. */
export const granted = (days: number): Linear => ({ billed: perDay(days), billedDays: perDay(days) })
const timing: Formula['pieces'] = [
  {
    driver: 'SALES_TIMING',
    of: (days) => ({ expected: one, billed: perDay(-days), billedDays: perDay(-days) }),
  },
  { driver: 'TERMS', of: () => ({ extended: one }) },
]
const held: Formula['pieces'] = [
  { driver: 'DISPUTES', of: () => ({ disputed: one }) },
  { driver: 'UNAPPLIED_CASH', of: () => ({ unapplied: one }) },
]
const early: Linear = { notDue: one, expected: less, extended: less }
const late: Linear = { pastDue: one, disputed: less, unapplied: less }

const daysOfSales = (pieces: Formula['pieces'], hasTerms: boolean): Formula => ({
  scale: 1,
  pieces,
  divisor: sales,
  hasTerms,
})
const amount = (of: Linear): Formula => ({
  scale: 1,
  pieces: [{ driver: 'AMOUNT', of: () => of }],
  divisor: null,
  hasTerms: false,
})
const receivables: Linear = { notDue: one, pastDue: one }
const shareOfReceivables = (of: Linear): Formula => ({
  scale: 100,
  pieces: [{ driver: 'NUMERATOR', of: () => of }],
  divisor: { driver: 'DENOMINATOR', of: () => receivables },
  hasTerms: false,
})

/** The KPIs that are made of these quantities. */
const formulas: { readonly [Metric in KpiMetric]?: Formula } = {
  DSO: daysOfSales([...timing, { driver: 'DELINQUENCY', of: () => ({ ...early, ...late }) }, ...held], true),
  BEST_POSSIBLE_DSO: daysOfSales([...timing, { driver: 'DELINQUENCY', of: () => early }], true),
  AVERAGE_DAYS_DELINQUENT: daysOfSales([{ driver: 'DELINQUENCY', of: () => late }, ...held], false),
  TOTAL_RECEIVABLES: amount(receivables),
  PAST_DUE: amount({ pastDue: one }),
  CURRENT_RECEIVABLES: amount({ notDue: one }),
  UNAPPLIED_CASH: amount({ unapplied: one }),
  CURRENT_SHARE: shareOfReceivables({ notDue: one }),
  PAST_DUE_SHARE: shareOfReceivables({ pastDue: one }),
}

/** How a KPI is made of the quantities; null where it is not. */
export function formulaOf(
  metric: KpiMetric,
  { unappliedCash }: { readonly dsoMonths: number; readonly unappliedCash?: string },
): Formula | null {
  const formula = formulas[metric] ?? null
  if (formula === null || unappliedCash !== 'INCLUDE' || !netOfUnapplied.has(metric)) return formula
  // Taken off the receivables, it moves nothing: whether a bill was paid or could be is the same.
  return { ...formula, pieces: formula.pieces.filter(({ driver }) => driver !== 'UNAPPLIED_CASH') }
}
const netOfUnapplied: ReadonlySet<KpiMetric> = new Set(['DSO', 'AVERAGE_DAYS_DELINQUENT'])

/** The drivers of a formula, in the order in which they are told. */
export const driversOf = ({ pieces, divisor }: Formula): readonly Driver[] => {
  const found = new Set<Driver>([...pieces.map((piece) => piece.driver), 'CURRENCY'])
  if (divisor !== null) found.add(divisor.driver)
  return drivers.filter((driver) => found.has(driver))
}
