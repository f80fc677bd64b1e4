/**
 * A company for faults: books, goals and a token in a database that the test may break, and servers in processes of
 * their own that it may kill.
 */
import process from 'node:process'
import { type Connection, connect } from '@tidemark/drizzle/connect.ts'
import { migrate } from '@tidemark/drizzle/migrate.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { SCOPES } from '@tidemark/server/access/scopes.ts'
import type { CommandContext } from '@tidemark/server/command.ts'
import { createGoal } from '@tidemark/server/goal/commands.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import type { CreateGoalInput } from '@tidemark/server/schema.generated.ts'
import { createDatabase } from './database.ts'
import { type Ended, type Process, startProcess } from './process.ts'
import { tokenWith } from './twins.ts'

export type CompanyServer = {
  readonly url: string
  readonly pid: number
  readonly process: Process
  /** SIGKILL, and settles when it is gone. */
  kill(): Promise<Ended>
  /** SIGTERM, or another; settles when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<Ended>
  signal(signal: NodeJS.Signals): void
}

export type Company = {
  /** Straight to PostgreSQL. */
  readonly connection: Connection
  readonly databaseUrl: string
  readonly organization: OrganizationRow
  readonly token: string
  readonly customers: readonly string[]
  /** A server beside those that run; its environment may lay other wires. `errorsTo` is where its log goes. */
  startServer(environment?: Readonly<Record<string, string>>, errorsTo?: string): Promise<CompanyServer>
  /** Kills the servers, and removes what is the company's own. */
  close(): Promise<void>
}

export type CompanyOptions = {
  /** A database that the company does not drop; left out, it has one in the cluster of this run. */
  readonly databaseUrl?: string
  /** As in `IN_DATABASE`: which goals. */
  readonly metrics?: readonly GoalMetric[]
}

/** What its goals are on. What they must come to is plain SQL in oracle.ts. */
export const GOAL_METRICS = ['CASH_COLLECTED', 'OPEN_INVOICE_COUNT', 'TOTAL_RECEIVABLES'] as const
export type GoalMetric = (typeof GOAL_METRICS)[number]

const CUSTOMERS = ['C-1', 'C-2', 'C-3', 'C-4']

export const openCompany = async ({
  databaseUrl: given,
  metrics = GOAL_METRICS,
}: CompanyOptions = {}): Promise<Company> => {
  await using opened = new AsyncDisposableStack()
  let databaseUrl = given
  if (databaseUrl === undefined) {
    const database = await createDatabase()
    opened.defer(() => database.drop())
    databaseUrl = database.url
  }
  const connection = await connect(databaseUrl, { max: 4, applicationName: 'outside' })
  opened.defer(() => connection.close())
  if (given !== undefined) await migrate(connection)
  const organization = await createBooks(connection)
  for (const metric of metrics) await setGoal(connection, organization, metric)
  const token = await tokenWith({ connection }, organization, SCOPES)

  const servers = new Set<CompanyServer>()
  const kept = opened.move()
  kept.defer(async () => {
    for (const server of servers) await server.kill()
  })
  return {
    connection,
    databaseUrl,
    organization,
    token,
    customers: CUSTOMERS,
    async startServer(environment = {}, errorsTo) {
      const all = {
        PORT: '0',
        DATABASE_URL: databaseUrl,
        TIDEMARK_DEMO: '0',
        LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'silent',
        ...environment,
      }
      const started = startProcess('server/main.ts', ['--no-dashboard'], all, errorsTo)
      const url = (await started.line(/^ready /)).slice('ready '.length)
      const server: CompanyServer = {
        url,
        pid: started.child.pid ?? 0,
        process: started,
        kill: () => server.stop('SIGKILL'),
        stop(signal = 'SIGTERM') {
          servers.delete(server)
          started.child.kill(signal)
          return started.ended
        },
        signal: (signal) => void started.child.kill(signal),
      }
      servers.add(server)
      return server
    },
    close: () => kept.disposeAsync(),
  }
}

const createBooks = async (connection: Connection): Promise<OrganizationRow> => {
  const input = { slug: 'faults', name: 'Faults', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
  const organization = await createOrganization(connection, input, 'terminal')
  if (isProblem(organization)) throw new Error(organization.message)
  const { id: organizationId } = organization
  await inTransaction(connection, { organizationId, mode: 'write' }, (tx) =>
    tx.insert(customer).values(
      CUSTOMERS.map((number) => ({
        organizationId,
        id: crypto.randomUUID(),
        number,
        name: number,
        termsDays: 30,
      })),
    ),
  )
  return organization
}

const setGoal = async (
  connection: Connection,
  organization: OrganizationRow,
  metric: GoalMetric,
): Promise<void> => {
  const now = Temporal.Now.instant()
  const context: CommandContext = { connection, organization, actor: 'test', now, posted: () => {} }
  const today = now.toZonedDateTimeISO('UTC').toPlainDate()
  const isMore = metric === 'CASH_COLLECTED'
  const input: CreateGoalInput = {
    name: metric,
    metric,
    direction: isMore ? 'INCREASE' : 'DECREASE',
    baseline: isMore ? '0' : '1000000',
    target: isMore ? '1000000' : '0',
    startsOn: today,
    deadline: today.add({ days: 200 }),
    dryRun: false,
  }
  const outcome = await createGoal(context, input)
  if (isProblem(outcome)) throw new Error(outcome.message)
}
