/** What happens to an order that is there: each command holds the customer, takes one step, and appends it. */
import { and, eq } from 'drizzle-orm'
import { isAsked, type ApprovalAsked } from '../authority/asked.ts'
import { gate } from '../authority/gate.ts'
import { readPositive } from '../amount.ts'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, isPlausible } from '../domain/day.ts'
import { formatMinor } from '../domain/money.ts'
import { finalAmount, isFault, takeStep, uninvoicedOf, type OrderStep } from '../domain/order.ts'
import { writeAudit } from '../ledger/audit.ts'
import { findInvoices, type By } from '../ledger/find.ts'
import { lockPath } from '../ledger/hierarchy.ts'
import { lockItems } from '../ledger/histories.ts'
import {
  afterEvent,
  appendOrderEvent,
  linkedOrders,
  stateOfOrder,
  type NewOrderEvent,
} from '../ledger/order-events.ts'
import { conflict, implausible, invalid, isProblem, notFound, type Problem } from '../problem.ts'
import { readRequiredText, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type {
  CancelOrderInput,
  InvoiceOrderInput,
  ReleaseOrderInput,
  ShipOrderInput,
} from '../schema.generated.ts'
import { checkCredit, useReservation, type LetGo } from './credit.ts'
import { selectOrder } from './queries.ts'
import type { SalesOrderRow } from '@tidemark/drizzle/rows.ts'
import { salesOrder } from '@tidemark/drizzle/tables/order.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type OrderChanged = Audited & {
  /** As it is now, or would be. */
  readonly order: StoredOrder
}

/** Of the row what a step changes, and its id. */
export type StoredOrder = Pick<
  SalesOrderRow,
  'id' | 'releasedOn' | 'shipped' | 'invoiced' | 'cancelledOn' | 'isOpen' | 'version'
>

/** The order under its customer's lock, and that of all above where the credit is looked at. */
export type HeldOrder = { readonly row: SalesOrderRow; readonly path: readonly string[] }

/** Releases an order. Its customer's credit has to allow it, unless somebody who may says otherwise. */
export const releaseOrder = (
  context: CommandContext,
  input: ReleaseOrderInput,
  mayOverride: boolean,
): Promise<OrderChanged | ApprovalAsked | Problem> => {
  const wrong = checkOverride(input, mayOverride)
  if (wrong !== null) return Promise.resolve(wrong)
  return changeOrder<ApprovalAsked>(context, 'releaseOrder', input, async (tx, held) => {
    const { row } = held
    const used = await useReservation(tx, context, held, input.decision ?? null)
    if (isProblem(used)) return used
    const step = { kind: 'RELEASED' } as const
    // Told before the credit is asked: what cannot be released needs no decision.
    const fault = takeStep(stateOfOrder(row), step)
    if (isFault(fault)) return faultOf(row, fault)
    const checked = await checkCredit(tx, context, held, { step: 'RELEASE', amount: row.amount, input })
    if (isProblem(checked)) return checked
    const letting = { action: 'releaseOrder', input, amount: row.amount, word: 'release', ...checked }
    const stopped = await gateOverride(tx, context, held, letting)
    if (isAsked(stopped)) await used?.putBack()
    if (stopped !== null) return stopped
    return { step, event: { amount: row.amount, occurredOn: todayOf(context), ...letGo(checked) } }
  })
}

/** Ships an order or a part of it. The credit is looked at once more: much may have happened since its release. */
export const shipOrder = (
  context: CommandContext,
  input: ShipOrderInput,
  mayOverride: boolean,
): Promise<OrderChanged | ApprovalAsked | Problem> => {
  const wrong = checkOverride(input, mayOverride)
  if (wrong !== null) return Promise.resolve(wrong)
  return changeOrder<ApprovalAsked>(context, 'shipOrder', input, async (tx, held) => {
    const { row } = held
    const occurredOn = input.shippedOn ?? todayOf(context)
    if (!isPlausible(occurredOn)) return implausible(['shippedOn'], occurredOn)
    if (Temporal.PlainDate.compare(occurredOn, todayOf(context)) > 0)
      return invalid(['shippedOn'], `${occurredOn.toString()} lies after today`)
    if (Temporal.PlainDate.compare(occurredOn, row.orderedOn) < 0) {
      const told = `${occurredOn.toString()} lies before the day of the order, ${row.orderedOn.toString()}`
      return invalid(['shippedOn'], told)
    }
    const amount =
      typeof input.amount === 'string'
        ? readPositive(input.amount, row.currency, ['amount'])
        : row.amount - row.shipped
    if (typeof amount !== 'bigint') return amount
    const step = { kind: 'SHIPPED', amount } as const
    const after = takeStep(stateOfOrder(row), step)
    if (isFault(after)) return faultOf(row, after)
    const checked = await checkCredit(tx, context, held, { step: 'SHIP', amount, input })
    if (isProblem(checked)) return checked
    const letting = { action: 'shipOrder', input, amount, word: 'ship', ...checked }
    const stopped = await gateOverride(tx, context, held, letting)
    if (stopped !== null) return stopped
    return { step, event: { amount, occurredOn, ...letGo(checked) } }
  })
}

