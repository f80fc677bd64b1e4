import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import type { Resolvers } from '../schema.generated.ts'
import { segmentFilter } from './filter-input.ts'
import { readRestatements } from './restatement.ts'

export const restatementResolvers = {
  Query: {
    restatements: async (_, args, { organization, now, reader, settledAt }) => {
      const filter = await reader.read((tx) => segmentFilter(tx, organization.id, args.filter))
      return readRestatements(reader, organization, { ...args, filter, now, settledAt: await settledAt() })
    },
  },
  Restatement: { entries: ({ entries }, { first }) => entries(first) },
  RestatingEntry: {
    customer: ({ customerId }, _, { loaders }) => required(loaders.customer, customerId),
    invoice: ({ itemId, itemKind }, _, { loaders }) =>
      itemKind === 'INVOICE' ? required(loaders.invoice, itemId) : null,
    auditId: ({ auditId }) => encodeId('audit', auditId),
  },
} satisfies Resolvers
