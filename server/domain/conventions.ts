/** The choices that change the answer of a KPI. Every value carries those that it was computed with. */

/** Whether rates and average days weigh by money or count invoices. */
export type RateBasis = 'AMOUNT' | 'COUNT'

export type Conventions = {
  /** Months in the window of DSO, best possible DSO and average days delinquent. */
  readonly dsoMonths: number
  /** Months in the period of the collection effectiveness index. */
  readonly ceiMonths: number
  /** Months in the period of rates, counts and sums outside a series. */
  readonly periodMonths: number
  readonly rateBasis: RateBasis
  /** Whether early payments count as 0 days late instead of as negative days. */
  readonly floorDaysLate: boolean
}

/** What a caller chose; what is left out or null is the default. */
export type ConventionsChoice = {
  readonly [Name in keyof Conventions]?: Conventions[Name] | null | undefined
}

/** Three months for DSO is the most commonly accepted window; CEI is a monthly index. */
export const defaultConventions: Conventions = {
  dsoMonths: 3,
  ceiMonths: 1,
  periodMonths: 1,
  rateBasis: 'COUNT',
  floorDaysLate: false,
}

const MONTHS_MAX = 24
const monthNames = ['dsoMonths', 'ceiMonths', 'periodMonths'] as const

/** The conventions to compute with, or a sentence that names the choice which is out of range. */
export function chooseConventions(
  choice: ConventionsChoice | null | undefined,
): Conventions | { readonly problem: string } {
  const conventions: Conventions = {
    dsoMonths: choice?.dsoMonths ?? defaultConventions.dsoMonths,
    ceiMonths: choice?.ceiMonths ?? defaultConventions.ceiMonths,
    periodMonths: choice?.periodMonths ?? defaultConventions.periodMonths,
    rateBasis: choice?.rateBasis ?? defaultConventions.rateBasis,
    floorDaysLate: choice?.floorDaysLate ?? defaultConventions.floorDaysLate,
  }
  for (const name of monthNames) {
    const months = conventions[name]
    if (!Number.isInteger(months) || months < 1 || months > MONTHS_MAX)
      return { problem: `conventions.${name} must be a whole number from 1 to ${MONTHS_MAX}, not ${months}.` }
  }
  return conventions
}
