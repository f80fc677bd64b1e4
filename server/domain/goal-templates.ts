/**
 * Goals that credit and collections teams set, ready to be taken over: what is measured, how far, until when, and what to
 * watch so that it is reached by work and not by arithmetic. Ours, after public lists of such goals (Sage, the metrics of
 * the Credit Research Foundation, the credit policy checklist of the Credit Management Association, and others).
 */
import type { ConventionsChoice } from './conventions.ts'
import type { KpiMetric } from './kpi.ts'

/** When to be told, in words of their own: rules are made of them. */
export type TemplateAlert = 'AT_RISK' | 'OFF_TRACK' | 'NO_DATA' | 'ACHIEVED' | 'OVERDUE_MILESTONE'

export type ReviewCadence = 'MONTHLY' | 'QUARTERLY'

/** The target as a value, in percent of the baseline, or as a distance from it. */
export type TemplateTarget = { readonly kind: 'VALUE' | 'PERCENT' | 'POINTS'; readonly amount: string }

type Common = {
  /** Of letters, digits and hyphens; it never changes. */
  readonly id: string
  readonly name: string
  /** What it is for. */
  readonly sentence: string
  /** Quarters of the fiscal calendar after the one in which it begins. */
  readonly quarters: number
  readonly alerts: readonly TemplateAlert[]
  readonly review: ReviewCadence
  /** What it takes that books do not always have; null where invoices and payments are enough. */
  readonly needs: string | null
}

export type KpiTemplate = Common & {
  readonly metric: KpiMetric
  readonly direction: 'INCREASE' | 'DECREASE'
  readonly target: TemplateTarget
  readonly conventions: ConventionsChoice
  /** Other KPIs by which it could seem to be reached. */
  readonly guards: readonly KpiMetric[]
}

export type ChecklistTemplate = Common & {
  readonly metric: null
  /** What is to be done, in this order, evenly over the time. */
  readonly milestones: readonly string[]
}

export type GoalTemplate = KpiTemplate | ChecklistTemplate

const ALERTS: readonly TemplateAlert[] = ['AT_RISK', 'OFF_TRACK', 'NO_DATA', 'ACHIEVED']
const CHECKLIST_ALERTS: readonly TemplateAlert[] = ['OVERDUE_MILESTONE', 'ACHIEVED']

/** Ways to owe less without collecting more. */
const NOT_COLLECTED: readonly KpiMetric[] = ['WRITTEN_OFF', 'CREDITED', 'DISCOUNTED']
/** Ways to owe later. */
const NOT_DUE: readonly KpiMetric[] = ['WEIGHTED_AVERAGE_TERMS', 'RE_DATED', 'RE_BILLED']

const lower = (amount: string, kind: TemplateTarget['kind'] = 'VALUE') =>
  ({ direction: 'DECREASE', target: { kind, amount }, alerts: ALERTS, conventions: {}, needs: null }) as const
const higher = (amount: string, kind: TemplateTarget['kind'] = 'VALUE') =>
  ({ direction: 'INCREASE', target: { kind, amount }, alerts: ALERTS, conventions: {}, needs: null }) as const
const checklist = { metric: null, alerts: CHECKLIST_ALERTS, needs: null } as const

