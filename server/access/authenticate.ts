/** From a token, or the cookie of a person who signed in, to who acts, for every transport. */
import { apiToken } from '@tidemark/drizzle/tables/access.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { and, eq, isNull } from 'drizzle-orm'
import type { Session } from '../context.ts'
import type { LogError } from '../events.ts'
import { hashSecret } from '../identity/cookies.ts'
import type { Identity } from '../identity/identity.ts'
import { findSession } from '../identity/sessions.ts'
import { inTime } from '../in-time.ts'
import { noteUse } from './commands.ts'
import { findMembership } from './memberships.ts'
import { isScope, scopesOfRole } from './scopes.ts'
import { mayBeUsed } from './token-rules.ts'
import { hashToken, parseToken } from './token.ts'

/** How long requests with a revoked token may go on; sockets are closed when they are checked next (http/socket.ts). */
const CACHED_MS = 1_000
const CACHED_MAX = 10_000
const USE_NOTED_EVERY = { minutes: 1 }

/** What a request shows of who it comes from. */
export type Credentials =
  | { readonly kind: 'token'; readonly token: string }
  | {
      readonly kind: 'cookie'
      readonly cookie: string
      /** The slug of the organization that the person wants to act in; null for the first of theirs. */
      readonly organization: string | null
    }

/**
 * Who the credentials stand for; null where they are unknown, revoked, over, not for this network address, or not for
 * the organization that is asked for, whether or not it exists.
 */
export type Authenticate = (credentials: Credentials, address: string | null) => Promise<Session | null>

export type Authenticator = {
  readonly authenticate: Authenticate
  /** Looks everything up anew the next time: after a session has ended. */
  forget(): void
}

/** Whom the credentials stand for, as long as they may be used. */
type Found = {
  readonly session: Session
  readonly mayBeUsed: (now: Temporal.Instant, address: string | null) => boolean
  /** Called each time that they are. */
  readonly used: () => void
}

/**
 * Looks tokens and sessions up and remembers the answer for a second, so that a busy token costs one query in that
 * time and a revoked one is refused soon after, in every process. What gives rights for longer must not rely on it.
 */
export const createAuthenticator = (
  identity: Identity,
  clock: () => Temporal.Instant,
  logError: LogError,
): Authenticator => {
  const { connection } = identity
  const cache = new Map<string, { readonly until: number; readonly found: Promise<Found | null> }>()

  const remember = (key: string, lookUp: () => Promise<Found | null>): Promise<Found | null> => {
    const cached = cache.get(key)
    if (cached !== undefined && cached.until > performance.now()) return cached.found
    const found = lookUp()
    if (cache.size >= CACHED_MAX) cache.clear()
    cache.set(key, { until: performance.now() + CACHED_MS, found })
    // An unreachable database is no answer about the token.
    found.catch(() => cache.delete(key))
    return found
  }

  const find = (credentials: Credentials): Promise<Found | null> => {
    if (credentials.kind === 'cookie') {
      const { cookie, organization } = credentials
      // A slug has no blank.
      return remember(`${hashSecret(cookie)} ${organization ?? ''}`, () =>
        findMember(identity, cookie, organization, clock()),
      )
    }
    const { token } = credentials
    const parsed = parseToken(token)
    if (parsed?.kind !== 'token') return Promise.resolve(null)
    const hash = hashToken(token)
    return remember(hash, () => findToken(connection, parsed.organizationId, hash, clock(), logError))
  }

  return {
    async authenticate(credentials, address) {
      const found = await inTime(find(credentials))
      if (found?.mayBeUsed(clock(), address) !== true) return null
      found.used()
      return found.session
    },
    forget: () => cache.clear(),
  }
}

const findMember = async (
  identity: Identity,
  cookie: string,
  slug: string | null,
  now: Temporal.Instant,
): Promise<Found | null> => {
  const user = await findSession(identity, cookie, now)
  const membership = user && (await findMembership(identity.connection, user.userId, slug))
  if (user === null || membership === null) return null
  const { organization, personId, role } = membership
  const scopes = scopesOfRole(role)
  const actor = {
    kind: 'member',
    id: personId,
    name: user.name,
    role,
    scopes,
    pointsPerMinute: null,
  } as const
  return { session: { actor, organization }, mayBeUsed: () => true, used: () => {} }
}

const findToken = async (
  connection: Connection,
  organizationId: string,
  secretHash: string,
  now: Temporal.Instant,
  logError: LogError,
): Promise<Found | null> => {
  const [found] = await inTransaction(connection, { organizationId, mode: 'read' }, (tx) =>
    tx
      .select({ token: apiToken, organization })
      .from(apiToken)
      .innerJoin(organization, eq(organization.id, apiToken.organizationId))
      .where(
        and(
          eq(apiToken.organizationId, organizationId),
          eq(apiToken.secretHash, secretHash),
          isNull(apiToken.revokedAt),
        ),
      ),
  )
  if (found === undefined) return null
  const { token } = found
  const { id, name, lastUsedAt, pointsPerMinute, creditLimitMax } = token
  let isDue = lastUsedAt === null || isBefore(lastUsedAt.add(USE_NOTED_EVERY), now)
  const scopes = new Set(token.scopes.filter(isScope))
  const actor = { kind: 'token', id, name, role: null, scopes, pointsPerMinute, creditLimitMax } as const
  return {
    session: { actor, organization: found.organization },
    mayBeUsed: (at, address) => mayBeUsed(token, at, address),
    used: () => {
      if (!isDue) return
      isDue = false
      noteUse(connection, organizationId, id).catch((error: unknown) =>
        logError(error, 'The use of a token could not be noted'),
      )
    },
  }
}

const isBefore = (a: Temporal.Instant, b: Temporal.Instant): boolean => Temporal.Instant.compare(a, b) < 0
