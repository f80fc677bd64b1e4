/** Who is signed in, the demo's sign-in, signing out, and how an invitation is accepted. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ensureDemoMember } from '../access/demo-member.ts'
import { acceptInvitation, type Accepting, type Declined, findInvitation } from '../access/invitations.ts'
import { listMemberships } from '../access/memberships.ts'
import { PASSWORD_LENGTH_MAX } from '../identity/password-rules.ts'
import { hashPassword } from '../identity/passwords.ts'
import { recordForUser } from '../identity/record.ts'
import { endSession, renewSession, type SignedInUser } from '../identity/sessions.ts'
import { hasPassword, hasUser } from '../identity/users.ts'
import { findDemoOrganization } from '../organization/queries.ts'
import { NAME_LENGTH_MAX, readRequiredText } from '../text.ts'
import { refuseWeak } from './auth-routes.ts'
import { isLocal } from './origin.ts'
import {
  callerOfRequest,
  guess,
  noteSignIn,
  type PeopleOptions,
  placeOfRequest,
  readOptionalTexts,
  readTexts,
  Refusal,
  registerPeopleRoutes,
  sendSession,
  userOf,
} from './people.ts'

const SECRET_LENGTH_MAX = 200

export type SessionOptions = PeopleOptions & {
  /** The address that the server listens on. */
  readonly host: string
  /** False: no demo sign-in at all. */
  readonly demo: boolean
}

/** GET and DELETE /session, POST /session/demo, POST /session/invitation and its facts. */
export const registerSessionRoutes = (app: FastifyInstance, options: SessionOptions): void => {
  registerPeopleRoutes(app, options, (scope) => {
    addSession(scope, options)
    addInvitation(scope, options)
  })
  registerPeopleRoutes(app, options, (scope) => addSignOut(scope, options))
}

const addSession = (scope: FastifyInstance, options: SessionOptions): void => {
  const { identity, clock } = options
  const { connection, oidc } = identity
  const findDemo = (request: FastifyRequest) =>
    mayDemo(options, request) ? findDemoOrganization(connection) : null

  scope.get('/session', async (request, reply) => {
    const user = await userOf(request, options)
    if (user !== null) await renew(request, reply, options, user)
    return {
      person: user && {
        name: user.name,
        email: user.email,
        twoFactor: user.twoFactor,
        password: await hasPassword(connection, user.userId),
      },
      organizations: user === null ? [] : await listOrganizations(options, user),
      demo: (await findDemo(request)) !== null,
      oidc: oidc && { name: oidc.name },
    }
  })

  scope.post('/session/demo', async (request, reply) => {
    readOptionalTexts(request, {})
    const organization = await findDemo(request)
    if (organization === null) {
      throw new Refusal(
        'FORBIDDEN',
        'There is no demo sign-in here: it works on the server’s own machine only.',
      )
    }
    const caller = callerOfRequest(request, options)
    const { userId, session } = await ensureDemoMember(connection, organization, caller, clock())
    await noteSignIn(request, options, userId, 'demo')
    await sendSession(request, reply, options, session)
    return reply.code(204).send()
  })
}

const listOrganizations = async ({ identity }: PeopleOptions, { userId }: SignedInUser) =>
  (await listMemberships(identity.connection, userId)).map(({ organization: { slug, name }, role }) => ({
    slug,
    name,
    role,
  }))

/** The dashboard asks who is signed in whenever it opens: that is what keeps a session alive. */
const renew = async (
  request: FastifyRequest,
  reply: FastifyReply,
  options: PeopleOptions,
  user: SignedInUser,
): Promise<void> => {
  const { identity, clock } = options
  if (await renewSession(identity.connection, user, clock()))
    await sendSession(request, reply, options, user.token)
}

