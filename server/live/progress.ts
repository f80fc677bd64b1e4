/** Reads of `goal_progress`. */
import { and, asc, eq, gt, inArray } from 'drizzle-orm'
import type { GoalProgressRow } from '@tidemark/drizzle/rows.ts'
import { evaluation, goalProgress } from '@tidemark/drizzle/tables.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Rows after a sequence number, in their order. */
export type ProgressAfter = {
  readonly sequence: bigint
  /** Only of these goals; of all where it is null. */
  readonly goalIds: readonly string[] | null
  readonly limit: number
}

export const readProgressAfter = (
  tx: Tx,
  organizationId: string,
  { sequence, goalIds, limit }: ProgressAfter,
): Promise<GoalProgressRow[]> =>
  tx
    .select()
    .from(goalProgress)
    .where(
      and(
        eq(goalProgress.organizationId, organizationId),
        gt(goalProgress.sequence, sequence),
        goalIds === null ? undefined : inArray(goalProgress.goalId, [...goalIds]),
      ),
    )
    .orderBy(asc(goalProgress.sequence))
    .limit(limit)

/** By goal: its last row; goals without one are left out. */
export async function readLatestProgress(
  tx: Tx,
  organizationId: string,
  goalIds: readonly string[],
): Promise<Map<string, GoalProgressRow>> {
  if (goalIds.length === 0) return new Map()
  const last = await tx.sql<{ sequence: bigint }[]>`
    select last.sequence from unnest(${[...goalIds]}::uuid[]) as wanted (id)
    cross join lateral (
      select sequence from goal_progress
      where organization_id = ${organizationId} and goal_id = wanted.id
      order by sequence desc limit 1) as last`
  if (last.length === 0) return new Map()
  const sequences = last.map(({ sequence }) => sequence)
  const rows = await tx
    .select()
    .from(goalProgress)
    .where(and(eq(goalProgress.organizationId, organizationId), inArray(goalProgress.sequence, sequences)))
  return new Map(rows.map((row) => [row.goalId, row]))
}

/** The last number that the organization's evaluator gave; 0 before its first row. */
export async function readSequence(tx: Tx, organizationId: string): Promise<bigint> {
  const [row] = await tx
    .select({ sequence: evaluation.sequence })
    .from(evaluation)
    .where(eq(evaluation.organizationId, organizationId))
  return row?.sequence ?? 0n
}
