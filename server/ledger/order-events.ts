/** What happens to orders: read, and appended. Beside the ledger, since bills that are void have to do with orders too. */
import { and, asc, eq, inArray } from 'drizzle-orm'
import { dateOf, type Day } from '../domain/day.ts'
import { isOpenOrder, type OrderState } from '../domain/order.ts'
import type { OrderEventRow, SalesOrderRow } from '@tidemark/drizzle/rows.ts'
import { orderEvent, salesOrder } from '@tidemark/drizzle/tables/order.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** By order: the first first. */
export async function readOrderEvents(
  tx: Tx,
  organizationId: string,
  orderIds: readonly string[],
): Promise<Map<string, readonly OrderEventRow[]>> {
  const rows = await tx
    .select()
    .from(orderEvent)
    .where(and(eq(orderEvent.organizationId, organizationId), inArray(orderEvent.orderId, [...orderIds])))
    .orderBy(asc(orderEvent.orderId), asc(orderEvent.version))
  return Map.groupBy(rows, ({ orderId }) => orderId)
}

export const stateOfOrder = (row: SalesOrderRow): OrderState => ({
  amount: row.amount,
  isReleased: row.releasedOn !== null,
  shipped: row.shipped,
  invoiced: row.invoiced,
  isCancelled: row.cancelledOn !== null,
})

export type NewOrderEvent = Pick<OrderEventRow, 'kind' | 'amount' | 'occurredOn' | 'auditId'> &
  Partial<Pick<OrderEventRow, 'invoiceId' | 'reason' | 'isOverride' | 'isOverLimit'>>

/** The row as the event leaves it. */
export const afterEvent = (
  row: SalesOrderRow,
  state: OrderState,
  occurredOn: Temporal.PlainDate,
): SalesOrderRow => ({
  ...row,
  releasedOn: state.isReleased ? (row.releasedOn ?? occurredOn) : null,
  shipped: state.shipped,
  invoiced: state.invoiced,
  cancelledOn: state.isCancelled ? (row.cancelledOn ?? occurredOn) : null,
  isOpen: isOpenOrder(state),
  version: row.version + 1,
})

/** Appends the event and brings the row, which the caller holds, to where it leaves it. */
export async function appendOrderEvent(tx: Tx, after: SalesOrderRow, event: NewOrderEvent): Promise<void> {
  const { organizationId, id, version } = after
  await tx.insert(orderEvent).values({ organizationId, orderId: id, version, ...event })
  const { releasedOn, shipped, invoiced, cancelledOn, isOpen } = after
  await tx
    .update(salesOrder)
    .set({ releasedOn, shipped, invoiced, cancelledOn, isOpen, version })
    .where(and(eq(salesOrder.organizationId, organizationId), eq(salesOrder.id, id)))
}

type Linked = { readonly order_id: string; readonly amount: bigint }

/** How much of which orders the bill is for. */
export const linkedOrders = ({ sql }: Tx, organizationId: string, invoiceId: string): Promise<Linked[]> =>
  sql<Linked[]>`
    select order_id, sum(case kind when 'INVOICED' then amount else -amount end)::bigint as amount from order_event
    where organization_id = ${organizationId} and invoice_id = ${invoiceId}
    group by order_id having sum(case kind when 'INVOICED' then amount else -amount end) > 0
    order by order_id`

/**
 * The bill is void: its orders are shipped and not billed again, or billed by what takes its place. The caller holds the
 * customer, as whoever changes an order does.
 */
export async function unlinkVoided(
  tx: Tx,
  organizationId: string,
  voided: {
    readonly invoiceId: string
    readonly replacementId: string | null
    readonly occurredOn: Day
    readonly auditId: string
    readonly reason: string | null
  },
): Promise<void> {
  const { invoiceId, replacementId, auditId, reason } = voided
  const occurredOn = dateOf(voided.occurredOn)
  for (const { order_id, amount } of await linkedOrders(tx, organizationId, invoiceId)) {
    const [row] = await tx
      .select()
      .from(salesOrder)
      .where(and(eq(salesOrder.organizationId, organizationId), eq(salesOrder.id, order_id)))
    if (row === undefined) throw new Error(`There is no order ${order_id}`)
    const state = stateOfOrder(row)
    const open = afterEvent(row, { ...state, invoiced: state.invoiced - amount }, occurredOn)
    const said = { amount, occurredOn, auditId, reason }
    await appendOrderEvent(tx, open, { ...said, kind: 'UNINVOICED', invoiceId })
    if (replacementId === null) continue
    const billed = afterEvent(open, state, occurredOn)
    await appendOrderEvent(tx, billed, { ...said, kind: 'INVOICED', invoiceId: replacementId })
  }
}
