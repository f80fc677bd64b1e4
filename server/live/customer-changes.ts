/** Which customers changed, in the order in which the audit was sealed: without gaps, and never before it is visible. */
import { LEVELS_MAX } from '../ledger/hierarchy.ts'
import { isUuid } from '@tidemark/drizzle/uuid.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** What one command changed. */
export type CustomerChange = {
  /** Its place in the audit's chain. */
  readonly sequence: bigint
  /** In their order. Empty where no customer changed, or where `isMany`. */
  readonly customerIds: readonly string[]
  /** More changed than are told one by one, such as by an import. */
  readonly isMany: boolean
}

/** What moves what everybody's credit is used for. */
const TOUCHES_ALL = ['recordRates', 'importRates', 'setCreditPolicy']

/** Of one command. */
const CUSTOMERS_MAX = 1_000
const ENTRIES_MAX = 5_000

/**
 * One for each seal after `sequence`. A command changes the customers to whose items it posted, and the one that it is
 * about; and with each all above it, whose credit it uses. Its entries are found by the moment of recording, which they share with its row in the audit.
 */
export async function readCustomerChangesAfter(
  { sql }: Tx,
  organizationId: string,
  { sequence, limit }: { readonly sequence: bigint; readonly limit: number },
): Promise<CustomerChange[]> {
  const rows = await sql<(Omit<CustomerChange, 'isMany'> & { entries: number; all: boolean })[]>`
    select seal.sequence, touched.entries, audit.action = any(${TOUCHES_ALL}) as all, array(
        with recursive up (id, depth) as (
        select id, 0 from unnest(touched.ids || (
          select array_agg(id) from (
            select id from customer where organization_id = ${organizationId} and id = audit.about
            union all
            select customer_id from sales_order where organization_id = ${organizationId} and id = audit.about
            union all
            (select customer_id from approval_step where organization_id = ${organizationId} and request_id = audit.about
              limit ${CUSTOMERS_MAX + 1})
          ) as meant
        )) as id
        union
        select parent_id, depth + 1 from up
        join customer_parent on organization_id = ${organizationId} and customer_id = up.id
        where parent_id is not null and depth < ${LEVELS_MAX}
        )
        select id from up group by id order by id limit ${CUSTOMERS_MAX + 1}
      )::text[] as "customerIds"
    from (
      select sequence, audit_id from audit_seal
      where organization_id = ${organizationId} and sequence > ${sequence} order by sequence limit ${limit}
    ) as seal
    cross join lateral (
      select id, action, recorded_at, case when subject ~ ${UUID} then subject::uuid end as about from audit
      where organization_id = ${organizationId} and id = seal.audit_id
    ) as audit
    cross join lateral (
      select count(*)::int as entries, array_agg(distinct item.customer_id) as ids
      from (
        select item_id from ledger_entry
        where organization_id = ${organizationId} and recorded_at = audit.recorded_at and audit_id = audit.id
        limit ${ENTRIES_MAX + 1}
      ) as entry
      join item on item.organization_id = ${organizationId} and item.id = entry.item_id
    ) as touched
    order by seal.sequence`
  return rows.map(({ sequence: place, customerIds, entries, all }) => {
    const isMany = all || entries > ENTRIES_MAX || customerIds.length > CUSTOMERS_MAX
    return { sequence: place, customerIds: isMany ? [] : customerIds, isMany }
  })
}

const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'

/** The last place in the chain; 0 before the first. */
export async function readChainPosition({ sql }: Tx, organizationId: string): Promise<bigint> {
  const [row] = await sql<{ sequence: bigint }[]>`
    select sequence from audit_head where organization_id = ${organizationId}`
  return row?.sequence ?? 0n
}

/** Where a subscriber stands: after this customer of that place, or after all of it. */
export type ChangeCursor = { readonly sequence: bigint; readonly customerId: string | null }

const VERSION = 1
const SHAPE = /^[\w-]{1,300}$/

/** Opaque to callers. */
export const encodeChangeCursor = (organizationId: string, { sequence, customerId }: ChangeCursor): string =>
  Buffer.from(JSON.stringify([VERSION, organizationId, sequence.toString(), customerId])).toString(
    'base64url',
  )

/** `foreign`: a cursor, but of another organization. Null: no cursor at all. */
export function decodeChangeCursor(
  organizationId: string,
  cursor: string,
): (ChangeCursor & { readonly foreign: boolean }) | null {
  if (!SHAPE.test(cursor)) return null
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (!Array.isArray(parsed) || parsed.length !== 4 || parsed[0] !== VERSION) return null
    const [, owner, sequence, customerId] = parsed as unknown[]
    if (typeof owner !== 'string' || typeof sequence !== 'string' || !/^\d{1,18}$/.test(sequence)) return null
    if (customerId !== null && !(typeof customerId === 'string' && isUuid(customerId))) return null
    return { foreign: owner !== organizationId, sequence: BigInt(sequence), customerId }
  } catch {
    // Not ours.
    return null
  }
}
