import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import type { Context } from '../context.ts'
import { dateOf } from '../domain/day.ts'
import { encodeId } from '../ids.ts'
import { allocationsOf } from '../ledger/allocations.ts'
import type { CreditChanged } from '../ledger/apply-credit.ts'
import { required } from '../loaders.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { withLazy } from '../with-lazy.ts'
import { applyReceipt, unapplyReceipt } from './apply.ts'
import { bounceReceipt } from './bounce.ts'
import { bouncedOn, findReceipt, listReceipts, received, unappliedAsOf } from './queries.ts'
import { recordReceipts } from './record-many.ts'
import { recordReceipt } from './record.ts'

/** The receipt as it is after the command; in a dry run nothing is there to be shown. */
const changed = <Name extends string>(
  __typename: Name,
  { loaders }: Context,
  dryRun: boolean,
  { creditId, audit }: CreditChanged,
) =>
  withLazy({ __typename, dryRun, audit }, 'receipt', () =>
    dryRun ? null : required(loaders.receipt, creditId),
  )

export const receiptResolvers = {
  Query: {
    receipts: (_root, args, context) => listReceipts(context, args),
    receipt: (_root, { id }, context) => findReceipt(context, id),
  },
  Mutation: {
    recordReceipt: async (_root, { input }, context) => {
      const outcome = await carryOut(context, recordReceipt, input)
      if (isProblem(outcome)) return outcome
      const { receiptId: creditId, audit } = outcome
      return changed('RecordReceiptSuccess', context, input.dryRun, { creditId, audit })
    },
    recordReceipts: async (_root, { input }, context) => {
      const outcome = await carryOut(context, recordReceipts, input)
      if (isProblem(outcome)) return outcome
      const { receiptIds, audit } = outcome
      const { dryRun } = input
      const told = { __typename: 'RecordReceiptsSuccess', count: receiptIds.length, dryRun, audit } as const
      return withLazy(told, 'receipts', () =>
        dryRun ? [] : receiptIds.map((id) => required(context.loaders.receipt, id)),
      )
    },
    applyReceipt: async (_root, { input }, context) => {
      const outcome = await carryOut(context, applyReceipt, input)
      if (isProblem(outcome)) return outcome
      return changed('ApplyReceiptSuccess', context, input.dryRun, outcome)
    },
    unapplyReceipt: async (_root, { input }, context) => {
      const outcome = await carryOut(context, unapplyReceipt, input)
      if (isProblem(outcome)) return outcome
      return changed('UnapplyReceiptSuccess', context, input.dryRun, outcome)
    },
    bounceReceipt: async (_root, { input }, context) => {
      const outcome = await carryOut(context, bounceReceipt, input)
      if (isProblem(outcome)) return outcome
      return changed('BounceReceiptSuccess', context, input.dryRun, outcome)
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
    unapplied: async (row, { asOf }, context) => {
      const item = await required(context.loaders.item, row.id)
      return { minor: unappliedAsOf(context, item, asOf), currency: item.currency }
    },
    bouncedOn: async (row, _args, { loaders }) => {
      const day = bouncedOn(await required(loaders.item, row.id))
      return day === null ? null : dateOf(day)
    },
    allocations: async (row, _args, context) => allocationsOf(await required(context.loaders.item, row.id)),
  },
  Allocation: {
    invoice: ({ invoiceId }, _args, { loaders }) => required(loaders.invoice, invoiceId),
    amount: ({ minor, currency }) => ({ minor, currency }),
    effectiveOn: ({ effectiveOn }) => dateOf(effectiveOn),
  },
  ReceiptConnection: connectionResolvers,
} satisfies Resolvers
