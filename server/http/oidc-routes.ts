/** Signing in by the OpenID Connect provider: the way there, and the way back. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { acceptInvitation, findInvitation } from '../access/invitations.ts'
import { listMemberships } from '../access/memberships.ts'
import type { Auth } from '../identity/auth.ts'
import { OIDC_PROVIDER, type SignedIn } from '../identity/handover.ts'
import { ProviderError } from '../identity/oidc.ts'
import { endSession, endSessionOf } from '../identity/sessions.ts'
import { eraseUser, findUserById } from '../identity/users.ts'
import { ask, sendCookies } from './better-auth.ts'
import {
  callerOfRequest,
  guess,
  noteSignIn,
  type PeopleOptions,
  placeOfRequest,
  readOptionalTexts,
  Refusal,
  registerPeopleRoutes,
  userOf,
} from './people.ts'
import { refusalOf } from './session-routes.ts'

const ADDRESS_LENGTH_MAX = 500
const SECRET_LENGTH_MAX = 200
const SIGN_IN_PAGE = '/sign-in'
/** A page of this server: another's would begin with its host, or with the slashes that browsers take for that. */
const OWN_ADDRESS = /^\/(?![/\\])[^\\\p{Cc}]*$/u
const JUST_NOW = { minutes: 1 }

/** What the sign-in page is told, by what better-auth says. */
const FAILURES: Readonly<Record<string, string>> = {
  unknown_person: 'oidc_unknown_person',
  signup_disabled: 'oidc_unknown_person',
  email_not_verified: 'oidc_email_not_verified',
  account_not_linked: 'oidc_email_not_verified',
  access_denied: 'oidc_denied',
}

/** POST /auth/sign-in/oidc and GET /auth/callback/oidc. */
export const registerOidcRoutes = (app: FastifyInstance, options: PeopleOptions): void => {
  registerPeopleRoutes(app, options, (scope) => addWayThere(scope, options))
  // The provider sends people back with a link on a page of another origin: here the state is the guard.
  app.get(`/auth/callback/${OIDC_PROVIDER}`, (request, reply) => comeBack(request, reply, options))
}

const addWayThere = (scope: FastifyInstance, options: PeopleOptions): void => {
  const { identity, clock } = options
  scope.post('/auth/sign-in/oidc', async (request, reply) => {
    const lengths = { to: ADDRESS_LENGTH_MAX, invitation: SECRET_LENGTH_MAX }
    const { to = '/', invitation } = readOptionalTexts(request, lengths)
    if (!OWN_ADDRESS.test(to)) {
      throw new Refusal('INVALID', '`to` is a page of this server, such as /acme.', { field: 'to' })
    }
    const { api } = await requireProvider(options)
    if (invitation !== undefined) {
      const place = placeOfRequest(request, options)
      const find = () => findInvitation(identity.connection, invitation, clock())
      await guess(options, { address: place, link: place }, find, refusalOf('GONE'))
    }
    const body = {
      provider: OIDC_PROVIDER,
      callbackURL: to,
      errorCallbackURL: SIGN_IN_PAGE,
      disableRedirect: true,
      requestSignUp: invitation !== undefined,
      additionalData: invitation === undefined ? {} : { invitation },
    }
    const answered = await ask(request, options, (headers) =>
      api.signInSocial({ body, headers, asResponse: true }),
    )
    if (typeof answered.body['url'] !== 'string') throw unreachable()
    sendCookies(request, reply, answered)
    return { url: answered.body['url'] }
  })
}

const unreachable = () =>
  new Refusal('PROVIDER_UNREACHABLE', 'The provider cannot be reached. Try again later, or use a password.')

const requireProvider = async ({ identity }: PeopleOptions): Promise<Auth> => {
  let auth: Auth | null
  try {
    auth = await identity.provider()
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    identity.logError(error, 'The OIDC provider cannot be used')
    throw unreachable()
  }
  if (auth === null) throw new Refusal('NOT_FOUND', 'No provider is set up here.')
  return auth
}

const comeBack = async (request: FastifyRequest, reply: FastifyReply, options: PeopleOptions) => {
  const { identity } = options
  void reply.header('cache-control', 'no-store')
  const fail = (error: string) => reply.redirect(`${SIGN_IN_PAGE}?error=${error}`)
  if (identity.oidc === null) return reply.code(404).send({ message: 'There is nothing here.' })
  const auth = await identity.provider().catch((error: unknown) => {
    identity.logError(error, 'The OIDC provider cannot be used')
    return null
  })
  if (auth === null) return fail('oidc_failed')
  const answered = await ask(request, options, (headers) =>
    auth.api.callbackOAuth({
      params: { id: OIDC_PROVIDER },
      query: request.query as Record<string, string>,
      method: 'GET',
      headers,
      asResponse: true,
    }),
  )
  const { signedIn, location } = answered
  if (signedIn === null) return fail(failureOf(location))
  const declined = await join(request, options, signedIn)
  if (declined !== null) return fail(declined)

  // Whoever signs in anew leaves no session behind in this browser.
  const before = await userOf(request, options)
  if (before !== null) await endSession(identity.connection, before.userId, before.sessionId)
  await noteSignIn(request, options, signedIn.userId, 'oidc')
  sendCookies(request, reply, answered)
  return reply.redirect(location !== null && OWN_ADDRESS.test(location) ? location : '/')
}

/** What the page is told of an address such as /sign-in?error=state_mismatch; the provider's own words stay out of it. */
const failureOf = (location: string | null): string => {
  const error = location?.split('?')[1] ?? ''
  return FAILURES[new URLSearchParams(error).get('error') ?? ''] ?? 'oidc_failed'
}

/** Accepts the invitation with which the way began. What went wrong, as the sign-in page is told; then nobody is in. */
const join = async (
  request: FastifyRequest,
  options: PeopleOptions,
  { userId, token, invitation }: SignedIn,
): Promise<string | null> => {
  if (invitation === null) return null
  const { identity, clock } = options
  const { connection } = identity
  const now = clock()
  const user = await findUserById(connection, userId)
  const accepted =
    user === null
      ? 'GONE'
      : await acceptInvitation(connection, {
          secret: invitation,
          accepting: { user: { userId, email: user.email, name: user.name } },
          caller: callerOfRequest(request, options),
          now,
        })
  if (typeof accepted !== 'string' || accepted === 'MEMBER_ALREADY') return null
  await endSessionOf(connection, token)
  // Somebody was faster than a person who was to come in only by this invitation.
  const isNew = user !== null && Temporal.Instant.compare(user.createdAt, now.subtract(JUST_NOW)) > 0
  if (isNew && (await listMemberships(connection, userId)).length === 0) await eraseUser(connection, userId)
  return accepted === 'OTHER_PERSON' ? 'invitation_for_another' : 'invitation_gone'
}
