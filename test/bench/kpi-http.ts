/** Asks a real server on a real port: rights, limits, cost, the snapshot, JSON and all. */
import { Agent, request } from 'node:http'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import { readTrustedProxies } from '@tidemark/server/http/address.ts'
import { createLog } from '@tidemark/server/log.ts'
import { startServer } from '@tidemark/server/server.ts'
import { openServices } from '@tidemark/server/services.ts'
import { makeToken } from '../support/tokens.ts'

export type Asker = AsyncDisposable & {
  /** Gives the text of the answer. Throws where it has errors. */
  ask(query: string, variables: Readonly<Record<string, unknown>>): Promise<string>
}

/** A server of the database at `url`, whose clock stands still, and a token of an administrator. */
export async function startAsker(
  url: string,
  organizationId: string,
  clock: () => Temporal.Instant,
): Promise<Asker> {
  const opened = new AsyncDisposableStack()
  const connection = await connect(url, { max: 10 })
  opened.defer(() => connection.close())
  const log = createLog('silent')
  const shared = await openServices({ connection, listenUrl: url }, log, clock)
  opened.defer(() => shared.close())
  const server = await startServer({
    services: shared.services,
    host: '127.0.0.1',
    port: 0,
    dashboard: null,
    demo: false,
    identity: { publicUrl: null, secret: null, oidc: null },
    trustedProxies: readTrustedProxies(''),
    log,
  })
  opened.defer(() => server.close())
  const named = { name: 'bench', scopes: ROLES.admin, actor: 'bench' }
  const { secret } = await makeToken(connection, await readOrganization(connection, organizationId), named)
  const agent = new Agent({ keepAlive: true })
  opened.defer(() => agent.destroy())
  return {
    ask: (query, variables) =>
      send(agent, `${server.url}/graphql`, secret, JSON.stringify({ query, variables })),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

const readOrganization = (connection: Connection, id: string): Promise<OrganizationRow> =>
  inTransaction(connection, { organizationId: id, mode: 'read' }, async (tx) => {
    const [row] = await tx.select().from(organization)
    if (row === undefined) throw new Error('There is no organization')
    return row
  })

const send = (agent: Agent, url: string, token: string, body: string): Promise<string> => {
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-api-key': token,
  }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += part.toString()))
      response.on('end', () => (text.includes('"errors"') ? reject(new Error(text)) : resolve(text)))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
