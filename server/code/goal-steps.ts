/** What makes a goal as a file says: the same works as those of single commands, prepared to be written together. */
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { chooseConventions, type Conventions } from '../domain/conventions.ts'
import { isGoalGuard } from '../domain/goal-guards.ts'
import { aimOfTemplate, deadlineAfter, evenly } from '../domain/goal-template-draft.ts'
import { goalTemplate, type GoalTemplate, type KpiTemplate } from '../domain/goal-templates.ts'
import { milestoneInWords } from '../domain/goal-milestones.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { encodeId } from '../ids.ts'
import { readUsualConventions } from '../kpi/settings.ts'
import { measure } from '../live/measure.ts'
import { isProblem, type Path, type Problem } from '../problem.ts'
import type { CreateGoalInput, CreateMilestoneGoalInput } from '../schema.generated.ts'
import { prepareAction, prepareActionChange } from '../goal/actions.ts'
import type { GoalWork } from '../goal/change.ts'
import { readFilter } from '../kpi/filter-input.ts'
import type { KnownGoal } from './books.ts'
import { targetText, type Resolved } from './goal-diff.ts'
import { filterOf } from './people.ts'
import { isFault, type CodeFault, type FieldDiff, type Step } from './plan.ts'
import type { CodeAction, CodeGoal, CodeMilestone } from './document.ts'
import { prepareGoal } from '../goal/commands.ts'
import { prepareMilestoneGoal, prepareMilestones } from '../goal/milestones.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'

/** Written one after the other, with what they change as the file names it. */
export type Prepared = { readonly steps: readonly Step[]; readonly fields: readonly FieldDiff[] }

/** The uuid of whoever owns the action at an index: undefined where the file does not say. */
export type OwnerOf = (index: number) => string | null | undefined

const faultOf = (path: Path, message: string): CodeFault => ({ path, message })

const IN_CODE: Readonly<Record<string, string>> = {
  filter: 'scope',
  collectorId: 'collector',
  ownerId: 'owner',
  reviewerId: 'reviewer',
  followerIds: 'followers',
  parentId: 'parent',
  targetBy: 'target',
}

/** From the names of the API's input to those of the file. */
export const pathInCode = (path: Path): Path => path.map((step) => IN_CODE[step] ?? step)

const stepOf = (work: GoalWork | Problem, pathOf: (path: Path) => Path = pathInCode): Step | CodeFault =>
  isProblem(work) ? faultOf(pathOf(work.path), work.message) : { work, pathOf }

const chosenTemplate = ({ template }: CodeGoal): GoalTemplate | null =>
  template === undefined ? null : goalTemplate(template)

type NewIn = {
  readonly id: string
  readonly resolved: Resolved
  readonly ownerOf: OwnerOf
  /** The organization's conventions by then. */
  readonly usual: Conventions
}

/** A goal that is not there yet. `id` is the uuid that it will have. */
export async function prepareNew(
  context: CommandContext,
  one: CodeGoal,
  { id, resolved, ownerOf, usual }: NewIn,
): Promise<Prepared | CodeFault> {
  const template = chosenTemplate(one)
  const name = one.name ?? template?.name
  if (name === undefined) return faultOf([], 'a new goal takes a name')
  const startsOn = one.startsOn ?? todayOf(context)
  const deadline = one.deadline ?? (template && deadlineAfter(startsOn, template.quarters, usual.calendar))
  if (deadline === null || deadline === undefined) return faultOf([], 'a new goal takes a deadline')
  const common = {
    name,
    why: one.why ?? template?.sentence ?? null,
    startsOn,
    deadline,
    ...peopleOf(resolved),
    parentId: resolved.parentId == null ? null : encodeId('goal', resolved.parentId),
    state: one.state ?? null,
    dryRun: false,
  }
  const isChecklist =
    one.direction === 'MILESTONES' ||
    (one.metric === undefined && (one.milestones !== undefined || template?.metric === null))
  const made = isChecklist
    ? prepareNewChecklist(context, one, { id, template, common })
    : await prepareNewKpi(context, one, { id, template, common, resolved, usual })
  if (isFault(made)) return made
  const actions = prepareNewActions(context, id, one.actions ?? [], ownerOf)
  if (isFault(actions)) return actions
  const told: readonly (readonly [string, string | undefined])[] = [
    ['template', one.template],
    ['metric', one.metric],
    ['target', targetText(one.target)],
    ['startsOn', one.startsOn?.toString()],
    ['deadline', deadline.toString()],
    ['owner', one.owner ?? undefined],
    ['parent', one.parent ?? undefined],
  ]
  const fields = told.flatMap(([field, to]) => (to === undefined ? [] : [{ field, from: null, to }]))
  return { steps: [made, ...actions.steps], fields: [...fields, ...actions.fields] }
}

const peopleOf = ({ ownerId, reviewerId, followerIds }: Resolved) => ({
  ownerId: ownerId == null ? null : encodeId('person', ownerId),
  reviewerId: reviewerId == null ? null : encodeId('person', reviewerId),
  followerIds: (followerIds ?? []).map((one) => encodeId('person', one)),
})

