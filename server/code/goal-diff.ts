/** What of a goal differs from what a file says of it. */
import { chooseConventions, type Conventions, type ConventionsChoice } from '../domain/conventions.ts'
import { Exact } from '../domain/money.ts'
import { conventionsOfGoal } from '../kpi/settings.ts'
import { pointsOf } from '../live/measure.ts'

import type { GoalTrajectoryInput, UpdateGoalInput } from '../schema.generated.ts'
import { targetGivenOf } from '../goal/aim.ts'
import type { KnownGoal } from './books.ts'
import type { CodeGoal } from './document.ts'
import type { FieldDiff } from './plan.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'

/** The uuids that a goal of the file names: undefined where it does not say, null for nothing. */
export type Resolved = {
  readonly filter: Readonly<Record<string, readonly string[]>> | undefined
  readonly ownerId: string | null | undefined
  readonly reviewerId: string | null | undefined
  readonly followerIds: readonly string[] | undefined
  readonly parentId: string | null | undefined
}

/** The first field that is frozen with the goal and that the file has otherwise; null where there is none. */
export function frozenDifference(one: CodeGoal, resolved: Resolved, { row }: KnownGoal): FieldDiff | null {
  const frozen: readonly (readonly [string, string | null | undefined, string | null])[] = [
    ['metric', one.metric, row.metric],
    ['direction', one.direction, row.direction],
    ['scope', resolved.filter && scopeText(resolved.filter), scopeText(row.filter as Resolved['filter'])],
    ['currency', one.currency, row.currency],
    ['baseline', one.baseline && exactText(one.baseline), exactText(row.baseline)],
    ['startsOn', one.startsOn?.toString(), row.startsOn.toString()],
    ...conventionsDifference(one.conventions, row.conventions),
  ]
  const found = frozen.find(([, to, from]) => to !== undefined && to !== '' && to !== from)
  return found === undefined ? null : { field: found[0], from: found[2], to: found[1] ?? null }
}

/** As a field that is frozen: its name, what the file says, what was kept; none where the file does not say. */
export function conventionsDifference(
  choice: ConventionsChoice | undefined,
  frozen: unknown,
): readonly (readonly [string, string, string])[] {
  if (choice === undefined) return []
  const kept = conventionsOfGoal(frozen)
  const wanted = chooseConventions(choice, kept)
  return 'problem' in wanted
    ? [['conventions', wanted.problem, conventionsText(kept)]]
    : [['conventions', conventionsText(wanted), conventionsText(kept)]]
}

const conventionsText = ({ calendar, ...rest }: Conventions): string => {
  const { kind, yearStartMonth, weekStartsOn } = calendar
  return JSON.stringify({ ...rest, calendar: [kind, yearStartMonth, weekStartsOn] })
}

export const scopeText = (filter: Resolved['filter']): string =>
  Object.entries(filter ?? {})
    .map(([dimension, values]) => `${dimension} ${values.toSorted().join(' or ')}`)
    .toSorted()
    .join(', ') || 'all'

export const exactText = (text: string): string => new Exact(text).toFixed()

export type Difference = {
  readonly fields: readonly FieldDiff[]
  /** Of `updateGoal`, without what it takes besides. */
  readonly set: Partial<UpdateGoalInput>
}

/** What `updateGoal` has to change. People and goals in `fields` by their uuids. */
export function differenceOf(one: CodeGoal, resolved: Resolved, known: KnownGoal): Difference {
  const { row } = known
  const fields: FieldDiff[] = []
  const set: { -readonly [Field in keyof UpdateGoalInput]?: UpdateGoalInput[Field] } = {}
  const compare = (field: string, to: string | null | undefined, from: string | null, put: () => void) => {
    if (to === undefined || to === from) return
    fields.push({ field, from, to })
    put()
  }
  compare('name', one.name?.trim(), row.name, () => (set.name = one.name))
  compare('why', trimmed(one.why), row.why, () => (set.why = one.why))
  compare('owner', resolved.ownerId, row.ownerId, () => (set.ownerId = personId(resolved.ownerId)))
  compare(
    'reviewer',
    resolved.reviewerId,
    row.reviewerId,
    () => (set.reviewerId = personId(resolved.reviewerId)),
  )
  const followers = resolved.followerIds?.toSorted().join(' ')
  compare('followers', followers, known.followers.join(' '), () => {
    set.followerIds = (resolved.followerIds ?? []).map((id) => `person_${id}`)
  })
  compare('parent', resolved.parentId, row.parentId, () => {
    set.parentId = resolved.parentId == null ? null : `goal_${resolved.parentId}`
  })
  compare('target', targetText(one.target), targetTextOf(row), () => {
    if (typeof one.target === 'string') set.target = one.target
    else set.targetBy = one.target
  })
  const band = one.band && bandText(one.band.low, one.band.high)
  const bandOfRow = row.bandLow === null || row.bandHigh === null ? null : bandText(row.bandLow, row.bandHigh)
  compare('band', band, bandOfRow, () => (set.band = one.band))
  compare('deadline', one.deadline?.toString(), row.deadline.toString(), () => (set.deadline = one.deadline))
  const guards = row.guards.toSorted().join(', ')
  compare(
    'guards',
    one.guards && [...new Set(one.guards)].toSorted().join(', '),
    guards,
    () => (set.guards = one.guards),
  )
  const trajectory = one.trajectory && trajectoryText(one.trajectory)
  compare('trajectory', trajectory, trajectoryTextOf(row), () => (set.trajectory = one.trajectory))
  return { fields, set }
}

const trimmed = (text: string | null | undefined): string | null | undefined =>
  typeof text === 'string' ? text.trim() || null : text

const personId = (id: string | null | undefined): string | null => (id == null ? null : `person_${id}`)

const bandText = (low: string, high: string): string => `${exactText(low)} to ${exactText(high)}`

export function targetText(target: CodeGoal['target']): string | undefined {
  if (target === undefined) return undefined
  if (typeof target === 'string') return exactText(target)
  return target.percent == null
    ? `${exactText(target.points ?? '0')} points`
    : `${exactText(target.percent)} %`
}

function targetTextOf(row: GoalRow): string | null {
  const given = targetGivenOf(row)
  if (given === null) return null
  if (given.kind === 'VALUE') return exactText(given.amount)
  return `${exactText(given.amount)} ${given.kind === 'PERCENT' ? '%' : 'points'}`
}

export function trajectoryText({ linear, seasonal, stepped, custom }: GoalTrajectoryInput): string {
  if (linear) return 'linear'
  if (seasonal) return 'seasonal'
  const points = (stepped ?? custom ?? []).map(({ on, value }) => `${on.toString()} ${exactText(value)}`)
  return [stepped ? 'stepped' : 'custom', ...points].join(', ')
}

function trajectoryTextOf(row: GoalRow): string {
  const points = row.trajectoryGiven ? pointsOf(row) : []
  return [row.trajectory.toLowerCase(), ...points.map(({ on, value }) => `${on} ${exactText(value)}`)].join(
    ', ',
  )
}
