/** How the dashboard signs in: a token once, then a cookie that no script can read. */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { actorName } from '../access/actor.ts'
import type { Authenticator } from '../access/authenticate.ts'
import { createSession, revokeToken } from '../access/commands.ts'
import { ROLES } from '../access/scopes.ts'
import type { Session } from '../context.ts'
import { findDemoOrganization } from '../organization/queries.ts'
import { SESSION_COOKIE } from './credentials.ts'
import { isDirect, isLoopbackHost, isSameOrigin, isSameSite } from './origin.ts'

const SESSION_SECONDS = 30 * 24 * 3_600
const BODY_BYTES_MAX = 4_096

export type SessionOptions = {
  readonly connection: Connection
  readonly authenticator: Authenticator
  /** The address that the server listens on. */
  readonly host: string
  /** False: no demo sign-in at all. */
  readonly demo: boolean
}

/** POST, GET and DELETE /session, POST /session/demo. */
export const registerSessionRoutes = (app: FastifyInstance, options: SessionOptions): void => {
  const { connection, authenticator } = options

  const guard: Guard = (request, reply, done) => {
    if (isSameOrigin(request.headers) && isSameSite(request.headers)) done()
    else void refuse(reply, 403, 'A page of another origin may not sign in or out.')
  }
  const demoOrganization = (request: FastifyRequest) =>
    mayDemo(options, request) ? findDemoOrganization(connection) : null

  app.get('/session', { onRequest: guard }, async (request) => {
    const cookie = request.cookies[SESSION_COOKIE]
    const session = cookie === undefined ? null : await authenticator.authenticate(cookie, 'session')
    return { signedIn: session !== null, demo: (await demoOrganization(request)) !== null }
  })

  app.post('/session', { onRequest: guard, bodyLimit: BODY_BYTES_MAX }, async (request, reply) => {
    const token = tokenOf(request.body)
    if (token === null) return refuse(reply, 400, 'Send JSON such as {"token": "tdm_..."}.')
    const session = await authenticator.authenticate(token, 'token')
    const created = session && (await createSession(connection, session.organization.id, parentOf(session)))
    if (created === null) {
      authenticator.forget(token)
      return refuse(reply, 401, 'This token is not valid: it is unknown here or was revoked.')
    }
    return signIn(request, reply, created.token)
  })

  app.post('/session/demo', { onRequest: guard, bodyLimit: BODY_BYTES_MAX }, async (request, reply) => {
    if (!isJson(request)) return refuse(reply, 400, 'Send JSON, such as {}.')
    const organization = await demoOrganization(request)
    if (organization === null) {
      return refuse(reply, 401, 'There is no demo sign-in here: it works on the server’s own machine only.')
    }
    const created = await createSession(connection, organization.id, DEMO_SESSION)
    if (created === null) throw new Error('A session without a token above it was refused')
    return signIn(request, reply, created.token)
  })

  registerSignOut(app, options, guard)
}

type Guard = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void

const registerSignOut = (
  app: FastifyInstance,
  { connection, authenticator }: SessionOptions,
  guard: Guard,
): void => {
  const signOut = async (request: FastifyRequest, reply: FastifyReply) => {
    const cookie = request.cookies[SESSION_COOKIE]
    const session = cookie === undefined ? null : await authenticator.authenticate(cookie, 'session')
    if (cookie !== undefined && session !== null) {
      const { actor, organization } = session
      await revokeToken(connection, organization.id, actor.id, actorName(actor))
      authenticator.forget(cookie)
    }
    void reply.clearCookie(SESSION_COOKIE, { path: '/' })
    return reply.code(204).send()
  }
  // Clients name the type of a body also where they send none: of this request nobody reads one.
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _body, parsed) => parsed(null))
    scope.delete('/session', { onRequest: guard }, signOut)
    done()
  })
}

const DEMO_SESSION = { parentId: null, scopes: ROLES.admin, actor: 'demo' } as const

const parentOf = ({ actor }: Session) => ({
  parentId: actor.id,
  scopes: [...actor.scopes],
  actor: actorName(actor),
})

const mayDemo = ({ demo, host }: SessionOptions, { headers }: FastifyRequest): boolean =>
  demo && isLoopbackHost(host) && isLoopbackHost(headers.host) && isDirect(headers)

const isJson = ({ headers }: FastifyRequest): boolean =>
  /^application\/json\b/i.test(headers['content-type'] ?? '')

const tokenOf = (body: unknown): string | null => {
  if (typeof body !== 'object' || body === null || !('token' in body)) return null
  return typeof body.token === 'string' ? body.token.trim() : null
}

const signIn = (request: FastifyRequest, reply: FastifyReply, token: string) => {
  // Behind a proxy that ends TLS only its header tells; whoever forges that header only gets a stricter cookie.
  const secure = request.protocol === 'https' || request.headers['x-forwarded-proto'] === 'https'
  void reply.setCookie(SESSION_COOKIE, token, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure,
    maxAge: SESSION_SECONDS,
  })
  return reply.code(204).send()
}

const refuse = (reply: FastifyReply, status: number, message: string) => reply.code(status).send({ message })
