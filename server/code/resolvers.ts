import { carryOut } from '../command.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import type { Context } from '../context.ts'
import { applyGoals } from './apply.ts'
import { readCodeBooks } from './books.ts'
import { documentOf } from './export.ts'

const mayManageRules = ({ actor }: Context): boolean => actor.scopes.has('alert:manage')

export const codeResolvers = {
  Query: {
    goalDocument: async (_root, _args, context) => {
      const { reader, organization } = context
      const books = await reader.read((tx) => readCodeBooks(tx, organization.id))
      return documentOf(books, { withRules: mayManageRules(context) })
    },
  },
  Mutation: {
    applyGoals: async (_root, { input }, context) => {
      const rights = { mayManageRules: mayManageRules(context) }
      const outcome = await carryOut(context, (commands, given) => applyGoals(commands, given, rights), input)
      if (isProblem(outcome)) return outcome
      return { __typename: 'ApplyGoalsSuccess', ...outcome, dryRun: input.dryRun }
    },
  },
} satisfies Resolvers
