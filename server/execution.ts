/** Runs operations that come over WebSocket by the very rules that Apollo Server is given for HTTP. */
import {
  createSourceEventStream,
  type DocumentNode,
  execute,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  parse,
  specifiedRules,
  validate,
} from 'graphql'
import { closeContext, type Context, createContext } from './context.ts'
import { limitRules, parseOptions } from './limits.ts'

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

/** A query or mutation; its context is closed with it. */
export const executeOperation = async (args: Arguments): Promise<ExecutionResult> => {
  try {
    return withRequestErrors(await execute(args))
  } finally {
    void closeContext(args.contextValue)
  }
}

/**
 * A subscription. graphql-js gives all events of one the same context, so loaders and snapshot of the first event
 * would answer the second; here each event gets a context of its own.
 */
export const subscribeOperation = async (
  args: Arguments,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> => {
  const context = args.contextValue
  let source: AsyncIterable<unknown> | ExecutionResult
  try {
    source = await createSourceEventStream(args)
  } finally {
    void closeContext(context)
  }
  if (!(Symbol.asyncIterator in source)) return withRequestErrors(source)
  return mapEach(source, (event) =>
    executeOperation({
      ...args,
      rootValue: event,
      contextValue: createContext(context, context, context.caller),
    }),
  )
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
const withRequestErrors = (result: ExecutionResult): ExecutionResult => {
  if (result.errors === undefined || 'data' in result) return result
  return { ...result, errors: result.errors.map((error) => withCode(error, codeOfRequestError(error))) }
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
