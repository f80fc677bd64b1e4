/** The KPIs of credit: how much of it is used, by whom, whether its limits hold and are looked after. */
import type { Period } from './calendar.ts'
import type { CreditAmount, CreditCount } from './credit-figures.ts'
import type { Day } from './day.ts'
import { known, knownOr, percentage, quotient, unknown } from './formulas.ts'
import { PERIOD } from './kpi-inputs.ts'
import { defineKpi, NEVER, type Input, type Outcome, type UnthemedKpi } from './kpi.ts'
import type { Exact } from './money.ts'
import type { PlanFigure } from './sales-plan.ts'

type Credit = Extract<Input, { read: 'credit' }>

type Decided = Extract<Input, { read: 'decided' }>

const decided = (part: Decided['part'], period: Period): Decided => ({ read: 'decided', part, period })

const credit = (figure: CreditAmount | CreditCount, day: Day): Credit => ({ read: 'credit', figure, day })

/** Where nobody has said what the KPI is about, it is unknown and not 0. */
const where = (configured: Exact, compute: () => Outcome): Outcome =>
  configured.isZero() ? unknown('NOT_CONFIGURED') : compute()

const EXPOSURE =
  'Exposure: open invoices, disputed ones too + shipped and not billed + orders that the policy counts + receipts that can still bounce - cleared receipts and credit notes not applied - securities; each customer with 0 at least, by the policy that was in force that day.'

