/** The rules of credit as they are typed, and as the API takes them. */
import type {
  CountedOrders,
  CreditOutcome,
  CreditRiskClass,
  PolicyRules_PolicyFragment,
  Role,
} from '../documents.generated.ts'
import { nextRow } from './draft-rows.ts'

type Policy = PolicyRules_PolicyFragment

/** A risk class, or those whom nobody has judged. */
export type PolicyClass = CreditRiskClass | 'NOT_JUDGED'

export const policyClasses = ['LOW', 'MEDIUM', 'HIGH', 'NOT_JUDGED'] as const satisfies readonly PolicyClass[]

export type StepDraft = {
  /** Tells rows apart while others come and go. */
  readonly row: number
  readonly days: string
  readonly amount: string
  readonly outcome: CreditOutcome
  readonly tell: readonly Role[]
}

export type RatingDraft = {
  readonly row: number
  readonly source: string
  readonly grade: string
  readonly amount: string
}

/** By class; empty where the policy says nothing. */
export type ByClass = Readonly<Record<PolicyClass, string>>

export type PolicyDraft = {
  readonly countedOrders: CountedOrders
  readonly clearingDays: string
  readonly insuranceCounts: boolean
  readonly tolerancePercent: string
  readonly overLimit: CreditOutcome
  readonly pastDueDays: string
  readonly pastDueAmount: string
  readonly pastDue: CreditOutcome
  readonly overGranted: CreditOutcome
  readonly escalation: readonly StepDraft[]
  readonly classLimits: ByClass
  readonly ratingLimits: readonly RatingDraft[]
  readonly reviewPeriods: ByClass
}

export const classOf = (riskClass: CreditRiskClass | null): PolicyClass => riskClass ?? 'NOT_JUDGED'

const byClass = (
  rows: readonly { readonly of: CreditRiskClass | null; readonly text: string }[],
): ByClass => {
  const texts = { LOW: '', MEDIUM: '', HIGH: '', NOT_JUDGED: '' }
  for (const { of, text } of rows) texts[classOf(of)] = text
  return texts
}

export const draftOf = (policy: Policy): PolicyDraft => ({
  countedOrders: policy.countedOrders,
  clearingDays: String(policy.clearingDays),
  insuranceCounts: policy.insuranceCounts,
  tolerancePercent: policy.tolerancePercent,
  overLimit: policy.overLimit,
  pastDueDays: String(policy.pastDueDays),
  pastDueAmount: policy.pastDueAmount.amount,
  pastDue: policy.pastDue,
  overGranted: policy.overGranted,
  escalation: policy.escalation.map(({ days, amount, outcome, tell }, row) => ({
    row,
    days: String(days),
    amount: amount.amount,
    outcome,
    tell,
  })),
  classLimits: byClass(
    policy.classLimits.map(({ riskClass, amount }) => ({ of: riskClass, text: amount.amount })),
  ),
  ratingLimits: policy.ratingLimits.map(({ source, grade, amount }, row) => ({
    row,
    source,
    grade,
    amount: amount.amount,
  })),
  reviewPeriods: byClass(
    policy.reviewPeriods.map(({ riskClass, months }) => ({ of: riskClass, text: String(months) })),
  ),
})

/** The classes of which something is said, in the order in which they are sent: problems name them by their places. */
export const saidClasses = (texts: ByClass): PolicyClass[] =>
  policyClasses.filter((of) => texts[of].trim() !== '')

const riskOf = (of: PolicyClass): CreditRiskClass | null => (of === 'NOT_JUDGED' ? null : of)

const asSent = ({
  clearingDays,
  pastDueDays,
  escalation,
  classLimits,
  ratingLimits,
  reviewPeriods,
  ...rest
}: PolicyDraft) => ({
  ...rest,
  clearingDays: Number(clearingDays),
  pastDueDays: Number(pastDueDays),
  escalation: escalation.map(({ days, amount, outcome, tell }) => ({
    days: Number(days),
    amount: amount.trim(),
    outcome,
    tell: [...tell],
  })),
  classLimits: saidClasses(classLimits).map((of) => ({
    riskClass: riskOf(of),
    amount: classLimits[of].trim(),
  })),
  ratingLimits: ratingLimits.map(({ source, grade, amount }) => ({ source, grade, amount: amount.trim() })),
  reviewPeriods: saidClasses(reviewPeriods).map((of) => ({
    riskClass: riskOf(of),
    months: Number(reviewPeriods[of]),
  })),
})

export type PolicyRules = Partial<ReturnType<typeof asSent>>

/** What differs from a policy, as the API takes it: what is left out stays as it is there. */
export const changedRules = (draft: PolicyDraft, policy: Policy): PolicyRules => {
  const before = asSent(draftOf(policy))
  return Object.fromEntries(
    Object.entries(asSent(draft)).filter(
      ([field, value]) => JSON.stringify(value) !== JSON.stringify(before[field as keyof typeof before]),
    ),
  )
}

/** A step that comes after those that there are. */
export const newStep = (steps: readonly StepDraft[], pastDueDays: string): StepDraft => {
  const days = Number(steps.at(-1)?.days ?? pastDueDays)
  return {
    row: nextRow(steps),
    days: Number.isFinite(days) ? String(Math.min(365, days + 30)) : '',
    amount: '0',
    outcome: 'BLOCK',
    tell: ['CREDIT_MANAGER'],
  }
}

export const newRating = (ratings: readonly RatingDraft[]): RatingDraft => ({
  row: nextRow(ratings),
  source: ratings.at(-1)?.source ?? '',
  grade: '',
  amount: '',
})
