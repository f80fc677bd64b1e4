/**
 * The twin: every KPI computed straight from the entries, by definition, one item after the other and one day at a
 * time. It shares nothing with the engine but the words: no projection, no sums, no windows made of day numbers.
 */
import type { Decimal } from 'decimal.js'
import type { Entry } from '@tidemark/server/domain/invoice.ts'
import type { KpiMetric, NullReason } from '@tidemark/server/domain/kpi.ts'
import {
  at,
  balanceOf,
  dateOf,
  dayOf,
  fellDue,
  invoicesIssued,
  movements,
  n,
  openParts,
  settlements,
  sum,
  type PlainItem,
  type Question,
  type Quotation,
  type Settlement,
  type Sight,
  type TwinAnswer,
} from './brute-force-books.ts'
import { computeMore } from './brute-force-more.ts'
import { documentsIn, taxBetween, whyNotNet, type Documents } from './brute-force-tax.ts'
import { isLate, periodsBefore, windowStart, yearOf } from './brute-force-windows.ts'

export type { PlainItem, Question, Quotation, Recorded, TwinAnswer } from './brute-force-books.ts'

export function bruteForce(
  metric: KpiMetric,
  allItems: readonly PlainItem[],
  question: Question,
  baseCurrency: string,
  quotations: readonly Quotation[],
): TwinAnswer {
  const unknown = (reason: NullReason): TwinAnswer => ({ value: null, reason })
  if (question.day > question.asOf) return unknown('IN_THE_FUTURE')
  const known = allItems
    .map((item) => ({ ...item, entries: item.entries.filter((entry) => entry.posting <= question.posting) }))
    .filter((item) => item.entries.length > 0)
  if (OUTSIDE.has(metric)) return unknown(question.region === null ? 'NOT_RECORDED' : 'NOT_BY_SEGMENT')
  const credit = OF_CREDIT[metric]
  if (credit !== undefined) return credit === 0 ? { value: n(0), reason: null } : unknown(credit)
  if (known.length === 0) return unknown(allItems.length === 0 ? 'INSUFFICIENT_HISTORY' : 'NOT_KNOWN_THEN')
  const firstDay = Math.min(...known.flatMap((item) => item.entries.map((entry) => entry.effectiveOn)))
  const booksFrom = dayOf(dateOf(firstDay).with({ day: 1 }))
  const items = known.filter((item) => question.region === null || item.region === question.region)
  const sight: Sight = { items, baseCurrency, quotations, question, missing: [] }
  const answer = compute(metric, sight, booksFrom)
  return sight.missing.length > 0 ? { value: null, reason: 'MISSING_RATE' } : answer
}

/** Its credit is an empty book, of which there is something to say on any day. */
const OF_CREDIT: { readonly [Metric in KpiMetric]?: NullReason | 0 } = {
  CREDIT_LIMITS: 'NOT_CONFIGURED',
  CREDIT_UTILISATION: 'NOT_CONFIGURED',
  CREDIT_HEADROOM: 'NOT_CONFIGURED',
  OVER_LIMIT_COUNT: 'NOT_CONFIGURED',
  OVER_LIMIT_EXPOSURE: 'NOT_CONFIGURED',
  CREDIT_REVIEWS_ON_SCHEDULE: 'NOT_CONFIGURED',
  ORDERS_RELEASED_OVER_LIMIT: 0,
  ORDERS_RELEASED_OVER_LIMIT_AMOUNT: 0,
  CREDIT_DECISION_TIME: 'NOTHING_IN_PERIOD',
  CREDIT_DECISIONS_IN_TIME: 'NOTHING_IN_PERIOD',
  PLANNED_REVENUE: 'NOT_RECORDED',
  CREDIT_LINE_NEEDED: 'NOT_RECORDED',
  CREDIT_LINE_SHORTFALL: 'NOT_RECORDED',
}

