/**
 * The posting rule's heart. `project` turns one item's whole history into what it adds to the KPI store, day by day.
 * Posting appends `project(after) - project(before)`, so sums over the store are exact for every movement, for
 * back-dating and for every knowledge date: the rows telescope.
 */
import type { Day } from './day.ts'
import { noFacts, type Entry, type InvoiceFacts } from './invoice.ts'
import { AT_RISK_DAYS, balanceOfInstallment, invoicePositions, PAID_WITHIN } from './invoice-positions.ts'
import type { FlowRow, Measure, Position, Quantity, SegmentRow } from './measures.ts'
import { inSegments, type Share } from './shares.ts'

export type ItemKind = 'INVOICE' | 'RECEIPT' | 'CREDIT_NOTE' | 'DISPUTE'

/** An item with its entries in the order in which they were recorded. */
export type History = {
  readonly kind: ItemKind
  /** Invoice date, receipt date, credit note date, day a dispute was opened. */
  readonly startsOn: Day
  /** Of an invoice or a credit note. */
  readonly facts?: InvoiceFacts
  readonly entries: readonly Entry[]
}

/** The rows of the item, by the segments that its shares are in; one share is the whole. */
export const project = (history: History, shares: readonly Share[]): SegmentRow[] =>
  inSegments(history, shares, steps)

/** For each day on which anything changes, what changed. Days ascend. */
function steps(history: History): FlowRow[] {
  const entries = history.entries.toSorted((a, b) => a.effectiveOn - b.effectiveOn)
  const rows: FlowRow[] = []
  let before: readonly Position[] = []
  for (const day of stepDays(entries, history)) {
    const known = entries.filter((entry) => entry.effectiveOn <= day)
    const after = positions(history, known, day)
    appendDifference(rows, day, before, after)
    before = after
  }
  return rows
}

/** The item's balance at the end of a day: signed from its own point of view, never below 0 in sound books. */
export const balanceOn = (history: History, day: Day): bigint =>
  history.entries.reduce((sum, entry) => (entry.effectiveOn <= day ? sum + entry.amount : sum), 0n)

export const balanceNow = (history: History): bigint =>
  history.entries.reduce((sum, entry) => sum + entry.amount, 0n)

/** When the item had a balance: open on each day D with opensOn <= D < closesOn; null is for ever. */
export type OpenSpan = { readonly opensOn: Day; readonly closesOn: Day | null }

export function openSpans(history: History): OpenSpan[] {
  const days = [...new Set(history.entries.map((entry) => entry.effectiveOn))].sort((a, b) => a - b)
  const spans: OpenSpan[] = []
  let opensOn: Day | null = null
  for (const day of days) {
    const open = balanceOn(history, day) !== 0n
    if (open && opensOn === null) opensOn = day
    if (!open && opensOn !== null) {
      spans.push({ opensOn, closesOn: day })
      opensOn = null
    }
  }
  if (opensOn !== null) spans.push({ opensOn, closesOn: null })
  return spans
}

/** The days on which something can change: every entry's, and those on which cohorts mature. */
function stepDays(entries: readonly Entry[], { startsOn, facts = noFacts }: History): Day[] {
  const { discountUntil } = facts
  const days = new Set<Day>()
  for (const { kind, effectiveOn, occurredOn, dueOn, installment } of entries) {
    days.add(effectiveOn)
    if (kind === 'PAYMENT_APPLIED') {
      for (const [, within] of PAID_WITHIN)
        if (occurredOn <= startsOn + within) days.add(Math.max(effectiveOn, startsOn + within))
    }
    if (kind !== 'INVOICED' || dueOn === null) continue
    days.add(Math.max(effectiveOn, dueOn))
    if (discountUntil !== null) days.add(Math.max(effectiveOn, discountUntil))
    // Most are paid by then, and a day costs a look at all entries.
    const atRiskOn = dueOn + AT_RISK_DAYS
    if (balanceOfInstallment(entries, installment, atRiskOn) !== 0n) days.add(Math.max(effectiveOn, atRiskOn))
  }
  return [...days].sort((a, b) => a - b)
}

