import { carryOut } from '../command.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import type { Context } from '../context.ts'
import { applyGoals, type CodeRights } from './apply.ts'
import { readCodeBooks } from './books.ts'
import { documentOf } from './export.ts'

const rightsOf = ({ actor: { scopes } }: Context): CodeRights => ({
  mayManageRules: scopes.has('alert:manage'),
  maySetConventions: scopes.has('kpi:write'),
})

export const codeResolvers = {
  Query: {
    goalDocument: async (_root, _args, context) => {
      const { reader, organization } = context
      const books = await reader.read((tx) => readCodeBooks(tx, organization.id))
      const { mayManageRules, maySetConventions } = rightsOf(context)
      return documentOf(books, { withRules: mayManageRules, withPolicies: maySetConventions })
    },
  },
  Mutation: {
    applyGoals: async (_root, { input }, context) => {
      const rights = rightsOf(context)
      const outcome = await carryOut(context, (commands, given) => applyGoals(commands, given, rights), input)
      if (isProblem(outcome)) return outcome
      return { __typename: 'ApplyGoalsSuccess', ...outcome, dryRun: input.dryRun }
    },
  },
} satisfies Resolvers
