/** Pages that lead in: going back to one of them after signing in would lead nowhere. */
const waysIn = new Set(['/sign-in', '/invitation', '/password'])

/**
 * Where to go after signing in, from the `to` of the address: a path of this very origin, else the start. Browsers
 * read `//host`, `/\host` and tabs in between as another host, so the URL parser decides and not a prefix.
 */
export const safeReturnPath = (to: string | null, origin: string): string => {
  if (to === null || !to.startsWith('/') || !URL.canParse(to, origin)) return '/'
  const url = new URL(to, origin)
  if (url.origin !== origin || waysIn.has(url.pathname)) return '/'
  // A second parse of what is handed on must not lead elsewhere either, as `/.//host` would.
  const path = `${url.pathname}${url.search}`
  return path.startsWith('//') ? '/' : path
}

/** The address of the sign-in page that leads back to `path`. */
export const signInPath = (path: string): string =>
  path === '/' ? '/sign-in' : `/sign-in?to=${encodeURIComponent(path)}`
