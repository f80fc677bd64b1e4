/** What graphql-ws is told: who may connect, what an operation may be, how its errors look. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import {
  type ExecutionArgs,
  type FormattedExecutionResult,
  getOperationAST,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from 'graphql'
import {
  CloseCode,
  type Context as SocketContext,
  type ExecutionResult,
  makeServer,
  type Server,
  type SubscribePayload,
} from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { Credentials } from '../access/authenticate.ts'
import { createContext, type Context, type Services, type Session } from '../context.ts'
import { type LogCause, presentError, tooMuch } from '../errors.ts'
import { createPrepare, executeOperation, type Prepare, subscribeOperation } from '../execution.ts'
import { LIMITS } from '../limits.ts'
import { operationError } from '../operation.ts'
import { callerOf, credentialsOfInit, type Entrance } from './credentials.ts'
import {
  beginOperation,
  endOperations,
  followSource,
  type Operation,
  unlessSuperseded,
} from './socket-operations.ts'

const INIT_TIMEOUT_MS = 3_000

export type ProtocolOptions = {
  readonly services: Services
  readonly schema: GraphQLSchema
  readonly entrance: Entrance
  /** The session's cookie of an upgrade request. */
  readonly sessionCookieOf: (request: IncomingMessage) => string | undefined
  readonly logCause: LogCause
}

/** What belongs to one socket. */
export type Extra = {
  readonly socket: WebSocket
  readonly request: IncomingMessage
  /** Null until they were accepted. */
  credentials: Credentials | null
  answersPings: boolean
  /** All that have not come to their end, also those that the client has ended. */
  readonly operations: Set<Operation>
}

export type Connected = SocketContext<Record<string, unknown>, Extra>

export type Protocol = {
  readonly server: Server<Extra>
  /** The sockets that were let in. */
  readonly connected: ReadonlySet<Connected>
  /** Queries and mutations under way. */
  readonly running: ReadonlySet<Promise<unknown>>
}

export const createProtocol = (options: ProtocolOptions): Protocol => {
  const connected = new Set<Connected>()
  const running = new Set<Promise<unknown>>()
  const prepare = createPrepare(options.schema)
  const present = (errors: readonly GraphQLError[]) =>
    errors.map((error) => presentError(error.toJSON(), error, options.logCause))

  const track = <T>(operation: Promise<T>): Promise<T> => {
    running.add(operation)
    const done = () => running.delete(operation)
    operation.then(done, done)
    return operation
  }

  const server = makeServer<Record<string, unknown>, Extra>({
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    onConnect: async (context) => {
      const accepted = await letIn(context, options)
      const { socket } = context.extra
      // It may have closed meanwhile, and closes once only.
      if (accepted && socket.readyState === socket.OPEN) connected.add(context)
      return accepted
    },
    onClose: (context) => {
      connected.delete(context)
      endOperations(context.extra.operations)
    },
    onSubscribe: (context, id, payload) => acceptOperation(context, id, payload, options, prepare),
    execute: (args) => executeAccepted(args as Accepted, track),
    subscribe: (args) => subscribeAccepted(args as Accepted),
    onNext: (_context, _id, _payload, _args, result) => presentResult(result, present),
    onError: (_context, _id, _payload, errors) => present(errors),
  })
  return { server, connected, running }
}

const letIn = async (context: Connected, options: ProtocolOptions): Promise<boolean> => {
  const { extra, connectionParams } = context
  const credentials = credentialsOfInit(connectionParams, options.sessionCookieOf(extra.request))
  if (credentials === null) {
    // Without a token it is "who are you" (4401); with a wrong one graphql-ws says "not you" (4403).
    extra.socket.close(CloseCode.Unauthorized, 'Unauthorized')
    return false
  }
  extra.credentials = credentials
  if ((await sessionOfSocket(extra, options.entrance)) !== null) return true
  extra.credentials = null
  return false
}

type Prepared = ExecutionArgs & { readonly contextValue: Context }

/** What graphql-ws hands on to `execute` and `subscribe`. */
type Accepted = Prepared & { readonly operation: Operation; readonly operations: Set<Operation> }

