/** What the environment says about signing in, checked. */
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'

/** The one provider by which people may sign in, beside passwords. */
export type OidcConfig = {
  /** Whose `/.well-known/openid-configuration` tells the rest. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** As the sign-in page calls it. */
  readonly name: string
}

export type IdentityConfig = {
  /** The address under which people reach this server, such as https://tidemark.example; null where it is the one it listens on. */
  readonly publicUrl: string | null
  /** Null: the database keeps one. */
  readonly secret: string | null
  readonly oidc: OidcConfig | null
}

export const IDENTITY_USAGE = `  PUBLIC_URL           the address that people open, such as https://tidemark.example; needed behind a proxy
  TIDEMARK_SECRET      signs cookies, at least 32 characters; left out, the database keeps one
  OIDC_ISSUER          people may sign in by this OpenID Connect provider too, with
  OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and, for the button, OIDC_NAME
`

const SECRET_LENGTH_MIN = 32

type Environment = Readonly<Record<string, string | undefined>>

/** Throws an OperatorError that names the variable. */
export const readIdentityConfig = (environment: Environment): IdentityConfig => ({
  publicUrl: readPublicUrl(textOf(environment, 'PUBLIC_URL')),
  secret: readSecret(textOf(environment, 'TIDEMARK_SECRET')),
  oidc: readOidc(environment),
})

/** The address that people open, where PUBLIC_URL does not say. */
export const publicUrlAt = (host: string, port: number): string => {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

const textOf = (environment: Environment, name: string): string | null => environment[name]?.trim() || null

const readPublicUrl = (text: string | null): string | null => {
  if (text === null) return null
  const url = URL.canParse(text) ? new URL(text) : null
  const plain = url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`
  if (plain) return url.origin
  throw new OperatorError(
    `PUBLIC_URL must be an address without a path, such as https://tidemark.example, not "${text}".`,
  )
}

/** The secret itself is not repeated. */
const readSecret = (text: string | null): string | null => {
  if (text === null || text.length >= SECRET_LENGTH_MIN) return text
  throw new OperatorError(`TIDEMARK_SECRET must have at least ${SECRET_LENGTH_MIN} characters.`)
}

const readOidc = (environment: Environment): OidcConfig | null => {
  const issuer = textOf(environment, 'OIDC_ISSUER')
  const clientId = textOf(environment, 'OIDC_CLIENT_ID')
  const clientSecret = textOf(environment, 'OIDC_CLIENT_SECRET')
  if (issuer === null && clientId === null && clientSecret === null) return null
  if (issuer === null || clientId === null || clientSecret === null) {
    throw new OperatorError(
      'OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET belong together. Set all three or none.',
    )
  }
  if (!URL.canParse(issuer) || !isSafe(new URL(issuer))) {
    throw new OperatorError(
      `OIDC_ISSUER must be an https address, such as https://login.example, not "${issuer}".`,
    )
  }
  const name = textOf(environment, 'OIDC_NAME') ?? new URL(issuer).hostname
  return { issuer: issuer.replace(/\/+$/, ''), clientId, clientSecret, name }
}

/** Over plain http only to this machine itself. */
const isSafe = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && /^(127\.0\.0\.1|localhost|\[::1\])$/.test(hostname))
