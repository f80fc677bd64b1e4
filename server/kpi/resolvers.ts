import { decodeId, encodeId } from '../ids.ts'
import { kpiDefinitions } from '../domain/registry.ts'
import type { KpiFilter, Resolvers } from '../schema.generated.ts'
import { readAging } from './aging.ts'
import { readKpis } from './queries.ts'
import type { SegmentFilter } from './segments.ts'

/** The API names collectors by opaque ids; one that is none matches nobody. */
const segmentFilter = (filter: KpiFilter | null | undefined): SegmentFilter => ({
  ...filter,
  collectorId: filter?.collectorId?.flatMap((id) => decodeId('person', id) ?? []),
})

export const kpiResolvers = {
  Query: {
    kpiCatalog: () => kpiDefinitions,
    kpis: (_, args, { organization, now, reader, settledAt }) =>
      reader.read(async (tx) => {
        const filter = segmentFilter(args.filter)
        return readKpis(tx, organization, { ...args, filter, now, settledAt: await settledAt() })
      }),
    aging: (_, args, { organization, now, reader, settledAt }) =>
      reader.read(async (tx) => {
        const filter = segmentFilter(args.filter)
        return readAging(tx, organization, { ...args, filter, now, settledAt: await settledAt() })
      }),
  },
  KpiRow: {
    collectorId: ({ collectorId }) => (collectorId === null ? null : encodeId('person', collectorId)),
  },
  Aging: {
    unexplained: ({ unexplained }, _, { reader }) => reader.read(unexplained),
  },
} satisfies Resolvers
