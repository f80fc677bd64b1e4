/** GraphQL over HTTP: Apollo Server within Fastify, by the rules that WebSocket has too. */
import { ApolloServer, type ApolloServerPlugin, type HeaderMap } from '@apollo/server'
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import type { GraphQLError, GraphQLSchema } from 'graphql'
import { closeContext, type Context, createContext, type Services, type Session } from '../context.ts'
import { type LogCause, presentError, unauthenticated } from '../errors.ts'
import { LIMITS, limitRules, parseOptions } from '../limits.ts'
import { operationError } from '../operation.ts'
import { callerOf, credentialsOf, type Entrance } from './credentials.ts'

export type GraphqlOptions = {
  readonly services: Services
  readonly schema: GraphQLSchema
  readonly entrance: Entrance
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
    method: ['GET', 'POST', 'OPTIONS'],
    url: path,
    bodyLimit: LIMITS.messageBytes,
    handler: fastifyApolloHandler(apollo, {
      context: async (request: FastifyRequest) =>
        createContext(
          options.services,
          await requireSession(request, options.entrance),
          callerOf(request, options.entrance),
        ),
    }),
  })
  return { stop: () => apollo.stop() }
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
    plugins: [ApolloServerPluginLandingPageDisabled(), operationPlugin(services)],
  })

const DOCUMENT_CODES = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'])

/** GraphQL over HTTP: where plain JSON is asked for, a status tells of the request, not of the document in it. */
const isOfDocument = ({ extensions }: GraphQLError): boolean => DOCUMENT_CODES.has(String(extensions['code']))

const wantsPlainJson = (headers: HeaderMap | undefined): boolean => {
  const accept = headers?.get('accept') ?? ''
  return accept.includes('application/json') && !accept.includes('application/graphql-response+json')
}

/** Refuses values that cannot be kept and what would cost too much, and lets go of the context once the answer is made. */
const operationPlugin = ({ clock }: Services): ApolloServerPlugin<Context> => ({
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ schema, document, request, contextValue }) => {
        const today = clock().toZonedDateTimeISO('UTC').toPlainDate()
        const { operationName, variables = {} } = request
        const error = operationError(
          schema,
          { document, operationName, variables },
          contextValue.actor,
          today,
        )
        return error === null ? Promise.resolve() : Promise.reject(error)
      },
      willSendResponse: ({ contextValue, request, response, errors }) => {
        void closeContext(contextValue)
        const { http } = response
        if (http.status === 400 && errors?.every(isOfDocument) && wantsPlainJson(request.http?.headers)) {
          http.status = 200
        }
        return Promise.resolve()
      },
    }),
  unexpectedErrorProcessingRequest: ({ requestContext }) => closeContext(requestContext.contextValue),
})
