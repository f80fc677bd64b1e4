/** Segments are made when the first item of their combination is posted. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { SegmentRow } from '@tidemark/drizzle/rows.ts'
import { segment } from '@tidemark/drizzle/tables/customer.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { Debtor } from './find.ts'

/** The dimensions of an item; null where it has none. */
export type Dimensions = {
  readonly currency: string
  readonly businessUnit: string | null
  readonly region: string | null
  readonly channel: string | null
  readonly productLine: string | null
  readonly collectorId: string | null
}

/** The id of the segment with exactly these dimensions; made where there is none. */
export async function segmentFor(tx: Tx, organizationId: string, dimensions: Dimensions): Promise<number> {
  const existing = await findSegment(tx, organizationId, dimensions)
  if (existing !== undefined) return existing
  // Ids count per organization, so makers of segments take turns; whoever waited looks again.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`segment ${organizationId}`}, 0))`)
  const made = await findSegment(tx, organizationId, dimensions)
  if (made !== undefined) return made
  const [last] = await tx
    .select({ id: sql<number>`coalesce(max(${segment.id}), 0)` })
    .from(segment)
    .where(eq(segment.organizationId, organizationId))
  const id = (last?.id ?? 0) + 1
  await tx.insert(segment).values({ organizationId, id, ...dimensions })
  return id
}

/** As `segmentFor`, of each in turn: they are looked for together, and most are there. */
export async function segmentsFor(
  tx: Tx,
  organizationId: string,
  wanted: readonly Dimensions[],
): Promise<readonly number[]> {
  const keyOf = ({ currency, businessUnit, region, channel, productLine, collectorId }: Dimensions) =>
    JSON.stringify([currency, businessUnit, region, channel, productLine, collectorId])
  const distinct = [...new Map(wanted.map((one) => [keyOf(one), one]))]
  const found = await Promise.all(distinct.map(([, one]) => findSegment(tx, organizationId, one)))
  const ids = new Map<string, number>()
  for (const [index, [key, one]] of distinct.entries())
    ids.set(key, found[index] ?? (await segmentFor(tx, organizationId, one)))
  return wanted.map((one) => ids.get(keyOf(one)) ?? 0)
}

/** What stands to a customer's credit is where the customer is, for no product line. */
export const dimensionsOfCredit = (
  { businessUnit, region, channel, ownerId }: Debtor,
  currency: string,
): Dimensions => ({ currency, businessUnit, region, channel, productLine: null, collectorId: ownerId })

/** By the number of the segment, as text. */
export async function readSegmentRows(
  tx: Tx,
  organizationId: string,
  ids: readonly string[],
): Promise<Map<string, SegmentRow>> {
  const rows = await tx
    .select()
    .from(segment)
    .where(and(eq(segment.organizationId, organizationId), inArray(segment.id, ids.map(Number))))
  return new Map(rows.map((row) => [String(row.id), row]))
}

async function findSegment(
  tx: Tx,
  organizationId: string,
  dimensions: Dimensions,
): Promise<number | undefined> {
  const { currency, businessUnit, region, channel, productLine, collectorId } = dimensions
  const values = [organizationId, currency]
  // Of each column its own condition: `is not distinct from` would not use the index.
  const same = (column: string, value: string | null) =>
    value === null ? `${column} is null` : `${column} = $${values.push(value)}`
  const [found] = await tx.sql.unsafe<{ id: number }[]>(
    `select id from segment where organization_id = $1 and currency = $2
      and ${same('business_unit', businessUnit)} and ${same('region', region)} and ${same('channel', channel)}
      and ${same('product_line', productLine)} and ${same('collector_id', collectorId)}`,
    values,
    { prepare: true },
  )
  return found?.id
}
