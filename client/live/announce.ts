import type { GoalTile_GoalFragment } from '../documents.generated.ts'
import { formatQuantity } from '../format/quantity.ts'
import { goalStatusWords, nullReasonWords } from '../format/words.ts'

type Announced = Pick<GoalTile_GoalFragment, 'name' | 'currency' | 'metric' | 'progress'>

const describeGoal = ({ name, currency, metric, progress }: Announced): string => {
  if (!progress) return name
  const value =
    progress.value === null
      ? progress.valueReason && nullReasonWords[progress.valueReason]
      : formatQuantity(progress.value, { unit: metric?.unit ?? 'COUNT', currency }, 'whole')
  return `${name}: ${value ?? 'no value'}, ${goalStatusWords[progress.status].toLowerCase()}`
}

/** One sentence for a screen reader about the goals that moved, the last one named. Empty for none. */
export const announceChanges = (goals: readonly Announced[]): string => {
  const last = goals.at(-1)
  if (!last) return ''
  const others = goals.length - 1
  if (others === 0) return `${describeGoal(last)}.`
  return `${describeGoal(last)}. ${others} other ${others === 1 ? 'goal' : 'goals'} moved.`
}
