/** What a goal aims for: a target and the way to it, or a band. */
import { formatExact, formatPart } from '../domain/exact.ts'
import {
  equalSteps,
  seasonalPoints,
  trajectoryFault,
  type AimedGoal,
  type Fault,
  type PastYear,
  type TrajectoryPoint,
} from '../domain/goal-trajectory.ts'
import { Exact } from '../domain/money.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { judgedGoal, pointsOf, type JudgeableGoal } from '../live/measure.ts'
import { invalid, isProblem, type Path, type Problem } from '../problem.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import type {
  CreateGoalInput,
  GoalTargetKind,
  GoalTrajectoryInput,
  UpdateGoalInput,
} from '../schema.generated.ts'
import { checkNumber } from './check.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'

/** How a target was given. */
export type TargetGiven = { readonly kind: GoalTargetKind; readonly amount: string }

/** A trajectory as it was chosen: null where the points are to be computed. */
export type Choice =
  | { readonly kind: 'LINEAR' | 'SEASONAL'; readonly points: null }
  | { readonly kind: 'STEPPED'; readonly points: readonly TrajectoryPoint[] | null }
  | { readonly kind: 'CUSTOM'; readonly points: readonly TrajectoryPoint[] }

/** What was chosen; null for what was left out. */
export type AimGiven = {
  readonly target: TargetGiven | null
  readonly band: { readonly low: string; readonly high: string } | null
  readonly trajectory: Choice | null
}

type AimInput = Pick<CreateGoalInput | UpdateGoalInput, 'target' | 'targetBy' | 'band' | 'trajectory'>
type Frame = Pick<GoalRow, 'metric' | 'direction' | 'currency' | 'baseline' | 'startsOn' | 'deadline'>

export type Aim = Pick<
  GoalRow,
  'target' | 'targetGiven' | 'bandLow' | 'bandHigh' | 'trajectory' | 'trajectoryPoints' | 'trajectoryGiven'
>

const POINTS_MAX = 400

/** What can be said of the input without a baseline. */
export function readAim(
  input: AimInput,
  { metric, direction }: { readonly metric: KpiMetric; readonly direction: GoalRow['direction'] },
): AimGiven | Problem {
  const { target, targetBy, band } = input
  const trajectory = input.trajectory ? readTrajectory(input.trajectory, metric) : null
  if (isProblem(trajectory)) return trajectory
  if (direction === 'MAINTAIN_BAND') {
    const field = (['target', 'targetBy', 'trajectory'] as const).find((name) => input[name])
    if (field !== undefined) return invalid([field], `A goal to MAINTAIN_BAND has a band and no ${field}`)
  } else if (direction === 'BUDGET' && (targetBy || input.trajectory)) {
    const field = targetBy ? 'targetBy' : 'trajectory'
    return invalid([field], `A BUDGET has a target, spent evenly day by day, and no ${field}`)
  } else if (band) {
    return invalid(['band'], 'Only a goal to MAINTAIN_BAND has a band; give a target')
  }
  if (target && targetBy) return invalid(['targetBy'], 'Give either target or targetBy')
  const fault =
    checkNumber(['target'], target, metric) ??
    checkNumber(['targetBy', 'percent'], targetBy?.percent, null) ??
    checkNumber(['targetBy', 'points'], targetBy?.points, null) ??
    checkNumber(['band', 'low'], band?.low, metric) ??
    checkNumber(['band', 'high'], band?.high, metric)
  return fault ?? { target: targetOf(input), band: band ?? null, trajectory }
}

function targetOf({ target, targetBy }: AimInput): TargetGiven | null {
  if (target) return { kind: 'VALUE', amount: target }
  if (targetBy?.percent) return { kind: 'PERCENT', amount: targetBy.percent }
  return targetBy?.points ? { kind: 'POINTS', amount: targetBy.points } : null
}

function readTrajectory(input: GoalTrajectoryInput, metric: KpiMetric): Choice | Problem {
  const off = (['linear', 'seasonal'] as const).find((name) => input[name] === false)
  if (off !== undefined) return invalid(['trajectory', off], `${off} can only be true`)
  if (input.linear) return { kind: 'LINEAR', points: null }
  if (input.seasonal) return { kind: 'SEASONAL', points: null }
  const field = input.stepped ? 'stepped' : 'custom'
  const given = input[field] ?? []
  const path = ['trajectory', field]
  if (given.length > POINTS_MAX) return invalid(path, `At most ${POINTS_MAX} points, not ${given.length}`)
  for (const [index, { value }] of given.entries()) {
    const fault = checkNumber([...path, String(index), 'value'], value, metric)
    if (fault !== null) return fault
  }
  const points = given.map(({ on, value }) => ({ on, value: new Exact(value) }))
  if (field === 'stepped') return { kind: 'STEPPED', points: points.length === 0 ? null : points }
  if (points.length === 0) return invalid(path, 'It takes at least one point; a straight line is `linear`')
  return { kind: 'CUSTOM', points }
}

