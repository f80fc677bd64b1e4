/** Goals above and below each other. */
import { and, asc, eq, inArray } from 'drizzle-orm'
import { formatExact, formatPart } from '../domain/exact.ts'
import { shareOf, totalOf, type Branch, type NoTotalReason } from '../domain/goal-tree.ts'
import { Exact } from '../domain/money.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { decodeId } from '../ids.ts'
import { invalid, notFound, type Problem } from '../problem.ts'
import type { Context } from '../context.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

const PATH = ['parentId']

/** By parent: the goals right below it, the nearest deadline first. */
export async function readChildren(
  tx: Tx,
  organizationId: string,
  parentIds: readonly string[],
): Promise<ReadonlyMap<string, readonly GoalRow[]>> {
  const rows = await tx
    .select()
    .from(goal)
    .where(and(eq(goal.organizationId, organizationId), inArray(goal.parentId, [...parentIds])))
    .orderBy(asc(goal.deadline), asc(goal.id))
  return Map.groupBy(rows, ({ parentId }) => parentId ?? '')
}

/**
 * The uuid of the goal that is to be above `childId` (null for one that is being made), or why it cannot be. From here
 * to its end no other transaction moves a goal of the organization, so that two moves make no ring together.
 */
export async function findParent(
  tx: Tx,
  organizationId: string,
  { parentId, childId }: { readonly parentId: string; readonly childId: string | null },
): Promise<{ readonly parentId: string } | Problem> {
  const uuid = decodeId('goal', parentId)
  if (uuid === null) return notFound(PATH, 'There is no goal with this id')
  await tx.sql`select pg_advisory_xact_lock(hashtextextended(${`goal tree ${organizationId}`}, 0))`
  const above = await tx.sql<{ id: string; state: GoalRow['state'] }[]>`
    with recursive above as (
      select id, parent_id, state from goal where organization_id = ${organizationId} and id = ${uuid}
      union
      select goal.id, goal.parent_id, goal.state from goal join above on goal.id = above.parent_id
      where goal.organization_id = ${organizationId})
    select id, state from above`
  const parent = above.find(({ id }) => id === uuid)
  if (parent === undefined) return notFound(PATH, 'There is no goal with this id')
  if (uuid === childId) return invalid(PATH, 'A goal cannot be its own parent')
  if (above.some(({ id }) => id === childId)) {
    return invalid(PATH, 'That goal lies below this one already, so it cannot be its parent too')
  }
  return parent.state === 'CLOSED'
    ? invalid(PATH, 'That goal is closed: nothing more can be below it')
    : { parentId: uuid }
}

/** The same for a goal that is being made, which may have none. */
export const findGivenParent = async (
  tx: Tx,
  organizationId: string,
  parentId: string | null | undefined,
): Promise<{ readonly parentId: string | null } | Problem> =>
  parentId == null ? { parentId: null } : findParent(tx, organizationId, { parentId, childId: null })

/** What the goals below one say together; `reason` says why nothing. */
export type ChildrenTotal = {
  readonly value: string | null
  readonly baseline: string | null
  readonly target: string | null
  readonly reason: NoTotalReason | null
}

export async function childrenTotalOf(row: GoalRow, context: Context): Promise<ChildrenTotal> {
  const { parent, children } = await branchesOf(row, context)
  const total = totalOf(parent, children)
  if (typeof total === 'string') return { value: null, baseline: null, target: null, reason: total }
  const shown = (amount: Exact | null) =>
    amount === null || parent.kpi === null ? null : formatExact(amount, parent.kpi.unit, row.currency)
  return {
    value: shown(total.value),
    baseline: shown(total.baseline),
    target: shown(total.target),
    reason: null,
  }
}

/** A goal's part of its parent, in percent. */
export type Share = { readonly value: string | null; readonly target: string | null }

/** Null where it has no parent, or where the goals below that one do not add up. */
export async function parentShareOf(row: GoalRow, context: Context): Promise<Share | null> {
  const above = row.parentId === null ? null : await context.loaders.goal.load(row.parentId)
  if (above === null || !counts(row)) return null
  const { parent, children } = await branchesOf(above, context)
  if (typeof totalOf(parent, children) === 'string') return null
  const own = await branchOf(row, context)
  const shown = (share: Exact | null) => (share === null ? null : formatPart(share))
  return {
    value: shown(shareOf(own.value, parent.value)),
    target: shown(shareOf(own.target, parent.target)),
  }
}

async function branchesOf(row: GoalRow, context: Context) {
  const rows = (await context.loaders.goalChildren.load(row.id)).filter(counts)
  const [parent, ...children] = await Promise.all([row, ...rows].map((one) => branchOf(one, context)))
  if (parent === undefined) throw new Error('A goal has no place in its own tree')
  return { parent, children }
}

/** Drafts are not set yet, and what was given up does not add to anything. */
const counts = ({ state, outcome }: GoalRow): boolean => state !== 'DRAFT' && outcome !== 'ABANDONED'

async function branchOf(row: GoalRow, { loaders }: Context): Promise<Branch> {
  const progress = await loaders.progress.load(row.id)
  const exact = (text: string | null | undefined) => (text == null ? null : new Exact(text))
  return {
    kpi: row.metric === null ? null : kpiDefinition(row.metric as KpiMetric),
    measuredIn: `${row.currency} ${JSON.stringify(row.conventions)} ${spanOf(row)}`,
    filter: row.filter as Branch['filter'],
    value: exact(progress?.value),
    baseline: new Exact(row.baseline),
    target: exact(row.target),
  }
}

/** What a budget adds up begins with its first day. */
const spanOf = ({ direction, startsOn }: GoalRow): string =>
  direction === 'BUDGET' ? startsOn.toString() : ''
