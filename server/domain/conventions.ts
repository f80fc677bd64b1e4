/** The choices that change the answer of a KPI. Every value carries those that it was computed with. */
import { calendarMonths, weekdays, type FiscalCalendar } from './fiscal.ts'
import { GRACE_DAYS_MAX } from './lateness.ts'

/** Whether rates and average days weigh by money or count invoices. */
export type RateBasis = 'AMOUNT' | 'COUNT'
/** Whether the sales of the index are those of all of its window, or the mean of its periods. */
export type CeiForm = 'FULL_PERIOD' | 'MONTHLY_SHARE'
/** Whether receipts that are not applied are left alone or taken off what is owed. */
export type UnappliedCash = 'EXCLUDE' | 'INCLUDE'
/** Whether sales include tax, as receivables do. */
export type TaxBasis = 'GROSS' | 'NET'
/** What the daily amount of days deductions outstanding is made of. */
export type DeductionsBasis = 'OPENED' | 'RESOLVED'

export type Conventions = {
  readonly dsoMonths: number
  readonly ceiMonths: number
  readonly ceiForm: CeiForm
  readonly periodMonths: number
  readonly rateBasis: RateBasis
  readonly floorDaysLate: boolean
  readonly unappliedCash: UnappliedCash
  readonly taxBasis: TaxBasis
  readonly graceDays: number
  readonly weekendRoll: boolean
  readonly deductionsBasis: DeductionsBasis
  readonly lossRates: readonly string[] | null
  readonly lateInterestRate: string | null
  readonly calendar: FiscalCalendar
}

/** What a caller chose; what is left out or null is the default. */
export type ConventionsChoice = {
  readonly [Name in Exclude<keyof Conventions, 'calendar'>]?: Conventions[Name] | null | undefined
} & { readonly calendar?: CalendarChoice | null | undefined }

export type CalendarChoice = {
  readonly kind: FiscalCalendar['kind']
  readonly yearStartMonth?: number | null | undefined
  readonly weekStartsOn?: FiscalCalendar['weekStartsOn'] | null | undefined
}

/** Three months for DSO is the most commonly accepted window; CEI is a monthly index. */
export const defaultConventions: Conventions = {
  dsoMonths: 3,
  ceiMonths: 1,
  ceiForm: 'FULL_PERIOD',
  periodMonths: 1,
  rateBasis: 'COUNT',
  floorDaysLate: false,
  unappliedCash: 'EXCLUDE',
  taxBasis: 'GROSS',
  graceDays: 0,
  weekendRoll: false,
  deductionsBasis: 'OPENED',
  lossRates: null,
  lateInterestRate: null,
  calendar: calendarMonths,
}

const MONTHS_MAX = 24
/** Not due, 1-30, 31-60, 61-90, 91 and more days past due. */
const LOSS_RATES = 5

type ConventionText = {
  readonly name: keyof Conventions
  readonly description: string
  /** What it can be, in words. */
  readonly values: string
}

const MONTHS = `1 to ${MONTHS_MAX}`

