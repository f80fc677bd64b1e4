/** The states of a goal's life and the ways between them. */
import { runCommand, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { isBefore } from '../domain/calendar.ts'
import { inWords } from '../domain/goal-words.ts'
import { readLatestProgress } from '../live/progress.ts'
import { invalid, isProblem, type Path, type Problem } from '../problem.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type {
  ActivateGoalInput,
  CloseGoalInput,
  PauseGoalInput,
  ResumeGoalInput,
} from '../schema.generated.ts'
import { changeGoal, changeWithin, type Change, type GoalChanged, type GoalWork } from './change.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

type State = GoalRow['state']
type Outcome = GoalChanged | Problem

/** A deadline that passed while it was a draft is refused: nothing could come of it. */
export const activateGoal = (context: CommandContext, input: ActivateGoalInput): Promise<Outcome> =>
  changeGoal(context, 'activateGoal', input, (_tx, row) => {
    if (row.state !== 'DRAFT') return wrongState(row, 'a draft', 'activated')
    if (isBefore(row.deadline, todayOf(context))) {
      return invalid(
        ['goal'],
        `Its deadline, ${inWords(row.deadline)}, has passed: give it another one first`,
      )
    }
    return moveTo(row, 'ACTIVE', { stateReason: null }, null)
  })

export const pauseGoal = async (context: CommandContext, input: PauseGoalInput): Promise<Outcome> => {
  const reason = readReason(input.reason, ['reason'])
  if (typeof reason !== 'string') return reason
  return changeGoal(context, 'pauseGoal', input, (_tx, row) =>
    row.state === 'ACTIVE'
      ? moveTo(row, 'PAUSED', { stateReason: reason }, reason)
      : wrongState(row, 'active', 'paused'),
  )
}

export const resumeGoal = (context: CommandContext, input: ResumeGoalInput): Promise<Outcome> =>
  changeGoal(context, 'resumeGoal', input, (_tx, row) =>
    row.state === 'PAUSED'
      ? moveTo(row, 'ACTIVE', { stateReason: null }, null)
      : wrongState(row, 'paused', 'resumed'),
  )

/** ACHIEVED and MISSED are for the server to say: they must be the status of the goal's last progress. */
export const closeGoal = async (context: CommandContext, input: CloseGoalInput): Promise<Outcome> => {
  const work = prepareClose(context, input)
  return isProblem(work) ? work : runCommand(context, { action: 'closeGoal', input }, work)
}

/** All that can be said before the transaction. */
export function prepareClose(context: CommandContext, input: CloseGoalInput): GoalWork | Problem {
  const { outcome } = input
  const given = input.reason ?? ''
  const reason = given === '' && outcome !== 'ABANDONED' ? null : readReason(given, ['reason'])
  if (reason !== null && typeof reason !== 'string') return reason
  const decide = async (tx: Tx, row: GoalRow): Promise<Change | Problem> => {
    if (row.state === 'CLOSED') return invalid(['goal'], `It is closed already, as ${row.outcome ?? 'over'}`)
    const latest = (await readLatestProgress(tx, context.organization.id, [row.id])).get(row.id) ?? null
    if (outcome !== 'ABANDONED') {
      if (row.state !== 'ACTIVE') return wrongState(row, 'active', `closed as ${outcome}`)
      if (latest?.status !== outcome) {
        const why =
          latest === null ? 'it was not evaluated yet' : `it is ${latest.status}. ${latest.statusReason}`
        return invalid(['outcome'], `It cannot be closed as ${outcome}, for ${why}`)
      }
    }
    const set = { outcome, stateReason: reason, closedSequence: latest?.sequence ?? null }
    return moveTo(row, 'CLOSED', set, reason)
  }
  return (tx) => changeWithin(tx, context, { action: 'closeGoal', input }, decide)
}

const readReason = (text: string, path: Path): string | Problem => {
  const read = readRequiredText(text, path, SENTENCE_LENGTH_MAX)
  return 'code' in read ? read : read.text
}

const moveTo = (row: GoalRow, state: State, set: Change['set'], reason: string | null): Change => ({
  set: { ...set, state },
  fields: [{ field: 'STATE', from: row.state, to: state }],
  reason,
})

const wrongState = ({ state }: GoalRow, needed: string, done: string): Problem =>
  invalid(['goal'], `Only a goal that is ${needed} can be ${done}; it is ${state}`)
