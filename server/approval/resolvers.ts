import { actorInWords } from '../access/actor-words.ts'
import { readLatestMatrix, readMatrix, readMatrixVersion } from '../authority/matrix.ts'
import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import { isSamePerson } from '../domain/authority.ts'
import { dayOf } from '../domain/day.ts'
import { decodeId, encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import {
  approveRequest,
  commentOnRequest,
  rejectRequest,
  withdrawRequest,
  type GovernedCommands,
  type RequestChanged,
} from './commands.ts'
import { setAuthorityMatrix } from './matrix.ts'
import {
  checkPart,
  findRequest,
  identityOf,
  listRequests,
  mayDecide,
  readRequirements,
  readSteps,
  stateOf,
} from './queries.ts'
import { percentInWords, summaryOf } from './words.ts'

/** The request as it is by now. */
const changed = async ({ loaders }: Context, dryRun: boolean, { requestId, audit }: RequestChanged) => ({
  request: await required(loaders.approvalRequest, requestId),
  dryRun,
  audit,
})

const inBase = (minor: bigint | null, { organization }: Context) =>
  minor === null ? null : { minor, currency: organization.baseCurrency }

/** `commands` are those that can be approved, by the names of their mutations. */
export const approvalResolvers = (commands: GovernedCommands) =>
  ({
    Query: {
      authorityMatrix: (_root, { on, version }, { reader, organization, now }) =>
        reader.read((tx) =>
          typeof version === 'number'
            ? readMatrixVersion(tx, organization.id, version)
            : readMatrix(tx, organization.id, dayOf(on ?? todayOf({ now, organization }))),
        ),
      approvalRequest: (_root, { id }, context) => findRequest(context, id),
      approvalRequests: (_root, args, context) => listRequests(context, args),
    },
    Mutation: {
      setAuthorityMatrix: async (_root, { input }, context) => {
        const outcome = await carryOut(context, setAuthorityMatrix, input)
        if (isProblem(outcome)) return outcome
        const { matrix, audit } = outcome
        return { __typename: 'SetAuthorityMatrixSuccess', matrix, dryRun: input.dryRun, audit }
      },
      approveRequest: async (_root, { input }, context) => {
        const outcome = await carryOut(context, approveRequest(commands), input)
        if (isProblem(outcome)) return outcome
        const { state, failure } = outcome
        return {
          __typename: 'ApproveRequestSuccess',
          ...(await changed(context, input.dryRun, outcome)),
          state,
          failure,
        }
      },
      rejectRequest: async (_root, { input }, context) => {
        const outcome = await carryOut(context, rejectRequest, input)
        if (isProblem(outcome)) return outcome
        return { __typename: 'RejectRequestSuccess', ...(await changed(context, input.dryRun, outcome)) }
      },
      withdrawRequest: async (_root, { input }, context) => {
        const outcome = await carryOut(context, withdrawRequest, input)
        if (isProblem(outcome)) return outcome
        return { __typename: 'WithdrawRequestSuccess', ...(await changed(context, input.dryRun, outcome)) }
      },
      commentOnRequest: async (_root, { input }, context) => {
        const outcome = await carryOut(context, commentOnRequest, input)
        if (isProblem(outcome)) return outcome
        return { __typename: 'CommentOnRequestSuccess', ...(await changed(context, input.dryRun, outcome)) }
      },
    },
    Customer: {
      approvalRequests: ({ id }, { state, ...args }, context) =>
        listRequests(context, state ? { ...args, filter: { state } } : args, id),
    },
    AuthorityMatrix: {
      latestVersion: async (_matrix, _args, { reader, organization }) =>
        (await reader.read((tx) => readLatestMatrix(tx, organization.id))).version,
    },
    AuthorityRule: {
      upTo: ({ upTo }, _args, context) => inBase(upTo, context),
      upToByActor: ({ upToByActor }, _args, context) => inBase(upToByActor, context),
      upToPercent: ({ upToBasisPoints }) =>
        upToBasisPoints === null ? null : percentInWords(upToBasisPoints),
    },
    AuthorityHolder: {
      anyone: ({ kind }) => kind === 'ANYONE',
      role: (who) => (who.kind === 'ROLE' ? roleOf(who.role) : null),
      person: (who, _args, { loaders }) => (who.kind === 'PERSON' ? loaders.person.load(who.id) : null),
      token: async (who, _args, { loaders }) =>
        who.kind === 'TOKEN' ? ((await loaders.token.load(who.id))?.name ?? null) : null,
      tokenId: (who) => (who.kind === 'TOKEN' ? encodeId('token', who.id) : null),
    },
    ApprovalRequest: {
      id: ({ id }) => encodeId('approvalRequest', id),
      state: (row, _args, { now }) => stateOf(row, now),
      summary: async (row, _args, { loaders }) => summaryOf(row, await loaders.approvalStep.load(row.id)),
      requestedBy: ({ requestedBy }, _args, { loaders }) => actorInWords(requestedBy, loaders),
      customer: async ({ id }, _args, { loaders }) => {
        const step = await loaders.approvalStep.load(id)
        return step?.isOfOne === true ? required(loaders.customer, step.customerId) : null
      },
      steps: ({ id }, part, context) => readSteps(context, id, part),
      requirements: (row, _args, context) => readRequirements(context, row),
      events: ({ id }, _args, { loaders }) => loaders.approvalEvents.load(id),
      mayDecide: (row, _args, context) => mayDecide(context, row),
      isMine: async ({ requesters }, _args, context) =>
        isSamePerson((await identityOf(context)).names, requesters),
    },
    ApprovalStep: {
      customer: ({ customerId }, _args, { loaders }) => required(loaders.customer, customerId),
      amount: ({ amount }, _args, context) => inBase(amount === null ? null : BigInt(amount), context),
    },
    ApprovalEvent: {
      by: ({ actor }, _args, { loaders }) => actorInWords(actor, loaders),
      at: ({ recordedAt }) => recordedAt,
    },
    ApprovalRequested: {
      request: ({ requestId }, _args, context) =>
        requestId === null ? null : findRequest(context, requestId),
      requirements: async ({ requestId, requirements }, _args, context) => {
        const row = requestId === null ? null : await findRequest(context, requestId)
        if (row !== null) return readRequirements(context, row)
        return requirements.map((one) => ({ ...one, lacking: one.approvals }))
      },
      steps: ({ requestId, steps }, { first }, context) => {
        checkPart(first)
        const id = requestId === null ? null : decodeId('approvalRequest', requestId)
        return id === null ? steps.slice(0, first) : readSteps(context, id, { first, skip: 0 })
      },
    },
    ApprovalRequestConnection: connectionResolvers,
  }) satisfies Resolvers

/** As the API spells it. */
const roleOf = (role: string) => role.toUpperCase() as 'MANAGER'
