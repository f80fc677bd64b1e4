import { and, eq, gt, isNull, or } from 'drizzle-orm'
import type { Page, SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import { listRows, type PageArguments } from '../list.ts'
import type { ApiTokenRow } from '@tidemark/drizzle/rows.ts'
import { apiToken } from '@tidemark/drizzle/tables/access.ts'

/** What a list needs of a context. */
type View = Pick<Context, 'reader' | 'organization' | 'now'>

/** How long a token that is over is still listed. */
const EXPIRED_SHOWN = { hours: 30 * 24 }

/** Ids are made in the order of time. */
const newestFirst: SortKey<ApiTokenRow>[] = [
  { name: 'ID', column: apiToken.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]

export const listTokens = (
  { reader, organization, now }: View,
  args: PageArguments,
): Promise<Page<ApiTokenRow>> =>
  listRows(reader, { table: apiToken, keys: newestFirst, where: isListed(organization.id, now) }, args)

const isListed = (organizationId: string, now: Temporal.Instant) =>
  and(
    eq(apiToken.organizationId, organizationId),
    isNull(apiToken.revokedAt),
    or(isNull(apiToken.expiresAt), gt(apiToken.expiresAt, now.subtract(EXPIRED_SHOWN))),
  )
