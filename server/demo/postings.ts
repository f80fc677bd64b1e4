/** Turns what happened on a day into items and entries for the posting function. */
import { installmentStates, payInstallments, type Entry } from '../domain/invoice.ts'
import type { Day } from '../domain/day.ts'
import { newUuid } from '../ids.ts'
import type { Item } from '../ledger/histories.ts'
import { itemOf as itemMade, type NewItem } from '../ledger/new-items.ts'
import type { NewEntry, Posting } from '../ledger/post.ts'
import type { PaidPart, TradeEvent } from './events.ts'

/** What the demo's books hold so far: items by the keys that the events use. */
export type DemoBooks = {
  readonly items: Map<string, Item>
  /** The segment of a customer's items; of its invoices by product line. */
  readonly segmentOf: (customerNumber: string, productLine: string | null) => number
  readonly customerIdOf: (customerNumber: string) => string
  nextInvoiceNumber: number
}

/** The posting of one day's events. The books know its entries afterwards. */
export function postingOf(books: DemoBooks, events: readonly TradeEvent[]): Posting {
  const made: NewItem[] = []
  const locked = new Map<string, Item>()
  const entries: NewEntry[] = []
  const fresh = new Set<string>()
  for (const event of events) {
    const { items, added } = eventEntries(books, event)
    made.push(...items)
    for (const { id } of items) fresh.add(id)
    for (const { key, entry } of added) {
      const item = itemOf(books, key)
      entries.push({ ...entry, itemId: item.id, reason: entry.reason ?? null })
      if (!fresh.has(item.id) && !locked.has(item.id)) locked.set(item.id, item)
      books.items.set(key, { ...item, entries: [...item.entries, entry] })
    }
  }
  return { items: made, locked, entries }
}

type Added = { readonly key: string; readonly entry: Entry & { readonly reason?: string } }
type Made = { readonly items: readonly NewItem[]; readonly added: readonly Added[] }

const itemOf = (books: DemoBooks, key: string): Item => {
  const item = books.items.get(key)
  if (item === undefined) throw new Error(`The demo has no item ${key}`)
  return item
}

const movement = (on: Day) => ({
  installment: 1,
  effectiveOn: on,
  occurredOn: on,
  dueOn: null,
  counterpartId: null,
})

function eventEntries(books: DemoBooks, event: TradeEvent): Made {
  const base = movement(event.on)
  switch (event.kind) {
    case 'INVOICE':
      return invoiced(books, event)
    case 'RECEIPT': {
      const receipt = make(books, event, 'RECEIPT', event.receipt)
      const received: Added = {
        key: event.receipt,
        entry: { ...base, kind: 'RECEIVED', amount: event.amount },
      }
      return {
        items: [receipt],
        added: [received, ...applied(books, event.receipt, event.on, event.on, event.parts, 1n)],
      }
    }
    case 'APPLICATION':
      return { items: [], added: applied(books, event.receipt, event.on, event.receivedOn, event.parts, 1n) }
    case 'BOUNCE': {
      const undone = applied(books, event.receipt, event.on, event.on, event.parts, -1n)
      const amount = event.parts.reduce((sum, part) => sum + part.amount, 0n)
      const bounced: Added = { key: event.receipt, entry: { ...base, kind: 'BOUNCED', amount: -amount } }
      return { items: [], added: [...undone, bounced] }
    }
    case 'CREDIT':
      return credited(books, event)
    case 'DISPUTE': {
      const key = `dispute ${event.invoice}`
      const dispute = make(books, event, 'DISPUTE', key)
      const { id: counterpartId } = itemOf(books, event.invoice)
      const opened = {
        ...base,
        kind: 'DISPUTE_OPENED' as const,
        amount: event.amount,
        counterpartId,
        reason: event.reason,
      }
      return { items: [dispute], added: [{ key, entry: opened }] }
    }
    case 'RESOLUTION': {
      const { id: counterpartId } = itemOf(books, event.invoice)
      const resolved = { ...base, kind: 'DISPUTE_RESOLVED' as const, amount: -event.amount, counterpartId }
      return { items: [], added: [{ key: `dispute ${event.invoice}`, entry: resolved }] }
    }
    case 'RE_DATING': {
      const { dueOn, reason } = event
      return {
        items: [],
        added: [{ key: event.invoice, entry: { ...base, kind: 'RE_DATED', amount: 0n, dueOn, reason } }],
      }
    }
    case 'WRITE_OFF':
      return {
        items: [],
        added: payInstallments(partsOf(books, event.invoice), event.amount).map(({ number, amount }) => ({
          key: event.invoice,
          entry: {
            ...base,
            installment: number,
            kind: 'WRITTEN_OFF',
            amount: -amount,
            code: event.code,
            reason: event.reason,
          },
        })),
      }
    case 'VOID': {
      const { invoice, amount, reason } = event
      return {
        items: [],
        added: [{ key: invoice, entry: { ...base, kind: 'VOIDED', amount: -amount, reason } }],
      }
    }
    case 'DISCOUNT': {
      const { invoice, amount, code } = event
      return {
        items: [],
        added: [{ key: invoice, entry: { ...base, kind: 'DISCOUNTED', amount: -amount, code } }],
      }
    }
  }
}

