/** The secret of an invitation or password link: it comes in the fragment, which no browser sends. */

const pagesWithSecret = new Set(['/invitation', '/password'])

/**
 * Moves the secret out of the address bar, where it could be read over a shoulder, bookmarked or shared, into the
 * state of this one history entry: there it outlives a reload, and is gone with the next page.
 */
export const takeLinkSecret = (): void => {
  const { pathname, hash } = location
  if (!pagesWithSecret.has(pathname) || hash.length < 2) return
  history.replaceState({ secret: hash.slice(1) }, '', pathname)
}

/** From the state of a history entry; null where it has none. */
export const linkSecretOf = (state: unknown): string | null =>
  typeof state === 'object' && state !== null && 'secret' in state && typeof state.secret === 'string'
    ? state.secret
    : null
