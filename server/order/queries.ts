import { and, eq, inArray, isNotNull, isNull, or, sql, type SQL } from 'drizzle-orm'
import type { Page, SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import { limited, matchesDate, matchesText } from '../filter.ts'
import { decodeId } from '../ids.ts'
import type { By } from '../ledger/find.ts'
import { listRows } from '../list.ts'
import type { OrderFilter, OrderOrder, OrderStatus } from '../schema.generated.ts'
import type { OrderEventRow, SalesOrderRow } from '@tidemark/drizzle/rows.ts'
import { salesOrder } from '@tidemark/drizzle/tables/order.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type EventOfOrder = OrderEventRow & { readonly currency: string }

type OrdersArguments = {
  readonly first: number
  readonly after?: string | null | undefined
  readonly filter?: OrderFilter | null | undefined
  readonly orderBy?: readonly OrderOrder[] | null | undefined
}

export function listOrders(
  { reader, organization }: Context,
  args: OrdersArguments,
  customerId?: string,
): Promise<Page<SalesOrderRow>> {
  const [order] = args.orderBy ?? []
  const keys = sortKeys(order ?? { field: 'ORDERED_ON', direction: 'DESC' })
  const where = and(
    eq(salesOrder.organizationId, organization.id),
    customerId === undefined ? undefined : eq(salesOrder.customerId, customerId),
    args.filter ? matches(args.filter) : undefined,
  )
  return listRows(reader, { table: salesOrder, keys, where }, args)
}

export const findOrderBy = ({ reader, organization }: Context, by: By): Promise<SalesOrderRow | null> =>
  reader.read((tx) => selectOrder(tx, organization.id, by))

/** What is no id of an order is answered like one that does not exist. */
export async function selectOrder(tx: Tx, organizationId: string, by: By): Promise<SalesOrderRow | null> {
  const uuid = decodeId('order', by.id ?? '')
  const wanted =
    typeof by.number === 'string'
      ? eq(salesOrder.number, by.number)
      : uuid === null
        ? sql`false`
        : eq(salesOrder.id, uuid)
  const [row] = await tx
    .select()
    .from(salesOrder)
    .where(and(eq(salesOrder.organizationId, organizationId), wanted))
  return row ?? null
}

function sortKeys({ field, direction }: OrderOrder): SortKey<SalesOrderRow>[] {
  // Ids ascend with time.
  const recorded: SortKey<SalesOrderRow> = {
    name: 'ID',
    column: salesOrder.id,
    direction,
    type: 'uuid',
    valueOf: ({ id }) => id,
  }
  if (field === 'RECORDED') return [recorded]
  const first: SortKey<SalesOrderRow> =
    field === 'NUMBER'
      ? { name: field, column: salesOrder.number, direction, type: 'text', valueOf: ({ number }) => number }
      : {
          name: field,
          column: salesOrder.orderedOn,
          direction,
          type: 'date',
          valueOf: ({ orderedOn }) => orderedOn.toString(),
        }
  return [first, recorded]
}

function matches(filter: OrderFilter): SQL | undefined {
  const { customerId, currency, status } = filter
  return and(
    customerId
      ? inArray(
          salesOrder.customerId,
          limited(customerId, 'customerId').flatMap((id) => decodeId('customer', id) ?? []),
        )
      : undefined,
    matchesText(salesOrder.number, filter.number),
    currency ? inArray(salesOrder.currency, limited(currency, 'currency')) : undefined,
    matchesDate(salesOrder.orderedOn, filter.orderedOn),
    status ? (or(...status.map(hasStatus)) ?? sql`false`) : undefined,
  )
}

/** `orderStatus` of `domain/order.ts` in SQL. */
function hasStatus(status: OrderStatus): SQL | undefined {
  const { amount, shipped, invoiced, cancelledOn, releasedOn } = salesOrder
  const final = sql`case when ${cancelledOn} is null then ${amount} else ${shipped} end`
  const nothing = sql`${cancelledOn} is not null and ${shipped} = 0 and ${invoiced} = 0`
  const shippedUp = and(sql`not (${nothing})`, sql`${shipped} >= ${final}`)
  switch (status) {
    case 'CANCELLED':
      return nothing
    case 'OPEN':
      return and(sql`${shipped} < ${final}`, eq(shipped, 0n), isNull(releasedOn))
    case 'RELEASED':
      return and(sql`${shipped} < ${final}`, eq(shipped, 0n), isNotNull(releasedOn))
    case 'PARTLY_SHIPPED':
      return and(sql`${shipped} < ${final}`, sql`${shipped} > 0`)
    case 'SHIPPED':
      return and(shippedUp, sql`${invoiced} < ${final}`)
    case 'INVOICED':
      return and(shippedUp, sql`${invoiced} >= ${final}`)
  }
}
