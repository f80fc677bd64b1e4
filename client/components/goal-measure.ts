/** What a goal is measured by, in words and figures. */
import type { GoalRow_GoalFragment, GoalTile_GoalFragment } from '../documents.generated.ts'
import { formatQuantity, type Quantity, unknown } from '../format/quantity.ts'

type Measured = Pick<GoalTile_GoalFragment, 'metric' | 'currency'>

export const quantityOf = ({ metric, currency }: Measured): Quantity => ({
  unit: metric?.unit ?? 'COUNT',
  currency,
})

/** What is measured: a KPI, or what is done of a checklist. */
export const measureOf = ({ metric }: Pick<Measured, 'metric'>): string => metric?.name ?? 'Milestones done'

type Aimed = Measured & Pick<GoalRow_GoalFragment, 'target' | 'band'>

/** Where it is to be: "38.0 days", or "20.0% to 25.0%" of a band. */
export const aimOf = (goal: Aimed): string => {
  const quantity = quantityOf(goal)
  if (goal.target !== null) return formatQuantity(goal.target, quantity, 'whole')
  if (goal.band === null) return unknown
  return `${formatQuantity(goal.band.low, quantity, 'whole')} to ${formatQuantity(goal.band.high, quantity, 'whole')}`
}

/** Whether a higher value is better; null where neither is. */
export const isMoreBetter = ({ direction }: Pick<GoalTile_GoalFragment, 'direction'>): boolean | null =>
  direction === 'MAINTAIN_BAND' ? null : direction !== 'DECREASE' && direction !== 'BUDGET'
