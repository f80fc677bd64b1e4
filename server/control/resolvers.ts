import { actorInWords } from '../access/actor-words.ts'
import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import type { Context } from '../context.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import { isProblem, type Problem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { csvOf, documentOf } from './document.ts'
import {
  marksOf,
  openControlPaper,
  signControlPaper,
  updateControlPaper,
  type PaperChanged,
} from './papers.ts'
import { controlTestOf, findPaper, listControlTests, listPapers, runNow, runOf } from './queries.ts'

export const controlResolvers = {
  Query: {
    controlTests: listControlTests,
    controlTest: (_root, args, context) => runNow(context, args),
    controlPapers: (_root, args, context) => listPapers(context, args),
    controlPaper: (_root, { id }, context) => findPaper(context, id),
  },
  Mutation: {
    openControlPaper: async (_root, { input }, context) =>
      answer('OpenControlPaperSuccess', input, context, await carryOut(context, openControlPaper, input)),
    updateControlPaper: async (_root, { input }, context) =>
      answer('UpdateControlPaperSuccess', input, context, await carryOut(context, updateControlPaper, input)),
    signControlPaper: async (_root, { input }, context) =>
      answer('SignControlPaperSuccess', input, context, await carryOut(context, signControlPaper, input)),
  },
  ControlRun: { test: ({ test }) => controlTestOf(test) },
  ControlItem: {
    on: ({ on }) => Temporal.PlainDate.from(on),
    customer: ({ customerId }, _args, { loaders }) =>
      customerId === null ? null : required(loaders.customer, customerId),
    amount: ({ amount, currency }) =>
      amount === null || currency === null ? null : { minor: BigInt(amount), currency },
    by: ({ actor }, _args, { loaders }) => (actor === null ? null : actorInWords(actor, loaders)),
    auditId: ({ auditId }) => (auditId === null ? null : encodeId('audit', auditId)),
  },
  ControlPaper: {
    id: ({ id }) => encodeId('controlPaper', id),
    run: runOf,
    marks: marksOf,
    openedBy: ({ openedBy }, _args, { loaders }) => actorInWords(openedBy, loaders),
    signedBy: ({ signedBy }, _args, { loaders }) =>
      signedBy === null ? null : loaders.person.load(signedBy),
    document: (paper, _args, context) => documentOf(paper, context),
    csv: (paper, _args, context) => csvOf(paper, context),
  },
  ControlPaperConnection: connectionResolvers,
} satisfies Resolvers

async function answer<Name extends string>(
  name: Name,
  { dryRun }: { readonly dryRun: boolean },
  context: Context,
  outcome: PaperChanged | Problem,
) {
  if (isProblem(outcome)) return outcome
  const paper = dryRun ? null : await findPaper(context, encodeId('controlPaper', outcome.paperId))
  return { __typename: name, paper, dryRun, audit: outcome.audit }
}
