/** Signing in with a password and a second factor, and what people do with their own password and sessions. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { challengeCookieOf } from '../identity/handover.ts'
import { PASSWORD_LENGTH_MAX, weaknessOf } from '../identity/password-rules.ts'
import { hashPassword } from '../identity/passwords.ts'
import { recordForEmail, recordForUser } from '../identity/record.ts'
import { findPasswordLink, usePasswordLink } from '../identity/reset.ts'
import { endOtherSessions, endSession, listSessions, type SignedInUser } from '../identity/sessions.ts'
import { sweepIdentity } from '../identity/sweep.ts'
import { findChallenged, hasPassword } from '../identity/users.ts'
import { EMAIL_LENGTH_MAX } from '../identity/emails.ts'
import { type Answered, ask, sendCookies } from './better-auth.ts'
import {
  callerOfRequest,
  guess,
  noteSignIn,
  type PeopleOptions,
  placeOfRequest,
  readTexts,
  Refusal,
  registerPeopleRoutes,
  requireUser,
  userOf,
} from './people.ts'

const SWEEP_EVERY_MS = 10 * 60_000
const CODE_LENGTH_MAX = 20
const ID_LENGTH_MAX = 60
const SECRET_LENGTH_MAX = 200

const WRONG_PASSWORD = 'This is not your password.'

/** Everything under /auth but what has to do with the OIDC provider. */
export const registerAuthRoutes = (app: FastifyInstance, options: PeopleOptions): void => {
  registerPeopleRoutes(app, options, (scope) => {
    addSignIn(scope, options)
    addSecondFactor(scope, options)
    addPassword(scope, options)
    addSessions(scope, options)
  })
  const { connection, logError } = options.identity
  const sweep = () => {
    sweepIdentity(connection, options.clock()).catch((error: unknown) =>
      logError(error, 'Sessions that are over could not be removed'),
    )
  }
  const sweeping = setInterval(sweep, SWEEP_EVERY_MS)
  app.addHook('onClose', () => clearInterval(sweeping))
}

const addSignIn = (scope: FastifyInstance, options: PeopleOptions): void => {
  const { identity } = options

  scope.post('/auth/sign-in/email', async (request, reply) => {
    const { email, password } = readTexts(request, { email: EMAIL_LENGTH_MAX, password: PASSWORD_LENGTH_MAX })
    const { api } = await identity.passwords()
    const caller = callerOfRequest(request, options)
    const before = await userOf(request, options)
    const answered = await guess(
      options,
      { address: placeOfRequest(request, options), email: email.toLowerCase() },
      () =>
        askRight(request, options, (headers) =>
          api.signInEmail({ body: { email, password }, headers, asResponse: true }),
        ),
      new Refusal('WRONG_CREDENTIALS', 'The e-mail or the password is wrong.'),
      { email: () => recordForEmail(identity.connection, email, 'lockedOut', { actor: 'system', caller }) },
    )
    // Whoever signs in anew leaves no session behind in this browser.
    if (before !== null) await endSession(identity.connection, before.userId, before.sessionId)
    sendCookies(request, reply, answered)
    if (answered.body['twoFactorRedirect'] === true) return { twoFactor: true }
    await noteSignIn(request, options, userIdOf(answered), 'password')
    return { twoFactor: false }
  })

  scope.post('/auth/two-factor/verify-totp', async (request, reply) => {
    const { code } = readTexts(request, { code: CODE_LENGTH_MAX })
    const { api } = await identity.passwords()
    return verify(request, reply, options, code.replaceAll(/\s/g, ''), (body, headers) =>
      api.verifyTOTP({ body, headers, asResponse: true }),
    )
  })

  scope.post('/auth/two-factor/verify-backup-code', async (request, reply) => {
    const { code } = readTexts(request, { code: CODE_LENGTH_MAX })
    if ((await userOf(request, options)) !== null) {
      throw new Refusal('CONFLICT', 'You are signed in already: there is nothing to use a backup code for.')
    }
    const { api } = await identity.passwords()
    return verify(request, reply, options, code.trim(), (body, headers) =>
      api.verifyBackupCode({ body, headers, asResponse: true }),
    )
  })
}

