/** What all routes of people who sign in have in common: who may call them, what they take, how they refuse. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Authenticator } from '../access/authenticate.ts'
import type { Caller } from '../context.ts'
import { type LogCause, presentError } from '../errors.ts'
import { beginAttempt, forgive, type Tried } from '../identity/attempts.ts'
import { signCookie, SESSION_SECONDS } from '../identity/cookies.ts'
import type { Identity } from '../identity/identity.ts'
import { BusyError } from '../identity/passwords.ts'
import { recordForUser } from '../identity/record.ts'
import { findSession, type SignedInUser, trimSessions } from '../identity/sessions.ts'
import { placeOf } from './address.ts'
import { callerOf, type Entrance } from './credentials.ts'
import { isSameOrigin, isSameSite } from './origin.ts'

const BODY_BYTES_MAX = 4_096
const BUSY_SECONDS = 5
/** What failed is answered at a multiple of this, so that its time does not tell what was found on the way. */
const FAILURE_STEP_MS = 250

export type PeopleOptions = {
  readonly identity: Identity
  readonly authenticator: Authenticator
  readonly entrance: Entrance
  readonly clock: () => Temporal.Instant
  readonly logCause: LogCause
}

type Code =
  | 'INVALID'
  | 'WEAK_PASSWORD'
  | 'WRONG_CREDENTIALS'
  | 'WRONG_CODE'
  | 'CHALLENGE_GONE'
  | 'SIGNED_OUT'
  | 'FORBIDDEN'
  | 'OTHER_PERSON'
  | 'NOT_FOUND'
  | 'GONE'
  | 'CONFLICT'
  | 'TOO_MANY_TRIES'
  | 'BUSY'
  | 'PROVIDER_UNREACHABLE'

const STATUS: Readonly<Record<Code, number>> = {
  INVALID: 400,
  WEAK_PASSWORD: 400,
  WRONG_CREDENTIALS: 401,
  WRONG_CODE: 401,
  CHALLENGE_GONE: 401,
  SIGNED_OUT: 401,
  FORBIDDEN: 403,
  OTHER_PERSON: 403,
  NOT_FOUND: 404,
  GONE: 410,
  CONFLICT: 409,
  TOO_MANY_TRIES: 429,
  BUSY: 503,
  PROVIDER_UNREACHABLE: 503,
}

type Details = { readonly field?: string; readonly retryAfterSeconds?: number }

/** Thrown by a route: what its caller did wrong, told to the caller. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: Code
  readonly details: Details
  constructor(code: Code, message: string, details: Details = {}) {
    super(message)
    this.code = code
    this.details = details
  }
}

/** Adds routes that a page of another origin cannot call and that take JSON alone. */
export const registerPeopleRoutes = (
  app: FastifyInstance,
  { logCause }: PeopleOptions,
  add: (scope: FastifyInstance) => void,
): void => {
  void app.register((scope, _options, done) => {
    scope.addHook('onRoute', (route) => {
      route.bodyLimit = BODY_BYTES_MAX
    })
    scope.addHook('onRequest', (request, reply, next) => {
      void reply.header('cache-control', 'no-store')
      if (isSameOrigin(request.headers) && isSameSite(request.headers)) next()
      else next(new Refusal('FORBIDDEN', 'A page of another origin may not sign in or out.'))
    })
    scope.removeContentTypeParser('text/plain')
    scope.setErrorHandler((error: unknown, _request, reply) => answerError(error, reply, logCause))
    add(scope)
    done()
  })
}

const answerError = (error: unknown, reply: FastifyReply, logCause: LogCause) => {
  if (error instanceof BusyError) {
    return answerError(
      new Refusal('BUSY', 'Many people are signing in at this moment. Try again in a few seconds.', {
        retryAfterSeconds: BUSY_SECONDS,
      }),
      reply,
      logCause,
    )
  }
  if (error instanceof Refusal) {
    const { code, message, details } = error
    const { retryAfterSeconds } = details
    if (retryAfterSeconds !== undefined) void reply.header('retry-after', retryAfterSeconds)
    return reply.code(STATUS[code]).send({ code, message, ...details })
  }
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 500
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return reply.code(status).send({ code: 'INVALID', message: 'Send JSON of at most 4 kB.' })
  }
  const shown = presentError({ message: 'Internal error' }, error, logCause)
  return reply.code(500).send({ code: shown.extensions?.['code'], message: shown.message })
}

