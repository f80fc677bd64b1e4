/** What the parts of `pnpm bench live` play on: books, goals, servers and viewers, each server in a process of its own. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { openEmbedded } from '@tidemark/drizzle/embedded.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import { createToken } from '@tidemark/server/token/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { execute } from '../../support/graphql.ts'
import { contextOn, type Debt, fillBooks, readDebts } from '../posting-books.ts'
import type { PayersAnswer, PayersOrder } from './payers.ts'
import type { ViewersAnswer, ViewersOrder } from './viewers.ts'

/** Goals on what a payment moves; the first tells, to the cent, how many payments it has seen. */
const METRICS = ['TOTAL_RECEIVABLES', 'DSO', 'PAST_DUE_SHARE', 'CASH_COLLECTED', 'CURRENT_SHARE'] as const
const POINTS_PER_MINUTE = 1_000_000

export const today = Temporal.Now.plainDateISO('UTC')

export type Stage = {
  readonly connection: Connection
  readonly organization: OrganizationRow
  readonly debts: readonly Debt[]
  /** Another server process on the same database. */
  startServer(): Promise<ServerProcess>
  /** Active goals in US dollars; gives their ids as the API has them, the one that counts payments first. */
  createGoals(servers: readonly ServerProcess[]): Promise<readonly string[]>
  token(): Promise<string>
  close(): Promise<void>
}

export type ServerProcess = {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/** A database of its own that tells when each transaction was committed. */
export async function openStage(invoices: number): Promise<Stage> {
  const opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const dataDir = join(folder, 'data')
  await withCommitTimes(dataDir)
  const database = await openEmbedded(dataDir)
  opened.defer(() => database.close())
  const connection = await connect(database.url, { max: 4 })
  opened.defer(() => connection.close())
  const organization = await fillBooks(connection, folder, { invoices, today })
  const debts = (await readDebts(connection, organization)).filter(({ currency }) => currency === 'USD')
  let tokens = 0
  return {
    connection,
    organization,
    debts,
    async startServer() {
      const server = await startServerProcess(database.url)
      opened.defer(() => server.stop())
      return server
    },
    createGoals: async ([server]) => createGoals(server, await makeToken(connection, organization, 'goals')),
    token: () => makeToken(connection, organization, `bench ${(tokens += 1)}`),
    close: () => opened.disposeAsync(),
  }
}

async function withCommitTimes(dataDir: string): Promise<void> {
  const database = await openEmbedded(dataDir)
  const connection = await connect(database.url, { max: 1 })
  await connection.sql`alter system set track_commit_timestamp = on`
  await connection.close()
  // It takes effect when PostgreSQL starts again.
  await database.close()
}

const startServerProcess = async (databaseUrl: string): Promise<ServerProcess> => {
  const path = fileURLToPath(new URL('../../../server/main.ts', import.meta.url))
  const many = '100000'
  const child = spawn(
    process.execPath,
    [
      ...(process.env['PROF'] ? ['--cpu-prof', '--cpu-prof-dir=' + process.env['PROF']] : []),
      path,
      '--no-dashboard',
    ],
    {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        DATABASE_URL: databaseUrl,
        PORT: '0',
        TIDEMARK_DEMO: '0',
        SOCKETS_PER_ADDRESS: many,
        SOCKETS_PER_ACTOR: many,
        SUBSCRIPTIONS_PER_ACTOR: many,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const ended = once(child, 'close')
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (part: Buffer) => {
      text += part.toString()
      const ready = /^ready (\S+)$/m.exec(text)?.[1]
      if (ready !== undefined) resolve(ready)
    })
    void ended.then(() => reject(new Error('The server ended')))
  })
  return {
    url,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function makeToken(
  connection: Connection,
  organization: OrganizationRow,
  name: string,
): Promise<string> {
  const made = await createToken(
    { ...contextOn(today, connection, organization), now: Temporal.Now.instant() },
    { name, scopes: ROLES.admin, pointsPerMinute: POINTS_PER_MINUTE, dryRun: false },
  )
  if (isProblem(made) || made.secret === null) throw new Error('No token was made')
  return made.secret
}

const CREATE_GOAL = `mutation ($input: CreateGoalInput!) {
  createGoal(input: $input) {
    __typename
    ... on Problem { message path }
    ... on CreateGoalSuccess { goal { id } }
  }
}`

const createGoals = async (server: ServerProcess | undefined, token: string): Promise<string[]> => {
  const url = server?.url ?? ''
  const ids: string[] = []
  for (const metric of METRICS) {
    const direction = metric === 'CASH_COLLECTED' || metric === 'CURRENT_SHARE' ? 'INCREASE' : 'DECREASE'
    const input = {
      name: metric,
      metric,
      direction,
      baseline: direction === 'INCREASE' ? '0' : '100',
      target: direction === 'INCREASE' ? '100' : '1',
      deadline: today.add({ months: 6 }).toString(),
      filter: { currency: ['USD'] },
    }
    const { createGoal } = await execute<{ createGoal: { goal?: { id: string } } }>(url, token, CREATE_GOAL, {
      input,
    })
    if (createGoal.goal === undefined) throw new Error(JSON.stringify(createGoal))
    ids.push(createGoal.goal.id)
  }
  return ids
}

/** A process of the bench's own, which answers each order once. */
type Helper<Order, Answer> = {
  ask(order: Order): Promise<Answer>
  stop(): void
}

const startHelper = <Order extends object, Answer>(file: string): Helper<Order, Answer> => {
  const child: ChildProcess = fork(fileURLToPath(new URL(file, import.meta.url)))
  return {
    ask: (order) =>
      new Promise((resolve, reject) => {
        const onExit = () => reject(new Error(`${file} ended`))
        child.once('exit', onExit)
        child.once('message', (answer) => {
          child.off('exit', onExit)
          resolve(answer as Answer)
        })
        child.send(order)
      }),
    stop: () => child.disconnect(),
  }
}

export const startViewers = () => {
  const helper = startHelper<ViewersOrder, ViewersAnswer>('./viewers.ts')
  return {
    stop: () => helper.stop(),
    open: (order: Omit<ViewersOrder & { kind: 'open' }, 'kind'>) => helper.ask({ kind: 'open', ...order }),
    forget: () => helper.ask({ kind: 'forget' }),
    async report(commits: (ViewersOrder & { kind: 'report' })['commits']) {
      const answer = await helper.ask({ kind: 'report', commits })
      if (answer.kind !== 'report') throw new Error(`Not a report: ${answer.kind}`)
      return answer
    },
  }
}

export const startPayers = () => startHelper<PayersOrder, PayersAnswer>('./payers.ts')
