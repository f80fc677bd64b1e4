/** What can be said of a rule's input without the books, each fault with its field. */
import { readTime, type QuietHours } from '../domain/alert-quiet.ts'
import { isOnCredit, recoveryFault, type AlertCondition } from '../domain/alert-rule.ts'
import { Exact } from '../domain/money.ts'
import { decodeId } from '../ids.ts'
import type { RuleTerms } from '../live/rule-writing.ts'
import { invalid, isProblem, notFound, type Path, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText } from '../text.ts'
import type { AlertConditionInput, AlertQuietHoursInput, CreateAlertRuleInput } from '../schema.generated.ts'

const DAYS_MAX = 366
const EVALUATIONS_MAX = 100
const CHANNELS_MAX = 20
/** More digits than any KPI of any books has. */
const DECIMAL = /^-?\d{1,15}(\.\d{1,10})?$/

type TermsInput = Omit<CreateAlertRuleInput, 'goalId' | 'kpi' | 'channelIds' | 'dryRun' | 'idempotencyKey'>

/** `isOnGoal` decides which conditions there are. */
export function readTerms(input: TermsInput, isOnGoal: boolean): RuleTerms | Problem {
  const named = readRequiredText(input.name, ['name'], NAME_LENGTH_MAX)
  if ('code' in named) return named
  const condition = readConditionInput(input.condition, isOnGoal)
  if (isProblem(condition)) return condition
  const fault =
    checkNumber(['forDays'], input.forDays, 0, DAYS_MAX) ??
    checkNumber(['forEvaluations'], input.forEvaluations, 1, EVALUATIONS_MAX) ??
    checkNumber(['keepFiringDays'], input.keepFiringDays, 0, DAYS_MAX) ??
    (input.repeatDays == null ? null : checkNumber(['repeatDays'], input.repeatDays, 1, DAYS_MAX)) ??
    (input.recovery == null ? null : checkDecimal(['recovery'], input.recovery)) ??
    checkMilestone(condition, input) ??
    checkOnCredit(condition, input)
  if (fault !== null) return fault
  const recovery = input.recovery ?? null
  const wrong = recoveryFault(condition, recovery)
  if (wrong !== null) return invalid(['recovery'], wrong)
  const quietHours = input.quietHours ? readQuietHours(input.quietHours) : null
  if (isProblem(quietHours)) return quietHours
  const { forDays, forEvaluations, keepFiringDays, noData, severity, enabled } = input
  return {
    name: named.text,
    condition,
    forDays,
    forEvaluations,
    recovery,
    keepFiringDays,
    noData,
    repeatDays: input.repeatDays ?? null,
    severity,
    quietHours,
    enabled,
  }
}

const FOR_GOALS = [
  'statusIn',
  'probabilityBelow',
  'behindBy',
  'aheadBy',
  'milestone',
  'reviewOverdue',
] as const

function readConditionInput(input: AlertConditionInput, isOnGoal: boolean): AlertCondition | Problem {
  if (input.overLimit != null) return onlyTrue(input.overLimit, 'overLimit') ?? { kind: 'OVER_LIMIT' }
  if (input.escalation) return readRoles(input.escalation)
  const foreign = FOR_GOALS.find((name) => input[name] != null)
  if (!isOnGoal && foreign !== undefined)
    return invalid(['condition', foreign], `Only a rule on a goal has ${foreign}: a KPI alone has no target`)
  const change = input.up ? 'up' : 'down'
  if (isOnGoal && input[change])
    return invalid(['condition', change], 'Only a rule on a KPI has it: make a rule on the KPI of the goal')
  if (input.statusIn) return readStatuses(input.statusIn)
  if (input.milestone != null) return onlyTrue(input.milestone, 'milestone') ?? { kind: 'MILESTONE' }
  if (input.reviewOverdue != null)
    return onlyTrue(input.reviewOverdue, 'reviewOverdue') ?? { kind: 'REVIEW_OVERDUE' }
  for (const [field, kind] of THRESHOLDS) {
    const threshold = input[field]
    if (threshold == null) continue
    const path = ['condition', field]
    const fault = checkDecimal(path, threshold) ?? checkThreshold(path, kind, threshold)
    return fault ?? { kind, threshold }
  }
  return readChange(input, change)
}

const onlyTrue = (given: boolean, field: 'milestone' | 'reviewOverdue' | 'overLimit'): Problem | null =>
  given ? null : invalid(['condition', field], 'It can only be true: leave it out to watch something else')

function readRoles(roles: NonNullable<AlertConditionInput['escalation']>): AlertCondition | Problem {
  if (roles.length === 0)
    return invalid(['condition', 'escalation'], 'Nobody is among no roles: name at least one')
  return { kind: 'ESCALATION', roles: [...new Set(roles)] }
}

