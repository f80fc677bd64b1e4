import { isOver } from '../access/token-rules.ts'
import { actorInWords } from '../access/actor-words.ts'
import { connectionResolvers } from '../connection.ts'
import { encodeId } from '../ids.ts'
import type { Resolvers } from '../schema.generated.ts'
import { listTokens } from './queries.ts'

export const tokenResolvers = {
  Query: {
    tokens: (_root, args, context) => listTokens(context, args),
  },
  Token: {
    id: ({ id }) => encodeId('token', id),
    createdBy: ({ createdBy }, _args, { loaders }) => actorInWords(createdBy, loaders),
    addresses: ({ addresses }) => addresses ?? [],
    isExpired: (token, _args, { now }) => isOver(token, now),
  },
  TokenConnection: connectionResolvers,
} satisfies Resolvers
