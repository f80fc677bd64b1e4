/** A version of the rules of credit in words, rule by rule, and in which two differ. */
import type { CountedOrders, CreditOutcome, PolicyRules_PolicyFragment } from '../documents.generated.ts'
import { riskWords } from '../format/credit-words.ts'
import { formatDecimal, formatMoney } from '../format/quantity.ts'
import { roleWord } from '../format/words.ts'
import { type PolicyClass, classOf } from './policy-draft.ts'

type Policy = PolicyRules_PolicyFragment

export const policyOutcomeWords = {
  ALLOW: 'is allowed',
  REVIEW: 'is looked at',
  BLOCK: 'is blocked',
} as const satisfies Record<CreditOutcome, string>

export const countedOrdersWords = {
  NONE: 'None before it is shipped',
  RELEASED: 'Those that are released',
  ALL: 'All that are recorded',
} as const satisfies Record<CountedOrders, string>

export const policyClassWords = {
  ...riskWords,
  NOT_JUDGED: 'Not judged',
} as const satisfies Record<PolicyClass, string>

const days = (count: number): string => `${count} day${count === 1 ? '' : 's'}`
const listed = (texts: readonly string[]): string => (texts.length === 0 ? 'none' : texts.join('; '))

const stepWords = ({ days: count, amount, outcome, tell }: Policy['escalation'][number]): string => {
  const told = tell.length === 0 ? '' : `, and told to ${tell.map(roleWord).join(', ').toLowerCase()}`
  return `over ${days(count)} with more than ${formatMoney(amount, 'exact')} ${policyOutcomeWords[outcome]}${told}`
}

/** Every rule with its name. */
export const policyLines = (policy: Policy): readonly { readonly label: string; readonly text: string }[] => [
  { label: 'Tolerance', text: `${formatDecimal(policy.tolerancePercent)}% of the limit` },
  { label: 'What exceeds the limit by more', text: policyOutcomeWords[policy.overLimit] },
  { label: 'More than class or rating are granted', text: policyOutcomeWords[policy.overGranted] },
  { label: 'Late after', text: days(policy.pastDueDays) },
  { label: 'How much may be late', text: formatMoney(policy.pastDueAmount, 'exact') },
  { label: 'Whoever is late with more', text: policyOutcomeWords[policy.pastDue] },
  { label: 'Steps of being late', text: listed(policy.escalation.map(stepWords)) },
  {
    label: 'Granted by class',
    text: listed(
      policy.classLimits.map(
        ({ riskClass, amount }) => `${policyClassWords[classOf(riskClass)]}: ${formatMoney(amount, 'exact')}`,
      ),
    ),
  },
  {
    label: 'Granted by rating',
    text: listed(
      policy.ratingLimits.map(
        ({ source, grade, amount }) => `${source} ${grade}: ${formatMoney(amount, 'exact')}`,
      ),
    ),
  },
  {
    label: 'Reviewed again',
    text: listed(
      policy.reviewPeriods.map(
        ({ riskClass, months }) =>
          `${policyClassWords[classOf(riskClass)]}: after ${months} month${months === 1 ? '' : 's'}`,
      ),
    ),
  },
  { label: 'Which orders count', text: countedOrdersWords[policy.countedOrders].toLowerCase() },
  { label: 'Payments can bounce for', text: days(policy.clearingDays) },
  { label: 'Insurance makes headroom', text: policy.insuranceCounts ? 'yes' : 'no' },
]

export type PolicyDifference = { readonly label: string; readonly before: string; readonly after: string }

/** In which rules two versions differ. */
export const policyDifferences = (before: Policy, after: Policy): PolicyDifference[] => {
  const was = policyLines(before)
  return policyLines(after).flatMap(({ label, text }, index) => {
    const old = was[index]?.text ?? ''
    return old === text ? [] : [{ label, before: old, after: text }]
  })
}
