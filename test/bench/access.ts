/**
 * `pnpm bench access [--rounds N]`: what token, rights, limits, tenant, role, snapshot and audit cost, beside the same
 * operation without them. The variants take turns, request by request, so that a busy machine is busy for all.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { openEmbedded } from '@tidemark/drizzle/embedded.ts'
import { migrate } from '@tidemark/drizzle/migrate.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import { setCreditLimit } from '@tidemark/server/credit/set.ts'
import { readTrustedProxies } from '@tidemark/server/http/address.ts'
import { createLog } from '@tidemark/server/log.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { startServer } from '@tidemark/server/server.ts'
import { openServices } from '@tidemark/server/services.ts'
import { startBareServer } from './access-bare.ts'
import { admissionMicroseconds, tokenCheckMicroseconds } from './access-parts.ts'
import { makeToken } from '../support/tokens.ts'

const LOOK_UP =
  'query LookUp($number: String!) { customer(by: { number: $number }) { number name termsDays } }'
const RATIO_MAX = 2
const TOKEN_CHECK_MAX = 100

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string', default: '2000' } } })
  const rounds = Number(values.rounds)
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const database = await openEmbedded(join(folder, 'data'))
  opened.defer(() => database.close())
  const connection = await connect(database.url, { max: 20 })
  opened.defer(() => connection.close())
  await migrate(connection)
  const organization = await fill(connection)

  const log = createLog('silent')
  const shared = await openServices({ connection, listenUrl: database.url }, log)
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
  const { secret: token } = await makeToken(connection, organization, named)
  const services = { ...shared.services, publicUrl: () => server.url }
  const bare = await startBareServer({ services, organization, isolated: false })
  opened.defer(() => bare.close())
  const isolated = await startBareServer({ services, organization, isolated: true })
  opened.defer(() => isolated.close())

  const times = await takeTurns(rounds, {
    'nothing of all this': () => lookUp(bare.url, null),
    '+ tenant, role and snapshot': () => lookUp(isolated.url, null),
    '+ token, rights, limits, cost: the product': () => lookUp(server.url, token),
  })
  const ratio = report('A look-up through HTTP', times)

  const changes = await takeTurns(Math.ceil(rounds / 4), changesOf(connection, organization))
  report('A change of a credit limit, committed', changes)

  const [check, admission] = [
    await tokenCheckMicroseconds(services, token),
    await admissionMicroseconds(services, organization),
  ]
  console.log(`\nIn the process: a token check ${check.toFixed(1)} us (below ${TOKEN_CHECK_MAX}), `)
  console.log(
    `  rights, structure and cost of an operation seen before ${admission.known.toFixed(1)} us, of a new one ${admission.fresh.toFixed(0)} us`,
  )
  if (ratio > RATIO_MAX || check >= TOKEN_CHECK_MAX) process.exitCode = 1
}

async function fill(connection: Connection): Promise<OrganizationRow> {
  const input = { slug: 'bench', name: 'Bench', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
  const organization = await createOrganization(connection, input, 'bench')
  if (isProblem(organization)) throw new Error(organization.message)
  await inTransaction(connection, { organizationId: organization.id, mode: 'write' }, async (tx) => {
    const rows = Array.from({ length: 1_000 }, (_, index) => ({
      organizationId: organization.id,
      id: crypto.randomUUID(),
      number: String(index),
      name: `Customer ${index}`,
      termsDays: 30,
    }))
    await tx.insert(customer).values(rows)
  })
  return organization
}

const agent = new Agent({ keepAlive: true })

/** Looks a customer up at random. */
const lookUp = (url: string, token: string | null): Promise<void> => {
  const body = JSON.stringify({
    query: LOOK_UP,
    variables: { number: String(Math.floor(Math.random() * 1_000)) },
  })
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(token === null ? {} : { 'x-api-key': token }),
  }
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/graphql`, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += part.toString()))
      response.on('end', () => (text.includes('"name":"Customer') ? resolve() : reject(new Error(text))))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The same change as the command makes, by hand and through it. */
const changesOf = (connection: Connection, organization: OrganizationRow) => {
  let turn = 0
  const context = { connection, organization, actor: 'bench', now: Temporal.Now.instant(), posted: () => {} }
  const next = () => String((turn += 1) % 1_000)
  return {
    'the update alone, in a transaction': () =>
      inTransaction(connection, { organizationId: organization.id, mode: 'write' }, async ({ sql }) => {
        await sql`
          update customer set credit_limit_state = 'AMOUNT', credit_limit = ${turn}, credit_limit_currency = 'USD',
            version = version + 1
          where organization_id = ${organization.id} and number = ${next()}`
      }),
    'the command: checks, locks and the audit row': async () => {
      const outcome = await setCreditLimit(context, {
        customer: { number: next() },
        limit: { amount: { amount: String(turn), currency: 'USD' } },
        reason: 'bench',
        dryRun: false,
      })
      if (isProblem(outcome)) throw new Error(outcome.message)
    },
  }
}

type Variants = Readonly<Record<string, () => Promise<unknown>>>

/** Milliseconds of each variant, in the order of the rounds; the first tenth warms up. */
async function takeTurns(rounds: number, variants: Variants): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(variants).map((name) => [name, []]))
  for (let round = -Math.ceil(rounds / 10); round < rounds; round++) {
    for (const [name, work] of Object.entries(variants)) {
      const started = performance.now()
      await work()
      if (round >= 0) times[name]?.push(performance.now() - started)
    }
  }
  return times
}

/** Prints the variants; gives how many times as long as the first the last one takes. */
function report(title: string, times: Readonly<Record<string, readonly number[]>>): number {
  console.log(`\n${title}`)
  let first = 0
  let ratio = 1
  for (const [name, all] of Object.entries(times)) {
    const sorted = all.toSorted((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
    first ||= at(0.5)
    ratio = at(0.5) / first
    console.log(
      `  ${name.padEnd(46)} p50 ${at(0.5).toFixed(2)} ms  p95 ${at(0.95).toFixed(2)} ms  x${ratio.toFixed(2)}`,
    )
  }
  return ratio
}
