/**
 * better-auth as it is set up here. It takes most of a second to load, so nothing imports this file but `identity.ts`,
 * when somebody signs in. It serves no route of its own: http/auth-routes.ts calls the few endpoints that are needed.
 */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { createAuthMiddleware, getOAuthState } from 'better-auth/api'
import { betterAuth } from 'better-auth/minimal'
import { genericOAuth } from 'better-auth/plugins/generic-oauth'
import { twoFactor } from 'better-auth/plugins/two-factor'
import type { LogError } from '../events.ts'
import { newUuid } from '../ids.ts'
import { identityAdapter } from './adapter.ts'
import { cookieNamesFor, SESSION_SECONDS } from './cookies.ts'
import { ADDRESS_HEADER, AUTH_PATH, OIDC_PROVIDER, SIGNED_IN_HEADER, type SignedIn } from './handover.ts'
import type { Discovered } from './oidc.ts'
import { PASSWORD_LENGTH_MAX } from './password-rules.ts'
import { hashPassword, verifyPassword } from './passwords.ts'

const CHALLENGE_SECONDS = 600

export type AuthOptions = {
  readonly connection: Connection
  readonly secret: string
  readonly publicUrl: string
  /** Null where this instance is for passwords. */
  readonly oidc: Discovered | null
  /** Whether this invitation is open for somebody of this e-mail, who then may come in by the provider. */
  readonly mayJoin: (invitation: string, email: string) => Promise<boolean>
  readonly logError: LogError
}

export type Auth = ReturnType<typeof createAuth>

export const createAuth = (options: AuthOptions) => {
  const { connection, secret, publicUrl, oidc, mayJoin, logError } = options
  const names = cookieNamesFor(publicUrl)
  return betterAuth({
    appName: 'Tidemark',
    baseURL: publicUrl,
    basePath: AUTH_PATH,
    secrets: [{ version: 1, value: secret }],
    database: identityAdapter(connection),
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    logger: {
      level: 'error',
      disableColors: true,
      // Its messages may quote what was sent: only an error goes on, whose text the log cleans.
      log: (_level, _message, ...details) => {
        const error = details.find((detail) => detail instanceof Error)
        if (error !== undefined) logError(error, 'Signing in failed')
      },
    },
    advanced: {
      database: { generateId: () => newUuid() },
      cookiePrefix: names.prefix,
      // That would add a prefix of its own.
      useSecureCookies: false,
      cookies: { session_token: { name: names.session } },
      defaultCookieAttributes: { secure: names.secure, httpOnly: true, sameSite: 'lax', path: '/' },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
    },
    session: { expiresIn: SESSION_SECONDS, cookieCache: { enabled: false }, disableSessionRefresh: true },
    // The other way would store the verifier of the code in the table.
    account: {
      storeStateStrategy: 'cookie',
      updateAccountOnSignIn: false,
      accountLinking: { enabled: true },
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      // The rules for a new one are in password-rules.ts; an old one is right or wrong.
      minPasswordLength: 1,
      maxPasswordLength: PASSWORD_LENGTH_MAX,
      password: {
        hash: hashPassword,
        verify: ({ hash, password }) => verifyPassword(hash, password),
      },
    },
    user: {
      validateUserInfo: async ({ user, source }) => {
        if (source.method !== 'oauth') return undefined
        if (user.emailVerified !== true) return { error: 'email_not_verified' }
        if (source.action !== 'create-user') return undefined
        const invitation = await invitationOfState()
        const email = user.email?.toLowerCase() ?? ''
        const invited = invitation !== null && (await mayJoin(invitation, email))
        return invited ? undefined : { error: 'unknown_person' }
      },
    },
    databaseHooks: {
      account: { create: { before: withoutTokens }, update: { before: withoutTokens } },
    },
    hooks: { after: tellSignedIn },
    onAPIError: { errorURL: '/sign-in' },
    plugins: [
      twoFactor({
        issuer: 'Tidemark',
        twoFactorCookieMaxAge: CHALLENGE_SECONDS,
        // attempts.ts counts them, and lets no second one by while the first is checked.
        accountLockout: { enabled: false },
      }),
      ...(oidc === null ? [] : [genericOAuth({ config: [providerOf(oidc)] })]),
    ],
  })
}

const providerOf = ({ config, discoveryUrl, readProfile }: Discovered) => ({
  providerId: OIDC_PROVIDER,
  name: config.name,
  discoveryUrl,
  clientId: config.clientId,
  clientSecret: config.clientSecret,
  scopes: ['openid', 'email', 'profile'],
  pkce: true,
  requireIdTokenVerification: true,
  // Nobody comes in by the provider alone: see `validateUserInfo`.
  disableImplicitSignUp: true,
  getUserInfo: readProfile,
})

/** Nothing here calls the provider later, so nothing of what it hands out is kept. */
const withoutTokens = (): Promise<{ data: Record<string, undefined> }> =>
  Promise.resolve({
    data: {
      accessToken: undefined,
      refreshToken: undefined,
      idToken: undefined,
      accessTokenExpiresAt: undefined,
      refreshTokenExpiresAt: undefined,
      scope: undefined,
    },
  })

/** The invitation with which this way to the provider began. The state travels encrypted, and this server made it. */
const invitationOfState = async (): Promise<string | null> => {
  const state = await getOAuthState<{ invitation?: unknown }>()
  return typeof state?.invitation === 'string' ? state.invitation : null
}

const tellSignedIn = createAuthMiddleware(async (context) => {
  const { newSession } = context.context
  if (context.path !== '/callback/:id' || newSession === null) return
  const { user, session } = newSession
  const signedIn: SignedIn = { userId: user.id, token: session.token, invitation: await invitationOfState() }
  context.setHeader(SIGNED_IN_HEADER, JSON.stringify(signedIn))
})
