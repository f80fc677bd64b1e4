/** Reads of `goal_progress`. */
import { and, asc, desc, eq, gt, inArray, sql, type SQL } from 'drizzle-orm'
import type { GoalProgressRow, GoalRow } from '@tidemark/drizzle/rows.ts'
import { evaluation, goal, goalProgress } from '@tidemark/drizzle/tables/goal.ts'
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
export const readLatestProgress = (
  tx: Tx,
  organizationId: string,
  goalIds: readonly string[],
): Promise<Map<string, GoalProgressRow>> => readLatest(tx, organizationId, inArray(goal.id, [...goalIds]))

/** The same of all active goals. */
export const readLatestOfActive = (tx: Tx, organizationId: string): Promise<Map<string, GoalProgressRow>> =>
  readLatest(tx, organizationId, eq(goal.state, 'ACTIVE'))

/** A goal that is not evaluated any more, with the progress that it rests on. */
export type Rested = { readonly goal: GoalRow; readonly last: GoalProgressRow }

/**
 * The paused and closed goals that were changed after their last progress. What a closed one rests on is what it was
 * closed on, should an evaluation that had begun before have added another.
 */
export async function readRested(tx: Tx, organizationId: string): Promise<Rested[]> {
  const last = lastProgress(tx, organizationId)
  const rows = await tx
    .select()
    .from(goal)
    .innerJoinLateral(last, sql`${last.goalVersion} <> ${goal.version}`)
    .where(and(eq(goal.organizationId, organizationId), inArray(goal.state, ['PAUSED', 'CLOSED'])))
    .orderBy(asc(goal.id))
  const closedOn = rows.flatMap((row) => row.goal.closedSequence ?? [])
  const kept = closedOn.length === 0 ? [] : await readRows(tx, organizationId, closedOn)
  const bySequence = new Map(kept.map((row) => [row.sequence, row]))
  return rows.map((row) => ({
    goal: row.goal,
    last: bySequence.get(row.goal.closedSequence ?? 0n) ?? row.last,
  }))
}

const readRows = (tx: Tx, organizationId: string, sequences: bigint[]): Promise<GoalProgressRow[]> =>
  tx
    .select()
    .from(goalProgress)
    .where(and(eq(goalProgress.organizationId, organizationId), inArray(goalProgress.sequence, sequences)))

async function readLatest(tx: Tx, organizationId: string, which: SQL): Promise<Map<string, GoalProgressRow>> {
  const last = lastProgress(tx, organizationId)
  const rows = await tx
    .select(last._.selectedFields)
    .from(goal)
    .innerJoinLateral(last, sql`true`)
    .where(and(eq(goal.organizationId, organizationId), which))
  return new Map(rows.map((row) => [row.goalId, row]))
}

const lastProgress = (tx: Tx, organizationId: string) =>
  tx
    .select()
    .from(goalProgress)
    .where(and(eq(goalProgress.organizationId, organizationId), eq(goalProgress.goalId, goal.id)))
    .orderBy(desc(goalProgress.sequence))
    .limit(1)
    .as('last')

/** Where the organization's evaluator stands: the last number that it gave, 0 before its first row, and for which day. */
export async function readLastEvaluation(
  tx: Tx,
  organizationId: string,
): Promise<{ readonly sequence: bigint; readonly evaluatedOn: Temporal.PlainDate | null }> {
  const [row] = await tx
    .select({ sequence: evaluation.sequence, evaluatedOn: evaluation.evaluatedOn })
    .from(evaluation)
    .where(eq(evaluation.organizationId, organizationId))
  return row ?? { sequence: 0n, evaluatedOn: null }
}

export const readSequence = async (tx: Tx, organizationId: string): Promise<bigint> =>
  (await readLastEvaluation(tx, organizationId)).sequence
