/** Random books for property tests: everything that can happen to an invoice, in any order and dated at will. */
import * as fc from 'fast-check'
import { noFacts, type Entry, type EntryKind, type InvoiceFacts } from '@tidemark/server/domain/invoice.ts'
import type { PlainItem, Quotation, Recorded } from './brute-force.ts'
import { day, entry } from './kpi-books.ts'

const FIRST_DAY = day('2024-11-20')
const DAYS = 500
export const POSTINGS = 6

export const anyDay = fc.integer({ min: FIRST_DAY - 40, max: FIRST_DAY + DAYS + 60 })
const currencies = ['USD', 'USD', 'EUR', 'JPY'] as const
const codes = ['BAD_DEBT', 'TOLERANCE', 'DISPUTE'] as const

type Move =
  | {
      readonly kind: 'PAY' | 'CREDIT' | 'WRITE_OFF' | 'CORRECT' | 'DISCOUNT' | 'ADJUST' | 'RECOVER'
      readonly share: number
    }
  | { readonly kind: 'BOUNCE' | 'RE_DATE' | 'DISPUTE' | 'RESOLVE' | 'VOID' }

const move: fc.Arbitrary<Move & { readonly part: number; readonly after: number; readonly late: number }> =
  fc.record({
    kind: fc.constantFrom(
      ...([
        'PAY',
        'PAY',
        'PAY',
        'PAY',
        'CREDIT',
        'WRITE_OFF',
        'CORRECT',
        'BOUNCE',
        'RE_DATE',
        'DISPUTE',
        'RESOLVE',
        'DISCOUNT',
        'ADJUST',
        'RECOVER',
        'VOID',
      ] as const),
    ),
    /** Of the open balance, in tenths; all of it from ten on. */
    share: fc.integer({ min: 1, max: 14 }),
    part: fc.nat(),
    after: fc.integer({ min: 0, max: 120 }),
    /** Days between what happened and the accounting date. */
    late: fc.constantFrom(0, 0, 0, 3),
  })

