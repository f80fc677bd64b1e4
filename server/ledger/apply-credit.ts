/** Applying what is left of a receipt or credit note, and taking it back: the same for both. */
import type { Audited, CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { latestOf, sumOf } from '../domain/applications.ts'
import { dayOf, formatDay, type Day } from '../domain/day.ts'
import { formatMinor } from '../domain/money.ts'
import { invalid, isProblem, notFound, type Problem } from '../problem.ts'
import {
  allocate,
  appliedTo,
  checkNumber,
  readAllocations,
  readPart,
  takeBack,
  type AllocationInput,
  type CreditKind,
} from './allocations.ts'
import type { AuditRecord } from './audit.ts'
import { accountingDay, holdClosing } from './closing.ts'
import { findInvoices, type By } from './find.ts'
import type { Item } from './histories.ts'
import { lockItem, required } from './lock-credit.ts'
import { postAudited } from './post.ts'
import { withReopenings, withResolutions } from './settled-disputes.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type CreditChanged = Audited & { readonly creditId: string }

/** Which receipt or credit note, as its command names it. */
export type Named = {
  readonly kind: CreditKind
  /** Null for what is no id. */
  readonly id: string | null
  /** Its field in the input, and its id or number there. */
  readonly field: string
  readonly text: string
}

type ApplyInput = {
  readonly allocations: readonly AllocationInput[]
  readonly effectiveOn?: Temporal.PlainDate | null | undefined
}

/** Applies it to invoices, within the caller's transaction. */
export async function applyCredit(
  tx: Tx,
  context: CommandContext,
  action: string,
  named: Named,
  input: ApplyInput,
): Promise<CreditChanged | Problem> {
  const { organization } = context
  if (input.allocations.length === 0) return invalid(['allocations'], 'Name at least one invoice')
  const tooMany = checkNumber(input.allocations)
  if (tooMany !== null) return tooMany
  const closing = await holdClosing(tx, organization.id)
  const invoices = await findInvoices(
    tx,
    organization.id,
    input.allocations.map((allocation) => allocation.invoice),
    (index) => ['allocations', String(index), 'invoice'],
  )
  if (isProblem(invoices)) return invoices
  const invoiceIds = invoices.map((row) => row.id)
  const found = await lockItem(tx, organization.id, named.kind, named.id, invoiceIds)
  if (found === null) return missing(named)
  const { item, customer, locked } = found
  const amounts = readAllocations(input.allocations, item.currency)
  if (isProblem(amounts)) return amounts
  const from = appliedFrom(closing, item, input.effectiveOn, context)
  if (isProblem(from)) return from
  // Whether an invoice was paid in time goes by when the money came, not by when somebody found what it was for.
  const occurredOn = item.entries[0]?.occurredOn ?? item.startsOn
  const credit = { ...item, kind: named.kind }
  const entries = allocate({ credit, customer, invoices, locked, amounts, from, occurredOn })
  if (isProblem(entries)) return entries
  const applied = entries.reduce((sum, { itemId, amount }) => (itemId === item.id ? sum - amount : sum), 0n)
  const record: AuditRecord = {
    action,
    subject: item.id,
    after: { ...changeOf(item, applied, from), invoices: invoiceIds },
  }
  const audit = await postAudited(tx, context, record, withResolutions({ locked, entries }, item.id, from))
  return { creditId: item.id, audit }
}

type UnapplyInput = {
  readonly invoice: By
  readonly amount?: string | null | undefined
  readonly reason: string | null
  readonly effectiveOn?: Temporal.PlainDate | null | undefined
}

/** Takes back what it settled of one invoice, within the caller's transaction. */
export async function unapplyCredit(
  tx: Tx,
  context: CommandContext,
  action: string,
  named: Named,
  input: UnapplyInput,
): Promise<CreditChanged | Problem> {
  const { organization } = context
  const closing = await holdClosing(tx, organization.id)
  const invoices = await findInvoices(tx, organization.id, [input.invoice], () => ['invoice'])
  if (isProblem(invoices)) return invoices
  const invoiceIds = invoices.map((row) => row.id)
  const found = await lockItem(tx, organization.id, named.kind, named.id, invoiceIds)
  if (found === null) return missing(named)
  const { item, locked } = found
  const from = appliedFrom(closing, item, input.effectiveOn, context)
  if (isProblem(from)) return from
  const wanted = readPart(input.amount, item.currency, ['amount'])
  if (isProblem(wanted)) return wanted
  const lots = invoices.flatMap((row) => appliedTo(item, required(locked, row.id)))
  const applied = sumOf(lots)
  if (applied === 0n) return invalid(['invoice'], 'Nothing of it is applied to this invoice')
  if (wanted !== null && wanted > applied) {
    const shown = formatMinor({ minor: applied, currency: item.currency })
    return invalid(['amount'], `It settles ${shown} ${item.currency} of this invoice`, 'OVER_ALLOCATION')
  }
  const takenBack = wanted ?? applied
  const dates = { from, occurredOn: from, reason: input.reason }
  const credit = { id: item.id, kind: named.kind }
  const entries = invoiceIds.flatMap((id) => takeBack(credit, id, latestOf(lots, takenBack), dates))
  const record: AuditRecord = {
    action,
    subject: item.id,
    after: { ...changeOf(item, -takenBack, from), invoices: invoiceIds },
    reason: input.reason,
  }
  const reopening = { occurredOn: from, reason: input.reason }
  const audit = await postAudited(
    tx,
    context,
    record,
    withReopenings({ locked, entries }, item.id, reopening),
  )
  return { creditId: item.id, audit }
}

const missing = ({ field, text }: Named): Problem => notFound([field], `There is no ${words[field]} ${text}`)

const words: Readonly<Record<string, string>> = { receipt: 'receipt', creditNote: 'credit note' }

/** Today, unless the caller says since when. */
const appliedFrom = (
  closing: Awaited<ReturnType<typeof holdClosing>>,
  item: Item,
  effectiveOn: Temporal.PlainDate | null | undefined,
  context: CommandContext,
): Day | Problem => {
  const today = dayOf(todayOf(context))
  const own = item.entries[0]?.effectiveOn ?? item.startsOn
  return accountingDay(closing, {
    occurredOn: effectiveOn ? own : today,
    path: ['effectiveOn'],
    effectiveOn,
    today,
  })
}

const changeOf = ({ currency }: Item, applied: bigint, from: Day) => ({
  applied: applied.toString(),
  currency,
  effectiveOn: formatDay(from),
})
