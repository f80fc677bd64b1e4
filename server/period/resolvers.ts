import { carryOut } from '../command.ts'
import { dateOf } from '../domain/day.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { closePeriod, reopenPeriod } from './commands.ts'
import { findClosedThrough } from './queries.ts'

export const periodResolvers = {
  Organization: {
    closedThrough: async (_organization, _args, context) => {
      const day = await findClosedThrough(context)
      return day === null ? null : dateOf(day)
    },
  },
  Mutation: {
    closePeriod: async (_root, { input }, context) => {
      const outcome = await carryOut(context, closePeriod, input)
      if (isProblem(outcome)) return outcome
      const { closedThrough, previous, audit } = outcome
      return {
        __typename: 'ClosePeriodSuccess',
        closedThrough: dateOf(closedThrough),
        previous: previous === null ? null : dateOf(previous),
        dryRun: input.dryRun,
        audit,
      }
    },
    reopenPeriod: async (_root, { input }, context) => {
      const outcome = await carryOut(context, reopenPeriod, input)
      if (isProblem(outcome)) return outcome
      const { closedThrough, previous, audit } = outcome
      return {
        __typename: 'ReopenPeriodSuccess',
        closedThrough: dateOf(closedThrough),
        previous: dateOf(previous),
        dryRun: input.dryRun,
        audit,
      }
    },
  },
} satisfies Resolvers