const bill = fc.record({
  currency: fc.constantFrom(...currencies),
  region: fc.constantFrom('EMEA', 'APAC'),
  issuedOn: fc.integer({ min: FIRST_DAY, max: FIRST_DAY + DAYS }),
  parts: fc.array(
    fc.record({ amount: fc.integer({ min: 1, max: 500_000 }), term: fc.integer({ min: 0, max: 45 }) }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  moves: fc.array(move, { maxLength: 6 }),
  facts: fc.option(
    fc.record({
      delivered: fc.integer({ min: -5, max: 2 }),
      sent: fc.integer({ min: 0, max: 9 }),
      discount: fc.integer({ min: 0, max: 5_000 }),
      until: fc.integer({ min: 0, max: 20 }),
    }),
  ),
  posting: fc.integer({ min: 1, max: POSTINGS }),
})

type Bill = typeof bill extends fc.Arbitrary<infer B> ? B : never

/** The items that a bill and what happened to it leave: the invoice, its receipts, credit notes and disputes. */
function itemsOf(
  { currency, region, issuedOn, parts, moves, facts: drawn, posting: first }: Bill,
  number: number,
): PlainItem[] {
  let posting = first
  const others: PlainItem[] = []
  const invoice: Recorded[] = []
  const balances: bigint[] = []
  const writtenOff: bigint[] = []
  const facts: InvoiceFacts =
    drawn === null
      ? noFacts
      : {
          deliveredOn: issuedOn + drawn.delivered,
          sentOn: issuedOn + drawn.sent,
          discount: BigInt(drawn.discount),
          discountUntil: issuedOn + drawn.until,
          tax: null,
        }
  const payments: { id: string; receipt: number; installment: number; amount: bigint; on: number }[] = []
  const place = { currency, region }
  const record = (kind: EntryKind, amount: bigint, on: number, more: Partial<Entry> = {}) =>
    invoice.push({ ...entry(kind, amount, on, more), posting })
  let dueOn = issuedOn
  for (const [index, { amount, term }] of parts.entries()) {
    dueOn += term
    record('INVOICED', BigInt(amount), issuedOn, { installment: index + 1, dueOn })
    balances.push(BigInt(amount))
  }

  for (const [step, one] of moves.entries()) {
    // What comes later is recorded later or at once, but it may be dated before what was recorded earlier.
    posting = Math.min(POSTINGS, posting + (step % 2))
    const index = one.part % parts.length
    const installment = index + 1
    const on = issuedOn + one.after
    const occurredOn = Math.max(on - one.late, issuedOn - 2)
    const open = balances[index] ?? 0n
    const share = 'share' in one ? BigInt(Math.min(one.share, 10)) : 0n
    const amount = (open * share) / 10n
    const id = `${number}.${step}`
    switch (one.kind) {
      case 'PAY': {
        if (amount <= 0n) break
        const more = BigInt((one.part % 3) * 100)
        record('PAYMENT_APPLIED', -amount, on, { installment, occurredOn, counterpartId: id })
        balances[index] = open - amount
        payments.push({ id, receipt: others.length, installment, amount, on })
        const entries = [entry('RECEIVED', amount + more, occurredOn), entry('APPLIED', -amount, on)]
        others.push({
          ...place,
          kind: 'RECEIPT',
          startsOn: occurredOn,
          entries: entries.map((made) => ({ ...made, posting })),
        })
        break
      }
      case 'BOUNCE': {
        const payment = payments.pop()
        if (payment === undefined) break
        const back = Math.max(on, payment.on + 1)
        record('PAYMENT_APPLIED', payment.amount, back, {
          installment: payment.installment,
          counterpartId: payment.id,
        })
        balances[payment.installment - 1] = (balances[payment.installment - 1] ?? 0n) + payment.amount
        const receipt = others[payment.receipt]
        if (receipt === undefined) break
        const entries = [entry('APPLIED', payment.amount, back), entry('BOUNCED', -payment.amount, back)]
        others[payment.receipt] = {
          ...receipt,
          entries: [...receipt.entries, ...entries.map((made) => ({ ...made, posting }))],
        }
        break
      }
      case 'CREDIT': {
        if (amount <= 0n) break
        record('CREDIT_APPLIED', -amount, on, { installment, counterpartId: id })
        balances[index] = open - amount
        const entries = [entry('CREDITED', amount, on), entry('APPLIED', -amount, on)]
        others.push({
          ...place,
          kind: 'CREDIT_NOTE',
          startsOn: on,
          entries: entries.map((made) => ({ ...made, posting })),
        })
        break
      }
      case 'WRITE_OFF':
        if (amount <= 0n) break
        record('WRITTEN_OFF', -amount, on, { installment, code: codes[one.part % codes.length] ?? null })
        balances[index] = open - amount
        writtenOff[index] = (writtenOff[index] ?? 0n) + amount
        break
      case 'RECOVER': {
        const back = ((writtenOff[index] ?? 0n) * share) / 10n
        if (back <= 0n) break
        writtenOff[index] = (writtenOff[index] ?? 0n) - back
        record('RECOVERED', back, on, { installment, occurredOn, counterpartId: id })
        record('PAYMENT_APPLIED', -back, on, { installment, occurredOn, counterpartId: id })
        payments.push({ id, receipt: others.length, installment, amount: back, on })
        const entries = [entry('RECEIVED', back, occurredOn), entry('APPLIED', -back, on)]
        others.push({
          ...place,
          kind: 'RECEIPT',
          startsOn: occurredOn,
          entries: entries.map((made) => ({ ...made, posting })),
        })
        break
      }
      case 'DISCOUNT':
        if (amount <= 0n) break
        record('DISCOUNTED', -amount, on, {
          installment,
          occurredOn,
          code: occurredOn <= (facts.discountUntil ?? -Infinity) ? 'EARNED' : 'UNEARNED',
        })
        balances[index] = open - amount
        break
      case 'ADJUST': {
        const change = one.part % 2 === 0 ? share * 7n : -amount
        record('ADJUSTED', change, on, { installment })
        balances[index] = open + change
        break
      }
      case 'VOID': {
        // Nothing may have been applied.
        const billed = parts.map((part) => BigInt(part.amount))
        if (invoice.some(({ kind }) => kind !== 'INVOICED' && kind !== 'RE_DATED')) break
        for (const [voided, whole] of billed.entries()) {
          record('VOIDED', -whole, on, { installment: voided + 1 })
          balances[voided] = 0n
        }
        break
      }
      case 'CORRECT':
        record('CORRECTED', share * 10n, on, { installment })
        balances[index] = open + share * 10n
        break
      case 'RE_DATE':
        record('RE_DATED', 0n, on, { installment, dueOn: on + (one.part % 30) })
        break
      case 'DISPUTE':
        others.push({
          ...place,
          kind: 'DISPUTE',
          startsOn: on,
          entries: [{ ...entry('DISPUTE_OPENED', BigInt(parts[index]?.amount ?? 1), on), posting }],
        })
        break
      case 'RESOLVE': {
        // What is resolved already is opened again, and resolved by the next one.
        const dispute = others.findLastIndex((other) => other.kind === 'DISPUTE')
        const opened = others[dispute]
        if (opened === undefined) break
        const isOpen = opened.entries.length % 2 === 1
        const disputed = opened.entries[0]?.amount ?? 0n
        const lastOn = Math.max(...opened.entries.map(({ effectiveOn }) => effectiveOn))
        const resolved = {
          ...entry('DISPUTE_RESOLVED', isOpen ? -disputed : disputed, Math.max(on, lastOn + 1)),
          posting,
        }
        others[dispute] = { ...opened, entries: [...opened.entries, resolved] }
        break
      }
    }
  }
  return [{ ...place, kind: 'INVOICE', startsOn: issuedOn, facts, entries: invoice }, ...others]
}

export const randomItems = (bills: { minLength?: number; maxLength: number }): fc.Arbitrary<PlainItem[]> =>
  fc
    .tuple(fc.array(bill, bills), fc.constantFrom('ALL', 'SOME', 'NONE'))
    .map(([all, taxKnown]) =>
      all
        .flatMap(itemsOf)
        .map((item, index) => withTax(item, taxKnown === 'SOME' && index % 5 > 0 ? 'ALL' : taxKnown, index)),
    )

/** Of bills and credit notes what is tax, at a rate of their own. */
function withTax(item: PlainItem, taxKnown: string, index: number): PlainItem {
  if (taxKnown !== 'ALL' || (item.kind !== 'INVOICE' && item.kind !== 'CREDIT_NOTE')) return item
  const amount = item.entries.reduce(
    (sum, { kind, amount: part }) => (kind === 'INVOICED' || kind === 'CREDITED' ? sum + part : sum),
    0n,
  )
  return { ...item, facts: { ...(item.facts ?? noFacts), tax: (amount * BigInt(index % 20)) / 100n } }
}

/** A rate every three days, so that the one in force is often not of the day itself. */
export const quotations: Quotation[] = Array.from(
  { length: Math.ceil((DAYS + 200) / 3) },
  (_, index) => index,
).flatMap((index) => [
  { currency: 'EUR', day: FIRST_DAY - 60 + index * 3, rate: `1.${String(10 + (index % 17))}37` },
  { currency: 'JPY', day: FIRST_DAY - 60 + index * 3, rate: `0.00${60 + (index % 13)}` },
])
