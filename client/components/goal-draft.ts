/** A goal as it is being written: what the fields say, and as the API takes it. */
import type {
  CreateGoalInput,
  CreateMilestoneGoalInput,
  GoalDraftInput,
  GoalGuard,
  GoalTemplateDraftQuery,
  KpiConventionsInput,
  KpiFilter,
  KpiMetric,
} from '../documents.generated.ts'
import { addDays, type Day } from '../format/day.ts'
import { decimalOf, type TargetKind, wayChoices } from './goal-edit.ts'

export type DraftMilestone = { readonly key: string; readonly title: string; readonly dueOn: string }

/** What the target is: a way down or up, a band, or a checklist. */
export type DraftDirection = 'DECREASE' | 'INCREASE' | 'MAINTAIN_BAND' | 'MILESTONES'

export type GoalDraft = {
  /** The template that it was made of, for the alert rules that come with it. */
  readonly template: string | null
  /** Whether it begins with alert rules; null where whoever writes it may not make any. */
  readonly hasRules: boolean | null
  readonly name: string
  readonly why: string
  readonly metric: KpiMetric | null
  readonly direction: DraftDirection
  readonly filter: KpiFilter | null
  /** Those of a template; null for the organization's. */
  readonly conventions: KpiConventionsInput | null
  /** What is watched beside it. */
  readonly guards: readonly GoalGuard[]
  readonly targetKind: TargetKind
  readonly target: string
  readonly low: string
  readonly high: string
  readonly way: string
  readonly milestones: readonly DraftMilestone[]
  readonly startsOn: string
  readonly deadline: string
  readonly ownerId: string | null
  readonly reviewerId: string | null
  readonly parentId: string | null
}

const usualDays = 182

export const emptyDraft = (today: Day, ownerId: string | null): GoalDraft => ({
  template: null,
  hasRules: null,
  name: '',
  why: '',
  metric: null,
  direction: 'DECREASE',
  filter: null,
  conventions: null,
  guards: [],
  targetKind: 'value',
  target: '',
  low: '',
  high: '',
  way: 'keep',
  milestones: [],
  startsOn: '',
  deadline: addDays(today, usualDays),
  ownerId,
  reviewerId: null,
  parentId: null,
})

type Template = NonNullable<GoalTemplateDraftQuery['goalTemplate']>

/** Only the names of the input: an answer says besides what type it is. */
const conventionsOf = (of: Template['draft']['conventions']): KpiConventionsInput | null => {
  if (of === null) return null
  const { dsoMonths, ceiMonths, ceiForm, periodMonths, rateBasis, floorDaysLate } = of
  const { unappliedCash, taxBasis, graceDays, weekendRoll, deductionsBasis } = of
  return {
    dsoMonths,
    ceiMonths,
    ceiForm,
    periodMonths,
    rateBasis,
    floorDaysLate,
    unappliedCash,
    taxBasis,
    graceDays,
    weekendRoll,
    deductionsBasis,
  }
}

const kinds = { VALUE: 'value', PERCENT: 'percent', POINTS: 'points' } as const

/** What a template makes of the books as they are, to be changed. */
export const draftOfTemplate = ({ id, draft }: Template): Partial<GoalDraft> => ({
  template: id,
  name: draft.name,
  why: draft.why,
  metric: draft.metric,
  direction: draft.direction === 'BUDGET' ? 'DECREASE' : draft.direction,
  conventions: conventionsOf(draft.conventions),
  guards: draft.guards,
  targetKind: draft.target ? kinds[draft.target.kind] : 'value',
  target: draft.target?.amount ?? '',
  low: draft.bandLow ?? '',
  high: draft.bandHigh ?? '',
  milestones: draft.milestones.map(({ title, dueOn }) => ({ key: title, title, dueOn })),
  startsOn: draft.startsOn,
  deadline: draft.deadline,
})

/** A number that is being typed, once it is one. */
const isDecimal = (text: string): boolean => /^-?\d+(\.\d+)?$/.test(text)

const aimOf = ({ direction, targetKind, target, low, high }: GoalDraft) => {
  if (direction === 'MILESTONES') return {}
  if (direction === 'MAINTAIN_BAND') {
    const band = { low: decimalOf(low), high: decimalOf(high) }
    return isDecimal(band.low) && isDecimal(band.high) ? { band } : {}
  }
  const amount = decimalOf(target)
  if (!isDecimal(amount)) return {}
  if (targetKind === 'value') return { target: amount }
  return { targetBy: targetKind === 'percent' ? { percent: amount } : { points: amount } }
}

const peopleOf = ({ ownerId, reviewerId, parentId }: GoalDraft) => ({
  ...(ownerId === null ? {} : { ownerId }),
  ...(reviewerId === null ? {} : { reviewerId }),
  ...(parentId === null ? {} : { parentId }),
})

const milestonesOf = ({ milestones }: GoalDraft) =>
  milestones
    .filter(({ title }) => title.trim() !== '')
    .map(({ title, dueOn }) => ({ title: title.trim(), dueOn }))

const trajectoryOf = ({ direction, way }: GoalDraft) => {
  const trajectory = wayChoices.find(({ id }) => id === way)?.trajectory ?? null
  const hasWay = direction === 'DECREASE' || direction === 'INCREASE'
  return trajectory === null || !hasWay ? {} : { trajectory }
}

const sharedOf = (draft: GoalDraft) => ({
  ...(draft.why.trim() === '' ? {} : { why: draft.why.trim() }),
  ...(draft.startsOn === '' ? {} : { startsOn: draft.startsOn }),
  ...peopleOf(draft),
})

const measuredOf = (draft: GoalDraft) => ({
  direction: draft.direction,
  ...(draft.filter === null ? {} : { filter: draft.filter }),
  ...(draft.conventions === null ? {} : { conventions: draft.conventions }),
  ...aimOf(draft),
  ...trajectoryOf(draft),
})

/** What is written so far, for the check. What is half typed is as if it were not there. */
export const checkInput = (draft: GoalDraft): GoalDraftInput => ({
  ...(draft.name.trim() === '' ? {} : { name: draft.name.trim() }),
  ...(draft.deadline === '' ? {} : { deadline: draft.deadline }),
  ...sharedOf(draft),
  ...(draft.direction === 'MILESTONES'
    ? { direction: draft.direction, milestones: milestonesOf(draft).filter(({ dueOn }) => dueOn !== '') }
    : { ...(draft.metric === null ? {} : { metric: draft.metric }), ...measuredOf(draft) }),
})

type State = 'ACTIVE' | 'DRAFT'

const rulesOf = ({ template, hasRules }: GoalDraft) => ({
  ...(template === null ? {} : { template }),
  ...(hasRules === null ? {} : { defaultAlertRules: hasRules }),
})

/** All of it, to be created: a number that is none is sent as it was typed, and refused. */
export const goalInput = (draft: GoalDraft, metric: KpiMetric, state: State): CreateGoalInput => ({
  name: draft.name.trim(),
  metric,
  deadline: draft.deadline,
  state,
  ...rulesOf(draft),
  ...sharedOf(draft),
  ...measuredOf(draft),
  ...(draft.guards.length === 0 ? {} : { guards: draft.guards }),
})

export const checklistInput = (draft: GoalDraft, state: State): CreateMilestoneGoalInput => ({
  name: draft.name.trim(),
  deadline: draft.deadline,
  state,
  milestones: milestonesOf(draft),
  ...rulesOf(draft),
  ...sharedOf(draft),
})
