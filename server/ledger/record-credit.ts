/** Recording what stands to a customer's credit, and settling invoices with it: the same for receipts and credit notes. */
import { randomUUIDv7 } from 'node:crypto'
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, type Day } from '../domain/day.ts'
import { isProblem, type Path, type Problem } from '../problem.ts'
import { allocate, type AllocationInput } from './allocations.ts'
import type { CreditChanged } from './apply-credit.ts'
import type { AuditRecord } from './audit.ts'
import { accountingDay } from './closing.ts'
import { findInvoices, holdCustomer, type By, type Debtor, type NamedInvoice } from './find.ts'
import { readDisputable, type Item } from './histories.ts'
import type { NewItem } from './new-items.ts'
import { postAudited, type NewEntry } from './post.ts'
import { dimensionsOfCredit, segmentFor } from './segments.ts'
import { withResolutions, type Settling } from './settled-disputes.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** What is recorded, as its command has checked it. */
export type NewCredit = {
  /** The command, and what its audit row tells. */
  readonly record: Omit<AuditRecord, 'subject'>
  readonly detail: DetailOf<'RECEIPT'> | DetailOf<'CREDIT_NOTE'>
  readonly currency: string
  readonly minor: bigint
  /** The day of the document, and its field. */
  readonly occurredOn: Day
  readonly path: Path
  /** What each allocation settles; null is the invoice's whole balance. */
  readonly amounts: readonly (bigint | null)[]
}

/** The columns of the item's own kind. */
type DetailOf<Kind extends NewItem['kind']> = Omit<
  Extract<NewItem, { kind: Kind }>,
  'id' | 'customerId' | 'segmentId' | 'shares' | 'currency' | 'startsOn'
>

export type CreditInput = {
  readonly customer: By
  readonly allocations: readonly AllocationInput[]
  readonly effectiveOn?: Temporal.PlainDate | null | undefined
}

const BEGINS_WITH = { RECEIPT: 'RECEIVED', CREDIT_NOTE: 'CREDITED' } as const

/** Records it and applies it to invoices of the customer, within the caller's transaction; the rest is unapplied. */
export async function recordCredit<Stop extends object = never>(
  tx: Tx,
  context: CommandContext,
  credit: NewCredit,
  input: CreditInput,
  /** Asked before it is posted whether something is in the way. */
  guard: (customerId: string) => Promise<Stop | Problem | null> = () => Promise.resolve(null),
): Promise<CreditChanged | Stop | Problem> {
  const { organization } = context
  const { record, currency, occurredOn, path } = credit
  const [held, invoices] = await Promise.all([
    holdCustomer(tx, organization.id, input.customer, ['customer']),
    findInvoices(
      tx,
      organization.id,
      input.allocations.map((allocation) => allocation.invoice),
      (index) => ['allocations', String(index), 'invoice'],
    ),
  ])
  if (isProblem(held)) return held
  const { customer, closing } = held
  const effectiveOn = accountingDay(closing, {
    occurredOn,
    path,
    effectiveOn: input.effectiveOn,
    today: dayOf(todayOf(context)),
  })
  if (isProblem(effectiveOn)) return effectiveOn
  if (isProblem(invoices)) return invoices

  const invoiceIds = invoices.map(({ id }) => id)
  const [locked, segmentId] = await Promise.all([
    readDisputable(tx, organization.id, [customer.id], invoiceIds),
    segmentFor(tx, organization.id, dimensionsOfCredit(customer, currency)),
  ])
  const settled = settleNew(credit, { customer, segmentId, invoices, locked, effectiveOn })
  if (isProblem(settled)) return settled
  const { item, settling } = settled
  const stopped = await guard(customer.id)
  if (stopped !== null) return stopped
  const audit = await postAudited(
    tx,
    context,
    { ...record, subject: item.id },
    { ...settling, items: [item] },
  )
  return { creditId: item.id, audit }
}

type Around = {
  readonly customer: Debtor
  readonly segmentId: number
  /** What it settles, and what stands in the books of that and of its disputes. */
  readonly invoices: readonly NamedInvoice[]
  readonly locked: ReadonlyMap<string, Item>
  readonly effectiveOn: Day
}

/** What is to be posted for it, or why the invoices cannot be settled so. */
export function settleNew(
  { record, detail, currency, minor, occurredOn, amounts }: NewCredit,
  { customer, segmentId, invoices, locked, effectiveOn }: Around,
): { readonly item: NewItem; readonly settling: Settling } | Problem {
  const id = randomUUIDv7()
  const first: NewEntry = {
    itemId: id,
    kind: BEGINS_WITH[detail.kind],
    installment: 1,
    amount: minor,
    effectiveOn,
    occurredOn,
    dueOn: null,
    counterpartId: null,
    reason: record.reason ?? null,
  }
  const credit = { id, kind: detail.kind, currency, entries: [first] }
  const applied = allocate({ credit, customer, invoices, locked, amounts, from: effectiveOn, occurredOn })
  if (isProblem(applied)) return applied
  return {
    item: { ...detail, id, customerId: customer.id, segmentId, currency, startsOn: occurredOn },
    settling: withResolutions({ locked, entries: [first, ...applied] }, id, occurredOn),
  }
}