/** What comes from outside the books: the twin has nothing of it. */
const OUTSIDE: ReadonlySet<KpiMetric> = new Set([
  'COLLECTION_COST',
  'COLLECTION_STAFF',
  'CUSTOMER_SATISFACTION',
  'SALES_PLAN',
  'CASH_PLAN',
  'DEBT_SERVICE',
])

/** What makes and changes what was billed. */
const BILLING: readonly Entry['kind'][] = ['INVOICED', 'CORRECTED', 'VOIDED']

function compute(metric: KpiMetric, sight: Sight, booksFrom: number): TwinAnswer {
  const { day, from, asOf, conventions } = sight.question
  const number = (value: Decimal): TwinAnswer => ({ value, reason: null })
  const divided = (numerator: Decimal, denominator: Decimal, reason: NullReason, times = 1): TwinAnswer =>
    denominator.gt(0) ? number(numerator.div(denominator).times(times)) : { value: null, reason }
  const byMoney = conventions.rateBasis === 'AMOUNT'
  if (day < booksFrom) return { value: null, reason: 'INSUFFICIENT_HISTORY' }

  const receivables = (on: number) =>
    sum(openParts(sight, on).map((part) => at(sight, part, part.balance, day)))
  const pastDue = (on: number) =>
    sum(
      openParts(sight, on).map((part) =>
        isLate(part.dueOn, on, conventions) ? at(sight, part, part.balance, day) : n(0),
      ),
    )
  const sales = (first: number, last: number) =>
    sum([
      ...movements(sight, BILLING, first, last).map((m) => at(sight, m, m.amount, day)),
      ...movements(sight, ['CREDITED'], first, last).map((m) => at(sight, m, -m.amount, day)),
    ])
  const money = (kinds: Entry['kind'][], sign: bigint) =>
    number(sum(movements(sight, kinds, from, day).map((m) => at(sight, m, sign * m.amount, m.effectiveOn))))
  const unapplied = (on: number) =>
    sum(
      sight.items
        .filter((item) => item.kind === 'RECEIPT')
        .map((item) => at(sight, item, balanceOf(item, on), day)),
    )
  const netted = (on: number) => (conventions.unappliedCash === 'INCLUDE' ? unapplied(on) : n(0))
  const owed = (on: number) => receivables(on).minus(netted(on))
  const isNet = conventions.taxBasis === 'NET'
  const onBasis = (first: number, answer: (sold: Decimal) => TwinAnswer): TwinAnswer => {
    const reason = isNet ? whyNotNet([documentsIn(sight, first, day)]) : null
    if (reason !== null) return { value: null, reason }
    const tax = isNet ? taxBetween(sight, first, day, day) : n(0)
    return answer(sales(first, day).minus(tax))
  }
  const daysOfSales = (balance: (first: number) => Decimal): TwinAnswer => {
    const first = windowStart(day, conventions.dsoMonths, conventions.calendar)
    if (first < booksFrom) return { value: null, reason: 'INSUFFICIENT_HISTORY' }
    return onBasis(first, (sold) =>
      divided(balance(first).times(day - first + 1), sold, sold.lt(0) ? 'NEGATIVE_SALES' : 'NO_SALES'),
    )
  }
  const settledBetween = <T>(read: (one: Settlement) => T): { gained: T[]; lost: T[] } => ({
    gained: settlements(sight, day).map(read),
    lost: settlements(sight, from - 1).map(read),
  })
  const settled = (read: (one: Settlement) => Decimal): Decimal => {
    const { gained, lost } = settledBetween(read)
    return sum(gained).minus(sum(lost))
  }
  const weight = (one: Settlement) => (byMoney ? at(sight, one, one.amount, day) : n(1))

  switch (metric) {
    case 'TOTAL_RECEIVABLES':
      return number(receivables(day))
    case 'PAST_DUE':
      return number(pastDue(day))
    case 'CURRENT_RECEIVABLES':
      return number(receivables(day).minus(pastDue(day)))
    case 'CURRENT_SHARE':
      return divided(receivables(day).minus(pastDue(day)), receivables(day), 'NO_RECEIVABLES', 100)
    case 'PAST_DUE_SHARE':
      return divided(pastDue(day), receivables(day), 'NO_RECEIVABLES', 100)
    case 'DSO':
      return daysOfSales(() => owed(day))
    case 'BEST_POSSIBLE_DSO':
      return daysOfSales(() => receivables(day).minus(pastDue(day)))
    case 'AVERAGE_DAYS_DELINQUENT':
      return daysOfSales(() => pastDue(day).minus(netted(day)))
    case 'DSO_AVERAGE':
      return daysOfSales((first) =>
        owed(first - 1)
          .plus(owed(day))
          .div(2),
      )
    case 'DSO_COUNT_BACK':
      return countBack(owed(day), sight, booksFrom, sales)
    case 'BEST_POSSIBLE_DSO_COUNT_BACK':
      return countBack(receivables(day).minus(pastDue(day)), sight, booksFrom, sales)
    case 'COLLECTION_EFFECTIVENESS_INDEX': {
      const first = windowStart(day, conventions.ceiMonths, conventions.calendar)
      if (first < booksFrom) return { value: null, reason: 'INSUFFICIENT_HISTORY' }
      const share = conventions.ceiForm === 'MONTHLY_SHARE' ? conventions.ceiMonths : 1
      const collectable = receivables(first - 1).plus(sales(first, day).div(share))
      const current = receivables(day).minus(pastDue(day))
      const reason = collectable.gt(0) ? 'NOTHING_IN_PERIOD' : 'NO_RECEIVABLES'
      return divided(collectable.minus(receivables(day)), collectable.minus(current), reason, 100)
    }
    case 'RECEIVABLES_TURNOVER':
    case 'AVERAGE_COLLECTION_PERIOD': {
      const starts = yearOf(day, conventions.calendar)
      const first = starts.at(-1) ?? NaN
      if (first < booksFrom) return { value: null, reason: 'INSUFFICIENT_HISTORY' }
      const mean = sum([day, ...starts.map((start) => start - 1)].map(receivables)).div(starts.length + 1)
      return onBasis(first, (sold) =>
        metric === 'RECEIVABLES_TURNOVER'
          ? divided(sold, mean, 'NO_RECEIVABLES')
          : divided(mean.times(day - first + 1), sold, sold.lt(0) ? 'NEGATIVE_SALES' : 'NO_SALES'),
      )
    }
    case 'ON_TIME_RATE': {
      const parts = fellDue(sight, from, day, asOf, (dueOn, on) => isLate(dueOn, on, conventions))
      const due = parts.map((part) => (byMoney ? at(sight, part, part.due, day) : n(1)))
      const onTime = parts.map((part) =>
        byMoney ? at(sight, part, part.onTime, day) : n(part.onTime === part.due ? 1 : 0),
      )
      return divided(sum(onTime), sum(due), 'NOTHING_IN_PERIOD', 100)
    }
    case 'ON_TIME_RATE_SETTLED':
      return divided(
        settled((one) => (isLate(one.dueOn, one.dueOn + one.daysLate, conventions) ? n(0) : weight(one))),
        settled(weight),
        'NOTHING_IN_PERIOD',
        100,
      )
    case 'DISPUTE_RATE': {
      const opened = movements(sight, ['DISPUTE_OPENED'], from, day)
      const billed = movements(sight, BILLING, from, day)
      return byMoney
        ? divided(
            sum(opened.map((m) => at(sight, m, m.amount, day))),
            sum(billed.map((m) => at(sight, m, m.amount, day))),
            'NOTHING_IN_PERIOD',
            100,
          )
        : divided(n(opened.length), n(invoicesIssued(sight, from, day)), 'NOTHING_IN_PERIOD', 100)
    }
    case 'OPEN_INVOICE_COUNT':
      return number(
        n(sight.items.filter((item) => item.kind === 'INVOICE' && balanceOf(item, day) !== 0n).length),
      )
    case 'WEIGHTED_DAYS_PAST_DUE':
      return divided(
        sum(
          openParts(sight, day).map((part) =>
            at(sight, part, part.balance, day).times(Math.max(0, day - part.dueOn)),
          ),
        ),
        receivables(day),
        'NO_RECEIVABLES',
      )
    case 'AVERAGE_AGE':
      return divided(
        sum(
          openParts(sight, day).map((part) => at(sight, part, part.balance, day).times(day - part.issuedOn)),
        ),
        receivables(day),
        'NO_RECEIVABLES',
      )
    case 'SALES': {
      const reason = isNet ? whyNotNet([documentsIn(sight, from, day)]) : null
      if (reason !== null) return { value: null, reason }
      return number(
        sum([
          ...movements(sight, BILLING, from, day).map((m) => at(sight, m, m.amount, m.effectiveOn)),
          ...movements(sight, ['CREDITED'], from, day).map((m) => at(sight, m, -m.amount, m.effectiveOn)),
          isNet ? taxBetween(sight, from, day, null).neg() : n(0),
        ]),
      )
    }
    case 'INVOICES_SENT':
      return number(n(invoicesIssued(sight, from, day)))
    case 'CASH_COLLECTED':
      return money(['RECEIVED', 'BOUNCED'], 1n)
    case 'CASH_APPLIED':
      return money(['PAYMENT_APPLIED'], -1n)
    case 'WRITTEN_OFF':
      return money(['WRITTEN_OFF'], -1n)
    case 'UNAPPLIED_CASH':
      return number(unapplied(day))
    case 'INVOICES_SETTLED':
      return number(settled(() => n(1)))
    case 'AVERAGE_DAYS_TO_PAY':
      return divided(
        settled((one) => weight(one).times(one.daysToPay)),
        settled(weight),
        'NOTHING_IN_PERIOD',
      )
    case 'AVERAGE_DAYS_LATE':
      return divided(
        settled((one) =>
          weight(one).times(conventions.floorDaysLate ? Math.max(0, one.daysLate) : one.daysLate),
        ),
        settled(weight),
        'NOTHING_IN_PERIOD',
      )
    default:
      return computeMore(metric, sight, booksFrom, {
        number,
        divided,
        receivables,
        pastDue,
        sales,
        daysOfSales,
        money,
        settled,
      })
  }
}

