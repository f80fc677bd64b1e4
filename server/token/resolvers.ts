import { actorInWords } from '../access/actor-words.ts'
import { isOver } from '../access/token-rules.ts'
import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { createToken, revokeToken, rotateToken } from './commands.ts'
import { listTokens } from './queries.ts'

export const tokenResolvers = {
  Query: {
    tokens: (_root, args, context) => listTokens(context, args),
  },
  Mutation: {
    createToken: async (_root, { input }, context) => {
      const outcome = await carryOut(context, createToken, input)
      if (isProblem(outcome)) return outcome
      return {
        __typename: 'CreateTokenSuccess',
        token: outcome.imagined ?? (await required(context.loaders.token, outcome.tokenId)),
        secret: outcome.secret,
        dryRun: input.dryRun,
        audit: outcome.audit,
      }
    },
    rotateToken: async (_root, { input }, context) => {
      const outcome = await carryOut(context, rotateToken, input)
      if (isProblem(outcome)) return outcome
      const replaced = await required(context.loaders.token, outcome.replacedId)
      return {
        __typename: 'RotateTokenSuccess',
        token: outcome.imagined ?? (await required(context.loaders.token, outcome.tokenId)),
        secret: outcome.secret,
        replaced: input.dryRun ? { ...replaced, expiresAt: outcome.endsAt } : replaced,
        dryRun: input.dryRun,
        audit: outcome.audit,
      }
    },
    revokeToken: async (_root, { input }, context) => {
      const outcome = await carryOut(context, revokeToken, input)
      if (isProblem(outcome)) return outcome
      return {
        __typename: 'RevokeTokenSuccess',
        token: await required(context.loaders.token, outcome.tokenId),
        dryRun: input.dryRun,
        audit: outcome.audit,
      }
    },
  },
  Token: {
    id: ({ id }) => encodeId('token', id),
    createdBy: ({ createdBy }, _args, { loaders }) => actorInWords(createdBy, loaders),
    addresses: ({ addresses }) => addresses ?? [],
    creditLimitMax: ({ creditLimitMax }, _args, { organization }) =>
      creditLimitMax === null ? null : { minor: creditLimitMax, currency: organization.baseCurrency },
    isExpired: (token, _args, { now }) => isOver(token, now),
  },
  TokenConnection: connectionResolvers,
} satisfies Resolvers
