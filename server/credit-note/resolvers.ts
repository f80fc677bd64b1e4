import { isAsked } from '../authority/asked.ts'
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
import { applyCreditNote, unapplyCreditNote } from './apply.ts'
import { credited, findCreditNote, listCreditNotes, unappliedAsOf } from './queries.ts'
import { recordCreditNote } from './record.ts'

/** The credit note as it is after the command; in a dry run nothing is there to be shown. */
const changed = <Name extends string>(
  __typename: Name,
  { loaders }: Context,
  dryRun: boolean,
  { creditId, audit }: CreditChanged,
) =>
  withLazy({ __typename, dryRun, audit }, 'creditNote', () =>
    dryRun ? null : required(loaders.creditNote, creditId),
  )

export const creditNoteResolvers = {
  Query: {
    creditNotes: (_root, args, context) => listCreditNotes(context, args),
    creditNote: (_root, { by }, context) => findCreditNote(context, by),
  },
  Mutation: {
    recordCreditNote: async (_root, { input }, context) => {
      const outcome = await carryOut(context, recordCreditNote, input)
      if (isProblem(outcome) || isAsked(outcome)) return outcome
      return changed('RecordCreditNoteSuccess', context, input.dryRun, outcome)
    },
    applyCreditNote: async (_root, { input }, context) => {
      const outcome = await carryOut(context, applyCreditNote, input)
      if (isProblem(outcome)) return outcome
      return changed('ApplyCreditNoteSuccess', context, input.dryRun, outcome)
    },
    unapplyCreditNote: async (_root, { input }, context) => {
      const outcome = await carryOut(context, unapplyCreditNote, input)
      if (isProblem(outcome)) return outcome
      return changed('UnapplyCreditNoteSuccess', context, input.dryRun, outcome)
    },
  },
  CreditNote: {
    id: ({ id }) => encodeId('creditNote', id),
    customer: async ({ id }, _args, { loaders }) =>
      required(loaders.customer, (await required(loaders.item, id)).customerId),
    amount: async (row, _args, context) => {
      const item = await required(context.loaders.item, row.id)
      return { minor: credited(item), currency: item.currency }
    },
    amountNet: async (row, _args, context) => {
      const item = await required(context.loaders.item, row.id)
      const tax = item.facts?.tax ?? null
      return tax === null ? null : { minor: credited(item) - tax, currency: item.currency }
    },
    unapplied: async (row, { asOf }, context) => {
      const item = await required(context.loaders.item, row.id)
      return { minor: unappliedAsOf(context, item, asOf), currency: item.currency }
    },
    reason: async ({ id }, _args, { loaders }) => (await loaders.entries.load(id))[0]?.reason ?? null,
    allocations: async (row, _args, { loaders }) => allocationsOf(await required(loaders.item, row.id)),
  },
  CreditNoteAllocation: {
    invoice: ({ invoiceId }, _args, { loaders }) => required(loaders.invoice, invoiceId),
    amount: ({ minor, currency }) => ({ minor, currency }),
    effectiveOn: ({ effectiveOn }) => dateOf(effectiveOn),
  },
  CreditNoteConnection: connectionResolvers,
} satisfies Resolvers
