import { isAsked } from '../authority/asked.ts'
import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import type { Context } from '../context.ts'
import { isProblem } from '../problem.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import type { Resolvers } from '../schema.generated.ts'
import { withLazy } from '../with-lazy.ts'
import { createCustomer, type CustomerChanged } from './create.ts'
import { listCustomers } from './list.ts'
import { findCustomerBy, inBaseCurrency } from './queries.ts'
import { followCustomers, type CustomerChangedEvent } from './subscription.ts'
import { listLines } from './statement-lines.ts'
import { readStatement } from './statement.ts'
import { updateCustomer } from './update.ts'

/** The customer as it is after the command; in a dry run nothing is there to be shown. */
const changed = <Name extends string>(
  __typename: Name,
  { loaders }: Context,
  dryRun: boolean,
  { customerId, audit }: CustomerChanged,
) =>
  withLazy({ __typename, dryRun, audit }, 'customer', () =>
    dryRun ? null : required(loaders.customer, customerId),
  )

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
      return changed('CreateCustomerSuccess', context, input.dryRun, outcome)
    },
    updateCustomer: async (_root, { input }, context) => {
      const outcome = await carryOut(context, updateCustomer, input)
      if (isProblem(outcome) || isAsked(outcome)) return outcome
      return changed('UpdateCustomerSuccess', context, input.dryRun, outcome)
    },
  },
  Subscription: {
    customerChanged: {
      subscribe: (_root, args, context) => followCustomers(context, args),
      resolve: (event: CustomerChangedEvent) => event,
    },
  },
  CustomerChangedEvent: {
    customer: ({ customerId }, _args, { loaders }) =>
      customerId === null ? null : required(loaders.customer, customerId),
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
    balances: async ({ id }, _args, { loaders }) => (await loaders.customerState.load(id)).receivable,
    unapplied: async ({ id }, _args, { loaders }) => (await loaders.customerState.load(id)).unapplied,
    balance: async ({ id }, _args, context) =>
      inBaseCurrency(context, (await context.loaders.customerState.load(id)).receivable),
  },
  CustomerConnection: connectionResolvers,
} satisfies Resolvers
