/** The log: one line of JSON per event, on standard error. It never holds a token, a query or its variables. */
import { pino } from 'pino'
import type { LogLevel } from './config.ts'
import type { LogError } from './events.ts'

export type Log = {
  readonly logger: pino.Logger
  /** Something failed that nobody asked for, or whose asker was told only an id. */
  readonly failure: LogError
}

const WAITING_CHARACTERS_MAX = 1_000_000

export const createLog = (level: LogLevel): Log => {
  // Of a request Fastify would log its address, which may hold a query, and of an answer its headers.
  const serializers = { err: describeError, req: describeRequest, res: describeNothing }
  const destination = pino.destination({ fd: 2, sync: true, maxLength: WAITING_CHARACTERS_MAX })
  // A disk that is full must not end the server: what cannot be written waits for the next line, then is dropped.
  destination.on('error', () => {})
  const logger = pino({ level, serializers }, destination)
  return { logger, failure: (error, message) => logger.error({ err: error }, message) }
}

const describeRequest = ({ id }: { readonly id?: unknown }) => ({ id })

const describeNothing = () => undefined

type Described = {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: Described
}

/**
 * What helps to find a fault. Of a database error it takes the code and the message alone: its other parts quote the
 * statement and the row.
 */
const describeError = (error: unknown): Described => {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  return {
    type: error.name,
    message: withoutValues(error),
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...(error.stack === undefined ? {} : { stack: framesOf(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  }
}

/** drizzle puts the statement and its parameters into the message, PostgreSQL a value that it could not take. */
const withoutValues = ({ message, ...error }: Error): string => {
  if (message.startsWith('Failed query: ')) return 'A statement failed'
  const isOfValue = 'code' in error && typeof error.code === 'string' && error.code.startsWith('22')
  return isOfValue ? message.replace(/: [\s\S]*$/, '') : message
}

/** The message is in the first lines of a stack. */
const framesOf = (stack: string): string =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')
