import { segment } from '@tidemark/drizzle/tables/customer.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { eq } from 'drizzle-orm'
import type { Context } from '../context.ts'

/** The organization of this slug, or null. Read before a tenant is known. */
export const findOrganization = async (
  connection: Connection,
  slug: string,
): Promise<OrganizationRow | null> => {
  const [row] = await inTransaction(connection, { organizationId: null, mode: 'read' }, (tx) =>
    tx.select().from(organization).where(eq(organization.slug, slug)),
  )
  return row ?? null
}

/** All organizations by slug: for the person at the terminal alone, never for a caller. */
export const listOrganizations = (connection: Connection): Promise<OrganizationRow[]> =>
  inTransaction(connection, { organizationId: null, mode: 'read' }, (tx) =>
    tx.select().from(organization).orderBy(organization.slug),
  )

/** The organization that the demo data made, or null. */
export const findDemoOrganization = async (connection: Connection): Promise<OrganizationRow | null> => {
  const [row] = await inTransaction(connection, { organizationId: null, mode: 'read' }, (tx) =>
    tx
      .select()
      .from(organization)
      .where(eq(organization.demo, true))
      .orderBy(organization.createdAt)
      .limit(1),
  )
  return row ?? null
}

/** The currencies of the books, the base currency first, then by code. */
export const listCurrencies = (
  { reader }: Context,
  { id, baseCurrency }: OrganizationRow,
): Promise<string[]> =>
  reader.read(async (tx) => {
    const rows = await tx
      .selectDistinct({ currency: segment.currency })
      .from(segment)
      .where(eq(segment.organizationId, id))
      .orderBy(segment.currency)
    const others = rows.map(({ currency }) => currency).filter((currency) => currency !== baseCurrency)
    return [baseCurrency, ...others]
  })