/** The texts of a JSON body by their names. Throws INVALID where one is missing, no text, or too long. */
export const readTexts = <Name extends string>(
  { body }: FastifyRequest,
  lengths: Readonly<Record<Name, number>>,
): Readonly<Record<Name, string>> => {
  const read = readOptionalTexts({ body }, lengths)
  for (const name of Object.keys(lengths) as Name[]) {
    if (read[name] === undefined) throw new Refusal('INVALID', `Send \`${name}\`.`, { field: name })
  }
  return read as Readonly<Record<Name, string>>
}

/** The same for texts that may be left out. */
export const readOptionalTexts = <Name extends string>(
  { body }: Pick<FastifyRequest, 'body'>,
  lengths: Readonly<Record<Name, number>>,
): Readonly<Partial<Record<Name, string>>> => {
  if (typeof body !== 'object' || body === null)
    throw new Refusal('INVALID', 'Send a JSON object, such as {}.')
  const fields = new Map<string, unknown>(Object.entries(body))
  const read: Partial<Record<Name, string>> = {}
  for (const [name, lengthMax] of Object.entries<number>(lengths) as [Name, number][]) {
    const value = fields.get(name)
    if (value === undefined || value === null) continue
    if (typeof value !== 'string' || value === '' || value.length > lengthMax || value.includes('\0')) {
      throw new Refusal('INVALID', `\`${name}\` is a text of 1 to ${lengthMax} characters.`, { field: name })
    }
    read[name] = value
  }
  return read
}

/** Who is signed in; null where nobody is. */
export const userOf = async (
  { cookies }: FastifyRequest,
  { identity, clock }: PeopleOptions,
): Promise<SignedInUser | null> => {
  const cookie = cookies[identity.cookies.session]
  return cookie === undefined ? null : findSession(identity, cookie, clock())
}

/** Throws SIGNED_OUT where nobody is signed in. */
export const requireUser = async (request: FastifyRequest, options: PeopleOptions): Promise<SignedInUser> => {
  const user = await userOf(request, options)
  if (user === null) throw new Refusal('SIGNED_OUT', 'Sign in first.')
  return user
}

/** What stands for a network address where tries are counted. */
export const placeOfRequest = (request: FastifyRequest, options: PeopleOptions): string =>
  placeOf(callerOfRequest(request, options).address)

export const callerOfRequest = (request: FastifyRequest, { entrance }: PeopleOptions): Caller =>
  callerOf(request, entrance)

/**
 * Checks what could be guessed. `check` answers null where the guess was wrong, and `wrong` says so; whoever guesses
 * too often is refused before anything is checked. `onLocked` is told of what is locked from this failure on.
 */
export const guess = async <T>(
  { identity }: PeopleOptions,
  tried: Tried,
  check: () => Promise<T | null>,
  wrong: Refusal,
  onLocked: Readonly<Partial<Record<keyof Tried, () => Promise<void>>>> = {},
): Promise<T> => {
  const began = performance.now()
  const attempt = await beginAttempt(identity.connection, tried)
  // The same code twice is as wrong as another.
  if (attempt.refused !== null && attempt.refused.by !== 'code') {
    const { retryAfterSeconds } = attempt.refused
    const minutes = Math.ceil(retryAfterSeconds / 60)
    throw new Refusal(
      'TOO_MANY_TRIES',
      `Too many tries failed. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`,
      { retryAfterSeconds },
    )
  }
  const found = attempt.refused === null ? await check() : null
  if (found !== null) {
    await forgive(identity.connection, attempt)
    return found
  }
  for (const name of attempt.locked) await onLocked[name]?.()
  const late = FAILURE_STEP_MS - ((performance.now() - began) % FAILURE_STEP_MS)
  await new Promise((resolve) => setTimeout(resolve, late))
  throw wrong
}

/** What follows whenever somebody has signed in: the audit, and an end to sessions that nobody has devices for. */
export const noteSignIn = async (
  request: FastifyRequest,
  options: PeopleOptions,
  userId: string,
  by: 'password' | 'second factor' | 'oidc' | 'demo',
): Promise<void> => {
  const { connection } = options.identity
  await trimSessions(connection, userId)
  await recordForUser(connection, userId, 'signIn', callerOfRequest(request, options), { by })
}

/** Sends the cookie of a session. */
export const sendSession = async (
  request: FastifyRequest,
  reply: FastifyReply,
  { identity }: PeopleOptions,
  token: string,
): Promise<void> => {
  const { session, secure } = identity.cookies
  void reply.setCookie(session, signCookie(await identity.secret(), token), {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: secure || isEncrypted(request),
    maxAge: SESSION_SECONDS,
  })
}

/** Behind a proxy that ends TLS only its header tells; whoever forges that header only gets a stricter cookie. */
export const isEncrypted = ({ protocol, headers }: FastifyRequest): boolean =>
  protocol === 'https' || headers['x-forwarded-proto'] === 'https'
