/** GraphQL over HTTP: Apollo Server within Fastify, by the rules that WebSocket has too. */
import { ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server'
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql'
import type { Budgets } from '../access/budget.ts'
import { closeContext, type Context, createContext, type Services, type Session } from '../context.ts'
import { type LogCause, presentError, unacceptable, unauthenticated } from '../errors.ts'
import { executeOperation } from '../execution.ts'
import { LIMITS, limitRules, parseOptions } from '../limits.ts'
import { admitOperation, enterOperation, mayReadSchema, tellableErrors } from '../operation.ts'
import { refuseUntrusted, type TrustedDocuments } from '../trusted-documents.ts'
import { boundBody, refuseLongDocuments } from './body-size.ts'
import { callerOf, credentialsOf, type Entrance } from './credentials.ts'

export type GraphqlOptions = {
  readonly services: Services
  readonly schema: GraphQLSchema
  readonly entrance: Entrance
  readonly budgets: Budgets
  readonly trusted: TrustedDocuments | null
  readonly logCause: LogCause
}

/** GET and POST /graphql. Call `stop` before the server closes: it waits for running operations. */
export const registerGraphql = async (
  app: FastifyInstance,
  path: string,
  options: GraphqlOptions,
): Promise<{ stop(): Promise<void> }> => {
  const apollo = createApollo(options, app.log)
  await apollo.start()
  app.route({
    method: ['GET', 'POST'],
    url: path,
    bodyLimit: LIMITS.bulkBytes,
    preParsing: boundBody(options.entrance),
    preHandler: refuseLongDocuments,
    handler: fastifyApolloHandler(apollo, {
      context: (request: FastifyRequest, reply: FastifyReply) => openContext(request, reply, options),
    }),
  })
  return { stop: () => apollo.stop() }
}

/** Throws where whoever asks may not ask at all, or not now. */
const openContext = async (
  request: FastifyRequest,
  reply: FastifyReply,
  { services, entrance, budgets, trusted }: GraphqlOptions,
): Promise<Context> => {
  const session = await requireSession(request, entrance)
  refuseUntrusted(trusted, session.actor, queryOf(request))
  refuseWrites(request, session)
  const spending = budgets.open(session)
  const refused = await enterOperation(spending)
  if (refused !== null) throw refused
  const left = new AbortController()
  // Also after an answer that was sent, when nobody listens any more.
  reply.raw.once('close', () => left.abort(GONE))
  if (reply.raw.closed) left.abort(GONE)
  const caller = { ...callerOf(request, entrance), idempotencyKey: keyOf(request) }
  return createContext(services, session, caller, { left: left.signal, spending })
}

/** Told to nobody: without it each request would make an error, with its stack. */
const GONE = 'gone'

/** The header `Idempotency-Key`, plain or in quotes as the standard that is being written has it; null without one. */
const keyOf = ({ headers }: FastifyRequest): string | null => {
  const header = headers['idempotency-key']
  return typeof header === 'string' ? header.replace(/^"(.*)"$/, '$1') : null
}

/** The header stands for a whole request, and a key for one command. */
const severalCommands = (operation: OperationDefinitionNode | undefined, key: string | null | undefined) =>
  key != null &&
  operation?.operation === OperationTypeNode.MUTATION &&
  operation.selectionSet.selections.length > 1
    ? unacceptable('The header Idempotency-Key is for one mutation: give each of several a key of its own.')
    : null

/**
 * Apollo Server refuses mutations by GET after it has read them, which tells whether they are valid. Who may not read
 * the schema is refused before.
 */
const refuseWrites = (request: FastifyRequest, { actor }: Session): void => {
  const writes = request.method === 'GET' && /\b(mutation|subscription)\b/.test(String(queryOf(request)))
  if (!writes || mayReadSchema(actor)) return
  const http: unknown = { status: 405, headers: new HeaderMap([['allow', 'POST']]) }
  const told: Record<string, unknown> = { code: 'BAD_REQUEST', http }
  throw new GraphQLError('GET requests only support query operations.', { extensions: told })
}

/** The document, as Apollo Server is about to read it. */
const queryOf = ({ method, url, body }: FastifyRequest): unknown => {
  if (method === 'GET') return new URL(url, 'http://localhost').searchParams.get('query')
  return typeof body === 'object' && body !== null && 'query' in body ? body.query : undefined
}

/** Who a request comes from. Throws UNAUTHENTICATED without a valid token or session. */
export const requireSession = async (request: FastifyRequest, entrance: Entrance): Promise<Session> => {
  const { headers, cookies } = request
  const credentials = credentialsOf(headers, cookies[entrance.sessionCookie])
  if (credentials === null) {
    throw unauthenticated('Send a token: `Authorization: Bearer tdm_...` or `x-api-key: tdm_...`.')
  }
  const session = await entrance.authenticate(credentials, callerOf(request, entrance).address)
  if (session !== null) return session
  throw unauthenticated(
    credentials.kind === 'token'
      ? 'This token is not valid: it is unknown here, over or revoked, or not for your network address.'
      : 'You are not signed in to this organization. Sign in, or choose another organization.',
  )
}

const createApollo = ({ schema, services, logCause }: GraphqlOptions, log: FastifyBaseLogger) =>
  new ApolloServer<Context>({
    schema,
    parseOptions,
    validationRules: [...limitRules],
    validationOptions: { maxErrors: 20 },
    introspection: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    csrfPrevention: {
      requestHeaders: [
        'x-apollo-operation-name',
        'apollo-require-preflight',
        'x-api-key',
        'x-tidemark-client',
      ],
    },
    includeStacktraceInErrorResponses: false,
    formatError: (formatted, error) => presentError(formatted, error, logCause),
    stopOnTerminationSignals: false,
    nodeEnv: 'production',
    logger: log,
    plugins: [ApolloServerPluginLandingPageDisabled(), operationPlugin(services, logCause)],
  })

const DOCUMENT_CODES = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'])

/** GraphQL over HTTP: where plain JSON is asked for, a status tells of the request, not of the document in it. */
const isOfDocument = ({ extensions }: GraphQLFormattedError): boolean =>
  DOCUMENT_CODES.has(String(extensions?.['code']))

const wantsPlainJson = (headers: HeaderMap | undefined): boolean => {
  const accept = headers?.get('accept') ?? ''
  return accept.includes('application/json') && !accept.includes('application/graphql-response+json')
}

/**
 * Refuses what the actor may not ask for or cannot pay, runs operations as they run over WebSocket, says what they cost,
 * and lets go of the context once the answer is made.
 */
const operationPlugin = ({ clock }: Services, logCause: LogCause): ApolloServerPlugin<Context> => ({
  requestDidStart: () =>
    Promise.resolve({
      async didResolveOperation({ schema, document, operation, request, contextValue }) {
        const { actor, bounds } = contextValue
        const { operationName, variables = {} } = request
        if (bounds.spending === null) return
        const today = clock().toZonedDateTimeISO('UTC').toPlainDate()
        const requested = { document, operationName, variables }
        const several = severalCommands(operation, contextValue.caller.idempotencyKey)
        if (several !== null) throw several
        const error = await admitOperation(schema, requested, actor, bounds.spending, today)
        if (error !== null) throw error
        if (operation?.operation === OperationTypeNode.SUBSCRIPTION) throw overSocketOnly()
      },
      async responseForOperation({ schema, document, operation, request, contextValue }) {
        // Apollo Server has the words for an operation that there is not.
        if (operation === undefined) return null
        const { operationName, variables } = request
        const result = await executeOperation({
          schema,
          document,
          contextValue,
          operationName: operationName ?? null,
          variableValues: variables ?? null,
        })
        const { errors, ...rest } = result
        return {
          http: { status: 'data' in result ? 200 : 400, headers: new HeaderMap() },
          body: {
            kind: 'single',
            singleResult:
              errors === undefined
                ? rest
                : { ...rest, errors: errors.map((error) => presentError(error.toJSON(), error, logCause)) },
          },
        }
      },
      willSendResponse({ contextValue, request, response: { http, body } }) {
        void closeContext(contextValue)
        if (body.kind !== 'single') return Promise.resolve()
        const { singleResult } = body
        const { actor, bounds } = contextValue
        if (singleResult.errors !== undefined) {
          const asTold = (error: GraphQLError) => presentError(error.toJSON(), error, logCause)
          singleResult.errors = tellableErrors(singleResult.errors, actor, asTold)
        }
        if (bounds.spending !== null) {
          const refused = singleResult.errors?.[0]?.extensions?.['cost']
          singleResult.extensions = { cost: refused ?? bounds.spending.report(), ...singleResult.extensions }
        }
        if (
          http.status === 400 &&
          singleResult.errors?.every(isOfDocument) &&
          wantsPlainJson(request.http?.headers)
        ) {
          http.status = 200
        }
        return Promise.resolve()
      },
    }),
  unexpectedErrorProcessingRequest: ({ requestContext }) => closeContext(requestContext.contextValue),
})

const overSocketOnly = (): GraphQLError =>
  new GraphQLError('Subscriptions are answered over WebSocket (graphql-transport-ws) at this address.', {
    extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
  })
