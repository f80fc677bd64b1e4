/**
 * The twin: every KPI computed straight from the entries, by definition, one item after the other and one day at a
 * time. It shares nothing with the engine but the words: no projection, no sums, no windows made of day numbers.
 */
import { Decimal } from 'decimal.js'
import type { Conventions } from '@tidemark/server/domain/conventions.ts'
import type { Entry, InvoiceFacts } from '@tidemark/server/domain/invoice.ts'
import type { KpiMetric, NullReason } from '@tidemark/server/domain/kpi.ts'
import type { ItemKind } from '@tidemark/server/domain/projection.ts'

/** An entry and when it was recorded: the number of the posting that brought it. */
export type Recorded = Entry & { readonly posting: number }

export type PlainItem = {
  readonly kind: ItemKind
  readonly currency: string
  readonly region: string
  readonly startsOn: number
  /** Of an invoice. */
  readonly facts?: InvoiceFacts
  readonly entries: readonly Recorded[]
}

/** A quotation: one unit of the currency in base currency, from the day on, for seven days at most. */
export type Quotation = { readonly currency: string; readonly day: number; readonly rate: string }

export type Question = {
  readonly day: number
  readonly from: number
  readonly asOf: number
  /** Only postings up to this one are known. */
  readonly posting: number
  readonly conventions: Conventions
  readonly currency: string
  /** Null for all. */
  readonly region: string | null
}

export type TwinAnswer = {
  readonly value: Decimal | null
  readonly reason: NullReason | 'MISSING_RATE' | null
}

const Number40 = Decimal.clone({ precision: 40, rounding: Decimal.ROUND_HALF_EVEN })
const n = (value: bigint | number): Decimal => new Number40(value.toString())
const EPOCH = Temporal.PlainDate.from('1970-01-01')
const dateOf = (day: number) => EPOCH.add({ days: day })
const dayOf = (date: Temporal.PlainDate) => EPOCH.until(date).days
const sum = (values: readonly Decimal[]): Decimal => values.reduce((a, b) => a.plus(b), n(0))
const minorUnits: { readonly [currency: string]: number } = { USD: 100, EUR: 100, JPY: 1, KWD: 1000 }

/** What of the books one question can see. */
type Sight = {
  readonly items: readonly PlainItem[]
  readonly baseCurrency: string
  readonly quotations: readonly Quotation[]
  readonly question: Question
  readonly missing: string[]
}

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
  if (known.length === 0) return unknown(allItems.length === 0 ? 'INSUFFICIENT_HISTORY' : 'NOT_KNOWN_THEN')
  const firstDay = Math.min(...known.flatMap((item) => item.entries.map((entry) => entry.effectiveOn)))
  const booksFrom = dayOf(dateOf(firstDay).with({ day: 1 }))
  const items = known.filter((item) => question.region === null || item.region === question.region)
  const sight: Sight = { items, baseCurrency, quotations, question, missing: [] }
  const answer = compute(metric, sight, booksFrom)
  return sight.missing.length > 0 ? { value: null, reason: 'MISSING_RATE' } : answer
}

/** What makes and changes what was billed. */
const BILLING: readonly Entry['kind'][] = ['INVOICED', 'CORRECTED', 'VOIDED']