/** The second step of signing in; of somebody who is signed in, the one that puts the second factor in force. */
const verify = async (
  request: FastifyRequest,
  reply: FastifyReply,
  options: PeopleOptions,
  code: string,
  call: (body: { code: string }, headers: Headers) => Promise<Response>,
): Promise<unknown> => {
  const { identity } = options
  const { connection } = identity
  const caller = callerOfRequest(request, options)
  const user = await userOf(request, options)
  const challenge = request.cookies[challengeCookieOf(identity.cookies.prefix)]
  const gone = () => new Refusal('CHALLENGE_GONE', 'That took too long. Start again with your password.')
  const userId = user?.userId ?? (challenge === undefined ? null : await findChallenged(identity, challenge))
  if (userId === null) throw gone()
  const answered = await guess(
    options,
    { address: placeOfRequest(request, options), secondFactor: userId, code: `${userId} ${code}` },
    async () => {
      const answered = await ask(request, options, (headers) => call({ code }, headers))
      if (
        answered.code === 'INVALID_TWO_FACTOR_COOKIE' ||
        answered.code === 'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE'
      ) {
        throw gone()
      }
      if (answered.code.endsWith('_NOT_ENABLED')) {
        throw new Refusal('CONFLICT', 'There is no second factor to check: turn it on first.')
      }
      return answered.code === '' ? answered : null
    },
    new Refusal('WRONG_CODE', 'This code is wrong or was used before. Take the next one.'),
    { secondFactor: () => recordForUser(connection, userId, 'lockedOut', { actor: 'system', caller }) },
  )
  sendCookies(request, reply, answered)
  if (user === null) await noteSignIn(request, options, userId, 'second factor')
  else if (!user.twoFactor) await recordForUser(connection, userId, 'twoFactorEnabled', caller)
  return reply.code(204).send()
}

const addSecondFactor = (scope: FastifyInstance, options: PeopleOptions): void => {
  const { identity } = options

  scope.post('/auth/two-factor/enable', async (request) => {
    const { api } = await identity.passwords()
    const { answered } = await withPassword(request, options, (body, headers) =>
      api.enableTwoFactor({ body, headers, asResponse: true }),
    )
    if (answered.code !== '') throw new Refusal('CONFLICT', 'Your second factor is on already.')
    const uri = String(answered.body['totpURI'])
    return { uri, secret: new URL(uri).searchParams.get('secret'), backupCodes: answered.body['backupCodes'] }
  })

  scope.post('/auth/two-factor/disable', async (request, reply) => {
    const { api } = await identity.passwords()
    const { user, answered } = await withPassword(request, options, (body, headers) =>
      api.disableTwoFactor({ body, headers, asResponse: true }),
    )
    sendCookies(request, reply, answered)
    if (user.twoFactor) {
      const caller = callerOfRequest(request, options)
      await recordForUser(identity.connection, user.userId, 'twoFactorDisabled', caller)
    }
    return reply.code(204).send()
  })

  scope.post('/auth/two-factor/backup-codes', async (request) => {
    const { api } = await identity.passwords()
    const { user, answered } = await withPassword(request, options, (body, headers) =>
      api.generateBackupCodes({ body, headers, asResponse: true }),
    )
    if (answered.code !== '') throw new Refusal('CONFLICT', 'Turn the second factor on first.')
    const caller = callerOfRequest(request, options)
    await recordForUser(identity.connection, user.userId, 'backupCodesChanged', caller)
    return { backupCodes: answered.body['backupCodes'] }
  })
}

/** Somebody guesses the password of whoever has signed in here. */
const tellLocked = (request: FastifyRequest, options: PeopleOptions, { userId }: SignedInUser) => ({
  user: () =>
    recordForUser(options.identity.connection, userId, 'lockedOut', callerOfRequest(request, options)),
})

/** What somebody who is signed in may do with their password alone. */
const withPassword = async (
  request: FastifyRequest,
  options: PeopleOptions,
  call: (body: { password: string }, headers: Headers) => Promise<Response>,
) => {
  const user = await requireUser(request, options)
  const { password } = readTexts(request, { password: PASSWORD_LENGTH_MAX })
  await requirePassword(options, user.userId)
  const answered = await guess(
    options,
    { address: placeOfRequest(request, options), user: user.userId },
    () => askRight(request, options, (headers) => call({ password }, headers)),
    new Refusal('WRONG_CREDENTIALS', WRONG_PASSWORD, { field: 'password' }),
    tellLocked(request, options, user),
  )
  return { user, answered }
}

