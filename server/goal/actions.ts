/** The plan of a goal: what is done so that it is reached. */
import { and, eq } from 'drizzle-orm'
import { runCommand, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { isBefore } from '../domain/calendar.ts'
import { decodeId, newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { conflict, invalid, isProblem, notFound, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { AddGoalActionInput, UpdateGoalActionInput } from '../schema.generated.ts'
import { findGoalForUpdate, type GoalChanged, type GoalWork } from './change.ts'
import { nameOf } from './changes.ts'
import { checkPeople, findStranger, type People } from './check.ts'
import type { GoalActionRow } from '@tidemark/drizzle/rows.ts'
import { goalAction } from '@tidemark/drizzle/tables/goal.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export async function addGoalAction(
  context: CommandContext,
  input: AddGoalActionInput,
): Promise<GoalChanged | Problem> {
  const work = prepareAction(context, input)
  return isProblem(work) ? work : runCommand(context, { action: 'addGoalAction', input }, work)
}

/** All that can be said before the transaction. */
export function prepareAction(context: CommandContext, input: AddGoalActionInput): GoalWork | Problem {
  const { organization, actor } = context
  const said = checkSaid(input)
  if (isProblem(said)) return said
  const people = checkPeople(input)
  if (isProblem(people)) return people
  return async (tx) => {
    const goal = await findGoalForUpdate(tx, organization.id, input.goal, ['goal'])
    if (isProblem(goal)) return goal
    if (goal.state === 'CLOSED') return invalid(['goal'], 'It is closed: nothing more is done for it')
    const stranger = await findStranger(tx, organization.id, people.named)
    if (stranger !== null) return stranger
    const row = {
      organizationId: organization.id,
      goalId: goal.id,
      id: newUuid(),
      ...said,
      title: said.title ?? '',
      ownerId: people.ownerId ?? null,
      dueOn: input.dueOn ?? null,
      actor,
    }
    await tx.insert(goalAction).values(row)
    const { organizationId: _organizationId, goalId: _goalId, actor: _actor, ...after } = row
    const audit = await writeAudit(tx, context, { action: 'addGoalAction', subject: goal.id, after })
    return { goalId: goal.id, audit }
  }
}

export async function updateGoalAction(
  context: CommandContext,
  input: UpdateGoalActionInput,
): Promise<GoalChanged | Problem> {
  const work = prepareActionChange(context, input)
  return isProblem(work) ? work : runCommand(context, { action: 'updateGoalAction', input }, work)
}

/** All that can be said before the transaction. */
export function prepareActionChange(
  context: CommandContext,
  input: UpdateGoalActionInput,
): GoalWork | Problem {
  const { organization, actor } = context
  const said = checkSaid(input)
  if (isProblem(said)) return said
  const people = checkPeople(input)
  if (isProblem(people)) return people
  const reason = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  return async (tx) => {
    const row = await lockAction(tx, organization.id, input)
    if (isProblem(row)) return row
    const stranger = await findStranger(tx, organization.id, people.named)
    if (stranger !== null) return stranger
    const moved = moveTo(row, input, { reason: reason.text, today: todayOf(context) })
    if (isProblem(moved)) return moved
    const set = { ...said, ...ownerOf(people), ...dueOf(input), ...moved }
    const changed = { ...row, ...set }
    if (JSON.stringify(changed) === JSON.stringify(row)) return invalid([], 'Nothing of it would change')
    await tx
      .update(goalAction)
      .set({ ...set, actor, version: row.version + 1 })
      .where(and(eq(goalAction.organizationId, organization.id), eq(goalAction.id, row.id)))
    const audit = await writeAudit(tx, context, {
      action: 'updateGoalAction',
      subject: row.goalId,
      before: auditable(row),
      after: { ...auditable(changed), version: row.version + 1 },
      reason: reason.text,
    })
    return { goalId: row.goalId, audit }
  }
}

type Said = { readonly title?: string; readonly brings?: string | null }

function checkSaid({ title, brings }: Pick<UpdateGoalActionInput, 'title' | 'brings'>): Said | Problem {
  const named = typeof title === 'string' ? readRequiredText(title, ['title'], NAME_LENGTH_MAX) : null
  if (named !== null && 'code' in named) return named
  const effect = brings === undefined ? null : readText(brings, ['brings'], SENTENCE_LENGTH_MAX)
  if (effect !== null && 'code' in effect) return effect
  return {
    ...(named === null ? {} : { title: named.text }),
    ...(effect === null ? {} : { brings: effect.text }),
  }
}

const ownerOf = ({ ownerId }: People) => (ownerId === undefined ? {} : { ownerId })
const dueOf = ({ dueOn }: UpdateGoalActionInput) => (dueOn === undefined ? {} : { dueOn })

/** The action as it stays until the end of the transaction, or why it cannot be changed as it was seen. */
async function lockAction(
  tx: Tx,
  organizationId: string,
  { action, expectedVersion }: UpdateGoalActionInput,
): Promise<GoalActionRow | Problem> {
  const uuid = decodeId('goalAction', action)
  const [row] =
    uuid === null
      ? []
      : await tx
          .select()
          .from(goalAction)
          .where(and(eq(goalAction.organizationId, organizationId), eq(goalAction.id, uuid)))
          .for('update')
  if (row === undefined) return notFound(['action'], 'There is no action with this id')
  if (row.version === expectedVersion) return row
  const who = await nameOf(tx, organizationId, row.actor)
  const message = `The action is at version ${row.version} by now: ${who} changed it last, and it is ${row.state}`
  return conflict(['expectedVersion'], message)
}

type Move = Partial<Pick<GoalActionRow, 'state' | 'startedOn' | 'doneOn' | 'droppedReason'>>

function moveTo(
  row: GoalActionRow,
  { state, on }: UpdateGoalActionInput,
  { reason, today }: { readonly reason: string | null; readonly today: Temporal.PlainDate },
): Move | Problem {
  if (on && state !== 'STARTED' && state !== 'DONE')
    return invalid(['on'], 'It is the day of STARTED or DONE')
  if (!state) return {}
  const day = on ?? today
  if (isBefore(today, day)) return invalid(['on'], `It was today, ${today.toString()}, or before`)
  switch (state) {
    case 'PLANNED':
      return { state, startedOn: null, doneOn: null, droppedReason: null }
    case 'STARTED':
      return { state, startedOn: day, doneOn: null, droppedReason: null }
    case 'DONE':
      return row.startedOn !== null && isBefore(day, row.startedOn)
        ? invalid(['on'], `It began on ${row.startedOn.toString()}, so it was not done before`)
        : { state, doneOn: day, droppedReason: null }
    case 'DROPPED':
      return reason === null
        ? invalid(['reason'], 'To drop an action takes a reason, which is kept')
        : { state, doneOn: null, droppedReason: reason }
  }
}

const auditable = ({
  organizationId: _organizationId,
  goalId: _goalId,
  actor: _actor,
  ...row
}: GoalActionRow) => row
