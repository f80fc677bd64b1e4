import { actorInWords } from '../access/actor-words.ts'
import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import type { Context } from '../context.ts'
import { isProblem } from '../problem.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import type { Resolvers } from '../schema.generated.ts'
import { setCreditLimit } from './commands.ts'
import { creditLimitColumns, creditLimitOf, restoreCreditLimit } from './credit-limit.ts'
import { listCreditLimitChanges } from './credit-limit-changes.ts'
import { createCustomer, type CustomerChanged } from './create.ts'
import { findCustomerBy, inBaseCurrency, listCustomers } from './queries.ts'
import { listLines } from './statement-lines.ts'
import { readStatement } from './statement.ts'
import { updateCustomer } from './update.ts'

/** The customer as it is after the command; in a dry run nothing is there to be shown. */
const changed = async ({ loaders }: Context, dryRun: boolean, { customerId, audit }: CustomerChanged) => ({
  customer: dryRun ? null : await loaders.customer.load(customerId),
  dryRun,
  audit,
})

const DOCUMENT_TYPES = { INVOICE: 'invoice', RECEIPT: 'receipt', CREDIT_NOTE: 'creditNote' } as const

export const customerResolvers = {
  Query: {
    customers: (_root, args, context) => listCustomers(context, args),
    customer: (_root, { by }, context) => findCustomerBy(context, by),
    customerStatement: (_root, args, context) => readStatement(context, args),
  },
  Mutation: {
    createCustomer: async (_root, { input }, context) => {
      const outcome = await carryOut(context, createCustomer, input)
      if (isProblem(outcome)) return outcome
      return { __typename: 'CreateCustomerSuccess', ...(await changed(context, input.dryRun, outcome)) }
    },
    updateCustomer: async (_root, { input }, context) => {
      const outcome = await carryOut(context, updateCustomer, input)
      if (isProblem(outcome)) return outcome
      return { __typename: 'UpdateCustomerSuccess', ...(await changed(context, input.dryRun, outcome)) }
    },
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
  StatementAccount: {
    lines: (account, args, context) => listLines(context, account, args),
  },
  StatementBalance: {
    balance: ({ receivable, unapplied, currency }) => ({ minor: receivable - unapplied, currency }),
    receivable: ({ receivable, currency }) => ({ minor: receivable, currency }),
    unapplied: ({ unapplied, currency }) => ({ minor: unapplied, currency }),
  },
  StatementLine: {
    documentId: ({ document, documentId }) => encodeId(DOCUMENT_TYPES[document], documentId),
    amount: ({ amount, currency }) => ({ minor: amount, currency }),
    balance: ({ balance, currency }) => ({ minor: balance, currency }),
  },
  StatementLineConnection: connectionResolvers,
  Customer: {
    id: ({ id }) => encodeId('customer', id),
    owner: ({ ownerId }, _args, { loaders }) => (ownerId === null ? null : loaders.person.load(ownerId)),
    creditLimit: creditLimitOf,
    creditLimitChanges: ({ id }, args, context) => listCreditLimitChanges(context, id, args),
    balances: async ({ id }, _args, { loaders }) => (await loaders.customerState.load(id)).receivable,
    unapplied: async ({ id }, _args, { loaders }) => (await loaders.customerState.load(id)).unapplied,
    balance: async ({ id }, _args, context) =>
      inBaseCurrency(context, (await context.loaders.customerState.load(id)).receivable),
  },
  CreditLimitChange: {
    changedAt: ({ recordedAt }) => recordedAt,
    changedBy: ({ actor }, _args, { loaders }) => actorInWords(actor, loaders),
    previous: ({ before }) => restoreCreditLimit(before),
    limit: ({ after }) => restoreCreditLimit(after),
  },
  CreditLimitChangeConnection: connectionResolvers,
  CustomerConnection: connectionResolvers,
} satisfies Resolvers