/** What each of them means. The order is that of the catalog. */
export const conventionTexts: readonly ConventionText[] = [
  {
    name: 'dsoMonths',
    description: 'Months, or periods of the fiscal calendar, in the window that receivables are set against.',
    values: MONTHS,
  },
  {
    name: 'ceiMonths',
    description:
      'Months, or periods of the fiscal calendar, in the window of the collection effectiveness index.',
    values: MONTHS,
  },
  {
    name: 'ceiForm',
    description:
      'Whether the sales of the collection effectiveness index are those of its whole window, or their mean per month.',
    values: 'FULL_PERIOD, MONTHLY_SHARE',
  },
  {
    name: 'periodMonths',
    description:
      'Months, or periods of the fiscal calendar, in the period of rates, counts and sums outside a series.',
    values: MONTHS,
  },
  {
    name: 'rateBasis',
    description: 'Whether rates and average days weigh by money or count things, each once.',
    values: 'AMOUNT, COUNT',
  },
  {
    name: 'floorDaysLate',
    description: 'Whether early payments count as 0 days late instead of as negative days.',
    values: 'true, false',
  },
  {
    name: 'unappliedCash',
    description: 'Whether receipts that are not applied to any invoice yet are taken off the receivables.',
    values: 'EXCLUDE, INCLUDE',
  },
  {
    name: 'taxBasis',
    description:
      'Whether sales include tax, as receivables do, or are net of it. NET takes that the tax of every invoice and credit note of the window is known.',
    values: 'GROSS, NET',
  },
  {
    name: 'graceDays',
    description:
      'Days after its due date on which an installment still counts as current, and may be paid in time: moves what is past due and what is made of it, and on-time rates, but neither aging nor days late.',
    values: `0 to ${GRACE_DAYS_MAX}`,
  },
  {
    name: 'weekendRoll',
    description:
      'Whether what falls due on a Saturday or Sunday, grace days included, may be paid on the Monday after: moves what is past due and what is made of it, and on-time rates, but neither aging nor days late.',
    values: 'true, false',
  },
  {
    name: 'deductionsBasis',
    description: 'Whether open disputes are set against what was disputed per day, or what was resolved.',
    values: 'OPENED, RESOLVED',
  },
  {
    name: 'lossRates',
    description:
      'The share, in percent, that is finally lost of what is not due, 1-30, 31-60, 61-90, and 91 and more days past due. `lossRates` reckons it out of the own books.',
    values: `${LOSS_RATES} decimals from 0 to 100`,
  },
  {
    name: 'lateInterestRate',
    description:
      'Simple interest on late payment, in percent a year of 365 days; between firms of the EU at least the reference rate of the European Central Bank and 8.',
    values: 'a decimal from 0 to 100',
  },
  {
    name: 'calendar',
    description:
      'The fiscal calendar that windows and periods are counted in. A year of weeks begins on the weekday nearest to the first of its month.',
    values: 'CALENDAR_MONTHS, WEEKS_4_4_5, WEEKS_4_5_4, WEEKS_5_4_4, PERIODS_13',
  },
]

/** The default as a reader sees it. */
export const defaultInWords = (name: keyof Conventions): string => {
  const value = defaultConventions[name]
  if (value === null) return 'none'
  return typeof value === 'object' && 'kind' in value ? value.kind : String(value)
}

/**
 * The conventions to compute with: what is chosen, else what is usual in the organization; or a sentence that names the
 * choice which is out of range.
 */
export function chooseConventions(
  choice: ConventionsChoice | null | undefined,
  usual: Conventions = defaultConventions,
): Conventions | { readonly problem: string } {
  const chosen: { readonly [name: string]: unknown } = choice ?? {}
  const names = Object.keys(defaultConventions) as (keyof Conventions)[]
  const conventions = {
    ...Object.fromEntries(names.map((name) => [name, chosen[name] ?? usual[name]])),
    calendar: calendarOf(choice?.calendar, usual.calendar),
  } as Conventions
  const problem = faultOf(conventions)
  return problem === null ? conventions : { problem }
}

const calendarOf = (choice: CalendarChoice | null | undefined, usual: FiscalCalendar): FiscalCalendar =>
  choice == null
    ? usual
    : {
        kind: choice.kind,
        yearStartMonth: choice.yearStartMonth ?? calendarMonths.yearStartMonth,
        weekStartsOn: choice.weekStartsOn ?? calendarMonths.weekStartsOn,
      }

function faultOf(conventions: Conventions): string | null {
  const { lossRates, lateInterestRate, calendar } = conventions
  for (const name of ['dsoMonths', 'ceiMonths', 'periodMonths'] as const) {
    const fault = outOfRange(name, conventions[name], 1, MONTHS_MAX)
    if (fault !== null) return fault
  }
  if (lossRates !== null && (lossRates.length !== LOSS_RATES || !lossRates.every(isPercent)))
    return `conventions.lossRates must be ${LOSS_RATES} decimals from 0 to 100, not [${lossRates.join(', ')}].`
  if (lateInterestRate !== null && !isPercent(lateInterestRate))
    return `conventions.lateInterestRate must be a decimal from 0 to 100, not ${lateInterestRate}.`
  if (!weekdays.includes(calendar.weekStartsOn))
    return `conventions.calendar.weekStartsOn must be a weekday, not ${calendar.weekStartsOn}.`
  return (
    outOfRange('graceDays', conventions.graceDays, 0, GRACE_DAYS_MAX) ??
    outOfRange('calendar.yearStartMonth', calendar.yearStartMonth, 1, 12)
  )
}

const outOfRange = (name: string, value: number, min: number, max: number): string | null =>
  Number.isInteger(value) && value >= min && value <= max
    ? null
    : `conventions.${name} must be a whole number from ${min} to ${max}, not ${value}.`

const isPercent = (text: string): boolean => /^\d{1,3}(\.\d{1,10})?$/.test(text) && Number(text) <= 100
