/**
 * What an actor may do at this very moment. Requests are let in by what was known a second ago (authenticate.ts);
 * commands that hand rights out, or take them away, ask here, within their transaction.
 */
import type { ApiTokenRow } from '@tidemark/drizzle/rows.ts'
import { apiToken, membership } from '@tidemark/drizzle/tables/access.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { and, eq, isNull } from 'drizzle-orm'
import type { CommandContext } from '../command.ts'
import { forbidden, unauthenticated } from '../errors.ts'
import { isScope, type Scope, SCOPES, scopesOfRole } from './scopes.ts'
import { isOver } from './token-rules.ts'

export type Rights = {
  readonly scopes: ReadonlySet<Scope>
  /** The token that acts; null for a person, and for the terminal. */
  readonly token: ApiTokenRow | null
}

type Acting = Pick<CommandContext, 'organization' | 'actor' | 'now'>

/**
 * The rights of the actor, `needed` among them, which nobody can take away before the transaction ends. Throws
 * FORBIDDEN or UNAUTHENTICATED. Rows that the command is going to change are locked before, memberships first and then
 * tokens, each in the order of ids: whoever locked them the other way round would wait for this one, and it for them.
 */
export const holdRights = async (tx: Tx, acting: Acting, needed: Scope): Promise<Rights> => {
  const rights = await findRights(tx, acting)
  if (rights === null) throw unauthenticated('You may not act here any more.')
  if (!rights.scopes.has(needed))
    throw forbidden(`This needs the scope \`${needed}\`, which you do not have.`)
  return rights
}

/** What of `scopes` is not among the rights. */
export const beyond = (scopes: Iterable<Scope>, rights: Rights): Scope[] =>
  [...scopes].filter((scope) => !rights.scopes.has(scope))

/** The id of the person who acts; null for a token and for the terminal. */
export const actingPerson = ({ actor }: Pick<Acting, 'actor'>): string | null =>
  actor.startsWith('member:') ? actor.slice('member:'.length) : null

/** The id of the token that acts; null for a person and for the terminal. */
export const actingToken = ({ actor }: Pick<Acting, 'actor'>): string | null =>
  actor.startsWith('token:') ? actor.slice('token:'.length) : null

const findRights = async (tx: Tx, acting: Acting): Promise<Rights | null> => {
  const { organization, now } = acting
  const personId = actingPerson(acting)
  if (personId !== null) {
    const [held] = await tx
      .select({ role: membership.role })
      .from(membership)
      .where(and(eq(membership.organizationId, organization.id), eq(membership.personId, personId)))
      .for('share')
    return held === undefined ? null : { scopes: scopesOfRole(held.role), token: null }
  }
  const tokenId = actingToken(acting)
  // What did not come over a network is the operator's own.
  if (tokenId === null) return { scopes: new Set(SCOPES), token: null }
  const [token] = await tx
    .select()
    .from(apiToken)
    .where(
      and(eq(apiToken.organizationId, organization.id), eq(apiToken.id, tokenId), isNull(apiToken.revokedAt)),
    )
    .for('share')
  if (token === undefined || isOver(token, now)) return null
  return { scopes: new Set(token.scopes.filter(isScope)), token }
}