function invoiced(books: DemoBooks, event: TradeEvent & { readonly kind: 'INVOICE' }): Made {
  const { invoice: key, on, parts, productLine, billing, replaces } = event
  const item: NewItem = {
    ...newItem(books, event, productLine),
    kind: 'INVOICE',
    invoice: {
      number: `INV-${books.nextInvoiceNumber++}`,
      dueOn: Math.max(...parts.map((part) => part.dueOn)),
      dueDerived: parts.length === 1,
      orderedOn: billing.deliveredOn - 8,
      deliveredOn: Math.min(billing.deliveredOn, on),
      sentOn: Math.max(billing.sentOn, on),
      replacesId: replaces === null ? null : itemOf(books, replaces).id,
      discount: billing.discount,
    },
  }
  books.items.set(key, itemMade(item))
  const added = parts.map(({ amount, dueOn }, index): Added => {
    const entry = { ...movement(on), kind: 'INVOICED' as const, installment: index + 1, amount, dueOn }
    return { key, entry }
  })
  return { items: [item], added }
}

/** Both sides of a receipt's application; `sign` -1n undoes it. */
function applied(
  books: DemoBooks,
  receiptKey: string,
  on: Day,
  occurredOn: Day,
  parts: readonly PaidPart[],
  sign: 1n | -1n,
): Added[] {
  const receipt = itemOf(books, receiptKey)
  return parts.flatMap(({ invoice, installment, amount }): Added[] => {
    const paid = itemOf(books, invoice)
    const base = { ...movement(on), occurredOn, amount: -sign * amount }
    return [
      { key: receiptKey, entry: { ...base, kind: 'APPLIED', counterpartId: paid.id } },
      { key: invoice, entry: { ...base, kind: 'PAYMENT_APPLIED', installment, counterpartId: receipt.id } },
    ]
  })
}

/** A credit note and its application to the invoice, earliest installments first. */
function credited(books: DemoBooks, event: TradeEvent & { readonly kind: 'CREDIT' }): Made {
  const { invoice, amount, on, reason } = event
  const key = `credit ${invoice}`
  const note = make(books, event, 'CREDIT_NOTE', key)
  const base = movement(on)
  const { id: invoiceId } = itemOf(books, invoice)
  const parts = payInstallments(partsOf(books, invoice), amount).flatMap((part): Added[] => [
    { key, entry: { ...base, kind: 'APPLIED', amount: -part.amount, counterpartId: invoiceId } },
    {
      key: invoice,
      entry: {
        ...base,
        kind: 'CREDIT_APPLIED',
        installment: part.number,
        amount: -part.amount,
        counterpartId: note.id,
      },
    },
  ])
  return { items: [note], added: [{ key, entry: { ...base, kind: 'CREDITED', amount, reason } }, ...parts] }
}

const partsOf = (books: DemoBooks, invoice: string) => installmentStates(itemOf(books, invoice).entries)

const newItem = (books: DemoBooks, { customer, on }: TradeEvent, productLine: string | null) => ({
  id: newUuid(),
  customerId: books.customerIdOf(customer.number),
  segmentId: books.segmentOf(customer.number, productLine),
  currency: customer.currency,
  startsOn: on,
})

function make(
  books: DemoBooks,
  event: TradeEvent,
  kind: 'RECEIPT' | 'CREDIT_NOTE' | 'DISPUTE',
  key: string,
): NewItem {
  const base = newItem(books, event, null)
  const item: NewItem =
    kind === 'RECEIPT' ? { ...base, kind, reference: referenceOf(event) } : { ...base, kind }
  books.items.set(key, itemMade(item))
  return item
}

/** As a bank statement shows it. */
const referenceOf = ({ customer, on }: TradeEvent): string => `${customer.number.replace('C-', 'RF')} ${on}`
