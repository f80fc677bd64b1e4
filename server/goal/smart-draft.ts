/** A draft of a goal, as far as it is written: what of it makes sense, and what `createGoal` would refuse. */
import { todayOf, type Context } from '../context.ts'
import { isBefore } from '../domain/calendar.ts'
import { chooseConventions } from '../domain/conventions.ts'
import { isCurrency } from '../domain/money.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { decodeId } from '../ids.ts'
import { readUsualConventions } from '../kpi/settings.ts'
import { invalid, isProblem, notFound, type Problem } from '../problem.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import { checkOfCustomer, readFilter } from '../kpi/filter-input.ts'
import type { GoalDraftInput } from '../schema.generated.ts'
import { aimOf, computeTarget, readAim, type AimGiven } from './aim.ts'
import { checkDates, checkName, checkNumber, checkPeople, checkWhy, namedBy } from './check.ts'
import { checkAdded, wayOf } from './milestones.ts'
import { measurableOfGoal, measureOn, type Checkable } from './smart-past.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'

/** What is wrong counts as missing, so that the rest can be checked. */
export async function draftOf(draft: GoalDraftInput, context: Context): Promise<Checkable> {
  const problems: Problem[] = []
  const keep = <Value>(outcome: Value | Problem | null): Value | null => {
    if (!isProblem(outcome)) return outcome
    problems.push(outcome)
    return null
  }
  const { organization, reader } = context
  const today = todayOf(context)
  const usual = await reader.read((tx) => readUsualConventions(tx, organization.id))
  if (draft.name != null) keep(checkName(draft.name))
  const why = keep(checkWhy(draft.why))?.why ?? null
  const chosen = chooseConventions(draft.conventions, usual)
  const conventions = keep('problem' in chosen ? invalid(['conventions'], chosen.problem) : chosen) ?? usual
  const filter = keep(await reader.read((tx) => readFilter(tx, organization.id, draft.filter ?? {}))) ?? {}
  const currency = keep(currencyOf(draft, organization.baseCurrency)) ?? organization.baseCurrency
  const startsOn = draft.startsOn ?? today
  const { metric, direction } = kindOf(draft)
  if (metric !== null) keep(checkOfCustomer(metric, filter))
  const deadline = draft.deadline ?? null
  if (deadline !== null) keep(checkDates(startsOn, deadline, today))
  const people = keep(checkPeople(draft))
  const named = people === null ? [] : namedBy(people, filter)
  const found = await Promise.all(named.map(({ id }) => context.loaders.person.load(id)))
  const stranger = named.find((_, index) => found[index] === null)
  if (stranger !== undefined) keep(notFound(stranger.path, 'There is no person with this id'))
  const frame = {
    id: null,
    why,
    filter,
    conventions,
    currency,
    startsOn,
    deadline,
    direction,
    metric,
    baselineOn: isBefore(today, startsOn) ? today : startsOn,
    ownerId: people?.ownerId ?? null,
    parentId: keep(await parentOf(draft, context))?.id ?? null,
    milestones: keep(checklistOf(draft, { startsOn, deadline })) ?? 0,
  }
  const aim = await readDraftAim(draft, frame, context, keep)
  return { ...frame, ...aim, problems }
}

/** Without one, the direction is that in which the KPI is better; a band and milestones tell it by themselves. */
function kindOf({
  metric,
  direction,
  band,
  milestones,
}: GoalDraftInput): Pick<Checkable, 'metric' | 'direction'> {
  if (direction === 'MILESTONES' || (direction == null && metric == null && milestones?.length))
    return { metric: null, direction: 'MILESTONES' }
  if (direction != null || band != null)
    return { metric: metric ?? null, direction: direction ?? 'MAINTAIN_BAND' }
  const better = metric == null ? 'NEUTRAL' : kpiDefinition(metric).better
  const usual = { HIGHER: 'INCREASE', LOWER: 'DECREASE', NEUTRAL: null } as const
  return { metric: metric ?? null, direction: usual[better] }
}

