/** Goals that are checklists: set, and ticked off. */
import { and, eq } from 'drizzle-orm'
import { runCommand, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { isBefore } from '../domain/calendar.ts'
import { reviewKinds } from '../domain/review.ts'
import { formatPart } from '../domain/exact.ts'
import { dueFault, duePoints, milestoneInWords, type Milestone } from '../domain/goal-milestones.ts'
import { decodeId, newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { readMilestones } from '../live/milestones.ts'
import { invalid, isProblem, notFound, type Path, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type {
  CreateMilestoneGoalInput,
  MilestoneChangeInput,
  MilestoneInput,
  UpdateMilestonesInput,
} from '../schema.generated.ts'
import { changeWithin, type Change, type GoalChanged, type GoalWork } from './change.ts'
import { checkDates, checkName, checkPeople, checkState, checkWhy, findStranger, namedBy } from './check.ts'
import type { NewGoal } from './commands.ts'
import { writeFollowers } from './followers.ts'
import { chooseRules, withRules, type GoalWithRules, type MayManageRules } from './new-rules.ts'
import { beginning } from './override.ts'
import { findGivenParent } from './tree.ts'
import type { GoalMilestoneRow, GoalRow } from '@tidemark/drizzle/rows.ts'
import { goal, goalMilestone } from '@tidemark/drizzle/tables/goal.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

const MILESTONES_MAX = 100

export async function createMilestoneGoal(
  context: CommandContext,
  input: CreateMilestoneGoalInput,
  rights: MayManageRules = { mayManageRules: false },
): Promise<GoalWithRules | Problem> {
  const rules = chooseRules(input, rights)
  if (isProblem(rules)) return rules
  const work = prepareMilestoneGoal(context, input)
  if (isProblem(work)) return work
  return runCommand(context, { action: 'createMilestoneGoal', input }, withRules(context, work, rules))
}

/** All that can be said before the transaction; `named` as for `prepareGoal`. */
export function prepareMilestoneGoal(
  context: CommandContext,
  input: CreateMilestoneGoalInput,
  named: NewGoal = {},
): GoalWork | Problem {
  const { organization, now } = context
  const today = todayOf(context)
  const titled = checkName(input.name)
  if (isProblem(titled)) return titled
  const reasoned = checkWhy(input.why)
  if (isProblem(reasoned)) return reasoned
  const state = checkState(input.state)
  if (isProblem(state)) return state
  const startsOn = input.startsOn ?? today
  const { deadline } = input
  const dateFault = checkDates(startsOn, deadline, today)
  if (dateFault !== null) return dateFault
  const people = checkPeople(input)
  if (isProblem(people)) return people
  const added = checkAdded(input.milestones, ['milestones'])
  if (isProblem(added)) return added
  if (added.length === 0) return invalid(['milestones'], 'It takes at least one milestone')
  const way = wayOf(added, { startsOn, deadline }, (index) => ['milestones', String(index), 'dueOn'])
  if (isProblem(way)) return way
  const row: Omit<GoalRow, 'parentId'> = {
    ...titled,
    ...reasoned,
    ...way,
    ...state,
    ...NO_KPI,
    organizationId: organization.id,
    id: named.id ?? newUuid(),
    key: named.key ?? null,
    currency: organization.baseCurrency,
    baselineOn: startsOn,
    startsOn,
    deadline,
    ownerId: people.ownerId ?? null,
    reviewerId: people.reviewerId ?? null,
    reviews: [...reviewKinds],
    createdAt: now,
  }
  return async (tx) => {
    const stranger = await findStranger(tx, organization.id, namedBy(people))
    if (stranger !== null) return stranger
    const above = await findGivenParent(tx, organization.id, input.parentId)
    if (isProblem(above)) return above
    const { organizationId, id, ...after } = { ...row, ...above }
    const followerIds = people.followerIds ?? []
    const milestones = added.map(milestoneInWords)
    const audit = await writeAudit(tx, context, {
      action: 'createMilestoneGoal',
      subject: id,
      after: { ...after, milestones, followerIds },
    })
    await tx.insert(goal).values({ ...row, ...above })
    await writeFollowers(tx, { organizationId, goalId: id }, followerIds)
    await insertMilestones(tx, row, added)
    return { goalId: id, audit }
  }
}

/** What a checklist has not, and how a goal begins. */
const NO_KPI = {
  metric: null,
  direction: 'MILESTONES',
  filter: {},
  conventions: {},
  baseline: '0',
  baselineNumerator: null,
  baselineDenominator: null,
  baselineYearBefore: null,
  baselineYearBeforeReason: null,
  targetGiven: null,
  bandLow: null,
  bandHigh: null,
  stateReason: null,
  outcome: null,
  closedSequence: null,
  version: 1,
  ...beginning,
} as const

type Way = Pick<GoalRow, 'target' | 'trajectory' | 'trajectoryPoints' | 'trajectoryGiven'>

/** The columns that follow from the milestones; `pathOf` says where in the input the one at an index stands. */
export function wayOf(
  milestones: readonly Milestone[],
  span: Pick<GoalRow, 'startsOn' | 'deadline'>,
  pathOf: (index: number) => Path,
): Way | Problem {
  const fault = dueFault(milestones, span)
  if (fault !== null) return invalid(pathOf(fault.index), fault.message)
  const trajectoryPoints = duePoints(milestones, span.deadline).map(({ on, value }) => ({
    on: on.toString(),
    value: formatPart(value),
  }))
  return {
    target: String(milestones.length),
    trajectory: 'STEPPED',
    trajectoryPoints,
    trajectoryGiven: false,
  }
}

/** Without outer spaces, at most a hundred of them. */
export function checkAdded(inputs: readonly MilestoneInput[], path: Path): Milestone[] | Problem {
  if (inputs.length > MILESTONES_MAX) {
    return invalid(path, `A checklist has at most ${MILESTONES_MAX} milestones, not ${inputs.length}`)
  }
  const added: Milestone[] = []
  for (const [index, { title, dueOn }] of inputs.entries()) {
    const read = readRequiredText(title, [...path, String(index), 'title'], NAME_LENGTH_MAX)
    if ('code' in read) return read
    added.push({ title: read.text, dueOn, doneOn: null })
  }
  return added
}

const insertMilestones = async (
  tx: Tx,
  { organizationId, id }: Pick<GoalRow, 'organizationId' | 'id'>,
  milestones: readonly Milestone[],
): Promise<void> => {
  if (milestones.length === 0) return
  await tx
    .insert(goalMilestone)
    .values(milestones.map((milestone) => ({ organizationId, goalId: id, id: newUuid(), ...milestone })))
}

/** Everything of one call is one change of the goal: its target and trajectory follow. */
export async function updateMilestones(
  context: CommandContext,
  input: UpdateMilestonesInput,
): Promise<GoalChanged | Problem> {
  const work = prepareMilestones(context, input)
  return isProblem(work) ? work : runCommand(context, { action: 'updateMilestones', input }, work)
}

/** All that can be said before the transaction. */
export function prepareMilestones(context: CommandContext, input: UpdateMilestonesInput): GoalWork | Problem {
  const reason = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const added = checkAdded(input.add ?? [], ['add'])
  if (isProblem(added)) return added
  const decide = async (tx: Tx, row: GoalRow): Promise<Change | Problem> => {
    if (row.direction !== 'MILESTONES')
      return invalid(['goal'], 'It is measured by a KPI and has no milestones')
    if (row.state === 'CLOSED') return invalid(['goal'], 'It is closed: what is over stays as it was')
    const before = (await readMilestones(tx, row.organizationId, [row.id])).get(row.id) ?? []
    const edits = checkEdits(input.change ?? [], before, todayOf(context))
    if (isProblem(edits)) return edits
    return changeOf(row, { before, edits, added, reason: reason.text, actor: context.actor })
  }
  return (tx) => changeWithin(tx, context, { action: 'updateMilestones', input }, decide)
}

/** A milestone as it becomes; null where it is dropped. */
type Edit = { readonly from: GoalMilestoneRow; readonly to: Milestone | null; readonly path: Path }

function checkEdits(
  changes: readonly MilestoneChangeInput[],
  before: readonly GoalMilestoneRow[],
  today: Temporal.PlainDate,
): Edit[] | Problem {
  const edits: Edit[] = []
  for (const [index, change] of changes.entries()) {
    const path = ['change', String(index)]
    const uuid = decodeId('milestone', change.id)
    const from = before.find(({ id }) => id === uuid)
    if (from === undefined) return notFound([...path, 'id'], 'The goal has no milestone with this id')
    if (edits.some((edit) => edit.from === from)) return invalid([...path, 'id'], 'It is changed twice')
    const title = readText(change.title, [...path, 'title'], NAME_LENGTH_MAX)
    if ('code' in title) return title
    if (typeof change.title === 'string' && title.text === null) {
      return invalid([...path, 'title'], 'It must not be empty')
    }
    if (change.doneOn && isBefore(today, change.doneOn)) {
      return invalid([...path, 'doneOn'], `It is done today, ${today.toString()}, or was before`)
    }
    const to = {
      title: title.text ?? from.title,
      dueOn: change.dueOn ?? from.dueOn,
      doneOn: change.doneOn === undefined ? from.doneOn : change.doneOn,
    }
    edits.push({ from, to: change.drop ? null : to, path })
  }
  return edits
}

type Edited = {
  readonly before: readonly GoalMilestoneRow[]
  readonly edits: readonly Edit[]
  readonly added: readonly Milestone[]
  readonly reason: string | null
  readonly actor: string
}

function changeOf(row: GoalRow, { before, edits, added, reason, actor }: Edited): Change | Problem {
  const made = edits.filter(({ from, to }) => to === null || milestoneInWords(from) !== milestoneInWords(to))
  if (made.length + added.length === 0) return invalid([], 'Nothing of it would change')
  const unreasoned = reason === null ? made.find(needsReason) : undefined
  if (unreasoned !== undefined) {
    return invalid(
      ['reason'],
      `To move, undo or drop "${unreasoned.from.title}" takes a reason, which is kept`,
    )
  }
  const kept = before.flatMap((from) => {
    const edit = edits.find((one) => one.from === from)
    if (edit?.to === null) return []
    return [{ milestone: edit?.to ?? from, path: edit === undefined ? ['goal'] : [...edit.path, 'dueOn'] }]
  })
  const all = [
    ...kept,
    ...added.map((milestone, index) => ({ milestone, path: ['add', String(index), 'dueOn'] })),
  ]
  if (all.length === 0) return invalid(['change'], 'A goal keeps at least one milestone: abandon it instead')
  if (all.length > MILESTONES_MAX)
    return invalid(['add'], `A checklist has at most ${MILESTONES_MAX} milestones`)
  const way = wayOf(
    all.map(({ milestone }) => milestone),
    row,
    (index) => all[index]?.path ?? [],
  )
  if (isProblem(way)) return way
  return {
    set: way,
    fields: [
      ...made.map(({ from, to }) => ({
        field: 'MILESTONES' as const,
        from: milestoneInWords(from),
        to: to === null ? null : milestoneInWords(to),
      })),
      ...added.map((one) => ({ field: 'MILESTONES' as const, from: null, to: milestoneInWords(one) })),
    ],
    reason,
    also: async (tx) => {
      for (const edit of made) await writeEdit(tx, edit, actor)
      await insertMilestones(tx, row, added)
    },
  }
}

const needsReason = ({ from, to }: Edit): boolean =>
  to === null || !to.dueOn.equals(from.dueOn) || (from.doneOn !== null && to.doneOn === null)

async function writeEdit(tx: Tx, { from, to }: Edit, actor: string): Promise<void> {
  const doneBy = (milestone: Milestone) => {
    if (milestone.doneOn === null) return null
    return from.doneOn === null ? actor : from.doneBy
  }
  await tx
    .update(goalMilestone)
    .set(to === null ? { droppedBy: actor } : { ...to, doneBy: doneBy(to) })
    .where(
      and(
        eq(goalMilestone.organizationId, from.organizationId),
        eq(goalMilestone.goalId, from.goalId),
        eq(goalMilestone.id, from.id),
      ),
    )
}