function positions(history: History, entries: readonly Entry[], day: Day): readonly Position[] {
  switch (history.kind) {
    case 'INVOICE':
      return invoicePositions(history.startsOn, history.facts ?? noFacts, entries, day)
    case 'RECEIPT':
      return [
        ...creditSidePositions(history, entries, 'UNAPPLIED_CASH', 'RECEIVED'),
        movementOf('BOUNCED', entries, 'BOUNCED'),
      ]
    case 'CREDIT_NOTE':
      return [
        ...creditSidePositions(history, entries, 'UNAPPLIED_CREDIT', 'CREDITED'),
        ...creditedTax(history, entries),
      ]
    case 'DISPUTE':
      return [
        ...creditSidePositions(history, entries, 'DISPUTED', 'DISPUTE_OPENED'),
        ...closedPositions(history, entries),
      ]
  }
}

/** Receipts, credit notes and disputes are alike: what came in (less what bounced), and what is left of it. */
function creditSidePositions(
  { startsOn }: History,
  entries: readonly Entry[],
  open: Measure,
  moved: Measure,
): readonly Position[] {
  let balance = 0n
  let total = 0n
  for (const { kind, amount } of entries) {
    balance += amount
    if (kind === 'RECEIVED' || kind === 'BOUNCED' || kind === 'CREDITED' || kind === 'DISPUTE_OPENED')
      total += amount
  }
  return [
    position(open, startsOn, balance, balance === 0n ? 0 : 1),
    position(moved, null, total, total === 0n ? 0 : 1),
  ]
}

function creditedTax({ facts }: History, entries: readonly Entry[]): readonly Position[] {
  const tax = facts?.tax ?? null
  return tax === null || !entries.some(({ kind }) => kind === 'CREDITED')
    ? []
    : [position('CREDITED_TAX', null, tax, 1)]
}

function movementOf(measure: Measure, entries: readonly Entry[], kind: Entry['kind']): Position {
  const amount = entries.reduce((sum, entry) => (entry.kind === kind ? sum - entry.amount : sum), 0n)
  return position(measure, null, amount, amount === 0n ? 0 : 1)
}

/** A dispute that was opened again (entries above 0) is closed again: what counts is the whole time. */
function closedPositions({ startsOn }: History, entries: readonly Entry[]): readonly Position[] {
  const opened = entries.reduce(
    (sum, { kind, amount }) => (kind === 'DISPUTE_OPENED' ? sum + amount : sum),
    0n,
  )
  const resolved = entries.filter(({ kind }) => kind === 'DISPUTE_RESOLVED')
  const left = resolved.reduce((sum, { amount }) => sum + amount, opened)
  if (resolved.length === 0 || left !== 0n) return []
  const closedOn = Math.max(
    ...resolved.map(({ amount, occurredOn }) => (amount < 0n ? occurredOn : -Infinity)),
  )
  return [position('DISPUTE_CLOSED', closedOn - startsOn, opened, 1)]
}

const position = (measure: Measure, anchor: Day | null, amount: bigint, count: number): Position => ({
  measure,
  anchor,
  amount,
  count,
  days: 0n,
  amountDays: 0n,
})

function appendDifference(
  rows: FlowRow[],
  day: Day,
  before: readonly Position[],
  after: readonly Position[],
): void {
  for (const now of after) appendRow(rows, day, now, before.find((then) => isSame(then, now)) ?? nothing)
  for (const then of before) {
    if (!after.some((now) => isSame(then, now))) appendRow(rows, day, { ...then, ...nothing }, then)
  }
}

const nothing: Quantity = { amount: 0n, count: 0, days: 0n, amountDays: 0n }

const isSame = (a: Position, b: Position) => a.measure === b.measure && a.anchor === b.anchor

function appendRow(rows: FlowRow[], day: Day, now: Position, then: Quantity): void {
  const amount = now.amount - then.amount
  const count = now.count - then.count
  const days = now.days - then.days
  const amountDays = now.amountDays - then.amountDays
  if (amount === 0n && count === 0 && days === 0n && amountDays === 0n) return
  rows.push({ measure: now.measure, anchor: now.anchor ?? day, day, amount, count, days, amountDays })
}
