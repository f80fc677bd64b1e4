/** What the catalog tells of a KPI beside its text: the choices that change it, and what it is computed from. */
import { conventionTexts, defaultConventions, defaultInWords } from './conventions.ts'
import type { CreditAmount, CreditCount } from './credit-figures.ts'
import { externalMetric } from './external.ts'
import type { PlanFigure } from './sales-plan.ts'
import type { Input, KpiDefinition } from './kpi.ts'
import type { Measure } from './measures.ts'

export type Choice = {
  readonly name: string
  readonly description: string
  readonly values: string
  readonly default: string
}

export const choicesOf = ({ conventions }: KpiDefinition): Choice[] =>
  conventionTexts
    .filter(({ name }) => conventions.includes(name))
    .map((text) => ({ ...text, default: defaultInWords(text.name) }))

export type InputKind =
  | 'BALANCE'
  | 'MOVEMENT'
  | 'COHORT'
  | 'PERIODS'
  | 'HISTOGRAM'
  | 'EXTERNAL'
  | 'CREDIT'
  | 'PLAN'

export type InputText = {
  readonly name: string
  readonly kind: InputKind
  readonly measure: string
  readonly description: string
}

/** What it is computed from with the default conventions. */
export function inputsOf(definition: KpiDefinition): InputText[] {
  // Any day will do: what is read of which measure does not hang on it.
  const point = { day: 20_000, period: { from: 19_970, to: 20_000 }, asOf: 20_000 }
  const inputs = definition.inputs(point, defaultConventions)
  return Object.entries(inputs).flatMap(([name, input]) => {
    const [first, ...others] = [input].flat()
    if (first === undefined) return []
    const times = others.length === 0 ? '' : ` ${others.length + 1} of them.`
    return [{ name, ...textOf(first), description: `${wordsOf(first)}${times}` }]
  })
}

/** False where it is made of what no item of the ledger tells: numbers from outside, credit. */
export const isOfItems = (definition: KpiDefinition): boolean =>
  inputsOf(definition).every(({ kind }) => kind !== 'EXTERNAL' && kind !== 'CREDIT' && kind !== 'PLAN')

/** False where it is made of what no single customer has: numbers from outside, the plan of sales. */
export const isOfCustomers = (definition: KpiDefinition): boolean =>
  inputsOf(definition).every(({ kind }) => kind !== 'EXTERNAL' && kind !== 'PLAN')

const KINDS: { readonly [Kind in Input['read']]: InputKind } = {
  balance: 'BALANCE',
  movement: 'MOVEMENT',
  cohort: 'COHORT',
  periods: 'PERIODS',
  histogram: 'HISTOGRAM',
  external: 'EXTERNAL',
  credit: 'CREDIT',
  released: 'CREDIT',
  decided: 'CREDIT',
  plan: 'PLAN',
}

const textOf = (input: Input): Pick<InputText, 'kind' | 'measure'> => ({
  kind: KINDS[input.read],
  measure: measureOf(input),
})

const measureOf = (input: Input): string => {
  if (input.read === 'external') return input.metric
  if (input.read === 'released') return 'RELEASED_OVER_LIMIT'
  if (input.read === 'decided') return 'APPLICATIONS_DECIDED'
  if (input.read === 'plan') return planNames[input.figure]
  return input.read === 'credit' ? creditNames[input.figure] : input.measure
}

function wordsOf(input: Input): string {
  switch (input.read) {
    case 'credit':
      return creditWords[input.figure]
    case 'released':
      return `Orders released although a credit limit was exceeded: ${input.part === 'count' ? 'how many' : 'the amount'} in a period.`
    case 'decided':
      return `Applications for credit that were decided on: ${decidedWords[input.part]} in a period.`
    case 'plan':
      return planWords[input.figure]
    case 'external':
      return externalMetric(input.metric).description
    case 'balance':
      return `${measureWords[input.measure]}: ${partWords[input.part]} at the end of a day${ageWords(input.olderThanDays)}.`
    case 'movement':
      return `${measureWords[input.measure]}${lessWords(input.less)}: ${partWords[input.part]} in a period.`
    case 'cohort':
      return `${measureWords[input.measure]}: ${partWords[input.part]} of a period's, as seen from the end of a day.`
    case 'periods':
      return `${measureWords[input.measure]}${lessWords(input.less)}: ${input.part === 'count' ? 'how many' : 'the amount'} in each period back from the day.`
    case 'histogram':
      return `${measureWords[input.measure]}: how many took how many days, in a period.`
  }
}

const creditNames: { readonly [Figure in CreditAmount | CreditCount]: string } = {
  exposure: 'EXPOSURE',
  highRisk: 'HIGH_RISK_EXPOSURE',
  used: 'LIMITS_USED',
  limits: 'LIMITS',
  headroom: 'HEADROOM',
  excess: 'ABOVE_LIMITS',
  classified: 'CLASSIFIED',
  limited: 'LIMITED',
  overLimit: 'OVER_LIMIT',
  lines: 'LINES',
  scheduled: 'SCHEDULED',
  onSchedule: 'ON_SCHEDULE',
}

