/** Reads of `goal_progress`. */
import { and, asc, desc, eq, gt, inArray, sql, type SQL } from 'drizzle-orm'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { GoalProgressRow, GoalRow } from '@tidemark/drizzle/rows.ts'
import { statement } from '@tidemark/drizzle/statement.ts'
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
export const readLatestProgress = async (
  tx: Tx,
  organizationId: string,
  goalIds: readonly string[],
): Promise<Map<string, GoalProgressRow>> =>
  byGoal(await selectLatest(tx, { organizationId, goalIds: arrayOf(goalIds) }))

/** The same of all active goals. */
export const readLatestOfActive = async (
  tx: Tx,
  organizationId: string,
): Promise<Map<string, GoalProgressRow>> => byGoal(await selectLatestOfActive(tx, { organizationId }))

const byGoal = (rows: readonly GoalProgressRow[]) => new Map(rows.map((row) => [row.goalId, row]))

/** A goal that is not evaluated any more, with the progress that it rests on. */
export type Rested = { readonly goal: GoalRow; readonly last: GoalProgressRow }

const selectRested = statement((tx) => {
  const last = lastProgress(tx)
  return tx
    .select()
    .from(goal)
    .innerJoinLateral(last, sql`${last.goalVersion} <> ${goal.version}`)
    .where(
      and(
        eq(goal.organizationId, sql.placeholder('organizationId')),
        inArray(goal.state, ['PAUSED', 'CLOSED']),
      ),
    )
    .orderBy(asc(goal.id))
})

/**
 * The paused and closed goals that were changed after their last progress. What a closed one rests on is what it was
 * closed on, should an evaluation that had begun before have added another.
 */
export async function readRested(tx: Tx, organizationId: string): Promise<Rested[]> {
  const rows = await selectRested(tx, { organizationId })
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

const latestOf = (tx: Tx, which: SQL) => {
  const last = lastProgress(tx)
  return tx
    .select(last._.selectedFields)
    .from(goal)
    .innerJoinLateral(last, sql`true`)
    .where(and(eq(goal.organizationId, sql.placeholder('organizationId')), which))
}

const selectLatest = statement<'organizationId' | 'goalIds', GoalProgressRow[]>((tx) =>
  latestOf(tx, sql`${goal.id} = any(${sql.placeholder('goalIds')}::uuid[])`),
)

const selectLatestOfActive = statement<'organizationId', GoalProgressRow[]>((tx) =>
  latestOf(tx, eq(goal.state, 'ACTIVE')),
)

const lastProgress = (tx: Tx) =>
  tx
    .select()
    .from(goalProgress)
    .where(and(eq(goalProgress.organizationId, goal.organizationId), eq(goalProgress.goalId, goal.id)))
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
