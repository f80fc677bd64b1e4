/** What is done for a goal and said of it, as it is read. */
import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm'
import { isBefore } from '../domain/calendar.ts'
import { formatExact } from '../domain/exact.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { measure } from '../live/measure.ts'
import type { Context } from '../context.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import type { GoalActionRow, GoalNoteRow } from '@tidemark/drizzle/rows.ts'
import { goalAction, goalNote } from '@tidemark/drizzle/tables/goal.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** By goal: the first due first, those without a day last. */
export async function readActions(
  tx: Tx,
  organizationId: string,
  goalIds: readonly string[],
): Promise<ReadonlyMap<string, readonly GoalActionRow[]>> {
  const rows = await tx
    .select()
    .from(goalAction)
    .where(and(eq(goalAction.organizationId, organizationId), inArray(goalAction.goalId, [...goalIds])))
    .orderBy(sql`${goalAction.dueOn} asc nulls last`, asc(goalAction.id))
  return Map.groupBy(rows, ({ goalId }) => goalId)
}

/** By goal: newest first. */
export async function readNotes(
  tx: Tx,
  organizationId: string,
  goalIds: readonly string[],
): Promise<ReadonlyMap<string, readonly GoalNoteRow[]>> {
  const rows = await tx
    .select()
    .from(goalNote)
    .where(and(eq(goalNote.organizationId, organizationId), inArray(goalNote.goalId, [...goalIds])))
    .orderBy(desc(goalNote.writtenAt), desc(goalNote.id))
  return Map.groupBy(rows, ({ goalId }) => goalId)
}

export const isOverdue = ({ state, dueOn }: GoalActionRow, today: Temporal.PlainDate): boolean =>
  (state === 'PLANNED' || state === 'STARTED') && dueOn !== null && isBefore(dueOn, today)

/** The goal's value before an action and after it. */
export type Effect = {
  readonly before: string | null
  readonly after: string | null
  readonly change: string | null
}

/** Null where there is nothing to measure. */
export async function effectOf(
  { goalId, state, startedOn, doneOn }: GoalActionRow,
  { reader, loaders, organization, now }: Context,
): Promise<Effect | null> {
  if (state !== 'DONE' || startedOn === null || doneOn === null) return null
  const goal = await loaders.goal.load(goalId)
  if (goal === null || goal.metric === null) return null
  const wanted = [startedOn.subtract({ days: 1 }), doneOn].map((asOf) => ({ goal, asOf }))
  const [before, after] = await reader.read((tx) => measure(tx, organization, wanted, now))
  const { unit } = kpiDefinition(goal.metric as KpiMetric)
  const change = before?.value && after?.value ? after.value.minus(before.value) : null
  return {
    before: before?.valueExact ?? null,
    after: after?.valueExact ?? null,
    change: change === null ? null : formatExact(change, unit, goal.currency),
  }
}
