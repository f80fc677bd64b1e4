import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import type { ExternalMetric } from '../domain/external.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { recordMetricValues } from './commands.ts'
import { listMetricValues } from './queries.ts'

export const metricResolvers = {
  Query: {
    metricValues: (_root, args, context) => listMetricValues(context, args),
  },
  Mutation: {
    recordMetricValues: async (_root, { input }, context) => {
      const outcome = await carryOut(context, recordMetricValues, input)
      if (isProblem(outcome)) return outcome
      return { __typename: 'RecordMetricValuesSuccess', dryRun: input.dryRun, ...outcome }
    },
  },
  MetricValue: {
    // Commands write no other.
    metric: ({ metric }) => metric as ExternalMetric,
    date: ({ day }) => day,
    value: ({ value, metric }) => {
      if (value === null) throw new Error(`A value of ${metric} that was taken back is in no list`)
      return value
    },
  },
  MetricValueConnection: connectionResolvers,
} satisfies Resolvers
