/** The filters of the audit log: in the address, and as the API takes them. */
import type { AuditActorKind, AuditFilter } from '../documents.generated.ts'
import type { Day } from '../format/day.ts'
import { instantsOf, type Period, parsePeriod } from '../format/period.ts'

export type AuditSearch = {
  readonly period: Period
  /** The log's name of an action; null for all. */
  readonly action: string | null
  /** The id of a person or a token, or a kind of actor; null for all. */
  readonly actor: string | null
  /** The id of what was changed; null for all. */
  readonly subject: string | null
}

export const actorKindWords = {
  MEMBER: 'People',
  TOKEN: 'Tokens',
  TERMINAL: 'Command line',
  DEMO: 'Demo',
  SYSTEM: 'Tidemark itself',
} as const satisfies Record<AuditActorKind, string>

const isKind = (actor: string): actor is AuditActorKind => Object.hasOwn(actorKindWords, actor)

export const parseAuditSearch = (search: URLSearchParams, today: Day): AuditSearch => ({
  period: parsePeriod(search, today, '30d'),
  action: search.get('action') || null,
  actor: search.get('actor') || null,
  subject: search.get('subject') || null,
})

/** As the API takes it; null where nothing is filtered. */
export const auditFilterOf = (search: AuditSearch, timeZone: string): AuditFilter | null => {
  const { period, action, actor, subject } = search
  const { gte, lt } = instantsOf(period, timeZone)
  const filter: AuditFilter = {
    ...(gte === null && lt === null
      ? {}
      : { recordedAt: { ...(gte === null ? {} : { gte }), ...(lt === null ? {} : { lt }) } }),
    ...(action === null ? {} : { action: { eq: action } }),
    ...(actor === null ? {} : isKind(actor) ? { actorKind: [actor] } : { actorId: [actor] }),
    ...(subject === null ? {} : { subject: [subject] }),
  }
  return Object.keys(filter).length === 0 ? null : filter
}

/**
 * The address of the same entries as a file for a spreadsheet, the newest first. It names the organization: a link sends
 * no headers.
 */
export const exportPath = (search: AuditSearch, timeZone: string, organization: string): string => {
  const { recordedAt, action, actorKind, actorId, subject } = auditFilterOf(search, timeZone) ?? {}
  const chosen = {
    'recordedAt.gte': recordedAt?.gte,
    'recordedAt.lt': recordedAt?.lt,
    action: action?.eq,
    actorKind: actorKind?.[0],
    actorId: actorId?.[0],
    subject: subject?.[0],
  }
  const parameters = new URLSearchParams({ organization, direction: 'DESC', bom: '1' })
  for (const [name, value] of Object.entries(chosen)) if (value != null) parameters.set(name, value)
  return `/export/audit.csv?${parameters.toString()}`
}

/** The query of an address with some of its parameters changed; null takes one away. The order of the others stays. */
export const withParameters = (
  search: URLSearchParams,
  changes: Readonly<Record<string, string | null>>,
): URLSearchParams => {
  const next = new URLSearchParams(search)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') next.delete(name)
    else next.set(name, value)
  }
  return next
}
