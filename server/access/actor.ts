/** Who acts. */

/** Each includes the ones before it: read < write < admin. */
export type Scope = 'read' | 'write' | 'admin'

export type Actor = {
  readonly kind: 'token' | 'session'
  readonly tokenId: string
  readonly name: string
  readonly scope: Scope
}

const RANK: Record<Scope, number> = { read: 0, write: 1, admin: 2 }

export const mayAct = (actor: Pick<Actor, 'scope'>, needed: Scope): boolean =>
  RANK[actor.scope] >= RANK[needed]

/** The actor as audit rows and idempotency keys name it. */
export const actorName = (actor: Actor): string => `${actor.kind}:${actor.tokenId}`
