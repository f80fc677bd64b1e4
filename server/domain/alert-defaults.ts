/** The alert rules that every goal should have, and those that come with a template. */
import type { AlertCondition } from './alert-rule.ts'
import type { GoalTemplate, TemplateAlert } from './goal-templates.ts'

/** A rule on a goal, as it is kept. */
export type DefaultRule = {
  readonly name: string
  readonly condition: AlertCondition
  readonly forDays: number
  readonly forEvaluations: number
  readonly recovery: null
  readonly keepFiringDays: number
  readonly noData: 'KEEP_LAST'
  readonly repeatDays: number | null
  readonly severity: 'INFO' | 'WARNING' | 'CRITICAL'
  readonly quietHours: null
  readonly enabled: true
}

const WEEK = 7

const usual = {
  forDays: 0,
  forEvaluations: 1,
  recovery: null,
  keepFiringDays: 0,
  noData: 'KEEP_LAST',
  repeatDays: null,
  quietHours: null,
  enabled: true,
} as const

const onStatus = (...statuses: Extract<AlertCondition, { kind: 'STATUS' }>['statuses']): AlertCondition => ({
  kind: 'STATUS',
  statuses,
})

/**
 * Of a goal of this direction. A band is never achieved before its end, and neither it nor a budget goes a way whose
 * quarters would be good news.
 */
export function defaultRulesOf({ direction }: { readonly direction: string }): DefaultRule[] {
  const bad: DefaultRule[] = [
    {
      ...usual,
      name: 'Off track',
      condition: onStatus('OFF_TRACK'),
      forDays: 3,
      keepFiringDays: 1,
      repeatDays: WEEK,
      severity: 'WARNING',
    },
    {
      ...usual,
      name: 'Review overdue',
      condition: { kind: 'REVIEW_OVERDUE' },
      repeatDays: WEEK,
      severity: 'WARNING',
    },
    { ...usual, name: 'Missed', condition: onStatus('MISSED'), severity: 'CRITICAL' },
    {
      ...usual,
      name: 'No current data',
      condition: onStatus('NO_DATA', 'STALE', 'INSUFFICIENT_DATA'),
      forDays: 2,
      repeatDays: WEEK,
      severity: 'WARNING',
    },
  ]
  const good: DefaultRule[] = [
    { ...usual, name: 'Achieved', condition: onStatus('ACHIEVED'), severity: 'INFO' },
    { ...usual, name: 'Milestone reached', condition: { kind: 'MILESTONE' }, severity: 'INFO' },
  ]
  const hasQuarters = direction !== 'MAINTAIN_BAND' && direction !== 'BUDGET'
  return [...bad, ...(hasQuarters ? good : good.slice(0, 1))]
}

/** Beside the rules that every goal has: what a template asks for more. */
const ofTemplates: { readonly [Alert in TemplateAlert]?: DefaultRule } = {
  AT_RISK: {
    ...usual,
    name: 'At risk',
    condition: onStatus('AT_RISK'),
    forDays: WEEK,
    severity: 'INFO',
  },
  OVERDUE_MILESTONE: {
    ...usual,
    name: 'Milestone overdue',
    // What is due on a day is expected at its end, so it is overdue on the next.
    condition: { kind: 'BEHIND_BY', threshold: '0' },
    forDays: 1,
    repeatDays: WEEK,
    severity: 'WARNING',
  },
}

/** Of a goal of this direction that was made of the template. */
export const rulesOfTemplate = (
  { alerts }: Pick<GoalTemplate, 'alerts'>,
  goal: { readonly direction: string },
): DefaultRule[] => [...defaultRulesOf(goal), ...alerts.flatMap((one) => ofTemplates[one] ?? [])]
