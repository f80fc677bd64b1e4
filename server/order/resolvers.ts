import { isAsked } from '../authority/asked.ts'
import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import type { Context } from '../context.ts'
import { orderStatus, uninvoicedOf } from '../domain/order.ts'
import { encodeId } from '../ids.ts'
import { stateOfOrder } from '../ledger/order-events.ts'
import { required } from '../loaders.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { findOrderBy, listOrders } from './queries.ts'
import { importOrders, type LineResult } from './import.ts'
import { recordOrder } from './record.ts'
import { cancelOrder, invoiceOrder, releaseOrder, shipOrder, type OrderChanged } from './steps.ts'

/** The order as the command left it, or would have. */
const changed = async ({ loaders }: Context, dryRun: boolean, { order, audit }: OrderChanged) => ({
  order: { ...(await required(loaders.order, order.id)), ...(dryRun ? order : {}) },
  dryRun,
  audit,
})

type LinesWanted = { readonly outcome?: readonly LineResult['outcome'][] | null | undefined }

const linesOf = (
  { results }: { readonly results: readonly LineResult[] },
  { outcome: wanted }: LinesWanted,
) => (wanted ? results.filter(({ outcome }) => wanted.includes(outcome)) : results)

const mayOverride = ({ actor }: Context): boolean => actor.scopes.has('credit:write')

export const orderResolvers = {
  Query: {
    orders: (_root, args, context) => listOrders(context, args),
    order: (_root, { by }, context) => findOrderBy(context, by),
  },
  Mutation: {
    recordOrder: async (_root, { input }, context) => {
      const outcome = await carryOut(context, recordOrder, input)
      if (isProblem(outcome)) return outcome
      const order = input.dryRun ? null : await context.loaders.order.load(outcome.orderId)
      return { __typename: 'RecordOrderSuccess', order, dryRun: input.dryRun, audit: outcome.audit }
    },
    importOrders: async (_root, { input }, context) => {
      const outcome = await carryOut(context, importOrders, input)
      if (isProblem(outcome) || !('audit' in outcome)) return outcome
      return { __typename: 'ImportOrdersSuccess', ...outcome, dryRun: input.dryRun }
    },
    releaseOrder: async (_root, { input }, context) => {
      const may = mayOverride(context)
      const outcome = await carryOut(
        context,
        (command, asked: typeof input) => releaseOrder(command, asked, may),
        input,
      )
      if (isProblem(outcome) || isAsked(outcome)) return outcome
      return { __typename: 'ReleaseOrderSuccess', ...(await changed(context, input.dryRun, outcome)) }
    },
    shipOrder: async (_root, { input }, context) => {
      const may = mayOverride(context)
      const outcome = await carryOut(
        context,
        (command, asked: typeof input) => shipOrder(command, asked, may),
        input,
      )
      if (isProblem(outcome) || isAsked(outcome)) return outcome
      return { __typename: 'ShipOrderSuccess', ...(await changed(context, input.dryRun, outcome)) }
    },
    invoiceOrder: async (_root, { input }, context) => {
      const outcome = await carryOut(context, invoiceOrder, input)
      if (isProblem(outcome)) return outcome
      return { __typename: 'InvoiceOrderSuccess', ...(await changed(context, input.dryRun, outcome)) }
    },
    cancelOrder: async (_root, { input }, context) => {
      const outcome = await carryOut(context, cancelOrder, input)
      if (isProblem(outcome)) return outcome
      return { __typename: 'CancelOrderSuccess', ...(await changed(context, input.dryRun, outcome)) }
    },
  },
  ImportOrdersSuccess: { lines: linesOf },
  OrdersRefused: { lines: linesOf },
  OrderLine: {
    order: ({ orderId }, _args, { loaders }) => (orderId === null ? null : loaders.order.load(orderId)),
  },
  Customer: {
    orders: ({ id }, args, context) => listOrders(context, args, id),
  },
  Order: {
    id: ({ id }) => encodeId('order', id),
    customer: ({ customerId }, _args, { loaders }) => required(loaders.customer, customerId),
    amount: ({ amount, currency }) => ({ minor: amount, currency }),
    status: (row) => orderStatus(stateOfOrder(row)),
    shipped: ({ shipped, currency }) => ({ minor: shipped, currency }),
    invoiced: ({ invoiced, currency }) => ({ minor: invoiced, currency }),
    shippedNotInvoiced: (row) => ({ minor: uninvoicedOf(stateOfOrder(row)).shipped, currency: row.currency }),
    toShip: (row) => ({ minor: uninvoicedOf(stateOfOrder(row)).toShip, currency: row.currency }),
    history: async ({ id, currency }, _args, { loaders }) =>
      (await loaders.orderEvents.load(id)).map((event) => ({ ...event, currency })),
  },
  OrderEvent: {
    amount: ({ amount, currency }) => ({ minor: amount, currency }),
    invoice: ({ invoiceId }, _args, { loaders }) =>
      invoiceId === null ? null : required(loaders.invoice, invoiceId),
  },
  OrderConnection: connectionResolvers,
} satisfies Resolvers
