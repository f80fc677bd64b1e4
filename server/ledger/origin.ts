/** Where changes come from, kept apart from the audit so that a person can be erased from it. */
import { randomUUIDv7 } from 'node:crypto'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import type { Actor } from '../access/actor.ts'
import type { Caller } from '../context.ts'
import type { Source } from './audit.ts'

const AGENT_LENGTH_MAX = 200
const REMEMBERED_MAX = 10_000

/** A request, or a command of the command line, which is none. */
export type Whence = Omit<Caller, 'requestId'> & { readonly requestId: string | null }

type Origin = {
  readonly personId: string | null
  readonly address: string | null
  readonly agent: string | null
}

/** Stands where the program of an erased person did. */
const ERASED = 'erased'

/** By organization, person, address and program. What is in here has been committed, and origins are never deleted. */
const rememberedOf = new WeakMap<Connection, Map<string, string>>()

/**
 * The origin of a caller's change; the actor is null for nobody who signed in. It is made in a transaction of its own,
 * so that no command waits for another's.
 */
export const sourceOf = async (
  connection: Connection,
  organizationId: string,
  actor: Pick<Actor, 'kind' | 'id'> | null,
  { requestId, address, agent }: Whence,
): Promise<Source> => {
  const personId = actor?.kind === 'member' ? actor.id : null
  const origin = { personId, address, agent: agent?.slice(0, AGENT_LENGTH_MAX) ?? null }
  const key = JSON.stringify([organizationId, origin])
  const remembered = rememberedOf.get(connection) ?? new Map<string, string>()
  rememberedOf.set(connection, remembered)
  const known = remembered.get(key)
  if (known !== undefined) return { originId: known, requestId }

  const originId = await inTransaction(connection, { organizationId, mode: 'write' }, (tx) =>
    keepOrigin(tx, organizationId, origin),
  )
  if (remembered.size >= REMEMBERED_MAX) remembered.clear()
  remembered.set(key, originId)
  return { originId, requestId }
}

/** Whether it told where a person was who has been erased since. */
export const isErased = ({ address, agent }: Pick<Origin, 'address' | 'agent'>): boolean =>
  address === null && agent?.split(' ')[0] === ERASED

/**
 * Removes what the origins of a person tell, and says of how many. The audit points to them, so they stay; no two of
 * a person are equal, so each keeps a mark of its own. The person must be locked for update: see `keepOrigin`.
 */
export const eraseOrigins = async (
  { sql }: Tx,
  organizationId: string,
  personId: string,
): Promise<number> => {
  const { count } = await sql`
    update origin set address = null, agent = ${ERASED} || ' ' || id
    where organization_id = ${organizationId} and person_id = ${personId}`
  return count
}

/** Gives the id of the origin, made where there is none. Waits for whoever makes the same at this moment. */
export const keepOrigin = async ({ sql }: Tx, organizationId: string, origin: Origin): Promise<string> => {
  // Erasing a person locks them first: either it waits, and then finds this origin too, or this finds them erased.
  const [known] = await sql<{ erased: boolean }[]>`
    select erased_at is not null as erased from person
    where organization_id = ${organizationId} and id = ${origin.personId} for key share`
  const { personId, address, agent } =
    known?.erased === true ? { ...origin, address: null, agent: ERASED } : origin
  await sql`
    insert into origin (organization_id, id, person_id, address, agent)
    values (${organizationId}, ${randomUUIDv7()}, ${personId}, ${address}, ${agent}) on conflict do nothing`
  const [row] = await sql<{ id: string }[]>`
    select id from origin where organization_id = ${organizationId}
      and person_id is not distinct from ${personId} and address is not distinct from ${address}
      and agent is not distinct from ${agent}`
  if (row === undefined) throw new Error('The origin of a change could not be kept')
  return row.id
}
