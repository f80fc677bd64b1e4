import type { Resolvers } from '../schema.generated.ts'
import { segmentFilter } from './filter-input.ts'
import { lineNames, readReconciliation } from './reconciliation.ts'

export const reconciliationResolvers = {
  Query: {
    reconciliation: (_, args, { organization, now, reader, settledAt }) =>
      reader.read(async (tx) => {
        const filter = await segmentFilter(tx, organization.id, args.filter)
        return readReconciliation(tx, organization, { ...args, filter, now, settledAt: await settledAt() })
      }),
  },
  Reconciliation: {
    unexplained: ({ unexplained }, _, { reader }) => reader.read(unexplained),
  },
  ReconciliationLine: { name: ({ kind }) => lineNames[kind] },
} satisfies Resolvers
