/** The cookie of a session, as better-auth signs it: the token, a dot, and its HMAC-SHA256 in base64. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export const SESSION_SECONDS = 30 * 24 * 3_600

export type CookieNames = {
  /** Of the session. */
  readonly session: string
  /** Before the names of the others. */
  readonly prefix: string
  readonly secure: boolean
}

/**
 * Behind https browsers take a cookie of this name from this very host alone, over https alone: no page of another
 * host of the same domain can put one in its place.
 */
export const cookieNamesFor = (publicUrl: string): CookieNames => {
  const secure = publicUrl.startsWith('https:')
  const prefix = secure ? '__Host-tidemark' : 'tidemark'
  return { session: `${prefix}_session`, prefix, secure }
}

export const signCookie = (secret: string, token: string): string => `${token}.${macOf(secret, token)}`

/** The token of a cookie that was signed with this secret; null for any other. */
export const openCookie = (secret: string, cookie: string): string | null => {
  const dot = cookie.lastIndexOf('.')
  if (dot < 1) return null
  const token = cookie.slice(0, dot)
  const given = Buffer.from(cookie.slice(dot + 1))
  const expected = Buffer.from(macOf(secret, token))
  return given.length === expected.length && timingSafeEqual(given, expected) ? token : null
}

/** What is stored of something that was handed out; it is random enough for a fast hash. */
export const hashSecret = (text: string): string => createHash('sha256').update(text).digest('hex')

const macOf = (secret: string, token: string): string =>
  createHmac('sha256', secret).update(token).digest('base64')