type New<Input> = {
  readonly id: string
  readonly template: GoalTemplate | null
  readonly common: Omit<Input, 'milestones' | 'metric' | 'direction'>
}

function prepareNewChecklist(
  context: CommandContext,
  one: CodeGoal,
  { id, template, common }: New<CreateMilestoneGoalInput>,
): Step | CodeFault {
  const { startsOn, deadline } = common
  const titles = template?.metric === null ? template.milestones : []
  const days = evenly(startsOn ?? deadline, deadline, titles.length)
  const usual = titles.map((title, index) => ({ title, dueOn: days[index] ?? deadline }))
  const done = one.milestones?.findIndex(({ doneOn }) => doneOn != null) ?? -1
  if (done >= 0) {
    return faultOf(
      ['milestones', String(done), 'doneOn'],
      'a new goal begins with nothing done: tick it off later',
    )
  }
  const milestones = one.milestones?.map(({ title, dueOn }) => ({ title, dueOn })) ?? usual
  return stepOf(prepareMilestoneGoal(context, { ...common, milestones }, { id, key: one.key }))
}

async function prepareNewKpi(
  context: CommandContext,
  one: CodeGoal,
  { id, template, common, resolved, usual }: New<CreateGoalInput> & Pick<NewIn, 'resolved' | 'usual'>,
): Promise<Step | CodeFault> {
  const measured = template?.metric == null ? null : template
  const metric = one.metric ?? measured?.metric
  if (metric === undefined) return faultOf([], 'a new goal takes a metric, milestones or a template')
  const filter = filterOf(resolved.filter)
  const conventions = { ...usual, ...measured?.conventions, ...one.conventions }
  const own = measured !== null && measured.metric === metric && !one.target && !one.band ? measured : null
  const aim = own && (await templateAim(context, own, { ...common, filter, conventions }))
  if (isFault(aim)) return aim
  const better = kpiDefinition(metric).better === 'HIGHER' ? 'INCREASE' : 'DECREASE'
  const input: CreateGoalInput = {
    ...common,
    metric,
    filter,
    conventions,
    currency: one.currency ?? null,
    baseline: one.baseline ?? null,
    direction: one.direction ?? measured?.direction ?? (one.band ? 'MAINTAIN_BAND' : better),
    ...(typeof one.target === 'string' ? { target: one.target } : { targetBy: one.target ?? null }),
    band: one.band ?? null,
    trajectory: one.trajectory ?? null,
    guards: one.guards ?? measured?.guards.filter(isGoalGuard) ?? null,
    ...aim,
  }
  return stepOf(await prepareGoal(context, input, { id, key: one.key }))
}

/** By the books as they are: what is reached already is to stay so. */
async function templateAim(
  { connection, organization, now }: CommandContext,
  template: KpiTemplate,
  draft: Pick<CreateGoalInput, 'filter' | 'conventions'>,
): Promise<Partial<CreateGoalInput> | CodeFault> {
  const aim = await inTransaction(
    connection,
    { organizationId: organization.id, mode: 'read' },
    async (tx) => {
      const filter = await readFilter(tx, organization.id, draft.filter ?? {})
      if (isProblem(filter)) return filter
      const usual = await readUsualConventions(tx, organization.id)
      const conventions = chooseConventions(draft.conventions, usual)
      const { metric } = template
      const measurable = { metric, filter, conventions, currency: organization.baseCurrency }
      const wanted = [{ goal: measurable, asOf: todayOf({ now, organization }) }]
      const [measured] = 'problem' in conventions ? [] : await measure(tx, organization, wanted, now)
      return aimOfTemplate(template, measured?.value ?? null)
    },
  )
  if (isProblem(aim)) return faultOf(pathInCode(aim.path), aim.message)
  if (aim.direction === 'MAINTAIN_BAND') return { direction: aim.direction, band: aim.band, targetBy: null }
  const { kind, amount } = aim.target
  if (kind === 'VALUE') return { direction: aim.direction, target: amount }
  return { direction: aim.direction, targetBy: kind === 'PERCENT' ? { percent: amount } : { points: amount } }
}

function prepareNewActions(
  context: CommandContext,
  goalId: string,
  actions: readonly CodeAction[],
  ownerOf: OwnerOf,
): Prepared | CodeFault {
  const steps: Step[] = []
  const fields: FieldDiff[] = []
  for (const [index, action] of actions.entries()) {
    const step = prepareNewAction(context, goalId, { action, index, ownerId: ownerOf(index) })
    if (isFault(step)) return step
    steps.push(step)
    fields.push({ field: `actions.${action.title}`, from: null, to: actionText(action) })
  }
  return { steps, fields }
}

const actionText = ({ owner, dueOn, brings }: CodeAction): string =>
  [owner ? `owner ${owner}` : null, dueOn ? `due ${dueOn.toString()}` : null, brings ?? null]
    .filter((part) => part !== null)
    .join(', ') || 'planned'

type OneAction = {
  readonly action: CodeAction
  readonly index: number
  readonly ownerId: string | null | undefined
}

