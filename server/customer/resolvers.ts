import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import { isProblem } from '../problem.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import type { Resolvers } from '../schema.generated.ts'
import { setCreditLimit } from './commands.ts'
import { creditLimitColumns, creditLimitOf, restoreCreditLimit } from './credit-limit.ts'
import { findCustomerBy, inBaseCurrency, listCustomers } from './queries.ts'

export const customerResolvers = {
  Query: {
    customers: (_root, args, context) => listCustomers(context, args),
    customer: (_root, { by }, context) => findCustomerBy(context, by),
  },
  Mutation: {
    setCreditLimit: async (_root, { input }, context) => {
      const outcome = await carryOut(context, setCreditLimit, input)
      if (isProblem(outcome)) return outcome
      const stored = await required(context.loaders.customer, outcome.customerId)
      const changed = { ...creditLimitColumns(restoreCreditLimit(outcome.current)), version: outcome.version }
      return {
        __typename: 'SetCreditLimitSuccess',
        customer: input.dryRun ? { ...stored, ...changed } : stored,
        previous: restoreCreditLimit(outcome.previous),
        dryRun: input.dryRun,
        audit: outcome.audit,
      }
    },
  },
  Customer: {
    id: ({ id }) => encodeId('customer', id),
    owner: ({ ownerId }, _args, { loaders }) => (ownerId === null ? null : loaders.person.load(ownerId)),
    creditLimit: creditLimitOf,
    balances: async ({ id }, _args, { loaders }) => (await loaders.customerState.load(id)).receivable,
    unapplied: async ({ id }, _args, { loaders }) => (await loaders.customerState.load(id)).unapplied,
    balance: async ({ id }, _args, context) =>
      inBaseCurrency(context, (await context.loaders.customerState.load(id)).receivable),
  },
  CustomerConnection: connectionResolvers,
} satisfies Resolvers
