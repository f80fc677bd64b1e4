/** Calls of better-auth: what it is told of a request, and what of its answer goes on. Its texts and bodies do not. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ADDRESS_HEADER, SIGNED_IN_HEADER, type SignedIn } from '../identity/handover.ts'
import { shortAgent } from '../identity/sessions.ts'
import { callerOfRequest, isEncrypted, type PeopleOptions } from './people.ts'

export type Answered = {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  /** What went wrong, such as INVALID_CODE; empty where nothing did. */
  readonly code: string
  readonly cookies: readonly string[]
  readonly location: string | null
  /** Who came back from the provider. */
  readonly signedIn: SignedIn | null
}

/** `call` gets the headers that better-auth may see. */
export const ask = async (
  request: FastifyRequest,
  options: PeopleOptions,
  call: (headers: Headers) => Promise<Response>,
): Promise<Answered> => {
  const { address, agent } = callerOfRequest(request, options)
  const headers = new Headers()
  if (request.headers.cookie !== undefined) headers.set('cookie', request.headers.cookie)
  if (agent !== null) headers.set('user-agent', shortAgent(agent) ?? '')
  if (address !== null) headers.set(ADDRESS_HEADER, address)
  const answer = await call(headers)
  if (answer.status >= 500) throw new Error(`better-auth answered ${answer.status}`)
  const text = await answer.text()
  const parsed: unknown = text === '' ? {} : JSON.parse(text)
  const body: Answered['body'] = isRecord(parsed) ? parsed : {}
  const signedIn = answer.headers.get(SIGNED_IN_HEADER)
  return {
    status: answer.status,
    body,
    code: answer.status < 400 ? '' : typeof body['code'] === 'string' ? body['code'] : 'UNKNOWN',
    cookies: answer.headers.getSetCookie(),
    location: answer.headers.get('location'),
    signedIn: signedIn === null ? null : (JSON.parse(signedIn) as SignedIn),
  }
}

/** Hands its cookies on. */
export const sendCookies = (
  request: FastifyRequest,
  reply: FastifyReply,
  { cookies }: Pick<Answered, 'cookies'>,
): void => {
  for (const cookie of cookies) {
    const missing = isEncrypted(request) && !/;\s*secure(;|$)/i.test(cookie)
    void reply.header('set-cookie', missing ? `${cookie}; Secure` : cookie)
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
