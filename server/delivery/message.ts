/** What is sent of an alert: as a message for people and as JSON for programs. */
import { encodeId } from '../ids.ts'
import type {
  AlertDeliveryRow,
  AlertRow,
  AlertRuleRow,
  AlertTransitionRow,
  OrganizationRow,
} from '@tidemark/drizzle/rows.ts'

export type Told = {
  readonly organization: Pick<OrganizationRow, 'name' | 'slug' | 'timeZone'>
  readonly delivery: Pick<AlertDeliveryRow, 'id'>
  readonly transition: AlertTransitionRow
  readonly alert: AlertRow
  readonly rule: Pick<AlertRuleRow, 'id' | 'name' | 'metric'>
  /** Null for a rule on a KPI. */
  readonly goal: { readonly id: string; readonly name: string; readonly metric: string | null } | null
  /** The address that people open; null where none is known. */
  readonly publicUrl: string | null
}

const WORDS = { RAISED: '', REPEATED: 'Still: ', RECOVERED: 'Over: ' } as const
const TYPES = { RAISED: 'alert.raised', REPEATED: 'alert.repeated', RECOVERED: 'alert.recovered' } as const

type ToldKind = keyof typeof WORDS

// Only these are sent.
const kindOf = ({ kind }: AlertTransitionRow): ToldKind => (kind in WORDS ? (kind as ToldKind) : 'RAISED')

/** The same for all that is sent of an alert. */
export const dedupeKeyOf = ({ ruleId, episode }: Pick<AlertRow, 'ruleId' | 'episode'>): string =>
  `${encodeId('alertRule', ruleId)}:${episode}`

export function textOf({ organization, transition, alert, rule, goal, publicUrl }: Told): {
  readonly subject: string
  readonly text: string
} {
  const at = alert.raisedAt.toZonedDateTimeISO(organization.timeZone)
  const raised = `${alert.raisedOn.toString()} ${at.toPlainTime().toString({ smallestUnit: 'minute' })} (${organization.timeZone})`
  const lines = [
    transition.reason,
    '',
    `Rule: ${rule.name}`,
    ...(goal === null ? [] : [`Goal: ${goal.name}`]),
    `Severity: ${alert.severity}`,
    `Raised: ${raised}`,
    ...(publicUrl === null ? [] : ['', linkOf(publicUrl, alert)]),
  ]
  return {
    subject: oneLine(
      `[${organization.name}] ${WORDS[kindOf(transition)]}${rule.name}${goal === null ? '' : ` (${goal.name})`}`,
    ),
    text: `${lines.join('\n')}\n`,
  }
}

/** What of a text may stand in a header. */
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 200)

const linkOf = (publicUrl: string, { id }: AlertRow): string =>
  `${publicUrl}/alerts?alert=${encodeId('alert', id)}`

export const jsonOf = ({ organization, transition, alert, rule, goal, publicUrl }: Told): string =>
  JSON.stringify({
    type: TYPES[kindOf(transition)],
    timestamp: transition.recordedAt.toString(),
    data: {
      organization: organization.slug,
      alert: encodeId('alert', alert.id),
      dedupeKey: dedupeKeyOf(alert),
      severity: alert.severity,
      summary: transition.reason,
      value: transition.value,
      rule: { id: encodeId('alertRule', rule.id), name: rule.name },
      goal: goal === null ? null : { id: encodeId('goal', goal.id), name: goal.name },
      ...(alert.customerId === null ? {} : { customer: encodeId('customer', alert.customerId) }),
      metric: goal === null ? rule.metric : goal.metric,
      raisedAt: alert.raisedAt.toString(),
      endedAt: transition.kind === 'RECOVERED' ? transition.recordedAt.toString() : null,
      ...(publicUrl === null ? {} : { url: linkOf(publicUrl, alert) }),
    },
  })