export const goalTemplates: readonly GoalTemplate[] = [
  {
    id: 'cut-dso',
    name: 'Cut DSO by a tenth',
    sentence:
      'Days sales outstanding tie up working capital; a tenth in two quarters is what teams without a plan rarely reach.',
    metric: 'DSO',
    ...lower('-10', 'PERCENT'),
    quarters: 2,
    guards: [...NOT_COLLECTED, ...NOT_DUE, 'UNAPPLIED_CASH'],
    review: 'MONTHLY',
  },
  {
    id: 'close-gap-to-best-possible-dso',
    name: 'Bring DSO within five days of the best possible',
    sentence:
      'What lies between DSO and the best possible DSO is late payment alone: the part that collection can win.',
    metric: 'AVERAGE_DAYS_DELINQUENT',
    ...lower('5'),
    quarters: 2,
    guards: [...NOT_COLLECTED, ...NOT_DUE],
    review: 'MONTHLY',
  },
  {
    id: 'raise-collection-effectiveness',
    name: 'Collect at least 85 % of what can be collected',
    sentence:
      'The collection effectiveness index tells the quality of collection apart from the volume of sales.',
    metric: 'COLLECTION_EFFECTIVENESS_INDEX',
    ...higher('85'),
    conventions: { ceiMonths: 3 },
    quarters: 2,
    guards: [...NOT_COLLECTED, 'RE_DATED'],
    review: 'MONTHLY',
  },
  {
    id: 'raise-current-share',
    name: 'Keep 88 % of receivables current',
    sentence: 'A book of which nearly nine tenths are not due yet needs little collection at all.',
    metric: 'CURRENT_SHARE',
    ...higher('88'),
    quarters: 2,
    guards: [...NOT_DUE, 'WRITTEN_OFF'],
    review: 'MONTHLY',
  },
  {
    id: 'cut-past-due-count',
    name: 'A tenth fewer past-due invoices',
    sentence: 'Each past-due invoice is work for somebody, whatever its amount.',
    metric: 'PAST_DUE_COUNT',
    ...lower('-10', 'PERCENT'),
    quarters: 1,
    guards: [...NOT_COLLECTED, 'RE_DATED', 'RE_BILLED'],
    review: 'MONTHLY',
  },
  {
    id: 'cut-over-90-days',
    name: 'Cut what is over 90 days late by a fifth',
    sentence: 'The chance of being paid falls with every month; the oldest balances are the next bad debts.',
    metric: 'PAST_DUE_OVER_90',
    ...lower('-20', 'PERCENT'),
    quarters: 2,
    guards: ['WRITTEN_OFF', 'CREDITED', 'RE_DATED', 'RE_BILLED'],
    review: 'MONTHLY',
  },
  {
    id: 'cap-bad-debt',
    name: 'Net bad debt below 0.3 % of sales',
    sentence:
      'What is lost for good, less what was recovered, over a year: seasons and single cases level out.',
    metric: 'NET_BAD_DEBT_RATE',
    ...lower('0.3'),
    conventions: { periodMonths: 12 },
    quarters: 4,
    guards: ['PAST_DUE_OVER_90', 'CREDITED', 'TOLERANCE_WRITTEN_OFF'],
    review: 'QUARTERLY',
  },
  {
    id: 'decide-on-credit-in-two-days',
    name: 'Decide on credit within two business days',
    sentence: 'An order that waits for a credit decision is an order that may go elsewhere.',
    metric: 'CREDIT_DECISION_TIME',
    ...lower('2'),
    conventions: { periodMonths: 3 },
    quarters: 2,
    guards: ['HIGH_RISK_SHARE', 'BAD_DEBT'],
    needs:
      'Applications must be kept and decided on here: `submitCreditApplication`, `decideCreditApplication`.',
    review: 'MONTHLY',
  },
  {
    id: 'review-lines-on-schedule',
    name: 'Review every credit line on schedule',
    sentence: 'High risk monthly, medium quarterly, low yearly: a limit that nobody looks at is a guess.',
    metric: 'CREDIT_REVIEWS_ON_SCHEDULE',
    ...higher('100'),
    quarters: 2,
    guards: ['CREDIT_LIMITS'],
    needs: 'Customers must have credit limits and a next day of review: `setCreditLimit` and `reviewCredit`.',
    review: 'QUARTERLY',
  },
  {
    id: 'release-within-limits',
    name: 'No order goes out above its limit',
    sentence: 'A limit is worth what is done at the moment it is passed.',
    metric: 'ORDERS_RELEASED_OVER_LIMIT',
    ...lower('0'),
    conventions: { periodMonths: 3 },
    quarters: 2,
    guards: ['CREDIT_LIMITS', 'OVER_LIMIT_EXPOSURE'],
    needs: 'Orders must be recorded and released here, by `recordOrder` and `releaseOrder`.',
    review: 'MONTHLY',
  },
  {
    id: 'cap-high-risk-exposure',
    name: 'At most a tenth of the exposure with high-risk customers',
    sentence: 'What is lost is lost with few customers; how much they owe can be decided beforehand.',
    metric: 'HIGH_RISK_SHARE',
    ...lower('10'),
    quarters: 4,
    guards: ['CREDIT_EXPOSURE', 'WRITTEN_OFF'],
    needs: 'Customers must have a risk class: `reviewCredit` sets it.',
    review: 'QUARTERLY',
  },
  {
    id: 'invoice-on-the-same-day',
    name: 'Send 95 % of invoices on the day of delivery',
    sentence: 'The clock of payment begins with the invoice: a day lost here is lost for good.',
    metric: 'SAME_DAY_INVOICE_RATE',
    ...higher('95'),
    quarters: 1,
    guards: ['INVOICE_ACCURACY', 'TIME_TO_INVOICE_P90'],
    needs: 'Invoices must say when they were delivered and sent.',
    review: 'MONTHLY',
  },
  {
    id: 'invoice-right-the-first-time',
    name: 'Three points more invoices right the first time',
    sentence: 'A wrong invoice is disputed, corrected and paid late.',
    metric: 'INVOICE_ACCURACY',
    ...higher('3', 'POINTS'),
    conventions: { periodMonths: 3 },
    quarters: 2,
    guards: ['DISPUTE_RATE', 'CREDITED'],
    review: 'MONTHLY',
  },
  {
    id: 'resolve-disputes-in-five-days',
    name: 'Resolve half of the disputes within five days',
    sentence: 'Nobody pays what is disputed; the best resolve in days what takes others a month (APQC).',
    metric: 'DISPUTE_CYCLE_TIME',
    ...lower('5'),
    conventions: { periodMonths: 3 },
    quarters: 2,
    guards: ['CREDITED', 'DISPUTE_WRITTEN_OFF', 'DISPUTE_CYCLE_TIME_P90'],
    needs: 'Disputes must be recorded when they are opened and resolved.',
    review: 'MONTHLY',
  },
  {
    id: 'cut-days-deductions-outstanding',
    name: 'Deductions outstanding no longer than 15 days',
    sentence: 'Open deductions against what is deducted in a day: how long the pile is.',
    metric: 'DAYS_DEDUCTIONS_OUTSTANDING',
    ...lower('15'),
    quarters: 2,
    guards: ['DISPUTE_WRITTEN_OFF', 'CREDITED'],
    needs: 'Disputes must be recorded when they are opened and resolved.',
    review: 'MONTHLY',
  },
  {
    id: 'keep-promises',
    name: 'Four of five promises to pay are kept',
    sentence: 'A promise that nobody follows up teaches the customer not to keep the next one.',
    ...checklist,
    milestones: [
      'Each promise to pay is written down with its day and amount',
      'Each broken promise is followed up within a day',
      'Four of five promises of a month are kept',
    ],
    needs: 'Promises to pay are not in the books.',
    quarters: 2,
    review: 'MONTHLY',
  },
  {
    id: 'remind-before-due',
    name: 'Remind of every large invoice before it is due',
    sentence:
      'Three to five business days before: what is wrong with an invoice comes up while there is time.',
    ...checklist,
    milestones: [
      'What counts as large is agreed',
      'Reminders go out three to five business days before due',
      'A month in which every large invoice had its reminder',
    ],
    needs: 'Reminders are not in the books.',
    quarters: 1,
    review: 'MONTHLY',
  },
  {
    id: 'match-cash-automatically',
    name: 'Match 85 % of receipts without a touch',
    sentence: 'Whoever matches payments by hand collects nothing meanwhile.',
    ...checklist,
    milestones: [
      'Each application of cash says whether it was automatic',
      'Remittances of the ten largest payers are read by machine',
      'A month with 85 % of receipts matched without a touch',
    ],
    needs: 'How a receipt was matched is not in the books.',
    quarters: 2,
    review: 'MONTHLY',
  },
  {
    id: 'clear-unapplied-cash',
    name: 'Unapplied cash below 1 % of receivables',
    sentence: 'Money that came but is applied to nothing makes customers look late who are not.',
    metric: 'UNAPPLIED_CASH_SHARE',
    ...lower('1'),
    quarters: 1,
    guards: ['UNAPPLIED_CASH_AGE', 'CASH_BOUNCED'],
    review: 'MONTHLY',
  },
  {
    id: 'forecast-cash-within-a-tenth',
    name: 'Forecast the cash of 13 weeks within a tenth',
    sentence: 'A forecast that is right to a tenth replaces a credit line that is only there to be safe.',
    ...checklist,
    milestones: [
      'A forecast of 13 weeks is written down every week',
      'Each is compared with what came, beside the simplest forecast',
      'A quarter with an error of at most a tenth',
    ],
    needs: 'Forecasts that were made are not kept in the books, so their errors cannot be told.',
    quarters: 2,
    review: 'MONTHLY',
  },
  {
    id: 'cut-cost-to-collect',
    name: 'Collect at a tenth less cost',
    sentence: 'What collection costs for each unit of cash that comes in.',
    metric: 'COST_TO_COLLECT',
    ...lower('-10', 'PERCENT'),
    conventions: { periodMonths: 3 },
    quarters: 4,
    guards: ['PAST_DUE_SHARE', 'COLLECTION_EFFECTIVENESS_INDEX', 'CUSTOMER_SATISFACTION'],
    needs: 'COLLECTION_COST must be recorded: `recordMetricValues` or `pnpm tidemark import metrics`.',
    review: 'QUARTERLY',
  },
  {
    id: 'approve-credit-policy',
    name: 'Approve the credit policy anew',
    sentence: 'A policy that is older than a year was made for other customers and other rates.',
    ...checklist,
    milestones: [
      'The policy is compared with what was done in the year',
      'Changes are agreed with sales and finance',
      'The board has approved it',
      'Everybody who decides on credit has read it',
    ],
    quarters: 1,
    review: 'QUARTERLY',
  },
  {
    id: 'review-large-overdues-on-day-one',
    name: 'Look at every large overdue invoice on its first day',
    sentence: 'On the first day a call is a service; on the thirtieth it is a demand.',
    ...checklist,
    milestones: [
      'What counts as large is agreed',
      'The list of what became overdue is looked at every morning',
      'A month in which every large overdue invoice was looked at on its first day',
    ],
    needs: 'Who looked at an invoice, and when, is not in the books.',
    quarters: 1,
    review: 'MONTHLY',
  },
]

const byId = new Map(goalTemplates.map((template) => [template.id, template]))

export const goalTemplate = (id: string): GoalTemplate | null => byId.get(id) ?? null
