/** Whose subsidiary a customer is on a day: the one of its dated parents that began last, as of credit limits. */
import { formatDay, type Day } from '../domain/day.ts'
import { decodeId } from '../ids.ts'
import type { By } from './find.ts'
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'

/** How many may stand above each other. */
export const LEVELS_MAX = 10

/** `(parent_id)` of the customer that `of` names in SQL, on the day; at most one row, and none where it has no parent. */
const parentOn = ({ sql }: Tx, organizationId: string, of: Fragment, day: Day): Fragment => {
  const text = formatDay(day)
  return sql`(
    select parent_id from (
      select parent_id from customer_parent
      where organization_id = ${organizationId} and customer_id = ${of} and effective_on <= ${text}::date
        and (until is null or until >= ${text}::date)
      order by effective_on desc, version desc limit 1
    ) as latest where parent_id is not null
  )`
}

/** The customer and all above it, itself first. */
export const readPath = (
  tx: Tx,
  organizationId: string,
  customerId: string,
  day: Day,
): Promise<readonly string[]> => pathFrom(tx, organizationId, tx.sql`select ${customerId}::uuid, 0`, day)

/** These customers and all above each of them, each once. */
export const readPaths = async (
  tx: Tx,
  organizationId: string,
  customerIds: readonly string[],
  day: Day,
): Promise<readonly string[]> => {
  const first = tx.sql`select id, 0 from unnest(${customerIds}::uuid[]) as wanted (id)`
  return [...new Set(await pathFrom(tx, organizationId, first, day))]
}

/** Ids of customers, known or as an expression of SQL that gives an array of them. */
export type Ids = readonly string[] | Fragment

/** The same as an array in SQL, of one that an input names; empty where there is none. */
export const pathOfNamed = (tx: Tx, organizationId: string, by: By, day: Day): Fragment => {
  const named =
    typeof by.number === 'string'
      ? tx.sql`number = ${by.number}`
      : tx.sql`id = ${decodeId('customer', by.id ?? '')}`
  const first = tx.sql`select id, 0 from customer where organization_id = ${organizationId} and ${named}`
  return tx.sql`array(${upFrom(tx, organizationId, first, day)})`
}

const upFrom = (tx: Tx, organizationId: string, first: Fragment, day: Day): Fragment => tx.sql`
  with recursive up (id, depth) as (
    ${first}
    union all
    select parent.parent_id, depth + 1 from up
    cross join lateral ${parentOn(tx, organizationId, tx.sql`up.id`, day)} as parent
    where depth < ${LEVELS_MAX}
  )
  select id from up order by depth`

async function pathFrom(
  tx: Tx,
  organizationId: string,
  first: Fragment,
  day: Day,
): Promise<readonly string[]> {
  const rows = await tx.sql<{ id: string }[]>`${upFrom(tx, organizationId, first, day)}`
  return rows.map(({ id }) => id)
}

/** These customers and all below them as an array in SQL. */
export const membersOf = (tx: Tx, organizationId: string, customerIds: Ids, day: Day): Fragment =>
  tx.sql`array(with recursive ${downFrom(tx, organizationId, customerIds, day)} select distinct id from down)`

/** `down (root, id, depth)` of a WITH RECURSIVE. */
const downFrom = (tx: Tx, organizationId: string, customerIds: Ids, day: Day): Fragment => tx.sql`
  down (root, id, depth) as (
    select id, id, 0 from unnest(${customerIds}::uuid[]) as wanted (id)
    union all
    select root, child.customer_id, depth + 1 from down
    join lateral (
      select distinct customer_id from customer_parent
      where organization_id = ${organizationId} and parent_id = down.id
    ) as child on true
    cross join lateral ${parentOn(tx, organizationId, tx.sql`child.customer_id`, day)} as parent
    where parent.parent_id = down.id and depth < ${LEVELS_MAX}
  )`

/** By customer: itself and all below it, each once. */
export async function readMembers(
  tx: Tx,
  organizationId: string,
  customerIds: Ids,
  day: Day,
): Promise<Map<string, readonly string[]>> {
  const rows = await tx.sql<{ root: string; id: string }[]>`
    with recursive ${downFrom(tx, organizationId, customerIds, day)} select root, id from down order by root, id`
  return new Map(
    [...Map.groupBy(rows, ({ root }) => root)].map(([root, members]) => [root, members.map(({ id }) => id)]),
  )
}

/** By customer: its parent on the day. Those who have none are left out. */
export async function readParents(
  tx: Tx,
  organizationId: string,
  customerIds: readonly string[],
  day: Day,
): Promise<Map<string, string>> {
  const rows = await tx.sql<{ id: string; parent_id: string }[]>`
    select id, parent_id from unnest(${customerIds}::uuid[]) as wanted (id)
    cross join lateral ${parentOn(tx, organizationId, tx.sql`wanted.id`, day)} as parent`
  return new Map(rows.map(({ id, parent_id }) => [id, parent_id]))
}

/**
 * Locks the customer and all above it, and answers with them, itself first. In the order of ids, as every command locks
 * customers: parents first would deadlock with those that lock many. Whoever changes a parent holds the customer, so once
 * they are locked the path stays what it is.
 */
export async function lockPath(
  tx: Tx,
  organizationId: string,
  customerId: string,
  day: Day,
): Promise<readonly string[]> {
  for (let path = await readPath(tx, organizationId, customerId, day); ;) {
    const [, now] = await Promise.all([
      lockCustomers(tx, organizationId, path),
      readPath(tx, organizationId, customerId, day),
    ])
    if (now.every((id) => path.includes(id))) return now
    path = now
  }
}

/** Locks them in the order of their ids, and answers with them. It is sent at the call. */
export const lockCustomers = (
  { sql }: Tx,
  organizationId: string,
  customerIds: Ids,
): Promise<readonly { readonly id: string }[]> =>
  sql<{ id: string }[]>`
    select id from customer where organization_id = ${organizationId} and id = any(${customerIds}::uuid[])
    order by id for no key update`.execute()
