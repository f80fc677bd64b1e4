import { connectionResolvers } from '../connection.ts'
import { dateOf } from '../domain/day.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import type { InvoiceFilter, Resolvers } from '../schema.generated.ts'
import { annualRateOf, offerOf } from './discount-offer.ts'
import { movementResolvers } from './movement-resolvers.ts'
import { knownInvoice } from './known.ts'
import {
  balanceAsOf,
  billed,
  billedNet,
  daysPastDue,
  findInvoice,
  invoiceKind,
  installmentsToday,
  isVoid,
  listInvoices,
  replacementOf,
  sharesToday,
  statusAsOf,
} from './queries.ts'

export const invoiceResolvers = {
  Query: {
    invoices: (_root, args, context) => listInvoices(context, args),
    invoice: (_root, { by }, context) => findInvoice(context, by),
  },
  Mutation: movementResolvers,
  Invoice: {
    id: ({ id }) => encodeId('invoice', id),
    customer: async ({ id }, _args, { loaders }) =>
      required(loaders.customer, (await required(loaders.item, id)).customerId),
    amount: async (row, _args, context) => {
      const item = await required(context.loaders.item, row.id)
      return { minor: billed(item), currency: item.currency }
    },
    amountNet: async (row, _args, context) => {
      const item = await required(context.loaders.item, row.id)
      const minor = billedNet(item)
      return minor === null ? null : { minor, currency: item.currency }
    },
    balance: async (row, { asOf, knownAt }, context) => {
      const item = await knownInvoice(context, row.id, knownAt)
      return { minor: balanceAsOf(context, item, asOf), currency: item.currency }
    },
    status: async (row, { asOf, knownAt }, context) =>
      statusAsOf(context, await knownInvoice(context, row.id, knownAt), asOf),
    daysPastDue: async (row, _args, context) =>
      daysPastDue(context, await required(context.loaders.item, row.id)),
    disputed: async (row, _args, { loaders }) => (await loaders.disputed.load(row.id)) > 0n,
    installments: async (row, _args, context) =>
      installmentsToday(context, await required(context.loaders.item, row.id)),
    replaces: ({ replacesId }, _args, { loaders }) =>
      replacesId === null ? null : loaders.invoice.load(replacesId),
    replacedBy: async ({ id }, _args, { loaders }) => {
      const replacementId = replacementOf(await required(loaders.item, id))
      return replacementId === null ? null : loaders.invoice.load(replacementId)
    },
    voided: async ({ id }, _args, { loaders }) => isVoid(await required(loaders.item, id)),
    lines: ({ id }, _args, { loaders }) => loaders.lines.load(id),
    discount: async ({ id }, _args, { loaders }) => offerOf(await required(loaders.item, id)),
    history: ({ id }, _args, { loaders }) => loaders.entries.load(id),
    shares: async ({ id }, _args, context) => sharesToday(context, await required(context.loaders.item, id)),
  },
  DiscountOffer: { annualRate: (offer, { basis }) => annualRateOf(offer, basis) },
  InvoiceLine: {
    amount: ({ minor, currency }) => ({ minor, currency }),
  },
  InvoiceEntry: {
    kind: ({ kind }) => invoiceKind(kind),
    amount: ({ amount, currency }) => ({ minor: amount, currency }),
    effectiveOn: ({ effectiveOn }) => dateOf(effectiveOn),
    occurredOn: ({ occurredOn }) => dateOf(occurredOn),
    recordedAt: ({ recordedAt }) => (recordedAt === null ? null : Temporal.Instant.from(recordedAt)),
    dueOn: ({ dueOn }) => (dueOn === null ? null : dateOf(dueOn)),
    receipt: ({ counterpartId }, _args, { loaders }) =>
      counterpartId === null ? null : loaders.receipt.load(counterpartId),
    segment: ({ segmentId }, _args, { loaders }) =>
      segmentId === null ? null : loaders.segment.load(String(segmentId)),
  },
  InvoiceShare: {
    segment: ({ segmentId }, _args, { loaders }) => required(loaders.segment, String(segmentId)),
    amount: ({ minor, currency }) => ({ minor, currency }),
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
