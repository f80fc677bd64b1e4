import type {
  DashboardGoalProgressSubscription,
  GoalTile_GoalFragment,
  GoalTile_ProgressFragment,
} from '../documents.generated.ts'

export type ProgressEvent = DashboardGoalProgressSubscription['goalProgress']

/** The newest progress seen of each goal, by goal id. */
export type KnownProgress = Map<string, GoalTile_ProgressFragment>

/** Sequences are whole numbers as text and may outgrow a floating-point number. */
export const isLater = (a: { readonly sequence: string }, b: { readonly sequence: string }): boolean =>
  BigInt(a.sequence) > BigInt(b.sequence)

/**
 * Takes an event in: true where it is to be shown, and then `known` holds it. An UPDATE that is not later than what
 * is known is a repetition; SNAPSHOT and GAP state what is, so they replace whatever was known.
 */
export const admitEvent = (known: KnownProgress, { kind, goal }: ProgressEvent): boolean => {
  if (!goal.progress) return true
  const before = known.get(goal.id)
  if (kind === 'UPDATE' && before && !isLater(goal.progress, before)) return false
  known.set(goal.id, goal.progress)
  return true
}

/**
 * The goal of a query's answer with the newest progress known: an answer that was computed before an event, but
 * arrived after it, must not turn the tile back. `known` learns what the answer has newer.
 */
export const withNewestProgress = <G extends Pick<GoalTile_GoalFragment, 'id' | 'progress'>>(
  known: KnownProgress,
  goal: G,
): G => {
  const before = known.get(goal.id)
  // An answer may have asked for more of it than events carry.
  if (before && (!goal.progress || isLater(before, goal.progress)))
    return { ...goal, progress: { ...goal.progress, ...before } }
  if (goal.progress) known.set(goal.id, goal.progress)
  return goal
}

/** The last event of each goal, in the order of arrival: what one frame has to show of a burst. */
export const lastOfEachGoal = <E extends { readonly goal: { readonly id: string } }>(
  events: readonly E[],
): E[] => {
  const last = new Map<string, E>()
  for (const event of events) {
    last.delete(event.goal.id)
    last.set(event.goal.id, event)
  }
  return [...last.values()]
}