const currencyOf = ({ currency }: GoalDraftInput, base: string): string | Problem =>
  currency == null || isCurrency(currency)
    ? (currency ?? base)
    : invalid(['currency'], `${currency} is no ISO 4217 currency code`)

async function parentOf(
  { parentId }: GoalDraftInput,
  { loaders }: Context,
): Promise<GoalRow | Problem | null> {
  if (parentId == null) return null
  const uuid = decodeId('goal', parentId)
  const row = uuid === null ? null : await loaders.goal.load(uuid)
  if (row === null) return notFound(['parentId'], 'There is no goal with this id')
  return row.state === 'CLOSED'
    ? invalid(['parentId'], 'That goal is closed: nothing more can be below it')
    : row
}

function checklistOf(
  { milestones, direction }: GoalDraftInput,
  span: Pick<Checkable, 'startsOn' | 'deadline'>,
): number | Problem {
  if (milestones == null || milestones.length === 0) return 0
  if (direction != null && direction !== 'MILESTONES')
    return invalid(['milestones'], 'Only a goal of MILESTONES has them')
  const added = checkAdded(milestones, ['milestones'])
  if (isProblem(added)) return added
  const { startsOn, deadline } = span
  if (deadline === null || !isBefore(startsOn, deadline)) return added.length
  const way = wayOf(added, { startsOn, deadline }, (index) => ['milestones', String(index), 'dueOn'])
  return isProblem(way) ? way : added.length
}

type DraftAim = Pick<Checkable, 'baseline' | 'target' | 'bandLow' | 'bandHigh'>
type Frame = Omit<Checkable, keyof DraftAim | 'problems'>
type Keep = <Value>(outcome: Value | Problem | null) => Value | null

const NO_AIM: DraftAim = { baseline: null, target: null, bandLow: null, bandHigh: null }

async function readDraftAim(
  draft: GoalDraftInput,
  frame: Frame,
  context: Context,
  keep: Keep,
): Promise<DraftAim> {
  const { metric, direction } = frame
  if (metric === null) return NO_AIM
  const fault = checkNumber(['baseline'], draft.baseline, metric)
  keep(fault)
  const baseline =
    fault === null && draft.baseline != null
      ? draft.baseline
      : direction === 'BUDGET'
        ? '0'
        : await valueOn(frame, metric, context)
  const given = keep(readAim(draft, { metric, direction: direction ?? 'INCREASE' }))
  const none = { ...NO_AIM, baseline }
  if (given === null) return none
  if (direction === 'MAINTAIN_BAND' && given.band !== null) {
    const { low, high } = given.band
    if (baseline !== null) keep(aimOf(aimFrame(frame, { metric, direction, baseline }), given, []))
    return { ...none, bandLow: low, bandHigh: high }
  }
  // A distance is told from the baseline.
  if (given.target === null || (baseline === null && given.target.kind !== 'VALUE')) return none
  const whole = aimFrame(frame, { metric, direction: direction ?? 'INCREASE', baseline: baseline ?? '0' })
  const target = keep(computeTarget(whole, given.target))
  if (target === null) return none
  if (baseline !== null && direction !== null) keep(aimOf(whole, unseasoned(frame, given), []))
  return { ...none, target: target.value }
}

const valueOn = async (frame: Frame, metric: KpiMetric, context: Context): Promise<string | null> =>
  (await measureOn(measurableOfGoal(frame, metric), frame.baselineOn, context)).valueExact

/** Where there is no deadline yet the aim is looked at as if it were in a year. */
const aimFrame = (
  { currency, startsOn, deadline }: Frame,
  aimed: Pick<GoalRow, 'metric' | 'direction' | 'baseline'>,
) => ({
  ...aimed,
  currency,
  startsOn,
  deadline: deadline !== null && isBefore(startsOn, deadline) ? deadline : startsOn.add({ years: 1 }),
})

/** A season takes years of the books; points are held against a deadline that there must be. */
const unseasoned = ({ deadline }: Frame, given: AimGiven): AimGiven =>
  deadline === null || given.trajectory?.kind === 'SEASONAL' ? { ...given, trajectory: null } : given
