/** What graphql-ws is told: who may connect, what an operation may be, how its errors look. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import {
  type DocumentNode,
  type FormattedExecutionResult,
  getOperationAST,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  OperationTypeNode,
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
import { actorName } from '../access/actor.ts'
import type { Credentials } from '../access/authenticate.ts'
import type { Budgets, Spending } from '../access/budget.ts'
import { createContext, type Services, type Session } from '../context.ts'
import type { LogError } from '../events.ts'
import { type LogCause, presentError, tooMuch } from '../errors.ts'
import { createPrepare, executeOperation, type Prepare } from '../execution.ts'
import { LIMITS } from '../limits.ts'
import { createHub, type Hub, type Outlet } from '../live/hub.ts'
import { admitOperation, enterOperation, rightsError, tellableErrors } from '../operation.ts'
import { refuseUntrusted, type TrustedDocuments } from '../trusted-documents.ts'
import { addressOf } from './address.ts'
import { callerOf, credentialsOfInit, type Entrance } from './credentials.ts'
import { nextFrames } from './frames.ts'
import { createSharedSubscriptions, type Prepared, type SubscribeShared } from './shared-subscription.ts'
import {
  beginOperation,
  endOperations,
  followSource,
  type Operation,
  unlessSuperseded,
} from './socket-operations.ts'
import type { Turnstile, Visitor } from './turnstile.ts'

const INIT_TIMEOUT_MS = 3_000
/** Clients come back after it, unlike after the codes of graphql-ws. */
const TRY_AGAIN_LATER = 1013

export type ProtocolOptions = {
  readonly services: Services
  readonly schema: GraphQLSchema
  readonly entrance: Entrance
  readonly budgets: Budgets
  readonly trusted: TrustedDocuments | null
  readonly turnstile: Turnstile
  /** The session's cookie of an upgrade request. */
  readonly sessionCookieOf: (request: IncomingMessage) => string | undefined
  readonly logCause: LogCause
  readonly logError: LogError
}

/** What belongs to one socket. */
export type Extra = Visitor & {
  readonly socket: WebSocket
  readonly request: IncomingMessage
  /** Where its subscriptions are told. */
  readonly outlet: Outlet
  /** Null until they were accepted. */
  credentials: Credentials | null
  answersPings: boolean
  /** Queries and mutations under way. */
  readonly running: Set<Promise<unknown>>
  /** All that have not come to their end, also those that the client has ended. */
  readonly operations: Set<Operation>
}

export type Connected = SocketContext<Record<string, unknown>, Extra>

export type Protocol = {
  readonly server: Server<Extra>
  /** The sockets that were let in. */
  readonly connected: ReadonlySet<Connected>
  readonly hub: Hub
}

export const createProtocol = (options: ProtocolOptions): Protocol => {
  const connected = new Set<Connected>()
  const prepare = createPrepare(options.schema)
  const present = (errors: readonly GraphQLError[]) =>
    errors.map((error) => presentError(error.toJSON(), error, options.logCause))

  const hub = createHub({ encode: nextFrames, logError: options.logError })
  const subscribe = createSharedSubscriptions({
    services: options.services,
    hub,
    present: (result) => presentResult(result, present),
  })

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
      options.turnstile.leave(context.extra)
      endOperations(context.extra.operations)
    },
    onSubscribe: (context, id, payload) => acceptOperation(context, id, payload, options, prepare),
    execute: (args) => executeAccepted(args as Accepted),
    subscribe: (args) => subscribeAccepted(args as Accepted, subscribe),
    onNext: (_context, _id, _payload, _args, result) => presentResult(result, present),
    onError: (_context, _id, _payload, errors) => present(errors),
  })
  return { server, connected, hub }
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
  let session: Session | null
  try {
    session = await sessionOfSocket(extra, options.entrance)
  } catch (error) {
    // Nobody knows yet who it is: that may be known in a moment, while the code of an error would keep clients away.
    options.logError(error, 'Who opened a socket could not be looked up')
    extra.socket.close(TRY_AGAIN_LATER, 'Try again later')
    return false
  }
  // It is counted no more once it is closed.
  const refusal =
    session && extra.socket.readyState === extra.socket.OPEN
      ? options.turnstile.refusalOf(extra, `${session.organization.id} ${actorName(session.actor)}`)
      : null
  if (refusal !== null) extra.socket.close(TRY_AGAIN_LATER, refusal)
  if (session !== null && refusal === null) return true
  extra.credentials = null
  return false
}

/**
 * What graphql-ws hands on to `execute` and `subscribe`. It keeps hold of that until the operation ends, which may be
 * weeks; so what an operation needs to begin is in it only until it begins.
 */
