/** A credit policy replayed the slow way: for each bill everything that was known is added up anew. */
import { creditLimitOn } from '@tidemark/server/domain/credit-limit.ts'
import {
  decideCredit,
  type CreditPolicy,
  type Decided,
  type Level,
  type LevelUse,
} from '@tidemark/server/domain/credit-decision.ts'
import { grantedBy, ratingsOn } from '@tidemark/server/domain/credit-policy.ts'
import type { Bill, BillEntry, PastBook, PastCustomer } from '@tidemark/server/domain/credit-simulation.ts'
import { dateOf, dayOf, type Day } from '@tidemark/server/domain/day.ts'
import { convert, exposureIn, type ExposureAmount } from '@tidemark/server/domain/exposure.ts'
import { parentOn } from '@tidemark/server/domain/hierarchy.ts'
import type { MissingRate } from '@tidemark/server/domain/rates.ts'

export type PlainJudgement = { readonly bill: string; readonly day: Day } & Decided

/** In the order of days, then of the book. */
export function judgeSlowly(book: PastBook, policy: CreditPolicy): PlainJudgement[] {
  const all = book.customers.flatMap((customer) => customer.bills.map((bill) => ({ customer, bill })))
  return all
    .flatMap(({ customer, bill }) => {
      const billed = bill.entries.filter(({ kind }) => kind === 'BILLED')
      const day = Math.min(...billed.map((entry) => entry.day))
      const amount = billed
        .filter((entry) => entry.day === day)
        .reduce((sum, entry) => sum + entry.amount, 0n)
      const isVoid = bill.entries.some(({ kind }) => kind === 'VOIDED')
      if (day < book.from || day > book.to || amount <= 0n || isVoid) return []
      return [{ bill: bill.id, day, ...decide(book, policy, customer, bill, day, amount) }]
    })
    .toSorted((a, b) => a.day - b.day)
}

/** What was known just before the bill was made out. */
const isBefore = (bills: readonly Bill[], entry: BillEntry, of: Bill, bill: Bill, day: Day): boolean =>
  entry.kind === 'BILLED'
    ? entry.day < day || (entry.day === day && bills.indexOf(of) < bills.indexOf(bill))
    : entry.day <= day

function decide(
  book: PastBook,
  policy: CreditPolicy,
  customer: PastCustomer,
  bill: Bill,
  day: Day,
  amount: bigint,
): Decided {
  const order = { minor: amount, currency: bill.currency }
  const all = book.customers.flatMap(({ bills }) => bills)
  const used = (one: PastCustomer, currency: string): bigint | MissingRate => {
    const amounts: ExposureAmount[] = []
    for (const of of one.bills)
      for (const entry of of.entries)
        if (isBefore(all, entry, of, bill, day))
          amounts.push({ source: 'receivables', minor: entry.amount, currency: of.currency })
    for (const { day: since, source, minor, currency: own } of one.changes) {
      if (since > day) continue
      if (source === 'openOrders' || source === 'releasedOrders') {
        if (policy.countedOrders === 'NONE') continue
        if (policy.countedOrders === 'RELEASED' && source === 'openOrders') continue
        amounts.push({ source: 'orders', minor, currency: own })
      } else amounts.push({ source, minor, currency: own })
    }
    for (const { day: since, startsOn, minor, currency: own } of one.receipts)
      if (since <= day && day < startsOn + policy.clearingDays)
        amounts.push({ source: 'uncleared', minor, currency: own })
    const exposure = exposureIn(currency, amounts, book.rates, day, policy)
    return 'committed' in exposure ? exposure.committed : exposure
  }
  const useOf = (level: PastCustomer, currency: string): LevelUse | MissingRate => {
    const added = convert(order, currency, book.rates, day)
    if (typeof added !== 'bigint') return added
    const own = used(customer, currency)
    if (typeof own !== 'bigint') return own
    const others: bigint[] = []
    for (const one of book.customers) {
      if (one === customer || !pathOf(book, one, day).includes(level)) continue
      const theirs = used(one, currency)
      if (typeof theirs !== 'bigint') return theirs
      others.push(theirs)
    }
    return { own, others, order: added }
  }
  const levels = pathOf(book, customer, day).map((one): Level => {
    const { limit, riskClass, reviewOn } = known(one, policy, day)
    const level = {
      number: one.number,
      isOwn: one === customer,
      limit,
      isHeld: false,
      holdReason: null,
      nextReviewOn: reviewOn,
      use: limit.amount === null ? null : useOf(one, limit.amount.currency),
    }
    const minor = grantedBy(policy, riskClass, ratingsOn(one.ratings, day))
    if (one !== customer || minor === null) return level
    const most = { minor, currency: book.baseCurrency }
    return { ...level, granted: { most, use: useOf(one, book.baseCurrency) } }
  })
  const steps = [{ days: policy.pastDueDays }, ...policy.escalation]
  const pastDue = steps.map(({ days }) => ({ amount: lateBy(book, customer, bill, day, days) }))
  return decideCredit({ levels, pastDue, policy, today: day })
}

function pathOf(book: PastBook, customer: PastCustomer, day: Day): PastCustomer[] {
  const parent = parentOn(book.parents, customer.id, day)
  const above = book.customers.find(({ id }) => id === parent)
  return above === undefined ? [customer] : [customer, ...pathOf(book, above, day)]
}

function known({ limits, reviews, assumed }: PastCustomer, policy: CreditPolicy, day: Day) {
  const decided = limits.filter(({ effectiveOn }) => effectiveOn <= day)
  const review = reviews.findLast((one) => one.day <= day)
  const riskClass = review ? review.riskClass : (assumed?.riskClass ?? null)
  const first = Math.min(...decided.map(({ effectiveOn }) => effectiveOn))
  const since = review?.day ?? (decided.length === 0 ? null : first)
  const months = policy.reviewMonths[riskClass ?? 'UNRATED']
  return {
    limit: decided.length === 0 && assumed ? assumed.limit : creditLimitOn(limits, day),
    riskClass,
    reviewOn:
      since !== null && months !== undefined
        ? dayOf(dateOf(since).add({ months }))
        : (review?.nextReviewOn ?? null),
  }
}

function lateBy(book: PastBook, { bills }: PastCustomer, bill: Bill, day: Day, days: number) {
  const sums = new Map<string, bigint>()
  const all = book.customers.flatMap((customer) => customer.bills)
  for (const of of bills) {
    const entries = of.entries.filter((entry) => isBefore(all, entry, of, bill, day))
    for (const installment of new Set(entries.map((entry) => entry.installment))) {
      const own = entries.filter((entry) => entry.installment === installment)
      const balance = own.reduce((sum, entry) => sum + entry.amount, 0n)
      const dueOn = own.findLast((entry) => entry.dueOn !== null)?.dueOn ?? null
      if (balance > 0n && dueOn !== null && dueOn < day - days)
        sums.set(of.currency, (sums.get(of.currency) ?? 0n) + balance)
    }
  }
  let minor = 0n
  for (const [currency, sum] of sums) {
    const converted = convert({ minor: sum, currency }, book.baseCurrency, book.rates, day)
    if (typeof converted !== 'bigint') return converted
    minor += converted
  }
  return { minor, currency: book.baseCurrency }
}
