import { actorInWords } from '../access/actor-words.ts'
import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import { required } from '../loaders.ts'
import { isProblem, type Problem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import {
  acknowledgeCreditPolicyText,
  publishCreditPolicyText,
  reapproveCreditPolicyText,
  saveCreditPolicyText,
  type TextChanged,
} from './commands.ts'
import { documentOf } from './document.ts'
import { markdownToHtml } from './markdown.ts'
import {
  findText,
  listMailings,
  listTexts,
  readAcknowledgements,
  readApprovals,
  readInForce,
  readMissing,
  readText,
} from './queries.ts'
import { sendCreditPolicyText } from './send.ts'
import type { PolicyTextRow } from '@tidemark/drizzle/rows.ts'

type Of<Name extends string> = { readonly __typename: Name; readonly dryRun: boolean } & Pick<
  TextChanged,
  'audit'
> & {
    readonly text: PolicyTextRow
  }

const withText = async <Name extends string, Outcome extends TextChanged>(
  __typename: Name,
  { dryRun }: { readonly dryRun: boolean },
  { reader, organization }: Context,
  outcome: Outcome | Problem,
): Promise<(Of<Name> & Omit<Outcome, 'version'>) | Problem> => {
  if (isProblem(outcome)) return outcome
  const { version, ...rest } = outcome
  const text = await reader.read((tx) => readText(tx, organization.id, version))
  if (text === null) throw new Error(`There is no version ${version}`)
  return { __typename, text, dryRun, ...rest }
}

const inForce = async ({ reader }: Context, { organizationId, version }: PolicyTextRow): Promise<boolean> =>
  (await reader.read((tx) => readInForce(tx, organizationId)))?.version === version

const dueOn = async (context: Context, text: PolicyTextRow): Promise<Temporal.PlainDate | null> => {
  if (!(await inForce(context, text))) return null
  const approvals = await context.reader.read((tx) => readApprovals(tx, text))
  return approvals.at(-1)?.dueOn ?? null
}

export const policyTextResolvers = {
  Query: {
    creditPolicyText: (_root, { version }, context) => findText(context, version),
    creditPolicyTexts: (_root, args, context) => listTexts(context, args),
  },
  Mutation: {
    saveCreditPolicyText: async (_root, { input }, context) => {
      const outcome = await carryOut(context, saveCreditPolicyText, input)
      if (isProblem(outcome)) return outcome
      const { reader, organization } = context
      const text = input.dryRun
        ? null
        : await reader.read((tx) => readText(tx, organization.id, outcome.version))
      return { __typename: 'SaveCreditPolicyTextSuccess', text, dryRun: input.dryRun, audit: outcome.audit }
    },
    publishCreditPolicyText: async (_root, { input }, context) =>
      withText(
        'PublishCreditPolicyTextSuccess',
        input,
        context,
        await carryOut(context, publishCreditPolicyText, input),
      ),
    reapproveCreditPolicyText: async (_root, { input }, context) =>
      withText(
        'ReapproveCreditPolicyTextSuccess',
        input,
        context,
        await carryOut(context, reapproveCreditPolicyText, input),
      ),
    acknowledgeCreditPolicyText: async (_root, { input }, context) =>
      withText(
        'AcknowledgeCreditPolicyTextSuccess',
        input,
        context,
        await carryOut(context, acknowledgeCreditPolicyText, input),
      ),
    sendCreditPolicyText: async (_root, { input }, context) =>
      withText(
        'SendCreditPolicyTextSuccess',
        input,
        context,
        await carryOut(
          context,
          (command, given: typeof input) => sendCreditPolicyText(command, given, context.delivery),
          input,
        ),
      ),
  },
  CreditPolicyText: {
    html: ({ body }) => markdownToHtml(body).markup,
    document: async (text, _args, { reader, organization }) => {
      const approvals = await reader.read((tx) => readApprovals(tx, text))
      return documentOf({
        organization: organization.name,
        text,
        approvedOn: approvals.at(-1)?.approvedOn ?? null,
      })
    },
    state: async (text, _args, context) => {
      if (text.publishedAt === null) return 'DRAFT'
      return (await inForce(context, text)) ? 'IN_FORCE' : 'REPLACED'
    },
    authors: ({ authors }, _args, { loaders }) =>
      Promise.all(authors.map((author) => actorInWords(author, loaders))),
    dueOn: (text, _args, context) => dueOn(context, text),
    isOverdue: async (text, _args, context) => {
      const due = await dueOn(context, text)
      return due !== null && Temporal.PlainDate.compare(due, todayOf(context)) < 0
    },
    approvals: (text, _args, { reader }) => reader.read((tx) => readApprovals(tx, text)),
    acknowledgements: (text, _args, { reader }) => reader.read((tx) => readAcknowledgements(tx, text)),
    notAcknowledged: async (text, _args, { reader, loaders }) => {
      if (text.publishedAt === null) return []
      const ids = await reader.read((tx) => readMissing(tx, text))
      const people = await Promise.all(ids.map((id) => required(loaders.person, id)))
      return people.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    },
    mailings: (text, args, context) => listMailings(context, text, args),
  },
  CreditPolicyTextApproval: {
    person: ({ personId }, _args, { loaders }) => required(loaders.person, personId),
  },
  CreditPolicyTextAcknowledgement: {
    person: ({ personId }, _args, { loaders }) => required(loaders.person, personId),
    acknowledgedAt: ({ recordedAt }) => recordedAt,
  },
  CreditPolicyMailing: {
    customer: ({ customerId }, _args, { loaders }) =>
      customerId === null ? null : required(loaders.customer, customerId),
    queuedAt: ({ recordedAt }) => recordedAt,
  },
  CreditPolicyTextConnection: connectionResolvers,
  CreditPolicyMailingConnection: connectionResolvers,
} satisfies Resolvers
