/** Where a request carries its token. */
import type { IncomingHttpHeaders } from 'node:http'
import type { TokenKind } from '../access/token.ts'

export const SESSION_COOKIE = 'tidemark_session'

export type Credentials = { readonly token: string; readonly kind: TokenKind }

/** `Authorization: Bearer`, `x-api-key`, or else the session's cookie; null without any. */
export const credentialsOf = (
  headers: IncomingHttpHeaders,
  sessionCookie: string | undefined,
): Credentials | null => {
  const token = bearerOf(headers.authorization) ?? textOf(headers['x-api-key'])
  return token === null ? ofSession(sessionCookie) : { token, kind: 'token' }
}

/**
 * The token of a `connection_init`: `{token}`, or headers by their names, as clients without a place for a token
 * send them.
 */
export const credentialsOfInit = (
  payload: Readonly<Record<string, unknown>> | undefined,
  sessionCookie: string | undefined,
): Credentials | null => {
  const fields = Object.fromEntries(
    Object.entries(payload ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const token = textOf(fields['token']) ?? bearerOf(fields['authorization']) ?? textOf(fields['x-api-key'])
  return token === null ? ofSession(sessionCookie) : { token, kind: 'token' }
}

const ofSession = (cookie: string | undefined): Credentials | null => {
  const token = textOf(cookie)
  return token === null ? null : { token, kind: 'session' }
}

const bearerOf = (header: unknown): string | null =>
  typeof header === 'string' ? (/^Bearer +(\S+)$/i.exec(header)?.[1] ?? null) : null

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
