/** What better-auth and the routes before it agree on; apart from auth.ts, so that to know it loads nothing. */

export const AUTH_PATH = '/auth'
export const OIDC_PROVIDER = 'oidc'

/** What a request that is handed on carries of where it comes from; none from outside is handed on. */
export const ADDRESS_HEADER = 'x-tidemark-address'

/** What the callback of the provider tells this server, and nobody else: a SignedIn as JSON. */
export const SIGNED_IN_HEADER = 'x-tidemark-signed-in'

/** Who came back from the provider, and the invitation with which they had gone there. */
export type SignedIn = { readonly userId: string; readonly token: string; readonly invitation: string | null }

/** The cookie of somebody whose password was right and who now needs a second factor. */
export const challengeCookieOf = (prefix: string): string => `${prefix}.two_factor`
