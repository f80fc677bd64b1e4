import { driverTexts } from '../domain/explain-drivers.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import type { Resolvers } from '../schema.generated.ts'
import { explainKpi } from './explain.ts'
import { segmentFilter } from './resolvers.ts'

export const explainResolvers = {
  Query: {
    explainKpi: async (_, args, { organization, now, reader, settledAt }) => {
      const filter = segmentFilter(args.filter)
      return explainKpi(reader, organization, { ...args, filter, now, settledAt: await settledAt() })
    },
  },
  ExplanationPart: {
    name: ({ driver }) => driverTexts[driver].name,
    description: ({ driver }) => driverTexts[driver].description,
    segments: ({ segments }, { groupBy }) => segments(groupBy),
    customers: ({ customers }, { first, filter }) => customers(first, segmentFilter(filter)).list,
    otherCustomers: ({ customers }, { first, filter }) => customers(first, segmentFilter(filter)).rest,
  },
  ExplanationSegment: {
    collectorId: ({ collectorId }) => (collectorId === null ? null : encodeId('person', collectorId)),
  },
  ExplanationCustomer: {
    customer: ({ customerId }, _, { loaders }) => required(loaders.customer, customerId),
    invoices: async ({ invoices }, { first }) => (await invoices(first)).list,
    otherItems: async ({ invoices }, { first }) => (await invoices(first)).rest,
  },
  ExplanationInvoice: {
    invoice: ({ invoiceId }, _, { loaders }) => required(loaders.invoice, invoiceId),
  },
} satisfies Resolvers
