/** Who acts. */
import type { Role, Scope } from './scopes.ts'

export type Actor = {
  /** A program with a token, or a person who signed in. */
  readonly kind: 'token' | 'member'
  /** Of the token, or of the person. */
  readonly id: string
  readonly name: string
  /** Null for a token. */
  readonly role: Role | null
  readonly scopes: ReadonlySet<Scope>
  /** Cost points that it may use up per minute; null for the usual allowance. */
  readonly pointsPerMinute: number | null
  /** The greatest credit limit that a token may set, in minor units of the base currency; null: any. */
  readonly creditLimitMax?: bigint | null
}

/** The actor as audit rows and idempotency keys name it: never by name, so that a person can be erased. */
export const actorName = ({ kind, id }: Pick<Actor, 'kind' | 'id'>): string => `${kind}:${id}`
