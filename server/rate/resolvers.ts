import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { recordRates } from './commands.ts'
import { listRates } from './queries.ts'

export const rateResolvers = {
  Query: {
    exchangeRates: (_root, args, context) => listRates(context, args),
  },
  Mutation: {
    recordRates: async (_root, { input }, context) => {
      const outcome = await carryOut(context, recordRates, input)
      if (isProblem(outcome)) return outcome
      return { __typename: 'RecordRatesSuccess', dryRun: input.dryRun, ...outcome }
    },
  },
  ExchangeRate: { date: ({ validOn }) => validOn },
  ExchangeRateConnection: connectionResolvers,
} satisfies Resolvers