export const creditKpis: readonly UnthemedKpi[] = [
  defineKpi({
    metric: 'CREDIT_EXPOSURE',
    name: 'Credit exposure',
    description: 'What customers could fail to pay: what they owe, and what is under way to them.',
    formula: `Sum of the exposure of all customers. ${EXPOSURE}`,
    source: 'Practice of ERP systems; definition of this product',
    unit: 'MONEY',
    better: 'NEUTRAL',
    conventions: [],
    inputs: ({ day }) => ({ exposure: credit('exposure', day) }),
    compute: ({ exposure }) => known(exposure),
  }),
  defineKpi({
    metric: 'HIGH_RISK_EXPOSURE',
    name: 'High-risk exposure',
    description: 'The exposure of customers in the risk class HIGH.',
    formula: `Sum of the exposure of customers whose last review by that day put them in the class HIGH. ${EXPOSURE}`,
    source: 'Zenskar; creditability.com.au',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({ high: credit('highRisk', day), classified: credit('classified', day) }),
    compute: ({ high, classified }) => where(classified, () => known(high)),
  }),
  defineKpi({
    metric: 'HIGH_RISK_SHARE',
    name: 'Share of high-risk exposure',
    description: 'How much of the exposure is that of customers in the risk class HIGH.',
    formula: `Exposure of customers in the class HIGH / exposure of all customers x 100. ${EXPOSURE}`,
    source: 'Zenskar; creditability.com.au, share of customers in the highest risk',
    unit: 'PERCENT',
    better: 'LOWER',
    conventions: [],
    inputs: ({ day }) => ({
      high: credit('highRisk', day),
      all: credit('exposure', day),
      classified: credit('classified', day),
    }),
    compute: ({ high, all, classified }) => where(classified, () => percentage(high, all, 'NOTHING_OPEN')),
  }),
  defineKpi({
    metric: 'CREDIT_LIMITS',
    name: 'Credit limits',
    description: 'What customers who have a credit limit may owe at most.',
    formula:
      'Sum of the limits in force that are an amount; of a customer below another that has one, none: it uses that one.',
    source: 'Definition of this product',
    unit: 'MONEY',
    better: 'NEUTRAL',
    conventions: [],
    reachesBackTo: () => NEVER,
    inputs: ({ day }) => ({ limits: credit('limits', day), limited: credit('limited', day) }),
    compute: ({ limits, limited }) => where(limited, () => known(limits)),
  }),
  defineKpi({
    metric: 'CREDIT_UTILISATION',
    name: 'Credit utilisation',
    description: 'How much of their credit limits the customers who have one use.',
    formula: `Exposure of the customers who have a limit, with all below them / credit limits x 100. ${EXPOSURE}`,
    source: 'Practice; limits of 0 count, customers without a limit do not',
    unit: 'PERCENT',
    better: 'LOWER',
    conventions: [],
    reachesBackTo: () => NEVER,
    inputs: ({ day }) => ({ used: credit('used', day), limits: credit('limits', day) }),
    compute: ({ used, limits }) => percentage(used, limits, 'NOT_CONFIGURED'),
  }),
  defineKpi({
    metric: 'CREDIT_HEADROOM',
    name: 'Credit headroom',
    description: 'What customers may still buy on credit within their limits.',
    formula:
      'Sum of limit - exposure over the limits that are not exceeded; of a customer below another that has a limit, none: it uses that one.',
    source: 'Definition of this product',
    unit: 'MONEY',
    better: 'HIGHER',
    conventions: [],
    reachesBackTo: () => NEVER,
    inputs: ({ day }) => ({ headroom: credit('headroom', day), limited: credit('limited', day) }),
    compute: ({ headroom, limited }) => where(limited, () => known(headroom)),
  }),
  defineKpi({
    metric: 'OVER_LIMIT_COUNT',
    name: 'Customers above their limits',
    description: 'How many credit limits are exceeded.',
    formula: 'Customers whose exposure, with that of all below them, is more than their limit.',
    source: 'Definition of this product',
    unit: 'COUNT',
    better: 'LOWER',
    conventions: [],
    reachesBackTo: () => NEVER,
    inputs: ({ day }) => ({ over: credit('overLimit', day), limited: credit('limited', day) }),
    compute: ({ over, limited }) => where(limited, () => known(over)),
  }),
  defineKpi({
    metric: 'OVER_LIMIT_EXPOSURE',
    name: 'Exposure above limits',
    description: 'By how much credit limits are exceeded.',
    formula: 'Sum of exposure - limit over the limits that are exceeded.',
    source: 'Definition of this product',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: [],
    reachesBackTo: () => NEVER,
    inputs: ({ day }) => ({ excess: credit('excess', day), limited: credit('limited', day) }),
    compute: ({ excess, limited }) => where(limited, () => known(excess)),
  }),
  defineKpi({
    metric: 'CREDIT_REVIEWS_ON_SCHEDULE',
    name: 'Credit lines reviewed on schedule',
    description:
      'How many of the customers who may buy on credit have a review of it ahead that is not overdue.',
    formula:
      'Customers with a credit line whose next review is not before the day / customers with a credit line x 100. A line is a limit above 0, or none by decision; one without a day for its review is not on schedule.',
    source: 'CMA, checklist of a credit policy: all lines reviewed on schedule',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: [],
    reachesBackTo: () => NEVER,
    inputs: ({ day }) => ({
      onSchedule: credit('onSchedule', day),
      scheduled: credit('scheduled', day),
      lines: credit('lines', day),
    }),
    compute: ({ onSchedule, scheduled, lines }) =>
      where(scheduled, () => percentage(onSchedule, lines, 'NOT_CONFIGURED')),
  }),
  defineKpi({
    metric: 'ORDERS_RELEASED_OVER_LIMIT',
    name: 'Orders released above the limit',
    description: 'How many orders were released although they exceeded a credit limit.',
    formula:
      'Orders released in the period with which the exposure was more than a limit, the own or one above, by more than the policy tolerates.',
    source: 'CMA, checklist of a credit policy: no order above the limit without approval',
    unit: 'COUNT',
    better: 'LOWER',
    conventions: [...PERIOD],
    reachesBackTo: () => NEVER,
    inputs: ({ period }) => ({ released: { read: 'released', part: 'count', period } as const }),
    compute: ({ released }) => known(released),
  }),
  defineKpi({
    metric: 'ORDERS_RELEASED_OVER_LIMIT_AMOUNT',
    name: 'Amount released above the limit',
    description: 'The worth of the orders that were released although they exceeded a credit limit.',
    formula: 'Amounts of the orders of ORDERS_RELEASED_OVER_LIMIT, each at the rate of its day.',
    source: 'CMA, checklist of a credit policy: no order above the limit without approval',
    unit: 'MONEY',
    better: 'LOWER',
    conventions: [...PERIOD],
    reachesBackTo: () => NEVER,
    inputs: ({ period }) => ({ released: { read: 'released', part: 'amount', period } as const }),
    compute: ({ released }) => known(released),
  }),
  defineKpi({
    metric: 'CREDIT_DECISION_TIME',
    name: 'Time to decide on credit',
    description: 'How many business days it takes to decide on an application for credit.',
    formula:
      'Days from Monday to Friday from the day on which an application came to that of its decision, 0 on the same day; the mean over the applications that were decided on in the period.',
    source: 'Public goal lists: a credit decision within two business days',
    unit: 'DAYS',
    better: 'LOWER',
    conventions: [...PERIOD],
    reachesBackTo: () => NEVER,
    inputs: ({ period }) => ({ days: decided('days', period), decided: decided('count', period) }),
    compute: ({ days, decided: count }) => quotient(days, count, 'NOTHING_IN_PERIOD'),
  }),
  defineKpi({
    metric: 'CREDIT_DECISIONS_IN_TIME',
    name: 'Credit decisions within two business days',
    description: 'How many of the applications for credit were decided on within two business days.',
    formula:
      'Applications decided on in the period within two business days / applications decided on in the period x 100.',
    source: 'Public goal lists: a credit decision within two business days',
    unit: 'PERCENT',
    better: 'HIGHER',
    conventions: [...PERIOD],
    reachesBackTo: () => NEVER,
    inputs: ({ period }) => ({ inTime: decided('inTime', period), decided: decided('count', period) }),
    compute: ({ inTime, decided: count }) => percentage(inTime, count, 'NOTHING_IN_PERIOD'),
  }),
  plannedKpi({
    metric: 'PLANNED_REVENUE',
    figure: 'planned',
    name: 'Planned revenue',
    description: 'The sales on credit that are planned for the month.',
    formula: 'Sum of the plan of sales for the month that the day lies in.',
    better: 'NEUTRAL',
  }),
  plannedKpi({
    metric: 'CREDIT_LINE_NEEDED',
    figure: 'needed',
    name: 'Credit line needed',
    description: 'What customers would owe at a time, were all sold as planned and paid when due.',
    formula: 'Sum of planned revenue x days of terms / days of the month.',
    better: 'NEUTRAL',
  }),
  plannedKpi({
    metric: 'CREDIT_LINE_SHORTFALL',
    figure: 'shortfall',
    name: 'Shortfall of credit lines',
    description: 'What of the planned sales customers could not buy on credit, for want of limits.',
    formula:
      'By channel and region: credit line needed - exposure, at least 0, - headroom, at least 0; summed up, for one segment has no use for the headroom of another. Product lines have their parts of it by what they need.',
    better: 'LOWER',
  }),
]

function plannedKpi({
  figure,
  ...text
}: Pick<UnthemedKpi, 'metric' | 'name' | 'description' | 'formula' | 'better'> & {
  readonly figure: PlanFigure
}): UnthemedKpi {
  return defineKpi({
    ...text,
    source: 'Definition of this product',
    unit: 'MONEY',
    conventions: [],
    reachesBackTo: () => NEVER,
    inputs: ({ day }) => ({ planned: { read: 'plan', figure, day } as const }),
    compute: ({ planned }) => knownOr(planned, 'NOT_RECORDED'),
  })
}
