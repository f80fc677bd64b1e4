/** The server: API, WebSocket, dashboard and GraphiQL on one port. */
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { constants } from 'node:zlib'
import fastifyCompress from '@fastify/compress'
import fastifyCookie from '@fastify/cookie'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { GraphQLError } from 'graphql'
import { createAuthenticator } from './access/authenticate.ts'
import { type Budgets, createBudgets } from './access/budget.ts'
import { findInvitation } from './access/invitations.ts'
import { CONNECTION_LIMITS, type ConnectionLimits } from './config.ts'
import type { Services } from './context.ts'
import { type LogCause, presentError } from './errors.ts'
import { registerGraphql } from './http/apollo.ts'
import type { IsTrusted } from './http/address.ts'
import { registerAuthRoutes } from './http/auth-routes.ts'
import type { Entrance } from './http/credentials.ts'
import { registerExportRoutes } from './http/export-routes.ts'
import { registerOidcRoutes } from './http/oidc-routes.ts'
import { refusePreflights, registerSecurityHeaders } from './http/security-headers.ts'
import { registerServiceRoutes } from './http/service-routes.ts'
import { registerSessionRoutes } from './http/session-routes.ts'
import { attachSockets, type Sockets } from './http/socket.ts'
import { registerDashboard } from './http/static.ts'
import { createTurnstile } from './http/turnstile.ts'
import { type IdentityConfig, publicUrlAt } from './identity/config.ts'
import { createIdentity } from './identity/identity.ts'
import { LIMITS } from './limits.ts'
import type { Log } from './log.ts'
import { resolvers } from './resolvers.ts'
import { createSchema } from './schema.ts'
import type { TrustedDocuments } from './trusted-documents.ts'

const GRAPHQL_PATH = '/graphql'
/** A request that is not there within these times is given up: slow ones must not hold connections. */
const HEADERS_MS_MAX = 10_000
const REQUEST_MS_MAX = 30_000
const CHECK_REQUESTS_EVERY_MS = 2_000
/** A connection on which nothing moves, in either direction: an answer that nobody reads. */
const STILL_MS_MAX = 60_000
/** Longer than proxies keep theirs, which would else send a request into a connection that is being closed. */
const KEEP_ALIVE_MS = 72_000
const REQUESTS_PER_CONNECTION = 10_000
const HEADERS_MAX = 100
/** Those that still run when the server closes: longer than a query may take. */
const REQUESTS_END_MS_MAX = 6_000
const HEADER_BYTES_MAX = 16 * 1024
const COMPRESS_FROM_BYTES = 1_024
/** The highest, which is the default, takes seconds for a megabyte. */
const BROTLI_QUALITY = 4

export type ServerOptions = {
  readonly services: Omit<Services, 'publicUrl'>
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  /** The folder of the built dashboard; null serves none. */
  readonly dashboard: string | null
  /** Whether a browser on this machine may sign in to the demo organization without a token. */
  readonly demo: boolean
  readonly identity: IdentityConfig
  /** The proxies before it, which are believed about whom they speak for. */
  readonly trustedProxies: IsTrusted
  /** What people who signed in may send; null: anything. */
  readonly trustedDocuments?: TrustedDocuments | null
  readonly connections?: ConnectionLimits
  readonly log: Log
}

export type RunningServer = {
  /** Such as http://127.0.0.1:4000. */
  readonly url: string
  readonly port: number
  /**
   * Stops accepting, lets what runs finish, and closes every socket; within 10 s. May be called more than once. For
   * `lameDuckMs` before, none if left out, requests are answered while /readyz says that they had better go elsewhere.
   */
  close(options?: { readonly lameDuckMs?: number }): Promise<void>
}

/** Whether the server is about to close. */
type Leaving = { began: boolean }

/** Starts the server. Throws an OperatorError where the port cannot be had. */
export const startServer = async (options: ServerOptions): Promise<RunningServer> => {
  const { host, log, demo } = options
  const { connection, clock } = options.services
  const logCause: LogCause = (cause, errorId, path) =>
    log.logger.error({ err: cause, errorId, path }, 'Internal error')
  const listening = { url: '' }
  const identity = createIdentity({
    connection,
    config: options.identity,
    listeningUrl: () => listening.url,
    mayJoin: async (invitation, email) =>
      (await findInvitation(connection, invitation, clock()))?.email === email,
    logError: log.failure,
  })
  const services: Services = { ...options.services, publicUrl: identity.publicUrl }
  const authenticator = createAuthenticator(identity, clock, log.failure)
  const entrance: Entrance = {
    authenticate: authenticator.authenticate,
    sessionCookie: identity.cookies.session,
    isTrusted: options.trustedProxies,
  }
  const schema = createSchema(resolvers)

  const leaving: Leaving = { began: false }
  const app = await createApp(log, logCause, options.identity.publicUrl, leaving)
  const budgets = createBudgets(connection, log.failure)
  const gate = { entrance, budgets, trusted: options.trustedDocuments ?? null }
  const apollo = await registerGraphql(app, GRAPHQL_PATH, { services, schema, ...gate, logCause })
  registerServiceRoutes(app, {
    connection,
    entrance,
    graphqlPath: GRAPHQL_PATH,
    host,
    graphiqlForPeople: gate.trusted === null,
    clock,
    isLeaving: () => leaving.began,
    metrics: services.metrics,
  })
  registerExportRoutes(app, { connection, entrance, budgets })
  const people = { identity, authenticator, entrance, clock, logCause }
  registerSessionRoutes(app, { ...people, host, demo })
  registerAuthRoutes(app, people)
  registerOidcRoutes(app, people)
  await registerDashboard(app, options.dashboard)
  await app.ready()
  const sockets = attachSockets(app.server, {
    services,
    schema,
    ...gate,
    turnstile: createTurnstile(options.connections ?? CONNECTION_LIMITS),
    logCause,
    logError: log.failure,
    path: GRAPHQL_PATH,
    sessionCookieOf: ({ headers }) => app.parseCookie(headers.cookie ?? '')[entrance.sessionCookie],
  })

  const port = await listen(app, options)
  listening.url = publicUrlAt(host, port)
  let closing: Promise<void> | undefined
  return {
    url: listening.url,
    port,
    close: ({ lameDuckMs = 0 } = {}) =>
      (closing ??= closeAll({ app, apollo, sockets, budgets, leaving, lameDuckMs })),
  }
}