const windowStart = (day: number, months: number) => dayOf(dateOf(day).add({ days: 1 }).subtract({ months }))

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
    sum(openParts(sight, on).map((part) => (part.dueOn < on ? at(sight, part, part.balance, day) : n(0))))
  const sales = (first: number, last: number) =>
    sum([
      ...movements(sight, BILLING, first, last).map((m) => at(sight, m, m.amount, day)),
      ...movements(sight, ['CREDITED'], first, last).map((m) => at(sight, m, -m.amount, day)),
    ])
  const money = (kinds: Entry['kind'][], sign: bigint) =>
    number(sum(movements(sight, kinds, from, day).map((m) => at(sight, m, sign * m.amount, m.effectiveOn))))
  const daysOfSales = (balance: () => Decimal): TwinAnswer => {
    const first = windowStart(day, conventions.dsoMonths)
    if (first < booksFrom) return { value: null, reason: 'INSUFFICIENT_HISTORY' }
    const sold = sales(first, day)
    return divided(balance().times(day - first + 1), sold, sold.lt(0) ? 'NEGATIVE_SALES' : 'NO_SALES')
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
      return daysOfSales(() => receivables(day))
    case 'BEST_POSSIBLE_DSO':
      return daysOfSales(() => receivables(day).minus(pastDue(day)))
    case 'AVERAGE_DAYS_DELINQUENT':
      return daysOfSales(() => pastDue(day))
    case 'DSO_COUNT_BACK':
      return countBack(receivables(day), day, booksFrom, sales)
    case 'COLLECTION_EFFECTIVENESS_INDEX': {
      const first = windowStart(day, conventions.ceiMonths)
      if (first < booksFrom) return { value: null, reason: 'INSUFFICIENT_HISTORY' }
      const owed = receivables(first - 1).plus(sales(first, day))
      const current = receivables(day).minus(pastDue(day))
      const reason = owed.gt(0) ? 'NOTHING_IN_PERIOD' : 'NO_RECEIVABLES'
      return divided(owed.minus(receivables(day)), owed.minus(current), reason, 100)
    }
    case 'RECEIVABLES_TURNOVER': {
      const starts = Array.from({ length: 12 }, (_, index) => windowStart(day, index + 1))
      const first = starts[11] ?? NaN
      if (first < booksFrom) return { value: null, reason: 'INSUFFICIENT_HISTORY' }
      const mean = sum([day, ...starts.map((start) => start - 1)].map(receivables)).div(13)
      return divided(sales(first, day), mean, 'NO_RECEIVABLES')
    }
    case 'ON_TIME_RATE': {
      const parts = fellDue(sight, from, day, asOf)
      const due = parts.map((part) => (byMoney ? at(sight, part, part.due, day) : n(1)))
      const onTime = parts.map((part) =>
        byMoney ? at(sight, part, part.onTime, day) : n(part.onTime === part.due ? 1 : 0),
      )
      return divided(sum(onTime), sum(due), 'NOTHING_IN_PERIOD', 100)
    }
    case 'ON_TIME_RATE_SETTLED':
      return divided(
        settled((one) => (one.daysLate <= 0 ? weight(one) : n(0))),
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
    case 'SALES':
      return number(
        sum([
          ...movements(sight, BILLING, from, day).map((m) => at(sight, m, m.amount, m.effectiveOn)),
          ...movements(sight, ['CREDITED'], from, day).map((m) => at(sight, m, -m.amount, m.effectiveOn)),
        ]),
      )
    case 'INVOICES_SENT':
      return number(n(invoicesIssued(sight, from, day)))
    case 'CASH_COLLECTED':
      return money(['RECEIVED', 'BOUNCED'], 1n)
    case 'CASH_APPLIED':
      return money(['PAYMENT_APPLIED'], -1n)
    case 'WRITTEN_OFF':
      return money(['WRITTEN_OFF'], -1n)
    case 'UNAPPLIED_CASH':
      return number(
        sum(
          sight.items
            .filter((item) => item.kind === 'RECEIPT')
            .map((item) => at(sight, item, balanceOf(item, day), day)),
        ),
      )
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
  }
}

function countBack(
  balance: Decimal,
  day: number,
  booksFrom: number,
  sales: (first: number, last: number) => Decimal,
): TwinAnswer {
  if (!balance.gt(0)) return { value: n(0), reason: null }
  let rest = balance
  let days = n(0)
  let last = dateOf(day)
  while (dayOf(last) >= booksFrom) {
    const first = last.with({ day: 1 })
    const sold = sales(dayOf(first), dayOf(last))
    if (sold.lt(0)) return { value: null, reason: 'NEGATIVE_SALES' }
    if (rest.lte(sold)) return { value: days.plus(rest.times(last.day).div(sold)), reason: null }
    rest = rest.minus(sold)
    days = days.plus(last.day)
    last = first.subtract({ days: 1 })
  }
  return { value: null, reason: 'HISTORY_EXHAUSTED' }
}

/** An amount in the answer's currency at the rate of a day. */
function at(sight: Sight, { currency }: { currency: string }, minor: bigint, day: number): Decimal {
  if (minor === 0n) return n(0)
  const major = n(minor).div(minorUnits[currency] ?? NaN)
  if (currency === sight.question.currency) return major
  // A cross rate has 20 digits by definition, so that converted amounts add up.
  return major.times(
    inBase(sight, currency, day)
      .div(inBase(sight, sight.question.currency, day))
      .toSignificantDigits(20),
  )
}

function inBase({ quotations, baseCurrency, missing }: Sight, currency: string, day: number): Decimal {
  if (currency === baseCurrency) return n(1)
  for (let back = 0; back <= 7; back++) {
    const found = quotations.find((one) => one.currency === currency && one.day === day - back)
    if (found !== undefined) return new Number40(found.rate)
  }
  missing.push(`${currency} ${day}`)
  return n(1)
}

const balanceOf = (item: PlainItem, day: number): bigint =>
  item.entries.filter((entry) => entry.effectiveOn <= day).reduce((total, entry) => total + entry.amount, 0n)