function countBack(
  balance: Decimal,
  sight: Sight,
  booksFrom: number,
  sales: (first: number, last: number) => Decimal,
): TwinAnswer {
  const { day, conventions } = sight.question
  const isNet = conventions.taxBasis === 'NET'
  const seen: Documents[] = []
  const answer = countBackOn(balance, periodsBefore(day, booksFrom, conventions.calendar), (first, last) => {
    seen.push(documentsIn(sight, first, last))
    return sales(first, last).minus(isNet ? taxBetween(sight, first, last, day) : n(0))
  })
  const reason = isNet ? whyNotNet(seen) : null
  return reason === null ? answer : { value: null, reason }
}

function countBackOn(
  balance: Decimal,
  periods: readonly { readonly first: number; readonly last: number }[],
  sales: (first: number, last: number) => Decimal,
): TwinAnswer {
  if (!balance.gt(0)) return { value: n(0), reason: null }
  let rest = balance
  let days = n(0)
  for (const { first, last } of periods) {
    const sold = sales(first, last)
    if (sold.lt(0)) return { value: null, reason: 'NEGATIVE_SALES' }
    const length = last - first + 1
    if (rest.lte(sold)) return { value: days.plus(rest.times(length).div(sold)), reason: null }
    rest = rest.minus(sold)
    days = days.plus(length)
  }
  return { value: null, reason: 'HISTORY_EXHAUSTED' }
}
