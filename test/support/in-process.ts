/** Operations without a transport, in a context of the test's making: to see what remains where a wall is gone. */
import { type ExecutionResult, type GraphQLSchema, parse } from 'graphql'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { SCOPES } from '@tidemark/server/access/scopes.ts'
import { createContext } from '@tidemark/server/context.ts'
import { executeOperation, subscribeOperation } from '@tidemark/server/execution.ts'
import type { Answered, Ask } from './attack.ts'
import type { TestServer } from './server.ts'
import type { Twin } from './twins.ts'

const EVENT_MS_MAX = 1_000

/** As the token that may do everything in its organization, by this connection. */
export const askInProcess =
  (schema: GraphQLSchema, server: TestServer, { organization, tokenId }: Twin, connection: Connection): Ask =>
  async ({ query, variables = {} }) => {
    const actor = {
      kind: 'token',
      id: tokenId,
      name: 'in process',
      role: null,
      scopes: new Set(SCOPES),
      pointsPerMinute: null,
    } as const
    const caller = { requestId: crypto.randomUUID(), address: null, agent: null }
    const contextValue = createContext(
      { ...server.services, connection, publicUrl: () => server.url },
      { actor, organization },
      caller,
    )
    const args = { schema, document: parse(query), variableValues: variables, contextValue }
    const result = await (query.startsWith('subscription')
      ? subscribeOperation(args)
      : executeOperation(args))
    if (!(Symbol.asyncIterator in result)) return answerOf(result)
    const timeout = Promise.withResolvers<null>()
    const timer = setTimeout(() => timeout.resolve(null), EVENT_MS_MAX)
    const first = await Promise.race([result.next(), timeout.promise])
    clearTimeout(timer)
    void result.return?.()
    return first === null || first.done === true ? { data: null, errors: [] } : answerOf(first.value)
  }

const answerOf = ({ data = null, errors = [] }: ExecutionResult): Answered =>
  // As it would travel: without prototypes, and errors as they present themselves.
  JSON.parse(JSON.stringify({ data, errors })) as Answered
