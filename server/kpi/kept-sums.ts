/**
 * What is asked again and again, with each posting: the values of all goals on one day. Of the order in which rows of
 * `flow` are folded, all up to a position is there for good, so what it adds up to is kept in the process, and only what
 * came behind that position is read.
 */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { readSums, type FlowRecord, type Plan, type Position } from './selection.ts'

type Kept = {
  /** What was asked for. */
  readonly key: string
  readonly position: Position & { readonly rows: bigint }
  /** Of each plan. */
  readonly sums: readonly (readonly FlowRecord[])[]
}

/** Per database and organization what was asked for last. */
const keptIn = new WeakMap<object, Map<string, Kept>>()
/** Beyond it all are given up: as much as some hundreds of megabytes. */
const KEPT_MAX = 2_000
/** So many rows are read one by one before what they add up to is taken from what is folded by then. */
const MOVED_MAX = 5_000

/** The sums of each plan. The transaction has to be one whose statements all see the same. */
export async function readKeptSums(
  tx: Tx,
  organizationId: string,
  plans: readonly Plan[],
  /** Around the statements that read sums. */
  withPlans: <Read>(read: () => Promise<Read>) => Promise<Read>,
): Promise<FlowRecord[][]> {
  const all = keptIn.get(tx.database) ?? new Map<string, Kept>()
  keptIn.set(tx.database, all)
  const key = JSON.stringify(plans, (_, value: unknown) => (value === -Infinity ? '-Infinity' : value))
  const kept = all.get(organizationId)
  // Set again by whoever succeeds: what takes too long must not be tried for ever.
  all.delete(organizationId)
  if (kept?.key === key) {
    const { position, sums } = kept
    const [moved, tails] = await Promise.all([
      readMoved(tx, organizationId, position),
      withPlans(() => Promise.all(plans.map((plan) => readSums(tx, organizationId, plan, position)))),
    ])
    if (moved !== null) {
      if (moved <= MOVED_MAX) all.set(organizationId, kept)
      return tails.map((tail, index) => [...(sums[index] ?? []), ...tail])
    }
  }
  const [position, [sums, tails]] = await Promise.all([
    readPosition(tx, organizationId),
    withPlans(() =>
      Promise.all([
        Promise.all(plans.map((plan) => readSums(tx, organizationId, plan, 'FOLDED'))),
        Promise.all(plans.map((plan) => readSums(tx, organizationId, plan, 'TAIL'))),
      ]),
    ),
  ])
  if (all.size >= KEPT_MAX) all.clear()
  if (position !== null) all.set(organizationId, { key, position, sums })
  return tails.map((tail, index) => [...(sums[index] ?? []), ...tail])
}

/** Null where nothing is folded yet. */
async function readPosition(tx: Tx, organizationId: string): Promise<Kept['position'] | null> {
  const [row] = await tx.sql<{ xid: string; day: string; rows: string }[]>`
    select xid::text, day::text, rows::text from kpi_fold where organization_id = ${organizationId}`.execute()
  return row === undefined ? null : { ...row, rows: BigInt(row.rows) }
}

/**
 * How many rows were folded since the position; null where that is not all that happened, such as where `flow` was
 * written anew: then there are other rows than those that the fold has more by now.
 */
async function readMoved(
  tx: Tx,
  organizationId: string,
  { xid, day, rows }: Kept['position'],
): Promise<number | null> {
  const [row] = await tx.sql<{ moved: number | null }[]>`
    select case when fold.rows - ${rows.toString()}::bigint = moved.count then moved.count::int end as moved
    from kpi_fold fold cross join lateral (
      select count(*) as count from flow
      where organization_id = ${organizationId} and (xid, day) > (${xid}::xid8, ${day}::date)
        and (xid, day) <= (fold.xid, fold.day)
    ) moved
    where fold.organization_id = ${organizationId}
      and (fold.xid, fold.day) >= (${xid}::xid8, ${day}::date)`.execute()
  return row?.moved ?? null
}
