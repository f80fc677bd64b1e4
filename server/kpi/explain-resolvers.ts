import { driverTexts } from '../domain/explain-drivers.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import type { Context } from '../context.ts'
import type { KpiFilter, Resolvers } from '../schema.generated.ts'
import { segmentFilter } from './filter-input.ts'
import { explainKpi } from './explain.ts'

const filterOf = (filter: KpiFilter | null | undefined, { reader, organization }: Context) =>
  reader.read((tx) => segmentFilter(tx, organization.id, filter))

export const explainResolvers = {
  Query: {
    explainKpi: async (_, args, context) => {
      const { organization, now, reader, settledAt } = context
      const filter = await filterOf(args.filter, context)
      return explainKpi(reader, organization, { ...args, filter, now, settledAt: await settledAt() })
    },
  },
  ExplanationPart: {
    name: ({ driver }) => driverTexts[driver].name,
    description: ({ driver }) => driverTexts[driver].description,
    segments: ({ segments }, { groupBy }) => segments(groupBy),
    customers: async ({ customers }, { first, filter }, context) =>
      customers(first, await filterOf(filter, context)).list,
    otherCustomers: async ({ customers }, { first, filter }, context) =>
      customers(first, await filterOf(filter, context)).rest,
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
