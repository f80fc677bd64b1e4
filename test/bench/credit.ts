/**
 * `pnpm bench credit [--changes N]`: sixteen clients set single limits, in turns at the product and at a bare HTTP handler
 * that sends the same statements through the same driver (credit-bare.ts); then ten thousand limits in one call.
 * `pnpm bench credit decision` decides about orders: credit-decision.ts.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { openEmbedded } from '@tidemark/drizzle/embedded.ts'
import { migrate } from '@tidemark/drizzle/migrate.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { SCOPES } from '@tidemark/server/access/scopes.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { makeToken } from '../support/tokens.ts'
import { run as runAuthority } from './credit-authority.ts'
import { run as runCustomers } from './credit-customers.ts'
import { run as runDecision } from './credit-decision.ts'
import { run as runSimulation } from './credit-simulation.ts'

const CLIENTS = 16
const ROUNDS = 6
const CUSTOMERS = 20_000
const BATCH = 10_000
const RATIO_MIN = 0.7
const BATCH_SECONDS_MAX = 2

export async function run(args: readonly string[]): Promise<void> {
  if (args[0] === 'decision') return runDecision(args.slice(1))
  if (args[0] === 'authority') return runAuthority(args.slice(1))
  if (args[0] === 'simulation') return runSimulation(args.slice(1))
  if (args[0] === 'customers') return runCustomers(args.slice(1))
  const { values } = parseArgs({ args: [...args], options: { changes: { type: 'string', default: '6000' } } })
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const database = await openEmbedded(join(folder, 'data'))
  opened.defer(() => database.close())
  const connection = await connect(database.url, { max: 4 })
  opened.defer(() => connection.close())
  await migrate(connection)
  const organization = await fill(connection)
  const named = { name: 'bench', scopes: SCOPES, actor: 'terminal' }
  const { id, secret } = await makeToken(connection, organization, named)
  await connection.sql`update api_token set points_per_minute = 1000000000 where id = ${id}`

  const environment = { DATABASE_URL: database.url, ORGANIZATION: organization.id }
  const product = await start('server/main.ts', ['--no-dashboard'], {
    ...environment,
    PORT: '0',
    TIDEMARK_DEMO: '0',
    LOG_LEVEL: 'silent',
  })
  opened.defer(product.stop)
  const bare = await start('test/bench/credit-bare.ts', [], environment)
  opened.defer(bare.stop)

  const each = Math.ceil(Number(values.changes) / ROUNDS)
  const ofProduct = () => changeAtProduct(product.url, secret)
  const ofBare = () => changeAtBare(bare.url)
  await rateOf(each, ofProduct)
  await rateOf(each, ofBare)
  const rates: { product: number; bare: number }[] = []
  for (let round = 0; round < ROUNDS; round++)
    rates.push({ product: await rateOf(each, ofProduct), bare: await rateOf(each, ofBare) })
  const ratio = median(rates.map((rate) => rate.product / rate.bare))
  console.log(`${CLIENTS} clients, ${ROUNDS} rounds of ${each} changes, in turns:`)
  console.log(`  setCreditLimit: ${median(rates.map((rate) => rate.product)).toFixed(0)} a second`)
  console.log(
    `  the same statements, bare: ${median(rates.map((rate) => rate.bare)).toFixed(0)} a second; ratio ${(ratio * 100).toFixed(0)} % (at least ${RATIO_MIN * 100} %)`,
  )
  const seconds: number[] = []
  for (let round = 0; round < 5; round++) {
    // Of one call, and not of what the one before left to be sealed and looked at.
    await sleep(3_000)
    seconds.push(await batchSeconds(product.url, secret, round))
  }
  const batch = median(seconds)
  console.log(
    `  ${BATCH} limits in one call: ${batch.toFixed(2)} s, ${Math.min(...seconds).toFixed(2)} to ${Math.max(...seconds).toFixed(2)} (below ${BATCH_SECONDS_MAX} s)`,
  )
  if (ratio < RATIO_MIN || batch >= BATCH_SECONDS_MAX) process.exitCode = 1
}

async function fill(connection: Connection): Promise<OrganizationRow> {
  const input = { slug: 'bench', name: 'Bench', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
  const organization = await createOrganization(connection, input, 'bench')
  if (isProblem(organization)) throw new Error(organization.message)
  const numbers = Array.from({ length: CUSTOMERS }, (_, index) => String(index))
  await inTransaction(
    connection,
    { organizationId: organization.id, mode: 'write', timeoutMs: null },
    ({ sql }) =>
      sql`
      insert into customer (organization_id, id, number, name, terms_days)
      select ${organization.id}, gen_random_uuid(), number, concat('Customer ', number), 30
      from unnest(${arrayOf(numbers)}::text[]) as number`,
  )
  await connection.sql`analyze customer`
  return organization
}

async function start(file: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../..', file), ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('ready ')) continue
    const stop = async () => {
      child.kill('SIGTERM')
      await ended
    }
    return { url: line.slice('ready '.length), stop }
  }
  throw new Error(`${file} did not start`)
}

const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })

const post = (url: string, headers: Readonly<Record<string, string>>, body: string): Promise<string> =>
  new Promise((done, fail) => {
    const length = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sent = request(url, { method: 'POST', agent, headers: { ...length, ...headers } }, (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += part.toString()))
      response.on('end', () => (response.statusCode === 200 ? done(text) : fail(new Error(text))))
    })
    sent.on('error', fail)
    sent.end(body)
  })

let turn = 0
const next = () => {
  turn += 1
  return { number: String((turn * 7_919) % CUSTOMERS), amount: String(turn), key: `change ${turn}` }
}

const CHANGE = `mutation ($input: SetCreditLimitInput!) { setCreditLimit(input: $input) {
  ... on SetCreditLimitSuccess { customer { number version } audit { id hash } } ... on Problem { message } } }`

async function changeAtProduct(url: string, token: string): Promise<void> {
  const { number, amount, key } = next()
  const limit = { amount: { amount, currency: 'USD' } }
  const input = { customer: { number }, limit, reason: 'bench', idempotencyKey: key }
  const answer = await post(
    `${url}/graphql`,
    { 'x-api-key': token },
    JSON.stringify({ query: CHANGE, variables: { input } }),
  )
  if (!answer.includes('"hash"')) throw new Error(answer)
}

async function changeAtBare(url: string): Promise<void> {
  const answer = await post(url, {}, JSON.stringify(next()))
  if (!answer.includes('"hash"')) throw new Error(answer)
}

/** A second. */
async function rateOf(times: number, work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  let left = times
  const client = async () => {
    while (left-- > 0) await work()
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return (times / (performance.now() - started)) * 1_000
}

const MANY = `mutation ($input: SetCreditLimitsInput!) { setCreditLimits(input: $input) {
  ... on SetCreditLimitsSuccess { set rows { customerNumber outcome version previous { state } limit { state } } }
  ... on Problem { message } } }`

async function batchSeconds(url: string, token: string, round: number): Promise<number> {
  const rows = Array.from({ length: BATCH }, (_, index) => ({
    customer: { number: String(index) },
    limit: { amount: { amount: `${1_000_000 + round}`, currency: 'USD' } },
  }))
  const body = JSON.stringify({ query: MANY, variables: { input: { rows, reason: 'bench' } } })
  const started = performance.now()
  const answer = await post(`${url}/graphql`, { 'x-api-key': token }, body)
  const seconds = (performance.now() - started) / 1_000
  if (!answer.includes(`"set":${BATCH}`)) throw new Error(answer.slice(0, 500))
  return seconds
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
