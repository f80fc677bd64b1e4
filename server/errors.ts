/**
 * The errors of a whole operation, and the one place where unexpected ones are masked, for HTTP and WebSocket alike.
 * Expected failures of a mutation are not errors but problems (problem.ts).
 */
import { randomUUID } from 'node:crypto'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'

/** Thrown as it is: what a caller did wrong, told to the caller. */
const refusal =
  (code: string, status: number) =>
  (message: string, extensions: Readonly<Record<string, unknown>> = {}) =>
    new GraphQLError(message, { extensions: { ...extensions, code, http: { status } } })

export const badUserInput = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })
/** The same of a whole request, before anything of it runs. */
export const unacceptable = refusal('BAD_USER_INPUT', 400)
export const unauthenticated = refusal('UNAUTHENTICATED', 401)
export const forbidden = refusal('FORBIDDEN', 403)
export const tooMuch = refusal('LIMIT_EXCEEDED', 400)

/** Of the query of an address: programs find the parameter's name in the extensions. */
export const badParameter = (parameter: string, message: string): GraphQLError =>
  refusal('BAD_USER_INPUT', 400)(`\`${parameter}\`: ${message}`, { parameter })

/** For now: the answer says when to ask again. */
export const tooOften = (
  message: string,
  retryAfterSeconds: number,
  extensions: Readonly<Record<string, unknown>> = {},
): GraphQLError => {
  // Apollo Server takes headers as a map only; the types of another library would have them otherwise.
  const http: unknown = { status: 429, headers: new Map([['retry-after', String(retryAfterSeconds)]]) }
  const told: Record<string, unknown> = { ...extensions, code: 'RATE_LIMITED', retryAfterSeconds, http }
  return new GraphQLError(message, { extensions: told })
}

/** As PostgreSQL says that a statement took too long, for what took too long around the statements. */
export const timedOut = (milliseconds: number): GraphQLError => {
  const cause = Object.assign(new Error(`No answer within ${milliseconds} ms`), { code: '57014' })
  return new GraphQLError(cause.message, { originalError: cause })
}

/** What the database does not say for long: whoever asked may have to know before they give up themselves. */
export const outcomeUnknown = (milliseconds: number): GraphQLError =>
  new GraphQLError(
    `The database has not answered for ${milliseconds / 1_000} s, so nobody knows whether this was carried out. Send it again with the same idempotencyKey: then it is done once.`,
    { extensions: { code: 'OUTCOME_UNKNOWN' } },
  )

/** Where the cause of a masked error goes, with the id that the caller was given. */
export type LogCause = (cause: unknown, errorId: string, path: GraphQLFormattedError['path']) => void

const INTERNAL = 'INTERNAL_SERVER_ERROR'

type Masked = { readonly code: string; readonly message: string }

const TIMEOUT: Masked = {
  code: 'TIMEOUT',
  message: 'This took too long and was given up; nothing of it was written. Ask for less, or try again.',
}
/** Below a root field: a mutation that has it there was carried out. */
const TIMEOUT_BELOW: Masked = {
  code: 'TIMEOUT',
  message: 'This took too long to be read and was given up. Ask for less, or try again.',
}
const RETRY: Masked = {
  code: 'RETRY',
  message: 'Others were writing at the same place, and nothing of this was written. Send it again.',
}
/** The parser calls itself for each level, and there is an end to that. */
const TOO_NESTED = 'This document is nested too deeply to be read.'

/** What PostgreSQL ends for reasons that pass, by its codes. */
const PASSING: ReadonlyMap<unknown, Masked> = new Map([
  // Of a statement, of a pause within a transaction, of the whole transaction.
  ['57014', TIMEOUT],
  ['25P03', TIMEOUT],
  ['25P04', TIMEOUT],
  // No lock in time, a deadlock, a conflict of transactions.
  ['55P03', RETRY],
  ['40P01', RETRY],
  ['40001', RETRY],
])

/**
 * An error as a caller may see it. What nobody threw on purpose (that is, without a code of its own) becomes
 * "Internal error", or TIMEOUT or RETRY where another try may help, with an id; its cause goes to `logCause` alone.
 */
export const presentError = (
  error: GraphQLFormattedError,
  original: unknown,
  logCause: LogCause,
): GraphQLFormattedError => {
  const code = error.extensions?.['code'] ?? INTERNAL
  if (code === INTERNAL) {
    const errorId = randomUUID()
    const cause = causeOf(original)
    logCause(cause, errorId, error.path)
    const shown = passingOf(cause, error.path) ?? { code: INTERNAL, message: `Internal error ${errorId}` }
    return {
      message: shown.message,
      ...(error.locations === undefined ? {} : { locations: error.locations }),
      ...(error.path === undefined ? {} : { path: error.path }),
      extensions: { code: shown.code, errorId },
    }
  }
  const { http: _http, stacktrace: _stacktrace, ...extensions } = error.extensions ?? {}
  const overflowed = code === 'GRAPHQL_PARSE_FAILED' && causeOf(original) instanceof RangeError
  const message = overflowed ? TOO_NESTED : error.message
  return { ...error, message: withoutSuggestion(message), extensions: { ...extensions, code } }
}

/** What was thrown, where GraphQL tells it as an error of its own. */
export const causeOf = (error: unknown): unknown => {
  let cause = error
  while (cause instanceof GraphQLError && cause.originalError !== undefined) {
    if (cause.originalError === cause) break
    cause = cause.originalError
  }
  return cause
}

/** drizzle wraps the driver's error. */
const passingOf = (error: unknown, path: GraphQLFormattedError['path']): Masked | undefined => {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const known = 'code' in cause ? PASSING.get(cause.code) : undefined
    if (known !== undefined) return known === TIMEOUT && (path ?? []).length > 1 ? TIMEOUT_BELOW : known
  }
  return undefined
}

/** Suggestions would tell names of the schema to whoever guesses. */
const withoutSuggestion = (message: string): string => message.replace(/ ?Did you mean .+?\?$/s, '').trimEnd()
