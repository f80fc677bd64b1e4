import { carryOut } from '../command.ts'
import { dateOf } from '../domain/day.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { recordReceipt } from './commands.ts'
import { allocationsOf, received, unappliedToday } from './queries.ts'

export const receiptResolvers = {
  Mutation: {
    recordReceipt: async (_root, { input }, context) => {
      const outcome = await carryOut(context, recordReceipt, input)
      if (isProblem(outcome)) return outcome
      const receipt = input.dryRun ? null : await context.loaders.receipt.load(outcome.receiptId)
      return { __typename: 'RecordReceiptSuccess', receipt, dryRun: input.dryRun, audit: outcome.audit }
    },
  },
  Receipt: {
    id: ({ id }) => encodeId('receipt', id),
    customer: async ({ id }, _args, { loaders }) =>
      required(loaders.customer, (await required(loaders.item, id)).customerId),
    amount: async (row, _args, context) => {
      const item = await required(context.loaders.item, row.id)
      return { minor: received(item), currency: item.currency }
    },
    unapplied: async (row, _args, context) => {
      const item = await required(context.loaders.item, row.id)
      return { minor: unappliedToday(context, item), currency: item.currency }
    },
    allocations: async (row, _args, context) => allocationsOf(await required(context.loaders.item, row.id)),
  },
  Allocation: {
    invoice: ({ invoiceId }, _args, { loaders }) => required(loaders.invoice, invoiceId),
    amount: ({ minor, currency }) => ({ minor, currency }),
    effectiveOn: ({ effectiveOn }) => dateOf(effectiveOn),
  },
} satisfies Resolvers