const addInvitation = (scope: FastifyInstance, options: PeopleOptions): void => {
  const { identity, clock } = options
  const { connection } = identity

  /** Throws GONE, or TOO_MANY_TRIES where somebody tries secrets out. */
  const requireOpen = (request: FastifyRequest, secret: string) => {
    const place = placeOfRequest(request, options)
    return guess(
      options,
      { address: place, link: place },
      () => findInvitation(connection, secret, clock()),
      refusalOf('GONE'),
    )
  }

  scope.post('/session/invitation/facts', async (request) => {
    const { token } = readTexts(request, { token: SECRET_LENGTH_MAX })
    const { organization, email, role, expiresAt } = await requireOpen(request, token)
    const user = await userOf(request, options)
    return {
      organization: { slug: organization.slug, name: organization.name },
      email,
      role,
      expiresAt: expiresAt.toString(),
      account: await hasUser(connection, email),
      signedIn: user?.email === email,
    }
  })

  scope.post('/session/invitation', async (request, reply) => {
    const { token } = readTexts(request, { token: SECRET_LENGTH_MAX })
    const lengths = { name: NAME_LENGTH_MAX, password: PASSWORD_LENGTH_MAX }
    const { name, password } = readOptionalTexts(request, lengths)
    const { email } = await requireOpen(request, token)
    const user = await userOf(request, options)
    if (user === null && (await hasUser(connection, email))) throw refusalOf('SIGNED_OUT')
    const accepting: Accepting = user === null ? await readNewcomer(name, password, email) : { user }
    const caller = callerOfRequest(request, options)
    const accepted = await acceptInvitation(connection, { secret: token, accepting, caller, now: clock() })
    if (typeof accepted === 'string') throw refusalOf(accepted)
    if (accepted.session !== null) await sendSession(request, reply, options, accepted.session)
    return { organization: accepted.organization.slug }
  })
}

/** Somebody who has no way to sign in yet. Throws INVALID or WEAK_PASSWORD. */
const readNewcomer = async (
  name: string | undefined,
  password: string | undefined,
  email: string,
): Promise<Accepting> => {
  const read = readRequiredText(name ?? '', ['name'], NAME_LENGTH_MAX)
  if ('code' in read) throw new Refusal('INVALID', read.message, { field: 'name' })
  if (password === undefined) throw new Refusal('INVALID', 'Choose a password.', { field: 'password' })
  refuseWeak(password, { email, name: read.text }, 'password')
  return { name: read.text, passwordHash: await hashPassword(password) }
}

const DECLINED: Readonly<Record<Declined, Refusal>> = {
  GONE: new Refusal(
    'GONE',
    'This invitation was accepted or revoked, is too old, or is none. Ask for another.',
  ),
  OTHER_PERSON: new Refusal('OTHER_PERSON', 'This invitation is for somebody else: sign out first.'),
  SIGNED_OUT: new Refusal('SIGNED_OUT', 'You can sign in here already: sign in first, then accept.'),
  MEMBER_ALREADY: new Refusal('CONFLICT', 'You are a member of this organization already.'),
}

export const refusalOf = (declined: Declined): Refusal => DECLINED[declined]

const addSignOut = (scope: FastifyInstance, options: PeopleOptions): void => {
  const { identity, authenticator } = options
  // Clients name the type of a body also where they send none: of this request nobody reads one.
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _body, parsed) => parsed(null))
  scope.delete('/session', async (request, reply) => {
    const user = await userOf(request, options)
    if (user !== null) {
      await endSession(identity.connection, user.userId, user.sessionId)
      authenticator.forget()
      await recordForUser(identity.connection, user.userId, 'signOut', callerOfRequest(request, options))
    }
    const { session, secure } = identity.cookies
    // A browser does not let a cookie of this name go without the word that it came with.
    void reply.clearCookie(session, { path: '/', secure })
    return reply.code(204).send()
  })
}

const mayDemo = ({ demo, host }: SessionOptions, { headers }: FastifyRequest): boolean =>
  demo && isLocal(host, headers)
