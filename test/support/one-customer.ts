import { customer } from '@tidemark/drizzle/tables/customer.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { newUuid } from '@tidemark/server/ids.ts'
import type { TestServer } from './server.ts'

/** A customer with 30 days to pay. */
export const customerOf = async (
  { connection }: Pick<TestServer, 'connection'>,
  { id: organizationId }: OrganizationRow,
  number: string,
): Promise<string> => {
  const id = newUuid()
  await inTransaction(connection, { organizationId, mode: 'write' }, (tx) =>
    tx.insert(customer).values({ organizationId, id, number, name: `Customer ${number}`, termsDays: 30 }),
  )
  return id
}