const THRESHOLDS = [
  ['probabilityBelow', 'PROBABILITY_BELOW'],
  ['behindBy', 'BEHIND_BY'],
  ['aheadBy', 'AHEAD_BY'],
  ['above', 'ABOVE'],
  ['below', 'BELOW'],
] as const

function readStatuses(statuses: NonNullable<AlertConditionInput['statusIn']>): AlertCondition | Problem {
  const path = ['condition', 'statusIn']
  if (statuses.length === 0) return invalid(path, 'No status is among none: name at least one')
  if (statuses.includes('ABANDONED'))
    return invalid(
      path,
      'A goal that was given up is not evaluated any more, so ABANDONED would never be seen',
    )
  return { kind: 'STATUS', statuses: [...new Set(statuses)] }
}

function checkThreshold(path: Path, kind: AlertCondition['kind'], text: string): Problem | null {
  const threshold = new Exact(text)
  if (kind === 'PROBABILITY_BELOW' && (threshold.lte(0) || threshold.gt(100)))
    return invalid(path, `It is in percent, more than 0 and at most 100, unlike ${text}`)
  if ((kind === 'BEHIND_BY' || kind === 'AHEAD_BY') && threshold.lt(0))
    return invalid(path, `It is a distance, 0 or more, unlike ${text}`)
  return null
}

function readChange({ up, down }: AlertConditionInput, field: 'up' | 'down'): AlertCondition | Problem {
  const change = up ?? down
  if (!change) return invalid(['condition'], 'Give one condition')
  const path = ['condition', field]
  const fault =
    checkDecimal([...path, 'by'], change.by) ?? checkNumber([...path, 'days'], change.days, 1, DAYS_MAX)
  if (fault !== null) return fault
  if (new Exact(change.by).lt(0))
    return invalid([...path, 'by'], `It is a distance, 0 or more, unlike ${change.by}`)
  return { kind: up ? 'CHANGE_UP' : 'CHANGE_DOWN', threshold: change.by, days: change.days }
}

/** A milestone is an event: it neither holds for long nor recovers. */
function checkMilestone(
  { kind }: AlertCondition,
  { forDays, forEvaluations, keepFiringDays }: TermsInput,
): Problem | null {
  if (kind !== 'MILESTONE') return null
  const field =
    forDays > 0
      ? 'forDays'
      : forEvaluations > 1
        ? 'forEvaluations'
        : keepFiringDays > 0
          ? 'keepFiringDays'
          : null
  return field === null ? null : invalid([field], 'A milestone is reached at once: leave it out')
}

/** It is told of each customer once, when it begins, and is over when it is. */
function checkOnCredit(
  condition: AlertCondition,
  { forDays, forEvaluations, keepFiringDays, repeatDays }: TermsInput,
): Problem | null {
  if (!isOnCredit(condition)) return null
  const field =
    forDays > 0
      ? 'forDays'
      : forEvaluations > 1
        ? 'forEvaluations'
        : keepFiringDays > 0
          ? 'keepFiringDays'
          : repeatDays != null
            ? 'repeatDays'
            : null
  return field === null ? null : invalid([field], 'It begins at once, and is told once: leave it out')
}

function readQuietHours({ from, to, weekends }: AlertQuietHoursInput): QuietHours | Problem {
  const times = { from: readTime(from), to: readTime(to) }
  if (times.from === null) return invalid(['quietHours', 'from'], `"${from}" is no time of day such as 20:00`)
  if (times.to === null) return invalid(['quietHours', 'to'], `"${to}" is no time of day such as 07:00`)
  if (times.from === times.to)
    return invalid(
      ['quietHours', 'to'],
      'From a time to the same time is a whole day: nothing would ever be sent',
    )
  return { from: times.from, to: times.to, weekends }
}

const checkNumber = (path: Path, value: number, least: number, most: number): Problem | null =>
  Number.isInteger(value) && value >= least && value <= most
    ? null
    : invalid(path, `It goes from ${least} to ${most}, unlike ${value}`)

const checkDecimal = (path: Path, text: string): Problem | null =>
  DECIMAL.test(text)
    ? null
    : invalid(path, `A number has at most 15 digits before and 10 after its point, unlike ${text}`)

/** Their uuids, each once. */
export function readChannelIds(ids: readonly string[]): readonly string[] | Problem {
  if (ids.length > CHANNELS_MAX)
    return invalid(['channelIds'], `At most ${CHANNELS_MAX} channels, not ${ids.length}`)
  const uuids = ids.map((id) => decodeId('alertChannel', id))
  const unknown = uuids.indexOf(null)
  if (unknown >= 0) return notFound(['channelIds', String(unknown)], 'There is no channel with this id')
  return [...new Set(uuids.flatMap((uuid) => uuid ?? []))]
}
