/**
 * The errors of a whole operation, and the one place where unexpected ones are masked, for HTTP and WebSocket alike.
 * Expected failures of a mutation are not errors but problems (problem.ts).
 */
import { randomUUID } from 'node:crypto'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'

/** Thrown as it is: what a caller did wrong, told to the caller. */
const refusal = (code: string, status: number) => (message: string) =>
  new GraphQLError(message, { extensions: { code, http: { status } } })

export const badUserInput = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })
export const unauthenticated = refusal('UNAUTHENTICATED', 401)
export const forbidden = refusal('FORBIDDEN', 403)
export const tooMuch = refusal('LIMIT_EXCEEDED', 400)

/** Where the cause of a masked error goes, with the id that the caller was given. */
export type LogCause = (cause: unknown, errorId: string, path: GraphQLFormattedError['path']) => void

const INTERNAL = 'INTERNAL_SERVER_ERROR'

/**
 * An error as a caller may see it. What nobody threw on purpose (that is, without a code of its own) becomes
 * "Internal error" with an id, and its cause goes to `logCause` alone.
 */
export const presentError = (
  error: GraphQLFormattedError,
  original: unknown,
  logCause: LogCause,
): GraphQLFormattedError => {
  const code = error.extensions?.['code'] ?? INTERNAL
  if (code === INTERNAL) {
    const errorId = randomUUID()
    logCause(innermostCause(original), errorId, error.path)
    return {
      message: `Internal error ${errorId}`,
      ...(error.locations === undefined ? {} : { locations: error.locations }),
      ...(error.path === undefined ? {} : { path: error.path }),
      extensions: { code: INTERNAL, errorId },
    }
  }
  const { http: _http, stacktrace: _stacktrace, ...extensions } = error.extensions ?? {}
  return { ...error, message: withoutSuggestion(error.message), extensions: { ...extensions, code } }
}

const innermostCause = (error: unknown): unknown => {
  let cause = error
  while (cause instanceof GraphQLError && cause.originalError !== undefined) {
    if (cause.originalError === cause) break
    cause = cause.originalError
  }
  return cause
}

/** Suggestions would tell names of the schema to whoever guesses. */
const withoutSuggestion = (message: string): string => message.replace(/ ?Did you mean .+?\?$/s, '').trimEnd()
