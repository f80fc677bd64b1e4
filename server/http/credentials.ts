/** Where a request carries its token, and where it comes from. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Authenticate, Credentials } from '../access/authenticate.ts'
import type { Caller } from '../context.ts'
import { addressOf, type IsTrusted } from './address.ts'

/** How whoever comes by HTTP or WebSocket is known. */
export type Entrance = {
  readonly authenticate: Authenticate
  /** The name of the session's cookie. */
  readonly sessionCookie: string
  /** The proxies before this server. */
  readonly isTrusted: IsTrusted
}

/** Which organization a person acts in; a token has one of its own. */
export const ORGANIZATION_HEADER = 'x-tidemark-organization'

/** `Authorization: Bearer`, `x-api-key`, or else the session's cookie; null without any. */
export const credentialsOf = (
  headers: IncomingHttpHeaders,
  sessionCookie: string | undefined,
): Credentials | null => {
  const token = bearerOf(headers.authorization) ?? textOf(headers['x-api-key'])
  return token === null ? ofSession(sessionCookie, headers[ORGANIZATION_HEADER]) : { kind: 'token', token }
}

/**
 * The credentials of a `connection_init`: `{token}`, or headers by their names, as clients without a place for a token
 * send them; for a person `{organization}`.
 */
export const credentialsOfInit = (
  payload: Readonly<Record<string, unknown>> | undefined,
  sessionCookie: string | undefined,
): Credentials | null => {
  const fields = Object.fromEntries(
    Object.entries(payload ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const token = textOf(fields['token']) ?? bearerOf(fields['authorization']) ?? textOf(fields['x-api-key'])
  const organization = fields['organization'] ?? fields[ORGANIZATION_HEADER]
  return token === null ? ofSession(sessionCookie, organization) : { kind: 'token', token }
}

/** A request of Fastify, or what stands for one: its id, the network address of its peer, its headers. */
type Request = {
  readonly id: string
  readonly socket: { readonly remoteAddress?: string | undefined }
  readonly headers: IncomingHttpHeaders
}

/** Where a request comes from. */
export const callerOf = (request: Request, { isTrusted }: Pick<Entrance, 'isTrusted'>): Caller => ({
  requestId: request.id,
  address: addressOf(request, isTrusted),
  agent: request.headers['user-agent'] ?? null,
})

const ofSession = (cookie: string | undefined, organization: unknown): Credentials | null =>
  cookie === undefined || cookie === ''
    ? null
    : { kind: 'cookie', cookie, organization: textOf(organization) }

const bearerOf = (header: unknown): string | null =>
  typeof header === 'string' ? (/^Bearer +(\S+)$/i.exec(header)?.[1] ?? null) : null

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
