/** What people leave behind that lets others in: the tokens that they made and the invitations that they gave. */
import { apiToken, invitation } from '@tidemark/drizzle/tables/access.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { and, arrayContained, asc, eq, gt, inArray, isNull, not, notInArray, sql } from 'drizzle-orm'
import type { Role, Scope } from './scopes.ts'

/**
 * Revokes the tokens that an actor made, those that these made, and so on, but for those that may do no more than
 * `spared`. Returns their ids, without those that were revoked already. Whoever could make more of them meanwhile must
 * be locked, so that the list ends.
 */
export const revokeTokensMadeBy = async (
  tx: Tx,
  organizationId: string,
  actor: string,
  spared: readonly Scope[] | null = null,
): Promise<string[]> => {
  let ids: string[] = []
  for (;;) {
    const made = await readMadeBy(tx, organizationId, actor)
    if (made.length === ids.length) break
    ids = made
    // A token that is making another at this moment is waited for, and the other found in the next round.
    await lockTokens(tx, organizationId, ids)
  }
  const revoked = await tx
    .update(apiToken)
    .set({ revokedAt: sql`clock_timestamp()` })
    .where(
      and(
        eq(apiToken.organizationId, organizationId),
        inArray(apiToken.id, ids),
        isNull(apiToken.revokedAt),
        spared === null ? undefined : not(arrayContained(apiToken.scopes, [...spared])),
      ),
    )
    .returning({ id: apiToken.id })
  return revoked.map(({ id }) => id)
}

/** Revokes the open invitations that actors gave, but for those to `spared` roles. Returns their ids. */
export const revokeInvitationsBy = async (
  tx: Tx,
  organizationId: string,
  actors: readonly string[],
  now: Temporal.Instant,
  spared: readonly Role[] = [],
): Promise<string[]> => {
  const revoked = await tx
    .update(invitation)
    .set({ revokedAt: sql`clock_timestamp()` })
    .where(
      and(
        isOpenInvitation(organizationId, now),
        inArray(invitation.invitedBy, [...actors]),
        notInArray(invitation.role, [...spared]),
      ),
    )
    .returning({ id: invitation.id })
  return revoked.map(({ id }) => id)
}

/** Neither accepted nor revoked nor over. */
export const isOpenInvitation = (organizationId: string, now: Temporal.Instant) =>
  and(
    eq(invitation.organizationId, organizationId),
    isNull(invitation.acceptedAt),
    isNull(invitation.revokedAt),
    gt(invitation.expiresAt, now),
  )

/** Locks tokens in the order of their ids, and gives them as they are from then on. */
export const lockTokens = (tx: Tx, organizationId: string, ids: readonly string[]) =>
  tx
    .select()
    .from(apiToken)
    .where(and(eq(apiToken.organizationId, organizationId), inArray(apiToken.id, [...ids])))
    .orderBy(asc(apiToken.id))
    .for('update')

const readMadeBy = async ({ sql: run }: Tx, organizationId: string, actor: string): Promise<string[]> => {
  const rows = await run<{ id: string }[]>`
    with recursive made as (
      select id from api_token where organization_id = ${organizationId} and created_by = ${actor}
      union
      select token.id from api_token token join made on token.created_by = 'token:' || made.id
      where token.organization_id = ${organizationId})
    select id from made`
  return rows.map(({ id }) => id)
}
