import { carryOut } from '../command.ts'
import { required } from '../loaders.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { moveCustomer } from './move-customer.ts'
import { moveInvoice } from './move-invoice.ts'

export const segmentResolvers = {
  Mutation: {
    moveCustomer: async (_root, { input }, context) => {
      const outcome = await carryOut(context, moveCustomer, input)
      if (isProblem(outcome)) return outcome
      const { customerId, itemsMoved, audit } = outcome
      const customer = await required(context.loaders.customer, customerId)
      return { __typename: 'MoveCustomerSuccess', customer, itemsMoved, dryRun: input.dryRun, audit }
    },
    moveInvoice: async (_root, { input }, context) => {
      const outcome = await carryOut(context, moveInvoice, input)
      if (isProblem(outcome)) return outcome
      const { invoiceId, itemsMoved, audit } = outcome
      const invoice = await required(context.loaders.invoice, invoiceId)
      return { __typename: 'MoveInvoiceSuccess', invoice, itemsMoved, dryRun: input.dryRun, audit }
    },
  },
  Segment: {
    collector: ({ collectorId }, _args, { loaders }) =>
      collectorId === null ? null : loaders.person.load(collectorId),
  },
} satisfies Resolvers
