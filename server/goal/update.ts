/** Changes of what a goal says and aims for. Its KPI, scope, conventions and baseline stay as they were frozen. */
import { and, eq } from 'drizzle-orm'
import { runCommand, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { decodeId } from '../ids.ts'
import { pointsOf } from '../live/measure.ts'
import { readMilestones } from '../live/milestones.ts'
import { conflict, invalid, isProblem, type Problem } from '../problem.ts'
import { readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import type { GoalField, UpdateGoalInput } from '../schema.generated.ts'
import { aimOf, givenOf, pathOfTarget, readAim } from './aim.ts'
import { changeWithin, type Change, type GoalChanged, type GoalWork } from './change.ts'
import type { FieldChange } from './changes.ts'
import { checkDates, checkName, checkPeople, checkWhy, findStranger, guardsOf, namedBy } from './check.ts'
import { readFollowers, writeFollowers } from './followers.ts'
import { wayOf } from './milestones.ts'
import { readPastYears } from './season.ts'
import { findParent } from './tree.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

export async function updateGoal(
  context: CommandContext,
  input: UpdateGoalInput,
): Promise<GoalChanged | Problem> {
  const work = await prepareUpdate(context, input)
  return isProblem(work) ? work : runCommand(context, { action: 'updateGoal', input }, work)
}

/** All that is looked up before the transaction. */
export async function prepareUpdate(
  context: CommandContext,
  input: UpdateGoalInput,
): Promise<GoalWork | Problem> {
  const said = checkSaid(input)
  if (isProblem(said)) return said
  const aim = await planAim(context, input)
  const decide = async (tx: Tx, row: GoalRow): Promise<Change | Problem> => {
    if (row.state === 'CLOSED') return invalid(['goal'], 'It is closed: what is over stays as it was')
    const people = await findPeople(tx, row, input)
    if (isProblem(people)) return people
    if (isProblem(aim)) return aim
    const above = await findAbove(tx, row, input)
    if (isProblem(above)) return above
    const watched = input.guards ? { guards: guardsOf(input.guards) } : {}
    const set = { ...said.set, ...people.set, ...aim, ...above, ...watched }
    return changeOf(row, set, { people, reason: said.reason })
  }
  return (tx) => changeWithin(tx, context, { action: 'updateGoal', input }, decide)
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

/**
 * What the goal aims for from now on, found before the command's transaction: a season is read from the books, which
 * takes a reader. Null where nothing of it is given.
 */
async function planAim(
  context: CommandContext,
  input: UpdateGoalInput,
): Promise<Change['set'] | Problem | null> {
  const { organization, connection } = context
  const deadline = input.deadline ?? null
  if (deadline === null && !AIM_FIELDS.some((field) => input[field])) return null
  const row = await inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
    readGoal(tx, organization.id, input.goal),
  )
  // Told with what was changed, and by whom, once the goal is locked.
  if (row === null || row.version !== input.expectedVersion)
    return conflict(['expectedVersion'], 'The goal was changed meanwhile')
  const wanted = { ...row, deadline: deadline ?? row.deadline }
  const fault = deadline === null ? null : checkDates(row.startsOn, deadline, todayOf(context))
  if (fault !== null) return fault
  if (row.direction === 'MILESTONES') return planChecklist(context, input, wanted)
  const given = readAim(input, { metric: row.metric as KpiMetric, direction: row.direction })
  if (isProblem(given)) return given
  const before = givenOf(row)
  const all = {
    target: given.target ?? before.target,
    band: given.band ?? before.band,
    trajectory: given.trajectory ?? before.trajectory,
  }
  const years = all.trajectory?.kind === 'SEASONAL' ? await readPastYears(context, wanted) : []
  if (isProblem(years)) return years
  const aim = aimOf(wanted, all, years)
  if (!isProblem(aim)) return { ...aim, deadline: wanted.deadline }
  // The direction is frozen, so it is the target that lies on the wrong side.
  return 'path' in aim && aim.path[0] === 'direction' ? { ...aim, path: pathOfTarget(all.target) } : aim
}

/** All that is to be done must be due by the deadline; the rest of the aim follows from the milestones. */
async function planChecklist(
  { connection, organization: { id } }: CommandContext,
  input: UpdateGoalInput,
  wanted: GoalRow,
): Promise<Change['set'] | Problem> {
  const field = AIM_FIELDS.find((name) => input[name])
  if (field !== undefined) return invalid([field], 'What a checklist aims for are its milestones')
  const found = await inTransaction(connection, { organizationId: id, mode: 'read' }, (tx) =>
    readMilestones(tx, id, [wanted.id]),
  )
  const way = wayOf(found.get(wanted.id) ?? [], wanted, () => ['deadline'])
  return isProblem(way) ? way : { ...way, deadline: wanted.deadline }
}

const AIM_FIELDS = ['target', 'targetBy', 'band', 'trajectory'] as const

async function readGoal(tx: Tx, organizationId: string, id: string): Promise<GoalRow | null> {
  const uuid = decodeId('goal', id)
  if (uuid === null) return null
  const [row] = await tx
    .select()
    .from(goal)
    .where(and(eq(goal.organizationId, organizationId), eq(goal.id, uuid)))
  return row ?? null
}

/** The goal above it from now on, where that is given. */
const findAbove = async (
  tx: Tx,
  row: GoalRow,
  { parentId }: UpdateGoalInput,
): Promise<Change['set'] | Problem> => {
  if (parentId === undefined) return {}
  if (parentId === null) return { parentId }
  return findParent(tx, row.organizationId, { parentId, childId: row.id })
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
const AIMS: ReadonlySet<GoalField> = new Set(['TARGET', 'BAND', 'DEADLINE'])

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
  BAND: row.bandLow === null ? null : `${row.bandLow} to ${row.bandHigh}`,
  DEADLINE: row.deadline.toString(),
  TRAJECTORY: trajectoryInWords(row),
  PARENT: row.parentId,
  GUARDS: row.guards.length === 0 ? null : row.guards.join(', '),
})

/** Points that were computed follow from the rest, and are no change of their own. */
function trajectoryInWords(row: GoalRow): string {
  const points = row.trajectoryGiven ? pointsOf(row).map(({ on, value }) => `${on}: ${value}`) : []
  return points.length === 0 ? row.trajectory : `${row.trajectory} ${points.join(', ')}`
}
