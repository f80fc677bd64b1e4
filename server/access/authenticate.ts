/** From a token to who acts, for every transport. */
import { apiToken, organization } from '@tidemark/drizzle/tables.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { and, eq, isNull } from 'drizzle-orm'
import type { Session } from '../context.ts'
import type { LogError } from '../events.ts'
import { noteUse } from './commands.ts'
import { isScope } from './scopes.ts'
import { hashToken, parseToken, type TokenKind } from './token.ts'

/** How long requests with a revoked token may go on; sockets are closed when they are checked next (http/socket.ts). */
const CACHED_MS = 1_000
const CACHED_TOKENS_MAX = 10_000
const SESSION_AGE = { hours: 24 * 30 }
const USE_NOTED_EVERY = { minutes: 1 }

export type Authenticate = (token: string, kind: TokenKind) => Promise<Session | null>

export type Authenticator = {
  /** Who a token stands for; null where it is unknown, revoked, too old, or of the other kind. */
  readonly authenticate: Authenticate
  /** Looks the token up anew the next time: after it was revoked. */
  forget(token: string): void
}

/**
 * Looks tokens up and remembers the answer for a second, so that a busy token costs one query in that time and a
 * revoked one is refused soon after, in every process. What gives rights for longer must not rely on it: see
 * `createSession`.
 */
export const createAuthenticator = (
  connection: Connection,
  clock: () => Temporal.Instant,
  logError: LogError,
): Authenticator => {
  const cache = new Map<string, { readonly until: number; readonly session: Promise<Session | null> }>()

  const lookUp = async (hash: string, organizationId: string, kind: TokenKind): Promise<Session | null> => {
    const found = await findToken(connection, organizationId, hash)
    if (found === null) return null
    const now = clock()
    if (kind === 'session' && isBefore(found.createdAt.add(SESSION_AGE), now)) return null
    if (found.lastUsedAt === null || isBefore(found.lastUsedAt.add(USE_NOTED_EVERY), now)) {
      noteUse(connection, organizationId, found.tokenId).catch((error: unknown) =>
        logError(error, 'The use of a token could not be noted'),
      )
    }
    const { tokenId, name, pointsPerMinute } = found
    const scopes = new Set(found.scopes.filter(isScope))
    const actor = { kind: 'token', id: tokenId, name, role: null, scopes, pointsPerMinute } as const
    return { actor, organization: found.organization }
  }

  return {
    authenticate(token, kind) {
      const parsed = parseToken(token)
      if (parsed === null || parsed.kind !== kind) return Promise.resolve(null)
      const hash = hashToken(token)
      const cached = cache.get(hash)
      if (cached !== undefined && cached.until > performance.now()) return cached.session
      const session = lookUp(hash, parsed.organizationId, kind)
      if (cache.size >= CACHED_TOKENS_MAX) cache.clear()
      cache.set(hash, { until: performance.now() + CACHED_MS, session })
      // An unreachable database is no answer about the token.
      session.catch(() => cache.delete(hash))
      return session
    },
    forget(token) {
      cache.delete(hashToken(token))
    },
  }
}

const isBefore = (a: Temporal.Instant, b: Temporal.Instant): boolean => Temporal.Instant.compare(a, b) < 0

const findToken = async (connection: Connection, organizationId: string, secretHash: string) => {
  const [found] = await inTransaction(connection, { organizationId, mode: 'read' }, (tx) =>
    tx
      .select({
        tokenId: apiToken.id,
        name: apiToken.name,
        scopes: apiToken.scopes,
        pointsPerMinute: apiToken.pointsPerMinute,
        createdAt: apiToken.createdAt,
        lastUsedAt: apiToken.lastUsedAt,
        organization,
      })
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
  return found ?? null
}
