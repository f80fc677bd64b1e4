import { type Role, ROLES } from '@tidemark/server/access/scopes.ts'
import { CONNECTION_LIMITS, type ConnectionLimits } from '@tidemark/server/config.ts'
import type { Services } from '@tidemark/server/context.ts'
import { type DeliveryConfig, NO_DELIVERY } from '@tidemark/server/delivery/config.ts'
import { readTrustedProxies } from '@tidemark/server/http/address.ts'
import type { IdentityConfig } from '@tidemark/server/identity/config.ts'
import { createLog } from '@tidemark/server/log.ts'
import { createOrganization, type NewOrganization } from '@tidemark/server/organization/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { startServer } from '@tidemark/server/server.ts'
import { openServices } from '@tidemark/server/services.ts'
import type { TrustedDocuments } from '@tidemark/server/trusted-documents.ts'
import { type Connection, connect } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { createDatabase } from './database.ts'
import { makeToken } from './tokens.ts'

export type TestServer = {
  /** Such as http://127.0.0.1:53211. */
  readonly url: string
  readonly databaseUrl: string
  readonly connection: Connection
  readonly services: Omit<Services, 'publicUrl'>
  /** An organization with empty books; what is left out has a default. */
  createOrganization(input?: Partial<NewOrganization>): Promise<OrganizationRow>
  /** A token that may do what a role may, an administrator's unless said. */
  createToken(organization: OrganizationRow, role?: Role): Promise<string>
  /** Closes the server, its services and its connections, and drops the database. */
  close(): Promise<void>
}

export type TestServerOptions = {
  /** Stands for the clock of the server. */
  readonly clock?: () => Temporal.Instant
  readonly dashboard?: string | null
  readonly demo?: boolean
  readonly host?: string
  readonly identity?: Partial<IdentityConfig>
  /** As TRUSTED_PROXIES. */
  readonly trustedProxies?: string
  readonly trustedDocuments?: TrustedDocuments
  readonly connections?: Partial<ConnectionLimits>
  /** How alerts are sent. */
  readonly delivery?: Partial<DeliveryConfig>
  /** Another server of the same database. */
  readonly beside?: TestServer
}

/** A real server on a free port with a database of its own. The log is silent: LOG_LEVEL turns it on. */
export const startTestServer = async (options: TestServerOptions = {}): Promise<TestServer> => {
  const { clock, dashboard = null, demo = true, host = '127.0.0.1' } = options
  const log = createLog(process.env['LOG_LEVEL'] === undefined ? 'silent' : 'warn')
  const opened = new AsyncDisposableStack()
  const database = options.beside === undefined ? await createDatabase() : null
  if (database !== null) opened.defer(() => database.drop())
  const databaseUrl = database?.url ?? options.beside?.databaseUrl ?? ''
  const connection = await connect(databaseUrl, { max: 10 })
  opened.defer(() => connection.close())
  const delivery = { ...NO_DELIVERY, ...options.delivery }
  const shared = await openServices({ connection, listenUrl: databaseUrl }, log, clock, delivery)
  opened.defer(() => shared.close())
  const server = await startServer({
    services: shared.services,
    host,
    port: 0,
    dashboard,
    demo,
    identity: { publicUrl: null, secret: null, oidc: null, ...options.identity },
    trustedProxies: readTrustedProxies(options.trustedProxies ?? ''),
    trustedDocuments: options.trustedDocuments ?? null,
    connections: { ...CONNECTION_LIMITS, ...options.connections },
    log,
  })
  opened.defer(() => server.close())

  let organizations = 0
  return {
    url: server.url,
    databaseUrl,
    connection,
    services: shared.services,
    async createOrganization(input = {}) {
      organizations += 1
      const defaults = { slug: `org-${organizations}`, name: `Organization ${organizations}` }
      const usual = { ...defaults, baseCurrency: 'USD', timeZone: 'UTC', demo: false }
      const created = await createOrganization(connection, { ...usual, ...input }, 'test')
      if (isProblem(created)) throw new Error(created.message)
      return created
    },
    async createToken(organization, role = 'admin') {
      const named = { name: `a test's ${role}`, scopes: ROLES[role] }
      return (await makeToken(connection, organization, named)).secret
    },
    close: () => opened.disposeAsync(),
  }
}
