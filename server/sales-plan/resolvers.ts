import { carryOut } from '../command.ts'
import type { Resolvers } from '../schema.generated.ts'
import { importSalesPlan, setSalesPlan } from './commands.ts'
import { readCreditLinePlan } from './queries.ts'

export const salesPlanResolvers = {
  Query: {
    creditLinePlan: (_root, args, { organization, now, reader }) =>
      reader.read((tx) => readCreditLinePlan(tx, organization, { ...args, now })),
  },
  Mutation: {
    setSalesPlan: async (_root, { input }, context) => {
      const outcome = await carryOut(context, setSalesPlan, input)
      if (!('audit' in outcome)) return outcome
      return { __typename: 'SetSalesPlanSuccess', ...outcome, dryRun: input.dryRun }
    },
    importSalesPlan: async (_root, { input }, context) => {
      const outcome = await carryOut(context, importSalesPlan, input)
      if (!('audit' in outcome)) return outcome
      return { __typename: 'ImportSalesPlanSuccess', ...outcome, dryRun: input.dryRun }
    },
  },
} satisfies Resolvers
