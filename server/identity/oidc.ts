/** What is asked of the OpenID Connect provider itself, beside what better-auth asks. */
import { NAME_LENGTH_MAX } from '../text.ts'
import type { OidcConfig } from './config.ts'

const ANSWER_MS_MAX = 10_000

export type Profile = {
  readonly [claim: string]: unknown
  readonly email?: string
  readonly emailVerified: boolean
  readonly name: string
}

export type Discovered = {
  readonly config: OidcConfig
  readonly discoveryUrl: string
  /** Who signed in, by a token whose signature, audience and nonce were checked; null where there is none or no e-mail. */
  readonly readProfile: (tokens: {
    readonly idToken?: string | undefined
    readonly accessToken?: string | undefined
  }) => Promise<Profile | null>
}

/** The provider cannot be reached, or is not the one that was configured. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
}

/** Asks the provider for its description. Throws a ProviderError. */
export const discover = async (config: OidcConfig): Promise<Discovered> => {
  const discoveryUrl = `${config.issuer}/.well-known/openid-configuration`
  const found = await readJson(discoveryUrl)
  // Else a provider could speak for another.
  if (textOf(found, 'issuer')?.replace(/\/+$/, '') !== config.issuer) {
    throw new ProviderError('The provider calls itself by another name than OIDC_ISSUER')
  }
  const userInfoUrl = textOf(found, 'userinfo_endpoint')
  return {
    config,
    discoveryUrl,
    async readProfile({ idToken, accessToken }) {
      // Without one nothing binds the answer to the question that was asked.
      if (idToken === undefined) return null
      const claims = claimsOf(idToken)
      const asked = claims['email'] === undefined && userInfoUrl !== null && accessToken !== undefined
      const told = asked ? await readJson(userInfoUrl, accessToken) : claims
      if (told['sub'] !== claims['sub']) return null
      const email = textOf(told, 'email')
      if (email === null) return null
      const verified = told['email_verified'] === true || told['email_verified'] === 'true'
      return { ...told, email, emailVerified: verified, name: tidy(textOf(told, 'name') ?? '') || email }
    },
  }
}

/** A name may be anything there; here it has the length and the characters of a name. */
const tidy = (name: string): string =>
  name
    .replaceAll(/\p{Cc}/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, NAME_LENGTH_MAX)

type Claims = Readonly<Record<string, unknown>>

const readJson = async (url: string, accessToken?: string): Promise<Claims> => {
  try {
    const answer = await fetch(url, {
      headers: accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` },
      redirect: accessToken === undefined ? 'follow' : 'error',
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    })
    const body: unknown = answer.ok ? await answer.json() : null
    if (typeof body === 'object' && body !== null) return body as Claims
  } catch (cause) {
    throw new ProviderError('The provider cannot be reached', { cause })
  }
  throw new ProviderError('The provider answers nothing that can be used')
}

/** Of a token that better-auth has verified before it asks for the profile. */
const claimsOf = (idToken: string): Claims => {
  const [, payload = ''] = idToken.split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims
}

const textOf = (claims: Claims, name: string): string | null => {
  const value = claims[name]
  return typeof value === 'string' && value !== '' ? value : null
}
