/** The milestones of goals, as the evaluator counts them and the API tells them. */
import { and, asc, eq, inArray, isNull } from 'drizzle-orm'
import type { GoalMilestoneRow } from '@tidemark/drizzle/rows.ts'
import { goalMilestone } from '@tidemark/drizzle/tables/goal.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** By goal: those that were not dropped, the first due first. */
export async function readMilestones(
  tx: Tx,
  organizationId: string,
  goalIds: readonly string[],
): Promise<ReadonlyMap<string, readonly GoalMilestoneRow[]>> {
  const rows = await tx
    .select()
    .from(goalMilestone)
    .where(
      and(
        eq(goalMilestone.organizationId, organizationId),
        inArray(goalMilestone.goalId, [...goalIds]),
        isNull(goalMilestone.droppedBy),
      ),
    )
    .orderBy(asc(goalMilestone.dueOn), asc(goalMilestone.id))
  return Map.groupBy(rows, ({ goalId }) => goalId)
}