/** Links a bill to an order, so that what is billed does not count twice. */
export const invoiceOrder = (
  context: CommandContext,
  input: InvoiceOrderInput,
): Promise<OrderChanged | Problem> =>
  changeOrder<never>(context, 'invoiceOrder', input, async (tx, { row }) => {
    const organizationId = context.organization.id
    const found = await findInvoices(tx, organizationId, [input.invoice], () => ['invoice'])
    if (isProblem(found)) return found
    const [invoice] = found
    const item = (await lockItems(tx, organizationId, [row.customerId], [invoice?.id ?? ''])).get(
      invoice?.id ?? '',
    )
    if (invoice === undefined || item === undefined) throw new Error('An invoice was found and is not there')
    if (item.customerId !== row.customerId)
      return conflict(['invoice'], `Invoice ${invoice.number} is another customer's than order ${row.number}`)
    if (item.currency !== row.currency) {
      const told = `Invoice ${invoice.number} is in ${item.currency}, and order ${row.number} in ${row.currency}`
      return invalid(['invoice'], told, 'WRONG_CURRENCY')
    }
    if (item.entries.some(({ kind }) => kind === 'VOIDED'))
      return invalid(['invoice'], `Invoice ${invoice.number} is void: it was taken back as wrong`)
    const billed = item.entries.reduce(
      (sum, { kind, amount }) => (kind === 'INVOICED' || kind === 'CORRECTED' ? sum + amount : sum),
      0n,
    )
    const linked = await linkedOrders(tx, organizationId, invoice.id)
    const free = linked.reduce((left, { amount }) => left - amount, billed)
    const open = finalAmount(stateOfOrder(row)) - row.invoiced
    const amount =
      typeof input.amount === 'string'
        ? readPositive(input.amount, row.currency, ['amount'])
        : free < open
          ? free
          : open
    if (typeof amount !== 'bigint') return amount
    if (amount > free) {
      const told = `Of invoice ${invoice.number} ${formatMinor({ minor: free, currency: row.currency })} ${row.currency} is linked to no order yet`
      return invalid(['amount'], told, 'OVER_ALLOCATION')
    }
    const event = { amount, occurredOn: todayOf(context), invoiceId: invoice.id }
    return { step: { kind: 'INVOICED', amount }, event }
  })

/** Cancels what is not shipped. */
export const cancelOrder = (
  context: CommandContext,
  input: CancelOrderInput,
): Promise<OrderChanged | Problem> => {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return Promise.resolve(reason)
  return changeOrder<never>(context, 'cancelOrder', input, async (_tx, { row }) => ({
    step: { kind: 'CANCELLED' },
    event: { amount: row.amount - row.shipped, occurredOn: todayOf(context) },
  }))
}

type Overriding = { readonly override: boolean; readonly reason?: string | null | undefined }

function checkOverride({ override, reason }: Overriding, mayOverride: boolean): Problem | null {
  if (!override) return null
  if (!mayOverride)
    return invalid(
      ['override'],
      'To let an order go that the credit does not allow needs the right credit:write',
    )
  const read = readRequiredText(reason ?? '', ['reason'], SENTENCE_LENGTH_MAX)
  return 'code' in read ? read : null
}

type Step = {
  readonly step: OrderStep
  readonly event: Pick<NewOrderEvent, 'amount' | 'occurredOn' | 'invoiceId' | 'isOverride' | 'isOverLimit'>
}

type StepInput = {
  readonly order: By
  readonly reason?: string | null | undefined
  readonly expectedVersion?: number | null | undefined
  readonly dryRun: boolean
  readonly idempotencyKey?: string | null | undefined
}

const letGo = ({ isOverride, isOverLimit }: LetGo) => ({ isOverride, isOverLimit })

