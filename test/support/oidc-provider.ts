/** A small OpenID Connect provider: discovery, the code flow with PKCE, real signatures; and, where asked to, lies. */
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export const CLIENT = { clientId: 'tidemark-test', clientSecret: 'a secret of the client' }

/** What it says of whoever signs in, and how it deviates from what is right. */
export type Behaviour = {
  email?: string
  emailVerified?: boolean
  subject?: string
  name?: string
  /** Claims that replace those of the token; undefined leaves one out. */
  claims?: Record<string, unknown>
  /** Signs with a key that it does not publish. */
  foreignKey?: boolean
  /** Answers with no ID token. */
  noIdToken?: boolean
  /** Puts the e-mail into the user info alone. */
  emailInUserInfo?: boolean
  /** Of the discovery. */
  issuer?: string
}

export type Provider = {
  readonly issuer: string
  readonly behaviour: Behaviour
  /** What the token endpoint was sent. */
  readonly exchanges: URLSearchParams[]
  /** Signs the person in and gives the address of the way back; refuses what no provider would take. */
  approve(authorizationUrl: string): string
  close(): Promise<void>
}

type Pending = { readonly challenge: string; readonly nonce: string | null; readonly redirectUri: string }

export const startProvider = async (): Promise<Provider> => {
  const [keys, foreign] = [
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ]
  const behaviour: Behaviour = {}
  const exchanges: URLSearchParams[] = []
  const pending = new Map<string, Pending>()
  let issuer = ''

  const profile = () => ({
    email: behaviour.email ?? 'ann@example.com',
    email_verified: behaviour.emailVerified ?? true,
    name: behaviour.name ?? 'Ann of the Provider',
  })
  const idToken = ({ nonce }: Pending): string => {
    const now = Math.floor(Date.now() / 1_000)
    const claims = {
      iss: issuer,
      sub: behaviour.subject ?? 'subject-1',
      aud: CLIENT.clientId,
      iat: now,
      exp: now + 300,
      nonce,
      ...(behaviour.emailInUserInfo ? {} : profile()),
      ...behaviour.claims,
    }
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const signed = `${part({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${part(claims)}`
    const { privateKey } = behaviour.foreignKey ? foreign : keys
    return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
  }

  const exchange = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams(await text(request))
    exchanges.push(form)
    const code = form.get('code') ?? ''
    const found = pending.get(code)
    pending.delete(code)
    const verifier = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    const [, basic = ''] = (request.headers.authorization ?? '').split(' ')
    const [, secret = form.get('client_secret')] = Buffer.from(basic, 'base64').toString().split(':')
    const right =
      found !== undefined &&
      verifier === found.challenge &&
      decodeURIComponent(secret ?? '').replaceAll('+', ' ') === CLIENT.clientSecret &&
      form.get('redirect_uri') === found.redirectUri
    if (!right) return answer(response, 400, { error: 'invalid_grant' })
    const tokens = {
      access_token: `access-${randomUUID()}`,
      refresh_token: `refresh-${randomUUID()}`,
      token_type: 'Bearer',
    }
    answer(response, 200, behaviour.noIdToken ? tokens : { ...tokens, id_token: idToken(found) })
  }

  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    if (path === '/.well-known/openid-configuration') {
      answer(response, 200, {
        issuer: behaviour.issuer ?? issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/userinfo`,
        jwks_uri: `${issuer}/jwks`,
        id_token_signing_alg_values_supported: ['RS256'],
      })
    } else if (path === '/jwks') {
      answer(response, 200, {
        keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }],
      })
    } else if (path === '/userinfo') {
      answer(response, 200, { sub: behaviour.subject ?? 'subject-1', ...profile() })
    } else if (path === '/token') {
      void exchange(request, response)
    } else {
      answer(response, 404, {})
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    issuer,
    behaviour,
    exchanges,
    approve(authorizationUrl) {
      const { searchParams: asked, origin } = new URL(authorizationUrl)
      const challenge = asked.get('code_challenge')
      const redirectUri = asked.get('redirect_uri')
      if (origin !== issuer || asked.get('client_id') !== CLIENT.clientId || redirectUri === null) {
        throw new Error('This is nothing that a provider answers')
      }
      if (challenge === null || asked.get('code_challenge_method') !== 'S256') throw new Error('No PKCE')
      const code = randomUUID()
      pending.set(code, { challenge, nonce: asked.get('nonce'), redirectUri })
      const back = new URL(redirectUri)
      back.search = new URLSearchParams({ code, state: asked.get('state') ?? '' }).toString()
      return back.href
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

const answer = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
