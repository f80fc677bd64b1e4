/** Makes what the rows of an import refer to and the books do not have yet: collectors, segments and customers. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { newUuid } from '../ids.ts'
import { segmentFor } from '../ledger/segments.ts'
import { inBatches } from './cursor.ts'
import type { Combination } from './rows.ts'

const CUSTOMERS_PER_INSERT = 5_000

/** By combination: the segment of its rows. Only the combinations of new invoices have one. */
export async function makeSegments(
  tx: Tx,
  organizationId: string,
  combinations: readonly Combination[],
): Promise<Map<number, number>> {
  const used = await tx.sql<{ combination: number }[]>`
    select distinct combination from import_row r
    where not exists (select from import_match m where m.line = r.line)
    order by combination`
  const collectors = await makeCollectors(
    tx,
    organizationId,
    used.map(({ combination }) => combinations[combination]?.collector ?? null),
  )
  const segmentIds = new Map<number, number>()
  for (const { combination: index } of used) {
    const combination = combinations[index]
    if (combination === undefined) throw new Error(`Combination ${index} was never read`)
    const { collector, ...dimensions } = combination
    const collectorId = collector === null ? null : (collectors.get(collector) ?? null)
    segmentIds.set(index, await segmentFor(tx, organizationId, { ...dimensions, collectorId }))
  }
  return segmentIds
}

/** Their ids by name; who is not known yet is added. */
async function makeCollectors(
  tx: Tx,
  organizationId: string,
  names: readonly (string | null)[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Set(names.filter((name) => name !== null))].sort()
  if (wanted.length === 0) return new Map()
  await tx.sql`
    insert into person (organization_id, id, name)
    select ${organizationId}, * from unnest(
      ${arrayOf(wanted.map(() => newUuid()))}::uuid[], ${arrayOf(wanted)}::text[])
    on conflict (organization_id, name) do nothing`
  const people = await tx.sql<{ id: string; name: string }[]>`
    select id, name from person
    where organization_id = ${organizationId} and name = any(${arrayOf(wanted)}::text[])`
  return new Map(people.map(({ id, name }) => [name, id]))
}

type NewCustomer = {
  readonly key: string
  readonly number: string
  readonly name: string
  readonly terms_days: number
  readonly combinations: readonly number[]
}

/**
 * Adds the customers that the books lack, and notes their ids in `import_customer`. Their terms are the usual ones of
 * their rows; a dimension is theirs where all their rows agree on it. Gives how many there are.
 */
export async function makeCustomers(
  tx: Tx,
  organizationId: string,
  combinations: readonly Combination[],
): Promise<number> {
  const query = tx.sql`
    select c.key, c.number, coalesce(c.name, c.number) as name, array_agg(distinct r.combination) as combinations,
      mode() within group (order by coalesce(r.terms_days, r.due_on - r.issued_on)) as terms_days
    from import_customer c join import_row r on r.customer_key = c.key
    where c.id is null
    group by c.key, c.number, c.name`
  const people = await tx.sql<{ id: string; name: string }[]>`
    select id, name from person where organization_id = ${organizationId}`
  const collectors = new Map(people.map(({ id, name }) => [name, id]))
  let made = 0
  for await (const customers of inBatches<NewCustomer>(
    tx,
    'import_new_customer',
    query,
    CUSTOMERS_PER_INSERT,
  )) {
    made += customers.length
    const agreed = customers.map((customer) => agreedDimensions(customer.combinations, combinations))
    const ids = customers.map(() => newUuid())
    const keys = customers.map(({ key }) => key)
    await tx.sql`
      insert into customer
        (organization_id, id, number, name, terms_days, business_unit, region, channel, owner_id)
      select ${organizationId}, * from unnest(
        ${arrayOf(ids)}::uuid[],
        ${arrayOf(customers.map(({ number }) => number))}::text[],
        ${arrayOf(customers.map(({ name }) => name))}::text[],
        ${arrayOf(customers.map((customer) => customer.terms_days))}::int[],
        ${arrayOf(agreed.map(({ businessUnit }) => businessUnit))}::text[],
        ${arrayOf(agreed.map(({ region }) => region))}::text[],
        ${arrayOf(agreed.map(({ channel }) => channel))}::text[],
        ${arrayOf(agreed.map(({ collector }) => collectors.get(collector ?? '') ?? null))}::uuid[])`
    await tx.sql`
      update import_customer set id = made.id
      from unnest(${arrayOf(keys)}::text[], ${arrayOf(ids)}::uuid[]) as made (key, id)
      where import_customer.key = made.key`
  }
  return made
}

type CustomerDimension = 'businessUnit' | 'region' | 'channel' | 'collector'

function agreedDimensions(
  indexes: readonly number[],
  combinations: readonly Combination[],
): Pick<Combination, CustomerDimension> {
  const agreed = (dimension: CustomerDimension) => {
    const values = new Set(indexes.map((index) => combinations[index]?.[dimension] ?? null))
    const [value = null] = values
    return values.size === 1 ? value : null
  }
  return {
    businessUnit: agreed('businessUnit'),
    region: agreed('region'),
    channel: agreed('channel'),
    collector: agreed('collector'),
  }
}