type Accepted = Pick<Prepared, 'schema' | 'document' | 'operationName'> & {
  readonly contextValue: null
  readonly operation: Operation
  readonly outlet: Outlet
  readonly operations: Set<Operation>
  readonly running: Set<Promise<unknown>>
  readonly take: () => Prepared
}

const accept = (
  prepared: Prepared,
  operation: Operation,
  { outlet, operations, running }: Extra,
): Accepted => {
  const { schema, document, operationName = null } = prepared
  let waiting: Prepared | null = prepared
  const take = () => {
    if (waiting === null) throw new Error('An operation begins once')
    const taken = waiting
    waiting = null
    return taken
  }
  return { schema, document, operationName, contextValue: null, operation, outlet, operations, running, take }
}

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
    prepareOperation(context, payload, operation, options, prepare)
      .catch((error: unknown) => [asGraphQLError(error)])
      .then((prepared) => {
        if (!('schema' in prepared) || operation.superseded) operations.delete(operation)
        return prepared
      }),
  )
  if (!('schema' in prepared)) return prepared
  // graphql-ws keeps the message as well: with the text that all have in common.
  Object.assign(payload, { query: prepared.document.loc?.source.body ?? payload.query })
  return accept(prepared, operation, context.extra)
}

const asGraphQLError = (error: unknown): GraphQLError =>
  error instanceof GraphQLError
    ? error
    : new GraphQLError('Failed', { originalError: error instanceof Error ? error : null })

const executeAccepted = ({ operation, operations, running, take }: Accepted): Promise<ExecutionResult> => {
  const executed = executeOperation(take()).finally(() => {
    operations.delete(operation)
    running.delete(executed)
  })
  running.add(executed)
  return unlessSuperseded(operation, executed)
}

const subscribeAccepted = (
  { operation, outlet, operations, take }: Accepted,
  subscribe: SubscribeShared,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> => {
  const follow = async () => {
    let following = false
    try {
      const { id, left } = operation
      const result = await subscribe(take(), { id, outlet, left: left.signal })
      if (!('next' in result)) return operation.refusal === null ? result : { errors: [operation.refusal] }
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
  payload: SubscribePayload,
  operation: Operation,
  options: ProtocolOptions,
  prepare: Prepare,
): Promise<Prepared | readonly GraphQLError[]> => {
  const { extra } = context
  if (extra.operations.size > LIMITS.subscriptionsPerSocket) {
    return [tooMuch(`A socket may have at most ${LIMITS.subscriptionsPerSocket} operations at once.`)]
  }
  const session = await requireSocketSession(context, options.entrance)
  refuseUntrusted(options.trusted, session.actor, payload.query)
  const spending = options.budgets.open(session)
  const admitted = await admit(payload, session, spending, extra, options, prepare)
  if (!('kind' in admitted)) return admitted
  const { schema, services, entrance } = options
  const { operationName } = payload
  if (getOperationAST(admitted, operationName)?.operation === OperationTypeNode.SUBSCRIPTION) {
    operation.rightsError = (actor) => rightsError(schema, { document: admitted, operationName }, actor)
  }
  const left = operation.left.signal
  return {
    schema,
    document: admitted,
    operationName: payload.operationName ?? null,
    variableValues: payload.variables ?? {},
    contextValue: createContext(services, session, callerOfSocket(extra, entrance), { left, spending }),
  }
}

/** The document, read and paid for; or why it may not run. */
const admit = async (
  { query, operationName = null, ...payload }: SubscribePayload,
  { actor }: Session,
  spending: Spending,
  extra: Extra,
  { services, schema, turnstile }: ProtocolOptions,
  prepare: Prepare,
): Promise<DocumentNode | readonly GraphQLError[]> => {
  const refused = await enterOperation(spending)
  if (refused !== null) return [refused]
  const document = prepare(query)
  if (!('kind' in document)) return tellableErrors(document, actor, (error) => error)
  const operation = getOperationAST(document, operationName)
  const crowded =
    operation?.operation === OperationTypeNode.SUBSCRIPTION ? turnstile.subscriptionRefusal(extra) : null
  if (crowded !== null) return [tooMuch(crowded)]
  const today = services.clock().toZonedDateTimeISO('UTC').toPlainDate()
  const requested = { document, operationName, variables: payload.variables ?? {} }
  const error = await admitOperation(schema, requested, actor, spending, today)
  if (error !== null) return [error]
  return operation == null ? [unknownOperation(operationName)] : document
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
  return credentials && entrance.authenticate(credentials, addressOfSocket(extra, entrance))
}

export const addressOfSocket = ({ request }: Extra, { isTrusted }: Entrance): string | null =>
  addressOf(request, isTrusted)

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
