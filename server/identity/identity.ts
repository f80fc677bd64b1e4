/** Signing in, as the rest of the server sees it: better-auth behind a door that opens when somebody comes. */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { LogError } from '../events.ts'
import type { Auth } from './auth.ts'
import type { IdentityConfig, OidcConfig } from './config.ts'
import { type CookieNames, cookieNamesFor } from './cookies.ts'
import { readSecret } from './secret.ts'

export type Identity = {
  readonly connection: Connection
  readonly cookies: CookieNames
  readonly oidc: OidcConfig | null
  /** The address that people open, such as https://tidemark.example. */
  readonly publicUrl: () => string
  /** Signs cookies. */
  readonly secret: () => Promise<string>
  /** better-auth for passwords and second factors. It is loaded by the first call, and needs nobody but the database. */
  readonly passwords: () => Promise<Auth>
  /** better-auth for the OIDC provider, null where none is configured. Throws a ProviderError. */
  readonly provider: () => Promise<Auth | null>
  readonly logError: LogError
}

export type IdentityOptions = {
  readonly connection: Connection
  readonly config: IdentityConfig
  /** Where the configuration does not say: where the server listens, once it does. */
  readonly listeningUrl: () => string
  readonly mayJoin: (invitation: string, email: string) => Promise<boolean>
  readonly logError: LogError
}

export const createIdentity = (options: IdentityOptions): Identity => {
  const { connection, config, mayJoin, logError } = options
  const publicUrl = () => config.publicUrl ?? options.listeningUrl()
  const secret = once(() =>
    config.secret === null ? readSecret(connection) : Promise.resolve(config.secret),
  )
  const load = async (withProvider: boolean): Promise<Auth> => {
    const { oidc } = config
    const discovered = withProvider && oidc !== null ? await (await import('./oidc.ts')).discover(oidc) : null
    const { createAuth } = await import('./auth.ts')
    const shared = { connection, publicUrl: publicUrl(), mayJoin, logError }
    return createAuth({ ...shared, secret: await secret(), oidc: discovered })
  }
  const provider = once(() => load(true))
  return {
    connection,
    cookies: cookieNamesFor(config.publicUrl ?? 'http:'),
    oidc: config.oidc,
    publicUrl,
    secret,
    passwords: once(() => load(false)),
    provider: () => (config.oidc === null ? Promise.resolve(null) : provider()),
    logError,
  }
}

/** Does it for the first who asks; after a failure, for the next. */
const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}