/** What a goal was given when it was set or last changed. */
export function givenOf(row: GoalRow): AimGiven {
  const { target, bandLow, bandHigh } = row
  return {
    target: target === null ? null : targetGivenOf(row),
    band: bandLow === null || bandHigh === null ? null : { low: bandLow, high: bandHigh },
    trajectory: choiceOf(row),
  }
}

/** Null for a band. */
export const targetGivenOf = ({ target, targetGiven }: GoalRow): TargetGiven | null =>
  target === null ? null : ((targetGiven as TargetGiven | null) ?? { kind: 'VALUE', amount: target })

function choiceOf(row: GoalRow): Choice {
  const { trajectory: kind, trajectoryGiven } = row
  if (kind === 'LINEAR' || kind === 'SEASONAL') return { kind, points: null }
  const points = pointsOf(row).map(({ on, value }) => ({
    on: Temporal.PlainDate.from(on),
    value: new Exact(value),
  }))
  return kind === 'STEPPED' && !trajectoryGiven ? { kind, points: null } : { kind, points }
}

/** The columns that the aim is kept in. `years` are those of the past, for a seasonal trajectory. */
export function aimOf(frame: Frame, given: AimGiven, years: readonly PastYear[]): Aim | Problem {
  const none = { target: null, targetGiven: null, bandLow: null, bandHigh: null }
  const straight = { trajectory: 'LINEAR', trajectoryPoints: null, trajectoryGiven: false } as const
  if (frame.direction === 'MAINTAIN_BAND') {
    if (given.band === null) return invalid(['band'], 'A goal to MAINTAIN_BAND takes a band')
    const aim = { ...none, ...straight, bandLow: given.band.low, bandHigh: given.band.high }
    return problemOf(frame, aim, given) ?? aim
  }
  const target = computeTarget(frame, given.target)
  if (isProblem(target)) return target
  const { kind: by } = target.given
  const aim = {
    ...none,
    ...straight,
    target: target.value,
    targetGiven: by === 'VALUE' ? null : target.given,
  }
  const fault = problemOf(frame, aim, given)
  if (fault !== null) return fault
  const points = computePoints({ ...frame, ...aim }, given.trajectory, years)
  if (isProblem(points)) return points
  const shaped: Aim = { ...aim, ...points }
  return problemOf(frame, shaped, given) ?? shaped
}

/** The target itself, whatever it was given as. */
export function computeTarget(
  { metric, currency, baseline }: Frame,
  given: TargetGiven | null,
): { readonly value: string; readonly given: TargetGiven } | Problem {
  if (given === null) return invalid(['target'], 'A goal takes a target: give target or targetBy')
  const { kind, amount } = given
  if (kind === 'VALUE') return { value: amount, given }
  const from = new Exact(baseline)
  const way = kind === 'POINTS' ? new Exact(amount) : from.times(amount).div(100)
  const value = formatExact(from.plus(way), kpiDefinition(metric as KpiMetric).unit, currency)
  return checkNumber(pathOfTarget(given), value, metric as KpiMetric) ?? { value, given }
}

type Points = Pick<GoalRow, 'trajectory' | 'trajectoryPoints' | 'trajectoryGiven'>

function computePoints(
  goal: JudgeableGoal,
  chosen: Choice | null,
  years: readonly PastYear[],
): Points | Problem {
  const { kind, points } = chosen ?? { kind: 'LINEAR', points: null }
  if (kind === 'LINEAR') return { trajectory: kind, trajectoryPoints: null, trajectoryGiven: false }
  const path = ['trajectory', kind.toLowerCase()]
  const unshaped = judgedGoal({ ...goal, trajectory: 'LINEAR' }) as AimedGoal
  const computed = points ?? (kind === 'STEPPED' ? equalSteps(unshaped) : seasonalPoints(unshaped, years))
  if (computed === null) {
    return invalid(
      path,
      'A season is a share of the value, so it takes values above 0 in each month of the year before',
    )
  }
  const { unit } = kpiDefinition(goal.metric as KpiMetric)
  const trajectoryPoints = computed.map(({ on, value }) => ({
    on: on.toString(),
    value: formatPart(unit === 'PERCENT' ? Exact.min(Exact.max(value, 0), 100) : value),
  }))
  return { trajectory: kind, trajectoryPoints, trajectoryGiven: points !== null }
}

function problemOf(frame: Frame, aim: Aim, given: AimGiven): Problem | null {
  const fault = trajectoryFault(judgedGoal({ ...frame, ...aim }))
  return fault === null ? null : invalid(pathOf(fault, given), fault.message)
}

function pathOf({ field }: Fault, { target, trajectory }: AimGiven): Path {
  if (field === 'target') return pathOfTarget(target)
  if (field === 'band') return ['band', 'low']
  return field === 'trajectory' ? [field, (trajectory?.kind ?? 'LINEAR').toLowerCase()] : [field]
}

export const pathOfTarget = (given: TargetGiven | null): Path =>
  given === null || given.kind === 'VALUE' ? ['target'] : ['targetBy', given.kind.toLowerCase()]
