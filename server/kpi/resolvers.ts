import type { Context } from '../context.ts'
import { carryOut } from '../command.ts'
import { choicesOf, inputsOf } from '../domain/catalog.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import { kpiDefinitions } from '../domain/registry.ts'
import { isProblem } from '../problem.ts'
import type { KpiFilter, Resolvers } from '../schema.generated.ts'
import { readAgingByCustomer } from './aging-customers.ts'
import { readAging, readAgingBySegment } from './aging.ts'
import { setKpiConventions } from './commands.ts'
import { segmentFilter } from './filter-input.ts'
import { readLossRates } from './loss-rates.ts'
import { readKpis } from './queries.ts'
import { followKpis } from './subscription.ts'
import type { KpiState } from '../live/kpi-watch.ts'
import { readUsualConventions } from './settings.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'

/** In a transaction of its own: that of the reader would stay open as long as somebody listens. */
const watchedFilter = (filter: KpiFilter | null | undefined, { connection, organization: { id } }: Context) =>
  inTransaction(connection, { organizationId: id, mode: 'read' }, (tx) => segmentFilter(tx, id, filter))

export const kpiResolvers = {
  Query: {
    kpiCatalog: () => kpiDefinitions,
    kpis: (_, args, { organization, now, reader, settledAt }) =>
      reader.read(async (tx) => {
        const filter = await segmentFilter(tx, organization.id, args.filter)
        return readKpis(tx, organization, { ...args, filter, now, settledAt: await settledAt() })
      }),
    aging: (_, args, { organization, now, reader, settledAt }) =>
      reader.read(async (tx) => {
        const filter = await segmentFilter(tx, organization.id, args.filter)
        return readAging(tx, organization, { ...args, filter, now, settledAt: await settledAt() })
      }),
    agingBySegment: (_, args, { organization, now, reader, settledAt }) =>
      reader.read(async (tx) => {
        const filter = await segmentFilter(tx, organization.id, args.filter)
        return readAgingBySegment(tx, organization, { ...args, filter, now, settledAt: await settledAt() })
      }),
    lossRates: (_, args, { organization, now, reader, settledAt }) =>
      reader.read(async (tx) => {
        const filter = await segmentFilter(tx, organization.id, args.filter)
        return readLossRates(tx, organization, { ...args, filter, now, settledAt: await settledAt() })
      }),
    agingByCustomer: (_, args, { organization, now, reader, settledAt }) =>
      reader.read(async (tx) => {
        const filter = await segmentFilter(tx, organization.id, args.filter)
        return readAgingByCustomer(tx, organization, { ...args, filter, now, settledAt: await settledAt() })
      }),
  },
  CustomerAging: {
    customer: ({ customerId }, _, { loaders }) => required(loaders.customer, customerId),
  },
  SegmentAging: {
    collectorId: ({ collectorId }) => (collectorId === null ? null : encodeId('person', collectorId)),
  },
  Mutation: {
    setKpiConventions: async (_root, { input }, context) => {
      const outcome = await carryOut(context, setKpiConventions, input)
      if (isProblem(outcome)) return outcome
      return { __typename: 'SetKpiConventionsSuccess', dryRun: input.dryRun, ...outcome }
    },
  },
  Subscription: {
    kpiChanged: {
      subscribe: async (_root, args, context) =>
        followKpis(context, { ...args, filter: await watchedFilter(args.filter, context) }),
      resolve: (event: KpiState) => event,
    },
  },
  Organization: {
    kpiConventions: ({ id }, _args, { reader }) => reader.read((tx) => readUsualConventions(tx, id)),
  },
  KpiDefinition: { choices: choicesOf, inputs: inputsOf },
  KpiRow: {
    collectorId: ({ collectorId }) => (collectorId === null ? null : encodeId('person', collectorId)),
  },
  Aging: {
    unexplained: ({ unexplained }, _, { reader }) => reader.read(unexplained),
  },
} satisfies Resolvers
