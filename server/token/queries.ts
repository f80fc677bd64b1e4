import { and, eq, gt, isNull, or } from 'drizzle-orm'
import { assemblePage, requestPage, type Page, type SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import type { ApiTokenRow } from '@tidemark/drizzle/rows.ts'
import { apiToken } from '@tidemark/drizzle/tables/access.ts'

/** What a list needs of a context. */
type View = Pick<Context, 'reader' | 'organization' | 'now'>

type PageArguments = { readonly first: number; readonly after?: string | null | undefined }

/** How long a token that is over is still listed. */
const EXPIRED_SHOWN = { hours: 30 * 24 }

/** Ids are made in the order of time. */
const newestFirst: SortKey<ApiTokenRow>[] = [
  { name: 'ID', column: apiToken.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]

export const listTokens = (
  { reader, organization, now }: View,
  args: PageArguments,
): Promise<Page<ApiTokenRow>> => {
  const request = requestPage(args, newestFirst)
  const where = isListed(organization.id, now)
  return reader.read(async (tx) => {
    const rows = await tx
      .select()
      .from(apiToken)
      .where(and(where, request.after))
      .orderBy(...request.orderBy)
      .limit(request.limit)
    return assemblePage(request, rows, (limit) =>
      reader.read((later) =>
        later.$count(
          later.select({ id: apiToken.id }).from(apiToken).where(where).limit(limit).as('limited'),
        ),
      ),
    )
  })
}

const isListed = (organizationId: string, now: Temporal.Instant) =>
  and(
    eq(apiToken.organizationId, organizationId),
    isNull(apiToken.revokedAt),
    or(isNull(apiToken.expiresAt), gt(apiToken.expiresAt, now.subtract(EXPIRED_SHOWN))),
  )
