/** Which entries of the audit: the same for the API, the export and the command line. */
import { and, eq, gt, gte, inArray, like, lt, lte, not, or, sql, type AnyColumn, type SQL } from 'drizzle-orm'
import { audit } from '@tidemark/drizzle/tables/audit.ts'
import { badUserInput } from '../errors.ts'
import { limited, matchesText } from '../filter.ts'
import { decodeId } from '../ids.ts'
import type { AuditActorKind, AuditFilter, DateTimeFilter } from '../schema.generated.ts'
import { subjectOfId } from './subject.ts'

const FILTER_DEPTH_MAX = 5

export const ofOrganization = (organizationId: string): SQL => eq(audit.organizationId, organizationId)

/** Throws BAD_USER_INPUT where it asks for too much at once. */
export function matches(filter: AuditFilter, depth = 1): SQL | undefined {
  if (depth > FILTER_DEPTH_MAX)
    throw badUserInput(`\`filter\` is nested more than ${FILTER_DEPTH_MAX} levels deep.`)
  const nested = (filters: readonly AuditFilter[]) =>
    limited(filters, 'filter').map((each) => matches(each, depth + 1))
  return and(
    matchesMoment(audit.recordedAt, filter.recordedAt),
    matchesText(audit.action, filter.action),
    filter.actorKind
      ? (or(...limited(filter.actorKind, 'actorKind').map(isOfKind)) ?? sql`false`)
      : undefined,
    filter.actorId
      ? inArray(
          audit.actor,
          limited(filter.actorId, 'actorId').flatMap((id) => actorOfId(id) ?? []),
        )
      : undefined,
    filter.subject ? inArray(audit.subject, limited(filter.subject, 'subject').map(subjectOfId)) : undefined,
    filter.and ? and(...nested(filter.and)) : undefined,
    filter.or ? (or(...nested(filter.or)) ?? sql`false`) : undefined,
    // A condition on nothing holds for every entry, so its negation holds for none.
    filter.not ? not(matches(filter.not, depth + 1) ?? sql`true`) : undefined,
  )
}

const matchesMoment = (column: AnyColumn, filter: DateTimeFilter | null | undefined): SQL | undefined =>
  filter
    ? and(
        filter.gt ? gt(column, filter.gt) : undefined,
        filter.gte ? gte(column, filter.gte) : undefined,
        filter.lt ? lt(column, filter.lt) : undefined,
        filter.lte ? lte(column, filter.lte) : undefined,
      )
    : undefined

const isOfKind = (kind: AuditActorKind): SQL | undefined => {
  switch (kind) {
    case 'MEMBER':
      return like(audit.actor, 'member:%')
    case 'TOKEN':
      return like(audit.actor, 'token:%')
    case 'TERMINAL':
      return or(eq(audit.actor, 'terminal'), like(audit.actor, 'cli:%'))
    case 'DEMO':
      return eq(audit.actor, 'demo')
    case 'SYSTEM':
      return eq(audit.actor, 'system')
  }
}

/** Whether it is the id of a person or a token. */
export const isActorId = (id: string): boolean => actorOfId(id) !== null

/** `person_0199...` -> `member:0199...`, as the audit names who acts. Null where it is no such id. */
const actorOfId = (id: string): string | null => {
  const person = decodeId('person', id)
  const token = decodeId('token', id)
  if (person !== null) return `member:${person}`
  return token === null ? null : `token:${token}`
}
