/** The goals that others can be in the way of. */
import { and, asc, eq, gte, inArray } from 'drizzle-orm'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

const GOALS_MAX = 2_000

/** Those that are pursued or rest for a while, the nearest deadline first. */
export const readOpenGoals = (
  tx: Tx,
  organizationId: string,
  today: Temporal.PlainDate,
): PromiseLike<GoalRow[]> =>
  tx
    .select()
    .from(goal)
    .where(
      and(
        eq(goal.organizationId, organizationId),
        inArray(goal.state, ['ACTIVE', 'PAUSED']),
        gte(goal.deadline, today),
      ),
    )
    .orderBy(asc(goal.deadline), asc(goal.id))
    .limit(GOALS_MAX)
