/** What a person says of a goal instead of the computed status: dated, with a reason, and over by itself. */
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { isBefore } from '../domain/calendar.ts'
import { inWords } from '../domain/goal-words.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import { readRequiredText, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type {
  GoalStatus,
  OverrideGoalStatusInput,
  WithdrawGoalStatusOverrideInput,
} from '../schema.generated.ts'
import { changeGoal, type Change, type GoalChanged } from './change.ts'
import type { GoalProgressRow, GoalRow } from '@tidemark/drizzle/rows.ts'

const DAYS_DEFAULT = 14
const DAYS_MAX = 90

const SAYABLE: ReadonlySet<GoalStatus> = new Set(['ON_TRACK', 'AT_RISK', 'OFF_TRACK'])

/** What a person says; who by their actor, as audit rows name them. */
export type StatusOverride = {
  readonly status: GoalStatus
  readonly reason: string
  readonly until: Temporal.PlainDate
  readonly by: string
  readonly setAt: Temporal.Instant
}

/** What is said on the day, of a goal that is not over. */
export function overrideOn(row: GoalRow, day: Temporal.PlainDate): StatusOverride | null {
  const {
    overrideStatus: status,
    overrideReason: reason,
    overrideUntil: until,
    overrideBy: by,
    overrideAt: setAt,
  } = row
  if (status === null || reason === null || until === null || by === null || setAt === null) return null
  return row.state === 'CLOSED' || isBefore(until, day) ? null : { status, reason, until, by, setAt }
}

/** As it was said with the progress: not what came later. */
export const overrideOfProgress = (row: GoalRow, progress: GoalProgressRow): StatusOverride | null =>
  row.overrideVersion === null || progress.goalVersion < row.overrideVersion
    ? null
    : overrideOn(row, progress.asOf)

export async function overrideGoalStatus(
  context: CommandContext,
  input: OverrideGoalStatusInput,
): Promise<GoalChanged | Problem> {
  const { actor, now } = context
  const today = todayOf(context)
  if (!SAYABLE.has(input.status)) {
    return invalid(
      ['status'],
      `${input.status} is for the server to say; give ON_TRACK, AT_RISK or OFF_TRACK`,
    )
  }
  const said = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if (isProblem(said)) return said
  const until = input.until ?? today.add({ days: DAYS_DEFAULT })
  if (isBefore(until, today)) return invalid(['until'], `${inWords(until)} has passed already`)
  const last = today.add({ days: DAYS_MAX })
  if (isBefore(last, until)) {
    return invalid(
      ['until'],
      `It is told for ${DAYS_MAX} days at most, so until ${inWords(last)}, not ${inWords(until)}`,
    )
  }
  return changeGoal(context, 'overrideGoalStatus', input, (_tx, row): Change | Problem => {
    if (row.state !== 'ACTIVE')
      return invalid(['goal'], `Only of an active goal it is told how it is doing; it is ${row.state}`)
    return {
      set: {
        overrideStatus: input.status,
        overrideReason: said.text,
        overrideUntil: until,
        overrideBy: actor,
        overrideAt: now,
        overrideVersion: row.version + 1,
      },
      fields: [
        {
          field: 'STATUS_OVERRIDE',
          from: overrideInWords(row, today),
          to: `${input.status} until ${until.toString()}`,
        },
      ],
      reason: said.text,
    }
  })
}

export async function withdrawGoalStatusOverride(
  context: CommandContext,
  input: WithdrawGoalStatusOverrideInput,
): Promise<GoalChanged | Problem> {
  const today = todayOf(context)
  const said = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if (isProblem(said)) return said
  return changeGoal(context, 'withdrawGoalStatusOverride', input, (_tx, row): Change | Problem => {
    const from = overrideInWords(row, today)
    if (from === null) return invalid(['goal'], 'Nobody says another status than the computed one')
    return { set: nothingSaid, fields: [{ field: 'STATUS_OVERRIDE', from, to: null }], reason: said.text }
  })
}

const nothingSaid = {
  overrideStatus: null,
  overrideReason: null,
  overrideUntil: null,
  overrideBy: null,
  overrideAt: null,
  overrideVersion: null,
} as const

/** What a goal begins with besides what it was given. */
export const beginning: typeof nothingSaid & Pick<GoalRow, 'aimVersion' | 'guards'> = {
  ...nothingSaid,
  aimVersion: 1,
  guards: [],
}

function overrideInWords(row: GoalRow, today: Temporal.PlainDate): string | null {
  const said = overrideOn(row, today)
  return said === null ? null : `${said.status} until ${said.until.toString()}`
}