const addPassword = (scope: FastifyInstance, options: PeopleOptions): void => {
  const { identity, clock } = options
  const { connection } = identity

  scope.post('/auth/change-password', async (request, reply) => {
    const user = await requireUser(request, options)
    const lengths = { currentPassword: PASSWORD_LENGTH_MAX, newPassword: PASSWORD_LENGTH_MAX }
    const { currentPassword, newPassword } = readTexts(request, lengths)
    await requirePassword(options, user.userId)
    refuseWeak(newPassword, user, 'newPassword')
    const { api } = await identity.passwords()
    const caller = callerOfRequest(request, options)
    const body = { currentPassword, newPassword, revokeOtherSessions: true }
    const answered = await guess(
      options,
      { address: placeOfRequest(request, options), user: user.userId },
      () => askRight(request, options, (headers) => api.changePassword({ body, headers, asResponse: true })),
      new Refusal('WRONG_CREDENTIALS', WRONG_PASSWORD, { field: 'currentPassword' }),
      tellLocked(request, options, user),
    )
    options.authenticator.forget()
    sendCookies(request, reply, answered)
    await recordForUser(connection, user.userId, 'passwordChanged', caller)
    return reply.code(204).send()
  })

  scope.post('/auth/reset-password', async (request, reply) => {
    const { token, password } = readTexts(request, {
      token: SECRET_LENGTH_MAX,
      password: PASSWORD_LENGTH_MAX,
    })
    const caller = callerOfRequest(request, options)
    const place = placeOfRequest(request, options)
    const gone = new Refusal('GONE', 'This link was used before, is too old, or is none. Ask for another.')
    const user = await guess(
      options,
      { address: place, link: place },
      () => findPasswordLink(connection, token, clock()),
      gone,
    )
    refuseWeak(password, user, 'password')
    const used = await usePasswordLink(connection, token, await hashPassword(password), clock())
    if (!used) throw gone
    options.authenticator.forget()
    await recordForUser(connection, user.userId, 'passwordChanged', caller, { by: 'link' })
    return reply.code(204).send()
  })
}

const addSessions = (scope: FastifyInstance, options: PeopleOptions): void => {
  const { identity, authenticator, clock } = options
  const { connection } = identity

  scope.get('/auth/sessions', async (request) => {
    const { userId, sessionId } = await requireUser(request, options)
    const sessions = await listSessions(connection, userId, clock())
    return { sessions: sessions.map((session) => ({ ...session, current: session.id === sessionId })) }
  })

  scope.post('/auth/sessions/revoke', async (request, reply) => {
    const { userId } = await requireUser(request, options)
    const { id } = readTexts(request, { id: ID_LENGTH_MAX })
    if (!(await endSession(connection, userId, id))) {
      throw new Refusal('NOT_FOUND', 'You have no such session; it may have ended.')
    }
    authenticator.forget()
    await recordForUser(connection, userId, 'sessionsEnded', callerOfRequest(request, options), {
      sessions: 1,
    })
    return reply.code(204).send()
  })

  scope.post('/auth/sessions/revoke-others', async (request) => {
    const user = await requireUser(request, options)
    const revoked = await endOtherSessions(connection, user)
    authenticator.forget()
    if (revoked > 0) {
      const caller = callerOfRequest(request, options)
      await recordForUser(connection, user.userId, 'sessionsEnded', caller, { sessions: revoked })
    }
    return { revoked }
  })
}

const WRONG = new Set(['INVALID_EMAIL_OR_PASSWORD', 'INVALID_EMAIL', 'INVALID_PASSWORD'])

/** What better-auth answers; null where it finds the password wrong. */
const askRight = async (
  request: FastifyRequest,
  options: PeopleOptions,
  call: (headers: Headers) => Promise<Response>,
): Promise<Answered | null> => {
  const answered = await ask(request, options, call)
  return WRONG.has(answered.code) ? null : answered
}

const userIdOf = ({ body }: Answered): string => {
  const user = body['user']
  if (typeof user === 'object' && user !== null && 'id' in user && typeof user.id === 'string') return user.id
  throw new Error('better-auth did not say who signed in')
}

const requirePassword = async ({ identity }: PeopleOptions, userId: string): Promise<void> => {
  if (await hasPassword(identity.connection, userId)) return
  throw new Refusal('CONFLICT', 'You have no password here: you sign in by your provider.')
}

/** Throws WEAK_PASSWORD. */
export const refuseWeak = (
  password: string,
  person: { readonly email: string; readonly name: string },
  field: string,
): void => {
  const weakness = weaknessOf(password, person)
  if (weakness !== null) throw new Refusal('WEAK_PASSWORD', weakness, { field })
}
