import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import { dateOf } from '../domain/day.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import { isProblem } from '../problem.ts'
import type { InvoiceFilter, Resolvers } from '../schema.generated.ts'
import { recordInvoice } from './commands.ts'
import {
  balanceAsOf,
  billed,
  daysPastDue,
  findInvoice,
  installmentsToday,
  listInvoices,
  statusAsOf,
} from './queries.ts'

export const invoiceResolvers = {
  Query: {
    invoices: (_root, args, context) => listInvoices(context, args),
    invoice: (_root, { by }, context) => findInvoice(context, by),
  },
  Mutation: {
    recordInvoice: async (_root, { input }, context) => {
      const outcome = await carryOut(context, recordInvoice, input)
      if (isProblem(outcome)) return outcome
      const invoice = input.dryRun ? null : await context.loaders.invoice.load(outcome.invoiceId)
      return { __typename: 'RecordInvoiceSuccess', invoice, dryRun: input.dryRun, audit: outcome.audit }
    },
  },
  Invoice: {
    id: ({ id }) => encodeId('invoice', id),
    customer: async ({ id }, _args, { loaders }) =>
      required(loaders.customer, (await required(loaders.item, id)).customerId),
    amount: async (row, _args, context) => {
      const item = await required(context.loaders.item, row.id)
      return { minor: billed(item), currency: item.currency }
    },
    balance: async (row, { asOf }, context) => {
      const item = await required(context.loaders.item, row.id)
      return { minor: balanceAsOf(context, item, asOf), currency: item.currency }
    },
    status: async (row, { asOf }, context) =>
      statusAsOf(context, await required(context.loaders.item, row.id), asOf),
    daysPastDue: async (row, _args, context) =>
      daysPastDue(context, await required(context.loaders.item, row.id)),
    disputed: async (row, _args, { loaders }) => (await loaders.disputed.load(row.id)) > 0n,
    installments: async (row, _args, context) =>
      installmentsToday(context, await required(context.loaders.item, row.id)),
    replaces: ({ replacesId }, _args, { loaders }) =>
      replacesId === null ? null : loaders.invoice.load(replacesId),
  },
  Installment: {
    dueOn: ({ dueOn }) => dateOf(dueOn),
    firstDueOn: ({ firstDueOn }) => dateOf(firstDueOn),
    amount: ({ billed, currency }) => ({ minor: billed, currency }),
    balance: ({ balance, currency }) => ({ minor: balance, currency }),
  },
  Customer: {
    invoices: ({ id }, { filter, ...page }, context) => {
      const own: InvoiceFilter = { customerId: [encodeId('customer', id)] }
      return listInvoices(context, { ...page, filter: filter ? { and: [own, filter] } : own })
    },
  },
  InvoiceConnection: connectionResolvers,
} satisfies Resolvers
