/** What the form of a goal says, as the API takes it: only what differs from what was there. */
import type {
  GoalDetail_GoalFragment,
  GoalGuard,
  GoalTrajectoryInput,
  UpdateGoalInput,
} from '../documents.generated.ts'

type Goal = GoalDetail_GoalFragment

/** The ways to the target that need no points of one's own. */
export const wayChoices = [
  { id: 'keep', label: 'As it is', trajectory: null },
  { id: 'linear', label: 'A straight line', trajectory: { linear: true } },
  { id: 'stepped', label: 'Equal steps at the ends of months', trajectory: { stepped: [] } },
  { id: 'seasonal', label: 'By the season of past years', trajectory: { seasonal: true } },
] as const satisfies readonly {
  readonly id: string
  readonly label: string
  readonly trajectory: GoalTrajectoryInput | null
}[]

/** How the target is typed. */
export type TargetKind = 'value' | 'percent' | 'points'

export type GoalEdit = {
  readonly name: string
  readonly why: string
  readonly targetKind: TargetKind
  readonly target: string
  readonly low: string
  readonly high: string
  readonly deadline: string
  readonly way: string
  readonly ownerId: string
  readonly reviewerId: string
  readonly followerIds: readonly string[]
  readonly guards: readonly GoalGuard[]
  readonly parentId: string
  readonly reason: string
}

/**
 * A decimal as people type it: without spaces, and without commas where these can only part thousands. Any other comma
 * stays, so that it is refused and not misread.
 */
export const decimalOf = (text: string): string => {
  const plain = text.replaceAll(/\s/g, '').replace('\u2212', '-')
  return /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain) ? plain.replaceAll(',', '') : plain
}

/** What a field shows of a number at first. */
export const typedNumber = (value: number | null): string => (value === null ? '' : String(value))

const isSameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one) => b.includes(one))

const targetOf = (goal: Goal, { targetKind, target }: GoalEdit) => {
  const amount = decimalOf(target)
  if (amount === '' || goal.target === null) return {}
  if (targetKind === 'value') return amount === typedNumber(goal.target) ? {} : { target: amount }
  return { targetBy: targetKind === 'percent' ? { percent: amount } : { points: amount } }
}

const bandOf = ({ band }: Goal, edit: GoalEdit) => {
  const [low, high] = [decimalOf(edit.low), decimalOf(edit.high)]
  if (band === null || (low === typedNumber(band.low) && high === typedNumber(band.high))) return {}
  return { band: { low, high } }
}

/** `goal` is as it was when the form was opened, so that what others changed meanwhile is not taken back. */
export const editInput = (goal: Goal, edit: GoalEdit): Omit<UpdateGoalInput, 'expectedVersion'> => {
  const changed = (
    name: keyof UpdateGoalInput,
    before: string | null,
    after: string | null,
  ): Partial<UpdateGoalInput> => (before === after ? {} : { [name]: after })
  const trajectory = wayChoices.find(({ id }) => id === edit.way)?.trajectory ?? null
  const followers = goal.followers.map(({ id }) => id)
  return {
    goal: goal.id,
    ...changed('name', goal.name, edit.name),
    ...changed('why', goal.why, edit.why || null),
    ...targetOf(goal, edit),
    ...bandOf(goal, edit),
    ...changed('deadline', goal.deadline, edit.deadline),
    ...(trajectory === null ? {} : { trajectory }),
    ...changed('ownerId', goal.owner?.id ?? null, edit.ownerId || null),
    ...changed('reviewerId', goal.reviewer?.id ?? null, edit.reviewerId || null),
    ...(isSameSet(followers, edit.followerIds) ? {} : { followerIds: edit.followerIds }),
    ...(isSameSet(goal.guards, edit.guards) ? {} : { guards: edit.guards }),
    ...changed('parentId', goal.parent?.id ?? null, edit.parentId || null),
    ...(edit.reason === '' ? {} : { reason: edit.reason }),
  }
}
