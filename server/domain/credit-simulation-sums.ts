/** What a replayed policy comes to: bills by outcome, month, reason and customer, and what became of them. */
import type { Outcome, ReasonCode } from './credit-decision.ts'
import type { Bill, JudgedBill, PastBook } from './credit-simulation.ts'
import { dateOf, dayOf, type Day } from './day.ts'
import { convert } from './exposure.ts'

/** Minor units of the base currency, at the rates of each bill's day. */
export type BillSums = {
  readonly customers: number
  readonly bills: number
  readonly amount: bigint
  readonly paid: bigint
  readonly writtenOff: bigint
  /** Open, and past due for more than 90 days. */
  readonly late: bigint
}

export type OutcomeSums = {
  readonly allowed: BillSums
  readonly reviewed: BillSums
  readonly blocked: BillSums
}

export type MonthSums = {
  /** Its first day. */
  readonly month: Day
  readonly outcomes: OutcomeSums
}

export type ReasonSums = {
  readonly code: ReasonCode
  readonly outcome: Outcome
  readonly bills: number
  readonly amount: bigint
}

export type CustomerSums = { readonly customerId: string; readonly outcomes: OutcomeSums }

export type SimulationSums = {
  readonly total: OutcomeSums
  readonly months: readonly MonthSums[]
  readonly reasons: readonly ReasonSums[]
  readonly customers: readonly CustomerSums[]
  readonly billsWithoutRate: number
}

export const LATE_DAYS = 90
const CUSTOMERS_MAX = 50

/** What became of a bill by `today`, in its own currency. */
export function fateOf({ entries }: Bill, today: Day): { paid: bigint; writtenOff: bigint; late: bigint } {
  let paid = 0n
  let writtenOff = 0n
  const open: { readonly installment: number; balance: bigint; dueOn: Day | null }[] = []
  for (const { kind, amount, installment, dueOn } of entries) {
    if (kind === 'PAID') paid -= amount
    if (kind === 'WRITTEN_OFF') writtenOff -= amount
    const one = open.find((known) => known.installment === installment)
    if (one === undefined) open.push({ installment, balance: amount, dueOn })
    else {
      one.balance += amount
      one.dueOn = dueOn ?? one.dueOn
    }
  }
  let late = 0n
  for (const { balance, dueOn } of open)
    if (balance > 0n && dueOn !== null && dueOn < today - LATE_DAYS) late += balance
  return { paid, writtenOff, late }
}

type Sums = { -readonly [Field in keyof Omit<BillSums, 'customers'>]: BillSums[Field] } & {
  readonly customers: Set<string>
}
type Outcomes = Readonly<Record<Outcome, Sums>>

const noSums = (): Sums => ({
  customers: new Set(),
  bills: 0,
  amount: 0n,
  paid: 0n,
  writtenOff: 0n,
  late: 0n,
})
const noOutcomes = (): Outcomes => ({ ALLOW: noSums(), REVIEW: noSums(), BLOCK: noSums() })

/** Adds bills up as they are judged. */
export function createTally({ baseCurrency, rates, from, to }: PastBook): {
  readonly add: (bill: JudgedBill) => void
  readonly sums: () => SimulationSums
} {
  const total = noOutcomes()
  const months = new Map(monthsOf(from, to).map((month) => [month, noOutcomes()]))
  const customers = new Map<string, Outcomes>()
  const reasons = new Map<string, { -readonly [Field in keyof ReasonSums]: ReasonSums[Field] }>()
  const firstOfMonth = createFirstOfMonth()
  let billsWithoutRate = 0
  const add = ({ bill, customerId, day, amount, outcome, findings }: JudgedBill) => {
    const fate = fateOf(bill, to)
    const values = inBase({ amount, ...fate }, bill.currency, day)
    if (values === null) billsWithoutRate += 1
    const own = customers.get(customerId) ?? noOutcomes()
    customers.set(customerId, own)
    for (const outcomes of [total, months.get(firstOfMonth(day)), own]) {
      const sums = outcomes?.[outcome]
      if (sums === undefined) continue
      sums.bills += 1
      sums.customers.add(customerId)
      if (values === null) continue
      sums.amount += values.amount
      sums.paid += values.paid
      sums.writtenOff += values.writtenOff
      sums.late += values.late
    }
    const seen = new Set<string>()
    for (const { code, outcome: alone } of findings) {
      const key = `${code} ${alone}`
      // A group can be over its limits on several levels: one reason.
      if (seen.has(key)) continue
      seen.add(key)
      const reason = reasons.get(key) ?? { code, outcome: alone, bills: 0, amount: 0n }
      reasons.set(key, reason)
      reason.bills += 1
      reason.amount += values?.amount ?? 0n
    }
  }
  const inBase = <Field extends string>(
    minors: Readonly<Record<Field, bigint>>,
    currency: string,
    day: Day,
  ): Record<Field, bigint> | null => {
    if (currency === baseCurrency) return minors
    const converted: [string, bigint][] = []
    for (const [field, minor] of Object.entries<bigint>(minors)) {
      const value = convert({ minor, currency }, baseCurrency, rates, day)
      if (typeof value !== 'bigint') return null
      converted.push([field, value])
    }
    return Object.fromEntries(converted) as Record<Field, bigint>
  }
  return {
    add,
    sums: () => ({
      total: shown(total),
      months: [...months].map(([month, outcomes]) => ({ month, outcomes: shown(outcomes) })),
      reasons: [...reasons.values()].toSorted((a, b) => descending(a.amount, b.amount) || b.bills - a.bills),
      customers: [...customers]
        .filter(([, { REVIEW, BLOCK }]) => REVIEW.bills + BLOCK.bills > 0)
        .toSorted(([a, one], [b, other]) => descending(stopped(one), stopped(other)) || (a < b ? -1 : 1))
        .slice(0, CUSTOMERS_MAX)
        .map(([customerId, outcomes]) => ({ customerId, outcomes: shown(outcomes) })),
      billsWithoutRate,
    }),
  }
}

const stopped = ({ REVIEW, BLOCK }: Outcomes): bigint => REVIEW.amount + BLOCK.amount

const descending = (a: bigint, b: bigint): number => (a === b ? 0 : a > b ? -1 : 1)

const shown = ({ ALLOW, REVIEW, BLOCK }: Outcomes): OutcomeSums => ({
  allowed: counted(ALLOW),
  reviewed: counted(REVIEW),
  blocked: counted(BLOCK),
})

const counted = ({ customers, ...sums }: Sums): BillSums => ({ ...sums, customers: customers.size })

/** The first days of all months that have a day between the two. */
export function monthsOf(from: Day, to: Day): Day[] {
  const months: Day[] = []
  const last = dateOf(to)
  for (
    let month = dateOf(from).with({ day: 1 });
    Temporal.PlainDate.compare(month, last) <= 0;
    month = month.add({ months: 1 })
  ) {
    months.push(dayOf(month))
  }
  return months
}

/** Dates cost microseconds, and there are many bills of each day. */
const createFirstOfMonth = (): ((day: Day) => Day) => {
  const known = new Map<Day, Day>()
  return (day) => {
    const found = known.get(day) ?? dayOf(dateOf(day).with({ day: 1 }))
    known.set(day, found)
    return found
  }
}
