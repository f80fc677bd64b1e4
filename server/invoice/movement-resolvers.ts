/** The mutations of invoices: one command each, and what it answers. */
import { carryOut, type CommandContext } from '../command.ts'
import type { Context } from '../context.ts'
import { required } from '../loaders.ts'
import { isAsked, type ApprovalAsked } from '../authority/asked.ts'
import { isProblem, type Problem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { withLazy } from '../with-lazy.ts'
import { adjustInvoice } from './adjust.ts'
import { correctInvoice } from './correct.ts'
import { discountInvoice, reverseDiscount } from './discount.ts'
import type { InvoiceMoved } from './movement.ts'
import { reDateInvoice } from './re-date.ts'
import { recordInvoice } from './record.ts'
import { recoverInvoice } from './recover.ts'
import { voidInvoice } from './void.ts'
import { reverseWriteOff, writeOffInvoice } from './write-off.ts'

type Input = { readonly dryRun: boolean }
type Command<Given> = (context: CommandContext, input: Given) => Promise<InvoiceMoved | Problem>

/** What all movements answer with: the invoice as it is by now, and what was posted to it. */
const moved =
  <Name extends string, Given extends Input>(name: Name, command: Command<Given>) =>
  async (_root: object, { input }: { readonly input: Given }, context: Context) => {
    const outcome = await carryOut(context, command, input)
    return isProblem(outcome) ? outcome : shown(name, outcome, input, context)
  }

function shown<Name extends string>(
  __typename: Name,
  { invoiceId, entries, audit }: InvoiceMoved,
  { dryRun }: Input,
  { loaders }: Context,
) {
  return withLazy({ __typename, entries, dryRun, audit }, 'invoice', () =>
    required(loaders.invoice, invoiceId),
  )
}

/** The same of what may need approval first. */
const movedWithAuthority = <Name extends string, Given extends Input>(
  name: Name,
  command: (context: CommandContext, input: Given) => Promise<InvoiceMoved | ApprovalAsked | Problem>,
) => {
  return async (_root: object, { input }: { readonly input: Given }, context: Context) => {
    const outcome = await carryOut(context, command, input)
    return isProblem(outcome) || isAsked(outcome) ? outcome : shown(name, outcome, input, context)
  }
}

/** The other side of what was posted: the receipt that pays, or the bill that takes the place of this one. */
const counterpartOf = ({ entries }: Pick<InvoiceMoved, 'entries'>): string =>
  entries.find(({ counterpartId }) => counterpartId !== null)?.counterpartId ?? ''

export const movementResolvers = {
  recordInvoice: async (_root, { input }, context) => {
    const outcome = await carryOut(context, recordInvoice, input)
    if (isProblem(outcome)) return outcome
    const { dryRun } = input
    const answer = { __typename: 'RecordInvoiceSuccess', dryRun, audit: outcome.audit } as const
    return withLazy(answer, 'invoice', () =>
      dryRun ? null : required(context.loaders.invoice, outcome.invoiceId),
    )
  },
  voidInvoice: movedWithAuthority('VoidInvoiceSuccess', voidInvoice),
  correctInvoice: async (root, args, context) => {
    const answer = await movedWithAuthority('CorrectInvoiceSuccess', correctInvoice)(root, args, context)
    if (isProblem(answer) || isAsked(answer)) return answer
    const invoice = args.input.dryRun ? null : await context.loaders.invoice.load(counterpartOf(answer))
    return { ...answer, invoice, replaced: answer.invoice }
  },
  reDateInvoice: movedWithAuthority('ReDateInvoiceSuccess', reDateInvoice),
  adjustInvoice: movedWithAuthority('AdjustInvoiceSuccess', adjustInvoice),
  writeOffInvoice: movedWithAuthority('WriteOffInvoiceSuccess', writeOffInvoice),
  reverseWriteOff: moved('ReverseWriteOffSuccess', reverseWriteOff),
  recoverInvoice: async (root, args, context) => {
    const answer = await moved('RecoverInvoiceSuccess', recoverInvoice)(root, args, context)
    if (isProblem(answer)) return answer
    const receipt = args.input.dryRun ? null : await context.loaders.receipt.load(counterpartOf(answer))
    return { ...answer, receipt }
  },
  discountInvoice: movedWithAuthority('DiscountInvoiceSuccess', discountInvoice),
  reverseDiscount: moved('ReverseDiscountSuccess', reverseDiscount),
} satisfies Resolvers['Mutation']
