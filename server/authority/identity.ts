/** Who acts, and for whom: a token acts for the person who made it, and a token that follows another is that one. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { Identity } from '../domain/authority.ts'

type TokenRow = {
  readonly start: string
  readonly id: string
  readonly created_by: string
  readonly replaces_id: string | null
}

/** By actor, as the audit names them. Whoever is no member any more has no authority. */
export async function readIdentities(
  tx: Tx,
  organizationId: string,
  actors: readonly string[],
): Promise<ReadonlyMap<string, Identity>> {
  const tokenIds = actors.flatMap((actor) =>
    actor.startsWith('token:') ? [actor.slice('token:'.length)] : [],
  )
  const rows = tokenIds.length === 0 ? [] : await readLines(tx, organizationId, tokenIds)
  const lines = new Map(actors.map((actor) => [actor, lineOf(actor, rows)]))
  const personIds = [...lines.values()].flatMap(({ principal }) => personOf(principal) ?? [])
  const roles =
    personIds.length === 0 ? new Map<string, string>() : await readRoles(tx, organizationId, personIds)
  return new Map([...lines].map(([actor, line]) => [actor, withRole(actor, line, roles)]))
}

function withRole(actor: string, line: Line, roles: ReadonlyMap<string, string>): Identity {
  const personId = personOf(line.principal)
  // What did not come over a network is the operator's own.
  if (personId === null) return { actor, ...line, role: line.principal === 'terminal' ? 'admin' : null }
  const role = roles.get(personId) ?? null
  const authorities = line.authorities.filter((name) => role !== null || name !== line.principal)
  return { actor, ...line, authorities, role }
}

export async function readIdentity(tx: Tx, organizationId: string, actor: string): Promise<Identity> {
  const identity = (await readIdentities(tx, organizationId, [actor])).get(actor)
  if (identity === undefined) throw new Error(`Nobody is ${actor}`)
  return identity
}

type Line = Omit<Identity, 'actor' | 'role'>

/** Up from an actor: to what its token follows, else to whoever made it. */
function lineOf(actor: string, rows: readonly TokenRow[]): Line {
  const byName = new Map(
    rows.filter(({ start }) => `token:${start}` === actor).map((row) => [`token:${row.id}`, row]),
  )
  const names = new Set([actor])
  for (const { id, created_by } of byName.values()) {
    names.add(`token:${id}`)
    // The terminal and what the product does by itself are nobody who could approve through another token.
    if (created_by.includes(':')) names.add(created_by)
  }
  const authorities = [actor]
  let principal = actor
  for (let row = byName.get(actor); row !== undefined; row = byName.get(principal)) {
    const above = row.replaces_id === null ? row.created_by : `token:${row.replaces_id}`
    if (!above.includes(':') || authorities.includes(above)) break
    principal = above
    authorities.push(above)
  }
  return { principal, names: [...names], authorities }
}

const personOf = (name: string): string | null =>
  name.startsWith('member:') ? name.slice('member:'.length) : null

const readLines = (tx: Tx, organizationId: string, ids: readonly string[]) => tx.sql<TokenRow[]>`
  with recursive line as (
    select id as start, id, created_by, replaces_id from api_token
    where organization_id = ${organizationId} and id = any(${arrayOf(ids)}::uuid[])
    union
    select line.start, token.id, token.created_by, token.replaces_id
    from line join api_token token
      on token.id = line.replaces_id or line.created_by = 'token:' || token.id
    where token.organization_id = ${organizationId})
  select * from line`

async function readRoles(
  tx: Tx,
  organizationId: string,
  personIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.sql<{ id: string; role: string }[]>`
    select person_id as id, role from membership
    where organization_id = ${organizationId} and person_id = any(${arrayOf(personIds)}::uuid[])`
  return new Map(rows.map(({ id, role }) => [id, role]))
}