/** From a `subscribe` message to what is executed, or to why it is not. Thrown, an error would close the socket. */
const acceptOperation = async (
  context: Connected,
  id: string,
  payload: SubscribePayload,
  options: ProtocolOptions,
  prepare: Prepare,
): Promise<Accepted | readonly GraphQLError[]> => {
  const { operations } = context.extra
  const operation = beginOperation(operations, id)
  const prepared = await unlessSuperseded(
    operation,
    prepareOperation(context, payload, options, prepare)
      .catch((error: unknown) => [asGraphQLError(error)])
      .then((prepared) => {
        if (!('schema' in prepared) || operation.superseded) operations.delete(operation)
        return prepared
      }),
  )
  return 'schema' in prepared ? { ...prepared, operation, operations } : prepared
}

const asGraphQLError = (error: unknown): GraphQLError =>
  error instanceof GraphQLError
    ? error
    : new GraphQLError('Failed', { originalError: error instanceof Error ? error : null })

const executeAccepted = (
  { operation, operations, ...args }: Accepted,
  track: <T>(operation: Promise<T>) => Promise<T>,
): Promise<ExecutionResult> => {
  const executed = executeOperation(args).finally(() => operations.delete(operation))
  return unlessSuperseded(operation, track(executed))
}

const subscribeAccepted = ({
  operation,
  operations,
  ...args
}: Accepted): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> => {
  const follow = async () => {
    let following = false
    try {
      const result = await subscribeOperation(args)
      if (!('next' in result)) return result
      following = true
      return followSource(operations, operation, result)
    } finally {
      if (!following || operation.superseded) operations.delete(operation)
    }
  }
  return unlessSuperseded(operation, follow())
}

const prepareOperation = async (
  context: Connected,
  { query, operationName = null, ...payload }: SubscribePayload,
  { services, schema, entrance }: ProtocolOptions,
  prepare: Prepare,
): Promise<Prepared | readonly GraphQLError[]> => {
  if (context.extra.operations.size > LIMITS.subscriptionsPerSocket) {
    return [tooMuch(`A socket may have at most ${LIMITS.subscriptionsPerSocket} operations at once.`)]
  }
  const session = await requireSocketSession(context, entrance)
  const document = prepare(query)
  if (!('kind' in document)) return document
  if (getOperationAST(document, operationName) == null) return [unknownOperation(operationName)]
  const today = services.clock().toZonedDateTimeISO('UTC').toPlainDate()
  const variables = payload.variables ?? {}
  const error = operationError(schema, { document, operationName, variables }, session.actor, today)
  if (error !== null) return [error]
  const contextValue = createContext(services, session, callerOfSocket(context.extra, entrance))
  return { schema, document, operationName, variableValues: variables, contextValue }
}

const callerOfSocket = ({ request: { socket, headers } }: Extra, entrance: Entrance) =>
  callerOf({ id: randomUUID(), socket, headers }, entrance)

const unknownOperation = (name: string | null): GraphQLError =>
  new GraphQLError(
    name === null
      ? 'Several operations: name one with `operationName`.'
      : `Unknown operation named "${name}".`,
    { extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } },
  )

/** Who a socket speaks for; null once that has ended. */
export const sessionOfSocket = async (extra: Extra, entrance: Entrance): Promise<Session | null> => {
  const { credentials } = extra
  return credentials && entrance.authenticate(credentials, callerOfSocket(extra, entrance).address)
}

/** Looked up for each operation: a token or session that has ended meanwhile starts nothing. */
const requireSocketSession = async ({ extra }: Connected, entrance: Entrance): Promise<Session> => {
  const session = await sessionOfSocket(extra, entrance)
  if (session !== null) return session
  extra.socket.close(CloseCode.Forbidden, 'Forbidden')
  throw new GraphQLError('This token was revoked, or this session has ended.', {
    extensions: { code: 'UNAUTHENTICATED' },
  })
}

const presentResult = (
  { errors, ...result }: ExecutionResult,
  present: (errors: readonly GraphQLError[]) => readonly GraphQLFormattedError[],
): FormattedExecutionResult =>
  // graphql-ws types absent parts as undefined, GraphQL as absent.
  (errors === undefined ? result : { ...result, errors: present(errors) }) as FormattedExecutionResult
