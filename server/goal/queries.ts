/** Which goals, and what is told of them. */
import { and, eq } from 'drizzle-orm'
import type { Page, SortKey } from '../connection.ts'
import { badUserInput } from '../errors.ts'
import { scopeInWords } from '../domain/goal-words.ts'
import { decodeId } from '../ids.ts'
import { encodeProgressCursor } from '../live/cursor.ts'
import { readSequence } from '../live/progress.ts'
import type { Context } from '../context.ts'
import type { HistoryPoint } from '../live/history.ts'
import { namesOfFilter } from '../kpi/filter-names.ts'
import type { SegmentFilter } from '../kpi/segments.ts'
import { listRows } from '../list.ts'
import type { GoalProgressRow, GoalRow } from '@tidemark/drizzle/rows.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'

/** A goal; in an event with the progress of that event, else it is the latest, loaded when it is asked for. */
export type GoalWithProgress = GoalRow & { readonly progress?: GoalProgressRow | null }

/** A row of progress with the goal that it is measured against. */
export type ProgressOfGoal = GoalProgressRow & { readonly goal: GoalRow }

export type GoalsArguments = {
  readonly first: number
  readonly after?: string | null | undefined
  readonly state?: GoalRow['state'] | null | undefined
}

const HISTORY_DAYS_MAX = 400

const nearestDeadlineFirst: SortKey<GoalRow>[] = [
  {
    name: 'DEADLINE',
    column: goal.deadline,
    direction: 'ASC',
    type: 'date',
    valueOf: ({ deadline }) => deadline.toString(),
  },
  { name: 'ID', column: goal.id, direction: 'ASC', type: 'uuid', valueOf: ({ id }) => id },
]

export function listGoals({ reader, organization }: Context, args: GoalsArguments): Promise<Page<GoalRow>> {
  const where = and(
    eq(goal.organizationId, organization.id),
    args.state ? eq(goal.state, args.state) : undefined,
  )
  return listRows(reader, { table: goal, keys: nearestDeadlineFirst, where }, args)
}

export const findGoal = async ({ loaders }: Context, id: string): Promise<GoalRow | null> => {
  const uuid = decodeId('goal', id)
  return uuid === null ? null : loaders.goal.load(uuid)
}

/** Where the progress stands in the view that the goals are read from. */
export const progressCursor = ({ reader, organization }: Context): Promise<string> =>
  reader.read(async (tx) => encodeProgressCursor(organization.id, await readSequence(tx, organization.id)))

/** What the goal is measured on, with the names of its collectors. */
export async function scopeOf(
  row: { readonly direction: GoalRow['direction'] | null; readonly filter: unknown },
  { loaders }: Context,
): Promise<string> {
  if (row.direction === 'MILESTONES') return 'Milestones'
  return scopeInWords(await namesOfFilter(row.filter as SegmentFilter, loaders))
}

/** The last `days` days, today included. Throws BAD_USER_INPUT beyond 400. */
export function historyOf(row: GoalRow, days: number, { loaders }: Context): Promise<HistoryPoint[]> {
  if (!Number.isInteger(days) || days < 1 || days > HISTORY_DAYS_MAX) {
    throw badUserInput(`\`days\` must be from 1 to ${HISTORY_DAYS_MAX}, not ${days}.`)
  }
  return loaders.goalHistory.load({ goal: row, days })
}
