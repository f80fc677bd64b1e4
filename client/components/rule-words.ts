/** Alert rules in words. */
import type {
  AlertConditionKind,
  AlertDeliveryState,
  AlertNoDataPolicy,
  AlertRuleState,
  KpiUnit,
  RuleList_RuleFragment,
} from '../documents.generated.ts'
import type { Tone } from '../ui/tone.ts'
import { conditionKinds, kindOf } from './rule-draft.ts'

export const ruleStateWords = {
  OK: 'Quiet',
  PENDING: 'Holds, not yet for long enough',
  FIRING: 'Fires',
  RECOVERING: 'Recovering',
  NO_DATA: 'Fires: no data',
} as const satisfies Record<AlertRuleState, string>

export const ruleStateTones = {
  OK: 'idle',
  PENDING: 'watch',
  FIRING: 'act',
  RECOVERING: 'watch',
  NO_DATA: 'act',
} as const satisfies Record<AlertRuleState, Tone>

export const noDataWords = {
  KEEP_LAST: 'It stays as it is',
  ALERT: 'It fires',
  OK: 'It goes on as if all were well',
} as const satisfies Record<AlertNoDataPolicy, string>

export const deliveryStateWords = {
  QUEUED: 'To be sent',
  SENT: 'Sent',
  FAILED: 'Tried again',
  DEAD: 'Given up',
} as const satisfies Record<AlertDeliveryState, string>

export const deliveryStateTones = {
  QUEUED: 'idle',
  SENT: 'well',
  FAILED: 'watch',
  DEAD: 'act',
} as const satisfies Record<AlertDeliveryState, Tone>

const unitWords = {
  MONEY: null,
  DAYS: 'days',
  PERCENT: 'percent',
  COUNT: null,
  RATIO: null,
} as const satisfies Record<KpiUnit, string | null>

/** What a threshold is typed in: "In days.", "In USD."; empty where it is a plain number. */
export const thresholdHint = (kind: AlertConditionKind, unit: KpiUnit | null, currency: string): string => {
  const { threshold } = kindOf({ kind })
  if (threshold === 'percent') return 'In percent, 0 to 100.'
  if (unit === null) return ''
  // A difference of two shares is in points.
  if (threshold === 'distance' && unit === 'PERCENT') return 'In percentage points.'
  const words = unit === 'MONEY' ? currency : unitWords[unit]
  return words === null || words === '' ? '' : `In ${words}.`
}

/** What the field of a threshold is called. */
export const thresholdLabel = (kind: AlertConditionKind): string => {
  switch (kind) {
    case 'ABOVE':
      return 'Above'
    case 'BELOW':
      return 'Below'
    case 'PROBABILITY_BELOW':
      return 'Less likely than'
    default:
      return 'By more than'
  }
}

export const conditionLabel = (kind: AlertConditionKind): string =>
  conditionKinds.find(({ id }) => id === kind)?.label ?? kind

const daysWords = (days: number): string => (days === 1 ? '1 day' : `${days} days`)

/** What a rule says beside its condition, in short pieces: "for 3 days", "told again each 7 days". */
export const termsInWords = (rule: RuleList_RuleFragment): readonly string[] => {
  const { forDays, forEvaluations, recovery, keepFiringDays, noData, repeatDays, quietHours } = rule
  return [
    forDays > 0 ? `for ${daysWords(forDays)}` : null,
    forEvaluations > 1 ? `seen ${forEvaluations} times in a row` : null,
    recovery === null ? null : `over at ${recovery} or better`,
    keepFiringDays > 0 ? `over once well for ${daysWords(keepFiringDays)}` : null,
    repeatDays === null
      ? null
      : repeatDays === 1
        ? 'told again each day'
        : `told again each ${repeatDays} days`,
    noData === 'ALERT' ? 'fires without data' : noData === 'OK' ? 'well without data' : null,
    quietHours === null
      ? null
      : `silent ${quietHours.from} to ${quietHours.to}${quietHours.weekends ? ' and on weekends' : ''}`,
  ].filter((part) => part !== null)
}

const fieldWords: Readonly<Record<string, string>> = {
  name: 'Name',
  condition: 'Condition',
  forDays: 'Days that it holds',
  forEvaluations: 'Evaluations that it holds',
  recovery: 'Recovery',
  keepFiringDays: 'Days until it is over',
  noData: 'Without data',
  repeatDays: 'Told again',
  severity: 'Severity',
  quietHours: 'Quiet hours',
  channelIds: 'Channels',
}

/** Fields whose values are no words: that they changed is told. */
const isPlain = (text: string | null): boolean => text === null || !/^[[{]/.test(text)

type FieldChange = { readonly field: string; readonly from: string | null; readonly to: string | null }

/** What became of a field: "Switched off", "Days that it holds: 0, now 3", "Condition". */
export const ruleChangeWords = ({ field, from, to }: FieldChange): string => {
  if (field === 'enabled') return to === 'true' ? 'Switched on' : 'Switched off'
  const word = fieldWords[field] ?? field
  if (field === 'noData' || field === 'severity' || !isPlain(from) || !isPlain(to)) return word
  return `${word}: ${from ?? 'none'}, now ${to ?? 'none'}`
}