/** The entries of an item by a day, in the order in which they took effect. */
const effective = (item: PlainItem, day: number): Recorded[] =>
  item.entries
    .filter((entry) => entry.effectiveOn <= day)
    .toSorted((a, b) => a.effectiveOn - b.effectiveOn || a.posting - b.posting)

const partsOf = (entries: readonly Recorded[]): Recorded[][] => [
  ...Map.groupBy(entries, (entry) => entry.installment).values(),
]

type OpenPart = {
  readonly currency: string
  readonly issuedOn: number
  readonly dueOn: number
  readonly balance: bigint
}

function openParts({ items }: Sight, day: number): OpenPart[] {
  return items
    .filter((item) => item.kind === 'INVOICE')
    .flatMap((item) =>
      partsOf(effective(item, day)).map((entries) => ({
        currency: item.currency,
        issuedOn: item.startsOn,
        // The due date in force is the last one that took effect.
        dueOn: entries.findLast((entry) => entry.dueOn !== null)?.dueOn ?? NaN,
        balance: entries.reduce((total, entry) => total + entry.amount, 0n),
      })),
    )
}

const movements = (
  { items }: Sight,
  kinds: readonly Entry['kind'][],
  first: number,
  last: number,
): (Recorded & { currency: string })[] =>
  items.flatMap((item) =>
    item.entries
      .filter(
        (entry) => kinds.includes(entry.kind) && entry.effectiveOn >= first && entry.effectiveOn <= last,
      )
      .map((entry) => ({ ...entry, currency: item.currency })),
  )

const invoicesIssued = (sight: Sight, first: number, last: number): number =>
  movements(sight, ['INVOICED'], first, last).filter((entry) => entry.installment === 1).length

/** Each payment of a part that has not bounced, and when it happened. A receipt pays a part once. */
function paymentsOf(entries: readonly Recorded[]): { amount: bigint; occurredOn: number }[] {
  const byReceipt = Map.groupBy(
    entries.filter((entry) => entry.kind === 'PAYMENT_APPLIED'),
    (entry) => entry.counterpartId,
  )
  return [...byReceipt.values()]
    .map((of) => ({
      amount: -of.reduce((total, entry) => total + entry.amount, 0n),
      occurredOn: of[0]?.occurredOn ?? NaN,
    }))
    .filter((payment) => payment.amount > 0n)
}

const total = (entries: readonly Recorded[], ...kinds: Entry['kind'][]): bigint =>
  entries.filter((entry) => kinds.includes(entry.kind)).reduce((all, entry) => all + entry.amount, 0n)

/** The parts that fell due in the period, as the end of `asOf` sees them. */
function fellDue({ items }: Sight, first: number, last: number, asOf: number) {
  return items
    .filter((item) => item.kind === 'INVOICE')
    .flatMap((item) =>
      partsOf(effective(item, asOf)).flatMap((entries) => {
        const firstDueOn = entries.find((entry) => entry.kind === 'INVOICED')?.dueOn ?? NaN
        const due = total(
          entries,
          'INVOICED',
          'CORRECTED',
          'VOIDED',
          'CREDIT_APPLIED',
          'DISCOUNTED',
          'ADJUSTED',
        )
        if (!(firstDueOn >= first && firstDueOn <= last) || due <= 0n) return []
        const inTime = paymentsOf(entries)
          .filter((payment) => payment.occurredOn <= firstDueOn)
          .reduce((all, payment) => all + payment.amount, 0n)
        return [{ currency: item.currency, due, onTime: inTime < due ? inTime : due }]
      }),
    )
}

type Settlement = {
  readonly currency: string
  readonly amount: bigint
  readonly daysToPay: number
  readonly daysLate: number
}

/** The invoices that stand settled at the end of a day: nothing owed, something paid, nothing written off but a tolerance. */
function settlements({ items }: Sight, day: number): Settlement[] {
  return items
    .filter((item) => item.kind === 'INVOICE')
    .flatMap((item) => {
      const entries = effective(item, day)
      const payments = partsOf(entries).flatMap(paymentsOf)
      const parts = partsOf(entries)
      if (entries.length === 0 || balanceOf(item, day) !== 0n || payments.length === 0) return []
      const isLost = (entry: Recorded) => entry.kind === 'WRITTEN_OFF' && entry.code !== 'TOLERANCE'
      if (entries.some(isLost)) return []
      const paidOn = Math.max(...payments.map((payment) => payment.occurredOn))
      const dueOn = Math.max(
        ...parts.map((part) => part.find((entry) => entry.kind === 'INVOICED')?.dueOn ?? NaN),
      )
      return [
        {
          currency: item.currency,
          amount: payments.reduce((all, payment) => all + payment.amount, 0n),
          daysToPay: paidOn - item.startsOn,
          daysLate: paidOn - dueOn,
        },
      ]
    })
}