const createApp = async (
  log: Log,
  logCause: LogCause,
  publicUrl: string | null,
  leaving: Leaving,
): Promise<FastifyInstance> => {
  // Named by its own type, the logger would make this an instance that no plugin takes.
  const loggerInstance: FastifyBaseLogger = log.logger
  const app: FastifyInstance = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: LIMITS.messageBytes,
    connectionTimeout: STILL_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS_MAX,
    maxRequestsPerSocket: REQUESTS_PER_CONNECTION,
    http: {
      headersTimeout: HEADERS_MS_MAX,
      connectionsCheckingInterval: CHECK_REQUESTS_EVERY_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    forceCloseConnections: 'idle',
    return503OnClosing: true,
  })
  app.server.maxHeadersCount = HEADERS_MAX
  registerSecurityHeaders(app, { https: publicUrl?.startsWith('https:') === true })
  refusePreflights(app)
  // The audit names the request of a change by it.
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id)
    done()
  })
  // Not when the request comes: one that began before the server leaves is answered later, on a connection that its
  // client would use again just when it is closed.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (leaving.began) void reply.header('connection', 'close')
    done()
  })
  await app.register(fastifyCompress, {
    threshold: COMPRESS_FROM_BYTES,
    encodings: ['br', 'gzip'],
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } },
  })
  await app.register(fastifyCookie)
  app.setErrorHandler((error: unknown, _request, reply) => {
    const { status, ...body } = presentHttpError(error, logCause)
    return reply.code(status).send(body)
  })
  return app
}

/** Errors of a route, in the shape that GraphQL's have, so that clients read one kind only. */
const presentHttpError = (error: unknown, logCause: LogCause) => {
  const thrown = error instanceof Error ? error : new Error(String(error))
  const status = statusOf(thrown)
  const known = thrown instanceof GraphQLError || status < 500
  const formatted = known
    ? { message: thrown.message, extensions: { code: 'BAD_REQUEST', ...extensionsOf(thrown) } }
    : { message: thrown.message }
  return { status, errors: [presentError(formatted, thrown, logCause)] }
}

const extensionsOf = (error: Error): Readonly<Record<string, unknown>> =>
  error instanceof GraphQLError ? error.extensions : {}

const statusOf = (error: Error): number => {
  const http = extensionsOf(error)['http']
  const status =
    typeof http === 'object' && http !== null && 'status' in http
      ? http.status
      : 'statusCode' in error
        ? error.statusCode
        : undefined
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500
}

const listen = async (app: FastifyInstance, { host, port }: ServerOptions): Promise<number> => {
  try {
    await app.listen({ host, port })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    const message = LISTEN_MESSAGES[String(code)]?.(host, port)
    throw message === undefined ? cause : new OperatorError(message, { cause })
  }
  return (app.server.address() as AddressInfo).port
}

const LISTEN_MESSAGES: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) =>
    `Port ${port} on ${host} is taken. Stop what uses it, or set PORT to another one, such as PORT=${port + 1}.`,
  EACCES: (_host, port) => `Port ${port} may not be used by this user. Set PORT to one from 1024 on.`,
  EADDRNOTAVAIL: (host) =>
    `HOST is ${host}, which is no address of this machine. Set HOST to 127.0.0.1 or 0.0.0.0.`,
  ENOTFOUND: (host) => `HOST is ${host}, which cannot be found. Set HOST to 127.0.0.1 or 0.0.0.0.`,
}

type Open = {
  readonly app: FastifyInstance
  readonly apollo: { stop(): Promise<void> }
  readonly sockets: Sockets
  readonly budgets: Budgets
  readonly leaving: Leaving
  readonly lameDuckMs: number
}

const closeAll = async ({ app, apollo, sockets, budgets, leaving, lameDuckMs }: Open): Promise<void> => {
  leaving.began = true
  const drained = sockets.drain(lameDuckMs / 2)
  if (lameDuckMs > 0) await sleep(lameDuckMs)
  // What arrived while this process was busy is read before a connection counts as idle.
  await setImmediate()
  // Open sockets would keep the server from closing, so they go at the same time.
  const closed = app.close()
  const giveUp = setTimeout(() => app.server.closeAllConnections(), REQUESTS_END_MS_MAX)
  await drained
  await closed
  clearTimeout(giveUp)
  await apollo.stop()
  await budgets.close()
}
