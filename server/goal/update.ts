/** Changes of what a goal says and aims for. Its KPI, scope, conventions and baseline stay as they were frozen. */
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { trajectoryFault } from '../domain/goal-trajectory.ts'
import { judgedGoal } from '../live/measure.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import { readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import type { GoalField, UpdateGoalInput } from '../schema.generated.ts'
import { changeGoal, type Change, type GoalChanged } from './change.ts'
import type { FieldChange } from './changes.ts'
import { checkDates, checkName, checkNumber, checkPeople, checkWhy, findStranger, namedBy } from './check.ts'
import { readFollowers, writeFollowers } from './followers.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export async function updateGoal(
  context: CommandContext,
  input: UpdateGoalInput,
): Promise<GoalChanged | Problem> {
  const said = checkSaid(input)
  if (isProblem(said)) return said
  return changeGoal(context, 'updateGoal', input, async (tx, row) => {
    if (row.state === 'CLOSED') return invalid(['goal'], 'It is closed: what is over stays as it was')
    const people = await findPeople(tx, row, input)
    if (isProblem(people)) return people
    const aim = checkAim(row, input, todayOf(context))
    if (isProblem(aim)) return aim
    return changeOf(row, { ...said.set, ...people.set, ...aim }, { people, reason: said.reason })
  })
}

type Said = { readonly set: Change['set']; readonly reason: string | null }

/** What needs no look at the goal. */
function checkSaid(input: UpdateGoalInput): Said | Problem {
  const reason = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const name = typeof input.name === 'string' ? checkName(input.name) : {}
  if (isProblem(name)) return name
  const why = input.why === undefined ? {} : checkWhy(input.why)
  return isProblem(why) ? why : { set: { ...name, ...why }, reason: reason.text }
}

/** Target and deadline as they are from now on, where they are given. */
function checkAim(row: GoalRow, input: UpdateGoalInput, today: Temporal.PlainDate): Change['set'] | Problem {
  const target = input.target ?? null
  const deadline = input.deadline ?? null
  const fault =
    checkNumber('target', target, row.metric as KpiMetric) ??
    (deadline === null ? null : checkDates(row.startsOn, deadline, today))
  if (fault !== null) return fault
  const set = { ...(target === null ? {} : { target }), ...(deadline === null ? {} : { deadline }) }
  const wrong = trajectoryFault(judgedGoal({ ...row, ...set }))
  if (wrong === null) return set
  // The direction is frozen, so it is the target that lies on the wrong side.
  return invalid([wrong.field === 'direction' ? 'target' : wrong.field], wrong.message)
}

type Followers = { readonly before: readonly string[]; readonly after: readonly string[] }
type FoundPeople = { readonly set: Change['set']; readonly followers: Followers | null }

async function findPeople(tx: Tx, row: GoalRow, input: UpdateGoalInput): Promise<FoundPeople | Problem> {
  const people = checkPeople(input)
  if (isProblem(people)) return people
  const stranger = await findStranger(tx, row.organizationId, namedBy(people))
  if (stranger !== null) return stranger
  const { ownerId, reviewerId, followerIds } = people
  const set = {
    ...(ownerId === undefined ? {} : { ownerId }),
    ...(reviewerId === undefined ? {} : { reviewerId }),
  }
  if (followerIds === undefined) return { set, followers: null }
  const follow = (await readFollowers(tx, row.organizationId, [row.id])).get(row.id) ?? []
  return { set, followers: { before: follow.map(({ id }) => id).toSorted(), after: followerIds } }
}

/** The fields that a change of needs a reason. */
const AIMS: ReadonlySet<GoalField> = new Set(['TARGET', 'DEADLINE'])

function changeOf(
  row: GoalRow,
  set: Change['set'],
  { people: { followers }, reason }: { readonly people: FoundPeople; readonly reason: string | null },
): Change | Problem {
  const next = { ...row, ...set }
  const told = { from: fieldsOf(row, followers?.before ?? []), to: fieldsOf(next, followers?.after ?? []) }
  const fields = (Object.keys(told.from) as (keyof typeof told.from)[])
    .map((field): FieldChange => ({ field, from: told.from[field], to: told.to[field] }))
    .filter(({ from, to }) => from !== to)
  if (fields.length === 0) return invalid([], 'Nothing of it would change: give what is to become different')
  const aimed = fields.find(({ field }) => AIMS.has(field))
  if (aimed !== undefined && reason === null) {
    return invalid(['reason'], `To change the ${aimed.field.toLowerCase()} takes a reason, which is kept`)
  }
  const goalId = row.id
  const { organizationId } = row
  return {
    set,
    fields,
    reason,
    ...(followers === null
      ? {}
      : { also: (tx) => writeFollowers(tx, { organizationId, goalId }, followers.after) }),
  }
}

/** All that can change here, as text. */
const fieldsOf = (row: GoalRow, followers: readonly string[]) => ({
  NAME: row.name,
  WHY: row.why,
  OWNER: row.ownerId,
  REVIEWER: row.reviewerId,
  FOLLOWERS: followers.length === 0 ? null : followers.join(' '),
  TARGET: row.target,
  DEADLINE: row.deadline.toString(),
})
