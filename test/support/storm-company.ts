/** A server in a process of its own, with four customers and a token for everything, whose way to its database a test may lay. */
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { SCOPES } from '@tidemark/server/access/scopes.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { createDatabase } from './database.ts'
import { type Process, startProcess } from './process.ts'
import { tokenWith } from './twins.ts'

export type Company = {
  readonly connection: Connection
  readonly organization: OrganizationRow
  readonly token: string
  readonly product: Process
  readonly url: string
}

/** `wire` is given the address of the database, and answers by which the server reaches it. */
export const openCompany = async (
  wire: (url: string) => Promise<string>,
  /** Called in the end, the last first. */
  closing: (() => Promise<unknown>)[],
): Promise<Company> => {
  const database = await createDatabase()
  closing.push(() => database.drop())
  const connection = await connect(database.url, { max: 4, applicationName: 'outside' })
  closing.push(() => connection.close())
  const input = { slug: 'storm', name: 'Storm', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
  const organization = await createOrganization(connection, input, 'terminal')
  if (isProblem(organization)) throw new Error(organization.message)
  const { id: organizationId } = organization
  await inTransaction(connection, { organizationId, mode: 'write' }, (tx) =>
    tx.insert(customer).values(
      ['C-1', 'C-2', 'C-3', 'C-4'].map((number) => ({
        organizationId,
        id: crypto.randomUUID(),
        number,
        name: number,
        termsDays: 30,
      })),
    ),
  )
  const token = await tokenWith({ connection }, organization, SCOPES)
  const product = startProcess('server/main.ts', ['--no-dashboard'], {
    PORT: '0',
    DATABASE_URL: await wire(database.url),
    TIDEMARK_DEMO: '0',
    LOG_LEVEL: 'silent',
  })
  closing.push(() => {
    product.child.kill('SIGKILL')
    return product.ended
  })
  const url = (await product.line(/^ready /)).slice('ready '.length)
  return { connection, organization, token, product, url }
}
