/** Who may be trusted to be where they say they are. */
import type { IncomingHttpHeaders } from 'node:http'

const LOOPBACK_HOSTS = new Set(['127.0.0.1', '[::1]', 'localhost'])
const FORWARDING_HEADERS = new Set(['forwarded', 'via', 'x-real-ip'])

/** False for a request that a page of another origin makes; programs send no origin. */
export const isSameOrigin = ({ origin, host }: IncomingHttpHeaders): boolean =>
  origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)

/** As browsers tell it for what is no WebSocket: `none` is an address typed by the person. */
export const isSameSite = ({ 'sec-fetch-site': site }: IncomingHttpHeaders): boolean =>
  site === undefined || site === 'same-origin' || site === 'none'

/** True for 127.0.0.1, ::1 and localhost, with or without brackets and port. */
export const isLoopbackHost = (host: string | undefined): boolean => {
  if (host === undefined) return false
  const name = host === '::1' ? '[::1]' : host.replace(/:\d+$/, '').toLowerCase()
  return LOOPBACK_HOSTS.has(name)
}

/** True where nothing stands between: a proxy on this machine would make the whole world look local. */
export const isDirect = (headers: IncomingHttpHeaders): boolean =>
  !Object.keys(headers).some((name) => name.startsWith('x-forwarded-') || FORWARDING_HEADERS.has(name))

/** True for whoever sits at the machine that the server runs on, where `host` is the address that it listens on. */
export const isLocal = (host: string, headers: IncomingHttpHeaders): boolean =>
  isLoopbackHost(host) && isLoopbackHost(headers.host) && isDirect(headers)
