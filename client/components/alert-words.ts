/** Alerts in words, and their filters as the address has them. */
import type {
  AlertEnding,
  AlertFilter,
  AlertSeverity,
  AlertState,
  AlertTransitionKind,
} from '../documents.generated.ts'

export const severityWords = {
  CRITICAL: 'Critical',
  WARNING: 'Warning',
  INFO: 'News',
} as const satisfies Record<AlertSeverity, string>

export const alertStateWords = {
  FIRING: 'Open',
  NO_DATA: 'No data',
  RECOVERING: 'Recovering',
  ENDED: 'Over',
} as const satisfies Record<AlertState, string>

export const endingWords = {
  RECOVERED: 'well again',
  GOAL_RESTS: 'its goal was paused or closed',
  RULE_OFF: 'its rule was switched off',
} as const satisfies Record<AlertEnding, string>

export const transitionWords = {
  PENDING: 'Began to hold',
  CLEARED: 'Held no more',
  RAISED: 'Raised',
  REPEATED: 'Told again',
  RECOVERING: 'Began to be well',
  REFIRED: 'Fires again',
  RECOVERED: 'Well again',
  ENDED: 'Ended',
  ACKNOWLEDGED: 'Acknowledged',
  SNOOZED: 'Made silent',
} as const satisfies Record<AlertTransitionKind, string>

/** Which alerts: those to look after, all that are open, those that are over, or all. */
export const alertChoices = [
  { id: 'new', label: 'To look after', filter: { open: true, acknowledged: false } },
  { id: 'open', label: 'Open', filter: { open: true } },
  { id: 'over', label: 'Over', filter: { open: false } },
  { id: 'all', label: 'All', filter: {} },
] as const satisfies readonly { id: string; label: string; filter: AlertFilter }[]

export type AlertChoice = (typeof alertChoices)[number]

export type AlertSearch = { readonly choice: AlertChoice; readonly severity: AlertSeverity | null }

const isSeverity = (text: string): text is AlertSeverity => Object.hasOwn(severityWords, text)

/** What cannot be read is as if it were not there. */
export const parseAlertSearch = (search: URLSearchParams): AlertSearch => {
  const severity = search.get('severity')?.toUpperCase() ?? ''
  return {
    choice: alertChoices.find(({ id }) => id === search.get('show')) ?? alertChoices[1],
    severity: isSeverity(severity) ? severity : null,
  }
}

export const alertFilterOf = ({ choice, severity }: AlertSearch): AlertFilter => ({
  ...choice.filter,
  ...(severity === null ? {} : { severities: [severity] }),
})
