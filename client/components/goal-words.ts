/** What a goal says of itself, and what was changed of it, in words. */
import type {
  ForecastMethod,
  GoalActionState,
  GoalDetail_GoalFragment,
  GoalField,
  GoalTrajectoryKind,
  NoForecastReason,
  NoTotalReason,
} from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatDecimal, formatQuantity } from '../format/quantity.ts'
import { aimOf, measureOf, quantityOf } from './goal-measure.ts'

type Goal = GoalDetail_GoalFragment

/** "Days sales outstanding of Region EMEA: from 46.2 days on 1 Nov 2026 down to 38.0 days by 30 Jun 2027." */
export const goalSentence = (goal: Goal): string => {
  const by = `by ${formatDay(goal.deadline, 'medium')}`
  if (goal.direction === 'MILESTONES') {
    const count = goal.milestones.length
    return `A checklist of ${count} ${count === 1 ? 'milestone' : 'milestones'}: all of it done ${by}.`
  }
  const what = `${measureOf(goal)} of ${goal.scope}`
  if (goal.direction === 'BUDGET') return `${what}: no more than ${aimOf(goal)} in all ${by}.`
  if (goal.direction === 'MAINTAIN_BAND') return `${what}: to stay within ${aimOf(goal)} ${by}.`
  const from = `${formatQuantity(goal.baseline, quantityOf(goal), 'whole')} on ${formatDay(goal.baselineOn, 'medium')}`
  return `${what}: from ${from} ${goal.direction === 'DECREASE' ? 'down' : 'up'} to ${aimOf(goal)} ${by}.`
}

/** How the target was given where it was not the number itself. */
export const targetGivenWords = ({ targetGiven, ...goal }: Goal): string | null => {
  if (targetGiven === null || targetGiven.kind === 'VALUE') return null
  const sign = targetGiven.amount.startsWith('-') ? '' : '+'
  const amount = `${sign}${formatDecimal(targetGiven.amount)}`
  if (targetGiven.kind === 'PERCENT') return `given as ${amount}% of the baseline`
  return `given as ${amount}${quantityOf(goal).unit === 'DAYS' ? ' days' : ' points'} from the baseline`
}

export const trajectoryWords = {
  LINEAR: 'A straight line',
  STEPPED: 'In steps',
  CUSTOM: 'By points of its own',
  SEASONAL: 'By the season of past years',
} as const satisfies Record<GoalTrajectoryKind, string>

export const noForecastWords = {
  NOT_RUNNING: 'Only an active goal whose deadline is to come is forecast.',
  CHECKLIST: 'What is done of a checklist is no matter of chance, so it is not forecast.',
  NO_VALUE: 'The KPI has no value today from which a forecast could begin.',
  BUDGET: 'A budget is spent, not forecast: how it is spent is told above.',
  NOT_YET: 'It is being worked out, which takes some seconds.',
  TOO_SHORT: 'The books are too short: fewer than a dozen weeks could be compared with what came.',
} as const satisfies Record<NoForecastReason, string>

export const forecastMethodWords = {
  NO_CHANGE: 'that it stays what it is',
  LEVEL: 'that it goes back to the mean of the last half year',
  TREND: 'that it goes on as in the last half year, ever slower',
  SEASONAL: 'that it changes as it did a year before',
} as const satisfies Record<ForecastMethod, string>

export const noTotalWords = {
  NO_CHILDREN: 'There are no parts.',
  NOT_ADDITIVE: 'Ratios and averages do not add up, so the parts have no sum.',
  DIFFERENT_KPIS: 'The parts are measured differently, so they have no sum.',
  BEYOND_THE_PARENT: 'A part measures what this goal does not, so they have no sum.',
  OVERLAPPING_SCOPES: 'Two parts measure the same, so they have no sum.',
} as const satisfies Record<NoTotalReason, string>

export const goalFieldWords = {
  NAME: 'Name',
  WHY: 'Why it matters',
  OWNER: 'Owner',
  REVIEWER: 'Reviewer',
  FOLLOWERS: 'Followers',
  TARGET: 'Target',
  BAND: 'Band',
  DEADLINE: 'Deadline',
  TRAJECTORY: 'Way to the target',
  MILESTONES: 'Milestones',
  PARENT: 'Part of',
  STATE: 'State',
  REVIEWS: 'Reviews',
  GUARDS: 'Guards',
  STATUS_OVERRIDE: 'Status said by a person',
} as const satisfies Record<GoalField, string>

export const actionStateWords = {
  PLANNED: 'Planned',
  STARTED: 'Under way',
  DONE: 'Done',
  DROPPED: 'Dropped',
} as const satisfies Record<GoalActionState, string>

export type GoalChangeFacts = Goal['changes'][number]

/** One field of a change: "Target: 40 → 35". */
export const fieldChangeWords = ({ field, from, to }: GoalChangeFacts['fields'][number]): string =>
  `${goalFieldWords[field]}: ${from ?? 'nothing'} → ${to ?? 'nothing'}`