type Letting = {
  readonly action: string
  readonly input: StepInput
  readonly amount: bigint
  readonly word: string
  readonly isOverride: boolean
  readonly against: readonly string[]
}

/** An order that the credit does not allow is let go by whoever has the authority for its amount. */
async function gateOverride(
  tx: Tx,
  context: CommandContext,
  { row }: HeldOrder,
  { action, input, amount, word, isOverride, against }: Letting,
): Promise<ApprovalAsked | Problem | null> {
  if (!isOverride) return null
  const to = { minor: amount, currency: row.currency }
  return gate(tx, context, {
    command: { action, input },
    dryRun: input.dryRun,
    proposals: [
      {
        row: 0,
        action: 'ORDER_OVERRIDE',
        customerId: row.customerId,
        subject: row.number,
        before: null,
        after: `${word} ${formatMinor(to)} ${row.currency} (${against.join(', ')})`,
        from: null,
        to,
      },
    ],
  })
}

function changeOrder<Stop extends ApprovalAsked>(
  context: CommandContext,
  action: string,
  input: StepInput,
  decide: (tx: Tx, held: HeldOrder) => Promise<Step | Stop | Problem>,
): Promise<OrderChanged | Stop | Problem> {
  return runCommand<OrderChanged | Stop>(context, { action, input }, async (tx) => {
    const reason = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
    if ('code' in reason) return reason
    const held = await holdOrder(tx, context, input)
    if (isProblem(held)) return held
    const decided = await decide(tx, held)
    if (isProblem(decided) || isAsked(decided)) return decided
    const { row } = held
    const { step, event } = decided
    const state = takeStep(stateOfOrder(row), step)
    if (isFault(state)) return faultOf(row, state)
    const after = afterEvent(row, state, event.occurredOn)
    const audit = await writeAudit(tx, context, {
      action,
      subject: row.id,
      before: auditable(row),
      after: {
        ...auditable(after),
        ...(event.isOverride ? { isOverride: true } : {}),
        ...(event.isOverLimit ? { isOverLimit: true } : {}),
      },
      reason: reason.text,
    })
    const said = { ...event, kind: step.kind, reason: reason.text, auditId: audit.id }
    await appendOrderEvent(tx, after, said)
    return { order: stored(after), audit }
  })
}

/** A problem where there is none, or where it changed meanwhile. */
async function holdOrder(
  tx: Tx,
  context: CommandContext,
  { order, expectedVersion }: StepInput,
): Promise<HeldOrder | Problem> {
  const { organization } = context
  const named = await selectOrder(tx, organization.id, order)
  if (named === null) {
    const by = typeof order.number === 'string' ? `number ${order.number}` : `id ${order.id}`
    return notFound(['order'], `There is no order with ${by}`)
  }
  const path = await lockPath(tx, organization.id, named.customerId, dayOf(todayOf(context)))
  // Read again under the lock: whoever waited for another writer must not overwrite what that one wrote.
  const [row] = await tx
    .select()
    .from(salesOrder)
    .where(and(eq(salesOrder.organizationId, organization.id), eq(salesOrder.id, named.id)))
  if (row === undefined) throw new Error(`There is no order ${named.id}`)
  if (typeof expectedVersion === 'number' && expectedVersion !== row.version)
    return conflict(['expectedVersion'], `Order ${row.number} is at version ${row.version} by now`)
  return { row, path }
}

const faultOf = (
  { number }: SalesOrderRow,
  { fault, field }: { readonly fault: string; readonly field: 'amount' | 'order' },
): Problem =>
  field === 'amount'
    ? invalid(['amount'], `Order ${number}: ${fault}`)
    : conflict(['order'], `Order ${number}: ${fault}`)

const stored = ({
  id,
  releasedOn,
  shipped,
  invoiced,
  cancelledOn,
  isOpen,
  version,
}: SalesOrderRow): StoredOrder => ({ id, releasedOn, shipped, invoiced, cancelledOn, isOpen, version })

const auditable = (row: SalesOrderRow) => {
  const { number, currency, releasedOn, cancelledOn, version } = row
  const text = (minor: bigint) => formatMinor({ minor, currency })
  return {
    number,
    currency,
    shipped: text(row.shipped),
    invoiced: text(row.invoiced),
    toShip: text(uninvoicedOf(stateOfOrder(row)).toShip),
    releasedOn: releasedOn?.toString() ?? null,
    cancelledOn: cancelledOn?.toString() ?? null,
    version,
  }
}
