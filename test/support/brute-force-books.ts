/** What the twin reads out of the entries of an item: balances, parts, payments, one after the other. */
import { Decimal } from 'decimal.js'
import type { Conventions } from '@tidemark/server/domain/conventions.ts'
import type { Entry, InvoiceFacts } from '@tidemark/server/domain/invoice.ts'
import type { NullReason } from '@tidemark/server/domain/kpi.ts'
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
export const n = (value: bigint | number): Decimal => new Number40(value.toString())
const EPOCH = Temporal.PlainDate.from('1970-01-01')
export const dateOf = (day: number) => EPOCH.add({ days: day })
export const dayOf = (date: Temporal.PlainDate) => EPOCH.until(date).days
export const sum = (values: readonly Decimal[]): Decimal => values.reduce((a, b) => a.plus(b), n(0))
const minorUnits: { readonly [currency: string]: number } = { USD: 100, EUR: 100, JPY: 1, KWD: 1000 }

/** What of the books one question can see. */
export type Sight = {
  readonly items: readonly PlainItem[]
  readonly baseCurrency: string
  readonly quotations: readonly Quotation[]
  readonly question: Question
  readonly missing: string[]
}

/** An amount in the answer's currency at the rate of a day. */
export function at(sight: Sight, { currency }: { currency: string }, minor: bigint, day: number): Decimal {
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

export const balanceOf = (item: PlainItem, day: number): bigint =>
  item.entries.filter((entry) => entry.effectiveOn <= day).reduce((total, entry) => total + entry.amount, 0n)

/** The entries of an item by a day, in the order in which they took effect. */
export const effective = (item: PlainItem, day: number): Recorded[] =>
  item.entries
    .filter((entry) => entry.effectiveOn <= day)
    .toSorted((a, b) => a.effectiveOn - b.effectiveOn || a.posting - b.posting)

export const partsOf = (entries: readonly Recorded[]): Recorded[][] => [
  ...Map.groupBy(entries, (entry) => entry.installment).values(),
]

type OpenPart = {
  readonly currency: string
  readonly issuedOn: number
  readonly dueOn: number
  readonly balance: bigint
}

export function openParts({ items }: Sight, day: number): OpenPart[] {
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

export const movements = (
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

export const invoicesIssued = (sight: Sight, first: number, last: number): number =>
  movements(sight, ['INVOICED'], first, last).filter((entry) => entry.installment === 1).length

/** What was applied to invoices by a day and did not come back by then. */
export const applications = ({ items }: Sight, day: number) =>
  items
    .filter((item) => item.kind === 'INVOICE')
    .flatMap((item) =>
      partsOf(effective(item, day)).flatMap((entries) =>
        paymentsOf(entries).map(({ amount, occurredOn }) => ({
          currency: item.currency,
          issuedOn: item.startsOn,
          amount,
          days: occurredOn - item.startsOn,
        })),
      ),
    )

/** What is to be paid of an invoice and what was paid so many days after its date, by those whose dates lie in the span. */
export const paidWithin = ({ items }: Sight, within: number, first: number, last: number, asOf: number) =>
  items
    .filter((item) => item.kind === 'INVOICE' && item.startsOn >= first && item.startsOn <= last)
    .filter((item) => item.startsOn + within <= asOf)
    .map((item) => {
      const parts = partsOf(effective(item, asOf))
      const inTime = parts
        .flatMap(paymentsOf)
        .filter((payment) => payment.occurredOn <= item.startsOn + within)
        .reduce((all, payment) => all + payment.amount, 0n)
      const due = parts.reduce((all, entries) => all + dueOf(entries), 0n)
      return { currency: item.currency, due, paid: inTime < due ? inTime : due }
    })
    .filter(({ due }) => due > 0n)

const dueOf = (entries: readonly Recorded[]): bigint =>
  total(entries, 'INVOICED', 'CORRECTED', 'VOIDED', 'CREDIT_APPLIED', 'DISCOUNTED', 'ADJUSTED')

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

export const total = (entries: readonly Recorded[], ...kinds: Entry['kind'][]): bigint =>
  entries.filter((entry) => kinds.includes(entry.kind)).reduce((all, entry) => all + entry.amount, 0n)

/** The parts that fell due in the period, as the end of `asOf` sees them, of which it is decided by then who was late. */
export function fellDue(
  { items }: Sight,
  first: number,
  last: number,
  asOf: number,
  isLate: (dueOn: number, on: number) => boolean,
) {
  return items
    .filter((item) => item.kind === 'INVOICE')
    .flatMap((item) =>
      partsOf(effective(item, asOf)).flatMap((entries) => {
        const firstDueOn = entries.find((entry) => entry.kind === 'INVOICED')?.dueOn ?? NaN
        const due = dueOf(entries)
        if (!(firstDueOn >= first && firstDueOn <= last) || due <= 0n || !isLate(firstDueOn, asOf + 1))
          return []
        const inTime = paymentsOf(entries)
          .filter((payment) => !isLate(firstDueOn, payment.occurredOn))
          .reduce((all, payment) => all + payment.amount, 0n)
        return [{ currency: item.currency, due, onTime: inTime < due ? inTime : due }]
      }),
    )
}

export type Settlement = {
  readonly currency: string
  readonly amount: bigint
  readonly daysToPay: number
  readonly daysLate: number
  readonly dueOn: number
}

/** The invoices that stand settled at the end of a day: nothing owed, something paid, nothing written off but a tolerance. */
export function settlements({ items }: Sight, day: number): Settlement[] {
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
          dueOn,
        },
      ]
    })
}
