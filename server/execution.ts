/** Reads and runs operations, for HTTP and WebSocket alike; over HTTP, Apollo Server reads them by the same rules. */
import {
  createSourceEventStream,
  type DocumentNode,
  execute,
  type ExecutionArgs,
  type ExecutionResult,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql'
import { cancelContext, closeContext, type Context, createContext, isOver } from './context.ts'
import { countObjects } from './cost.ts'
import { outcomeUnknown, timedOut } from './errors.ts'
import { inTurn } from './fairness.ts'
import { LIMITS, limitRules, parseOptions, timeAllowed } from './limits.ts'
import { mayReadSchema } from './operation.ts'

const REMEMBERED_MAX = 500
const REMEMBERED_LENGTH_MAX = 10_000
const VALIDATION_ERRORS_MAX = 20

export type Prepare = (query: string) => DocumentNode | readonly GraphQLError[]

/** Parses and validates; documents that passed are remembered, since dashboards send the same few. */
export const createPrepare = (schema: GraphQLSchema): Prepare => {
  const remembered = new Map<string, DocumentNode>()
  return (query) => {
    const known = remembered.get(query)
    if (known !== undefined) return known
    const document = parseQuery(query)
    if (document instanceof GraphQLError) return [document]
    const options = { maxErrors: VALIDATION_ERRORS_MAX }
    const errors = validate(schema, document, [...specifiedRules, ...limitRules], options)
    if (errors.length > 0) return errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED'))
    if (remembered.size >= REMEMBERED_MAX) remembered.clear()
    if (query.length <= REMEMBERED_LENGTH_MAX) remembered.set(query, document)
    return document
  }
}

const parseQuery = (query: string): DocumentNode | GraphQLError => {
  try {
    return parse(query, parseOptions)
  } catch (error) {
    if (error instanceof GraphQLError) return withCode(error, 'GRAPHQL_PARSE_FAILED')
    // Nested more deeply than the parser's own calls can be: as Apollo Server has it over HTTP.
    if (!(error instanceof RangeError)) throw error
    return withCode(new GraphQLError(error.message, { originalError: error }), 'GRAPHQL_PARSE_FAILED')
  }
}

type Arguments = ExecutionArgs & { readonly contextValue: Context }

/**
 * A query or mutation, or one event of a subscription; its context is closed with it. A query is given up after 5 s (`timeAllowed`),
 * and when whoever asks has left: what it reads is cancelled in the database. A mutation is never given up half way; its
 * command has a time limit of its own, which PostgreSQL keeps, and where that falls silent its outcome is told as unknown.
 */
export const executeOperation = async (args: Arguments): Promise<ExecutionResult> => {
  const { contextValue: context, document, operationName } = args
  const kind = getOperationAST(document, operationName)?.operation
  const runNow = async () => (isOver(context) ? NOBODY_WAITS : execute(args))
  // Events come when the books change, and not when somebody asks.
  const run = kind === OperationTypeNode.SUBSCRIPTION ? runNow : () => inTurn(context, runNow)
  try {
    const isMutation = kind === OperationTypeNode.MUTATION
    const result = await (isMutation ? orUnknown(run()) : withinBounds(context, timeAllowed(document), run))
    return withCost(withRequestErrors(result, context), context)
  } finally {
    void closeContext(context)
  }
}

/**
 * A subscription. graphql-js gives all events of one the same context, so loaders and snapshot of the first event
 * would answer the second; here each event gets a context of its own. Its price was paid when it began: events come
 * when the books change, and the queue of each subscriber keeps the last one of each goal, so that who follows is
 * neither held up nor left with a gap. The first one tells the cost.
 */
export const subscribeOperation = async (
  args: Arguments,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> => {
  const context = args.contextValue
  const source = await openSource(args)
  return Symbol.asyncIterator in source ? executeEach(args, source) : refusedSubscription(source, context)
}

/** The events of a subscription, before they are executed; or why there are none. `who`: whose turn it takes. */
export const openSource = async (
  args: Arguments,
  who: Pick<Context, 'organization' | 'actor'> = args.contextValue,
): Promise<AsyncIterable<unknown> | ExecutionResult> => {
  const context = args.contextValue
  const open = async () => (isOver(context) ? NOBODY_WAITS : createSourceEventStream(args))
  const opening = inTurn(who, open)
  try {
    const source = await withinBounds(context, LIMITS.operationMs, () => opening)
    if (!(Symbol.asyncIterator in source)) void opening.then(endSource, () => {})
    return source
  } finally {
    void closeContext(context)
  }
}

/** Each event by itself, and when it is asked for. */
export const executeEach = (
  args: Arguments,
  source: AsyncIterable<unknown>,
): AsyncIterableIterator<ExecutionResult> => {
  const { contextValue: context } = args
  const { caller, bounds } = context
  let { spending } = bounds
  return mapEach(source, (event) => {
    const contextValue = createContext(context, context, caller, { ...bounds, spending })
    spending = null
    return executeOperation({ ...args, rootValue: event, contextValue })
  })
}

/** What is said where there is no source. */
export const refusedSubscription = (result: ExecutionResult, context: Context): ExecutionResult =>
  withCost(withRequestErrors(result, context), context)

/** Events of one moment, in one view, which is left open; within the time that one event may take. */
export const executeEvents = async (
  args: Arguments,
  events: readonly unknown[],
): Promise<readonly ExecutionResult[]> => {
  const run = () => Promise.all(events.map(async (event) => execute({ ...args, rootValue: event })))
  const results = await withinBounds(args.contextValue, LIMITS.operationMs, run)
  return isAll(results) ? results : events.map(() => results)
}

const isAll = (
  results: readonly ExecutionResult[] | ExecutionResult,
): results is readonly ExecutionResult[] => Array.isArray(results)

/** Of a subscription that was given up while its source was being opened. */
const endSource = async (source: AsyncIterable<unknown> | ExecutionResult): Promise<void> => {
  if (Symbol.asyncIterator in source) await source[Symbol.asyncIterator]().return?.()
}

/** What `run` gives, or that it took too long or that nobody waits for it any more. Reads under way are cancelled then. */
const withinBounds = async <T>(
  context: Context,
  milliseconds: number,
  run: () => Promise<T>,
): Promise<T | ExecutionResult> => {
  const { left } = context.bounds
  if (left?.aborted === true) return NOBODY_WAITS
  const { promise: givenUp, resolve: giveUp } = Promise.withResolvers<ExecutionResult>()
  const onLeft = () => giveUp(NOBODY_WAITS)
  const tooLate = () => giveUp({ data: null, errors: [timedOut(milliseconds)] })
  const timer = setTimeout(tooLate, milliseconds)
  left?.addEventListener('abort', onLeft, { once: true })
  void givenUp.then(() => cancelContext(context))
  try {
    return await Promise.race([run(), givenUp])
  } finally {
    clearTimeout(timer)
    left?.removeEventListener('abort', onLeft)
  }
}

/** It goes on, whatever is told. */
const orUnknown = async (running: Promise<ExecutionResult>): Promise<ExecutionResult> => {
  const { mutationMs } = LIMITS
  const { promise: silence, resolve } = Promise.withResolvers<ExecutionResult>()
  const tell = () => resolve({ data: null, errors: [outcomeUnknown(mutationMs)] })
  const timer = setTimeout(tell, mutationMs)
  try {
    return await Promise.race([running, silence])
  } finally {
    clearTimeout(timer)
  }
}

/** Nobody will see it; with a code of its own, it is not taken for a fault either. */
const NOBODY_WAITS: ExecutionResult = {
  errors: [new GraphQLError('Nobody waits for this any more.', { extensions: { code: 'ABORTED' } })],
}

/** With what the operation cost, and what its answer has beyond its price. */
const withCost = (result: ExecutionResult, { bounds: { spending } }: Context): ExecutionResult => {
  if (spending === null) return result
  spending.settle(() => countObjects(result.data))
  return { ...result, extensions: { ...result.extensions, cost: spending.report() } }
}

/** Not an async generator: `return()` on one that waits for the next event would wait with it. */
const mapEach = <From, To>(
  source: AsyncIterable<From>,
  map: (value: From) => Promise<To>,
): AsyncIterableIterator<To> => {
  const iterator = source[Symbol.asyncIterator]()
  return {
    async next() {
      const step = await iterator.next()
      return step.done === true
        ? { done: true, value: undefined }
        : { done: false, value: await map(step.value) }
    },
    async return() {
      await iterator.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** Without `data` nothing ran: the variables do not fit, or there is no such operation. Apollo's codes for that. */
const withRequestErrors = (result: ExecutionResult, { actor }: Context): ExecutionResult => {
  if (result.errors === undefined || 'data' in result) return result
  const errors = result.errors.map((error) => {
    const code = codeOfRequestError(error)
    // GraphQL's own words name fields and types.
    const variable =
      code === 'BAD_USER_INPUT' && !mayReadSchema(actor) && /^Variable "\$\w+"/.exec(error.message)?.[0]
    return variable
      ? new GraphQLError(`${variable} does not fit its type.`, { extensions: { code } })
      : withCode(error, code)
  })
  return { ...result, errors }
}

const codeOfRequestError = ({ message, originalError, path }: GraphQLError): string | null => {
  // An error of a resolver has a path, and a fault has a cause that is none of GraphQL's own: neither is the request's.
  if (path !== undefined || !(originalError === undefined || originalError instanceof GraphQLError))
    return null
  return message.startsWith('Variable "$') ? 'BAD_USER_INPUT' : 'OPERATION_RESOLUTION_FAILURE'
}

const withCode = (error: GraphQLError, code: string | null): GraphQLError => {
  if (code === null || error.extensions['code'] !== undefined) return error
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    path: error.path ?? null,
    originalError: error.originalError ?? null,
    extensions: { ...error.extensions, code },
  })
}