function prepareNewAction(
  context: CommandContext,
  goalId: string,
  { action, index, ownerId }: OneAction,
): Step | CodeFault {
  const { title, dueOn, brings } = action
  const owned = ownerId == null ? {} : { ownerId: encodeId('person', ownerId) }
  const input = { goal: encodeId('goal', goalId), title, dueOn, brings, ...owned, dryRun: false }
  return stepOf(prepareAction(context, input), inAction(index))
}

const inAction =
  (index: number) =>
  (path: Path): Path => ['actions', String(index), ...pathInCode(path)]

/** The plan as the file has it, by titles: what is not there any more is dropped, unless it is done. */
export function prepareActions(
  context: CommandContext,
  known: KnownGoal,
  actions: readonly CodeAction[],
  { ownerOf, reason }: { readonly ownerOf: OwnerOf; readonly reason: string },
): Prepared | CodeFault {
  const steps: Step[] = []
  const fields: FieldDiff[] = []
  for (const [index, action] of actions.entries()) {
    const row = known.actions.find(({ title }) => title === action.title.trim())
    const ownerId = ownerOf(index)
    if (row === undefined) {
      const step = prepareNewAction(context, known.row.id, { action, index, ownerId })
      if (isFault(step)) return step
      steps.push(step)
      fields.push({ field: `actions.${action.title}`, from: null, to: actionText(action) })
      continue
    }
    const changed = [
      ownerId !== undefined && ownerId !== row.ownerId ? 'owner' : null,
      action.dueOn !== undefined && action.dueOn?.toString() !== row.dueOn?.toString() ? 'dueOn' : null,
      action.brings !== undefined && action.brings !== row.brings ? 'brings' : null,
    ].filter((part) => part !== null)
    if (changed.length === 0) continue
    const input = {
      action: encodeId('goalAction', row.id),
      expectedVersion: row.version,
      ...(action.dueOn === undefined ? {} : { dueOn: action.dueOn }),
      ...(action.brings === undefined ? {} : { brings: action.brings }),
      ...(ownerId === undefined ? {} : { ownerId: ownerId === null ? null : encodeId('person', ownerId) }),
      dryRun: false,
    }
    const step = stepOf(prepareActionChange(context, input), inAction(index))
    if (isFault(step)) return step
    steps.push(step)
    fields.push({ field: `actions.${action.title}`, from: changed.join(', '), to: actionText(action) })
  }
  const titles = new Set(actions.map(({ title }) => title.trim()))
  for (const row of known.actions) {
    if (titles.has(row.title) || row.state === 'DONE') continue
    const input = {
      action: encodeId('goalAction', row.id),
      expectedVersion: row.version,
      state: 'DROPPED' as const,
      reason,
      dryRun: false,
    }
    const step = stepOf(prepareActionChange(context, input), () => ['actions'])
    if (isFault(step)) return step
    steps.push(step)
    fields.push({ field: `actions.${row.title}`, from: 'planned', to: null })
  }
  return { steps, fields }
}

/** The checklist as the file has it, by titles. `expectedVersion` is the goal's when this is written. */
export function prepareChecklist(
  context: CommandContext,
  known: KnownGoal,
  milestones: readonly CodeMilestone[],
  { expectedVersion, reason }: { readonly expectedVersion: number; readonly reason: string },
): Prepared | CodeFault {
  const add: CodeMilestone[] = []
  const change: {
    id: string
    dueOn?: Temporal.PlainDate
    doneOn?: Temporal.PlainDate | null
    drop?: boolean
  }[] = []
  const fields: FieldDiff[] = []
  for (const one of milestones) {
    const row = known.milestones.find(({ title }) => title === one.title.trim())
    if (row === undefined) {
      add.push(one)
      fields.push({
        field: 'milestones',
        from: null,
        to: milestoneInWords({ ...one, doneOn: one.doneOn ?? null }),
      })
      continue
    }
    const wanted = { ...row, dueOn: one.dueOn, doneOn: one.doneOn === undefined ? row.doneOn : one.doneOn }
    if (milestoneInWords(wanted) === milestoneInWords(row)) continue
    change.push({ id: encodeId('milestone', row.id), dueOn: one.dueOn, doneOn: wanted.doneOn })
    fields.push({ field: 'milestones', from: milestoneInWords(row), to: milestoneInWords(wanted) })
  }
  const titles = new Set(milestones.map(({ title }) => title.trim()))
  for (const row of known.milestones) {
    if (titles.has(row.title)) continue
    change.push({ id: encodeId('milestone', row.id), drop: true })
    fields.push({ field: 'milestones', from: milestoneInWords(row), to: null })
  }
  if (fields.length === 0) return { steps: [], fields }
  const input = {
    goal: encodeId('goal', known.row.id),
    expectedVersion,
    add: add.map(({ title, dueOn }) => ({ title, dueOn })),
    change: change.map((one) => ({ drop: false, ...one })),
    reason,
    dryRun: false,
  }
  const step = stepOf(prepareMilestones(context, input), () => ['milestones'])
  return isFault(step) ? step : { steps: [step], fields }
}
