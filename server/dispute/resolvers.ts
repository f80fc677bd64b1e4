import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import type { Context } from '../context.ts'
import { dateOf } from '../domain/day.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { withLazy } from '../with-lazy.ts'
import { openDispute, type DisputeChanged } from './open.ts'
import {
  disputed,
  findDispute,
  invoiceOf,
  listDisputes,
  openAsOf,
  reopeningsOf,
  resolutionsOf,
  resolvedOn,
} from './queries.ts'
import { resolveDispute } from './resolve.ts'

/** The dispute as it is after the command; in a dry run nothing is there to be shown. */
const changed = <Name extends string>(
  __typename: Name,
  { loaders }: Context,
  dryRun: boolean,
  { disputeId, audit }: DisputeChanged,
) =>
  withLazy({ __typename, dryRun, audit }, 'dispute', () =>
    dryRun ? null : required(loaders.dispute, disputeId),
  )

export const disputeResolvers = {
  Query: {
    disputes: (_root, args, context) => listDisputes(context, args),
    dispute: (_root, { id }, context) => findDispute(context, id),
  },
  Mutation: {
    openDispute: async (_root, { input }, context) => {
      const outcome = await carryOut(context, openDispute, input)
      if (isProblem(outcome)) return outcome
      return changed('OpenDisputeSuccess', context, input.dryRun, outcome)
    },
    resolveDispute: async (_root, { input }, context) => {
      const outcome = await carryOut(context, resolveDispute, input)
      if (isProblem(outcome)) return outcome
      return changed('ResolveDisputeSuccess', context, input.dryRun, outcome)
    },
  },
  Dispute: {
    id: ({ id }) => encodeId('dispute', id),
    invoice: async ({ id }, _args, { loaders }) =>
      required(loaders.invoice, invoiceOf(await required(loaders.item, id))),
    customer: ({ customerId }, _args, { loaders }) => required(loaders.customer, customerId),
    openedOn: ({ startsOn }) => startsOn,
    reason: async ({ id }, _args, { loaders }) => (await loaders.entries.load(id))[0]?.reason ?? null,
    amount: async ({ id }, _args, { loaders }) => {
      const item = await required(loaders.item, id)
      return { minor: disputed(item), currency: item.currency }
    },
    open: async ({ id }, { asOf }, context) => {
      const item = await required(context.loaders.item, id)
      return { minor: openAsOf(context, item, asOf), currency: item.currency }
    },
    resolvedOn: async ({ id }, _args, { loaders }) => {
      const day = resolvedOn(await required(loaders.item, id))
      return day === null ? null : dateOf(day)
    },
    resolutions: async ({ id }, _args, { loaders }) => resolutionsOf(await loaders.entries.load(id)),
    reopenings: async ({ id }, _args, { loaders }) => reopeningsOf(await loaders.entries.load(id)),
  },
  DisputeReopening: {
    amount: ({ minor, currency }) => ({ minor, currency }),
    reopenedOn: ({ reopenedOn }) => dateOf(reopenedOn),
  },
  DisputeResolution: {
    amount: ({ minor, currency }) => ({ minor, currency }),
    resolvedOn: ({ resolvedOn }) => dateOf(resolvedOn),
  },
  Invoice: { disputes: ({ id }, _args, { loaders }) => loaders.disputes.load(id) },
  DisputeConnection: connectionResolvers,
} satisfies Resolvers