const creditWords: { readonly [Figure in CreditAmount | CreditCount]: string } = {
  exposure: 'The exposure of all customers at the end of a day.',
  highRisk: 'The exposure of customers in the risk class HIGH at the end of a day.',
  used: 'The exposure of customers who have a limit, with all below them, at the end of a day.',
  limits: 'The credit limits in force on a day.',
  headroom: 'What of the limits is not used at the end of a day.',
  excess: 'By how much limits are exceeded at the end of a day.',
  classified: 'Customers with a risk class on a day.',
  limited: 'Customers with a limit in force on a day.',
  overLimit: 'Customers above their limits at the end of a day.',
  lines: 'Customers who may buy on credit on a day.',
  scheduled: 'Those of them who have a day for their next review.',
  onSchedule: 'Those of them whose next review is not overdue.',
}

const decidedWords = {
  count: 'how many',
  days: 'the business days that they took',
  inTime: 'how many within two business days',
} as const

const planNames: { readonly [Figure in PlanFigure]: string } = {
  planned: 'SALES_PLAN',
  needed: 'LINE_NEEDED',
  shortfall: 'LINE_SHORTFALL',
}

const planWords: { readonly [Figure in PlanFigure]: string } = {
  planned: 'The sales on credit that are planned for the month of a day.',
  needed: 'The credit lines that these sales take.',
  shortfall: 'What of these lines is neither in use nor free.',
}

const partWords = {
  amount: 'the amount',
  count: 'how many',
  ageAmount: 'the sum of amount x days since the anchor',
  days: 'the sum of days',
  amountDays: 'the sum of amount x days',
} as const

const ageWords = (days: number | null) => (days === null ? '' : `, of what is more than ${days} days old`)
const lessWords = (measure: Measure | undefined) =>
  measure === undefined ? '' : ` less ${measureWords[measure].toLowerCase()}`

const measureWords: { readonly [M in Measure]: string } = {
  OPEN_BY_DUE: 'Open installments by due date',
  OPEN_BY_ISSUE: 'Open invoices by invoice date',
  UNAPPLIED_CASH: 'Receipts not applied',
  UNAPPLIED_CREDIT: 'Credit notes not applied',
  DISPUTED: 'Open disputes',
  BILLED: 'Invoices billed, tax included',
  BILLED_TAX: 'The tax in invoices billed',
  CREDITED: 'Credit notes issued',
  CREDITED_TAX: 'The tax in credit notes issued',
  RECEIVED: 'Money received less what bounced',
  PAID: 'Receipts applied to invoices',
  CREDIT_APPLIED: 'Credit notes applied to invoices',
  WRITTEN_OFF: 'Write-offs',
  BAD_DEBT: 'Write-offs of bad debt',
  TOLERANCE: 'Write-offs of small differences',
  RECOVERED: 'Recoveries of what was written off',
  DISCOUNTED: 'Early-payment discounts',
  DISCOUNT_UNEARNED: 'Discounts taken too late',
  ADJUSTED: 'Adjustments',
  RE_DATED: 'Installments whose due dates were moved later',
  TRANSFERRED: 'Moves between segments',
  BOUNCED: 'Payments that came back',
  DISPUTE_OPENED: 'Disputes opened',
  DISPUTE_CLOSED: 'Disputes resolved',
  TIME_TO_INVOICE: 'Invoices by days from delivery to sending',
  BILLED_WRONG: 'Invoices voided or corrected, by invoice date',
  AT_RISK: 'Installments open 90 days after the due date, by invoice date',
  PAID_BY_MONTH: 'Receipts applied to invoices, by month of the invoice date',
  PAID_WITHIN_30: 'Paid within 30 days of the invoice date, by invoice date',
  PAID_WITHIN_60: 'Paid within 60 days of the invoice date, by invoice date',
  DISCOUNT_OFFERED: 'Discounts offered, by their last day',
  DISCOUNT_TAKEN: 'Discounts taken in time, by their last day',
  DUE: 'Installments by first due date, less credits and discounts',
  DUE_ON_TIME: 'What of them was paid by then',
  DUE_LATE: 'What of them was paid later, by grace',
  SETTLED: 'Invoices paid off, with days since the invoice date',
  SETTLED_LATE: 'Invoices paid off, with days since the first due date',
  SETTLED_LATE_FLOORED: 'Invoices paid off, with days since the first due date, early as 0',
  SETTLED_ON_TIME: 'Invoices paid off by the first due date',
  SETTLED_IN_GRACE: 'Invoices paid off later, by grace',
}
