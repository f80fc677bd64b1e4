/**
 * `pnpm bench audit [--rows N]`: what hashing and sealing cost the commands, in alternating phases of one run; how long
 * after its commit an entry is sealed; and how long sealing and verifying N entries (a million) take.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { openEmbedded } from '@tidemark/drizzle/embedded.ts'
import { migrate } from '@tidemark/drizzle/migrate.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { asOwner, inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { verifyAudit } from '@tidemark/server/audit/verify.ts'
import type { CommandContext } from '@tidemark/server/command.ts'
import { setCreditLimit } from '@tidemark/server/credit/set.ts'
import { createLocalEvents, type Events } from '@tidemark/server/events.ts'
import { AUDIT_CONTENT, writeAudit } from '@tidemark/server/ledger/audit.ts'
import { seal } from '@tidemark/server/ledger/seal.ts'
import { createPace, createTurns } from '@tidemark/server/live/turns.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { isProblem } from '@tidemark/server/problem.ts'

const WRITERS = 8
const PHASES = 6
const PHASE_MS = 4_000
const SAMPLES = 200
/** As live/evaluator.ts has it. */
const SEAL_EVERY_MS = 200

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { rows: { type: 'string', default: '1000000' } } })
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const database = await openEmbedded(join(folder, 'data'))
  const connection = await connect(database.url, { max: WRITERS + 4 })
  try {
    await migrate(connection)
    await benchHash(connection, await makeOrganization(connection, 'hash'))
    await benchSealing(connection, await makeOrganization(connection, 'seal'))
    await benchSize(connection, await makeOrganization(connection, 'size'), Number(values.rows))
  } finally {
    await connection.close()
    await database.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const fail = (error: unknown, message: string) => {
  throw new Error(message, { cause: error })
}

async function makeOrganization(connection: Connection, slug: string): Promise<OrganizationRow> {
  const input = { slug, name: slug, baseCurrency: 'USD', timeZone: 'UTC', demo: false }
  const made = await createOrganization(connection, input, 'terminal')
  if (isProblem(made)) throw new Error(made.message)
  await inTransaction(
    connection,
    { organizationId: made.id, mode: 'write' },
    ({ sql }) => sql`
      insert into customer (organization_id, id, number, name, terms_days)
      select ${made.id}, gen_random_uuid(), 'C-' || n, 'Customer ' || n, 30 from generate_series(1, 500) as n`,
  )
  return made
}

/** Runs `work` with all writers for one phase; gives how often it was done in a second. */
async function rateOf(work: (index: number) => Promise<unknown>): Promise<number> {
  let done = 0
  const began = performance.now()
  const until = began + PHASE_MS
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      for (let index = writer; performance.now() < until; index += WRITERS) {
        await work(index)
        done += 1
      }
    }),
  )
  return (done * 1_000) / (performance.now() - began)
}

/** Alternates, so that a machine that is busy for a while slows both. */
async function compare(
  name: string,
  without: () => Promise<number>,
  withIt: () => Promise<number>,
): Promise<void> {
  const rates = { without: 0, withIt: 0 }
  for (let phase = 0; phase < PHASES; phase++) {
    rates.without += (await without()) / PHASES
    rates.withIt += (await withIt()) / PHASES
  }
  const share = (100 * rates.withIt) / rates.without
  console.log(
    `${name}: ${rates.without.toFixed(0)}/s without, ${rates.withIt.toFixed(0)}/s with: ${share.toFixed(1)} %`,
  )
}

/** The statement of `writeAudit` with and without its hash, each in a transaction of its own. */
async function benchHash(connection: Connection, organization: OrganizationRow): Promise<void> {
  const author = { organization, actor: 'terminal' }
  const after = { amount: '100', currency: 'USD' }
  const record = { action: 'recordReceipt', subject: organization.id, after }
  const write = (run: (tx: Tx) => Promise<unknown>) =>
    inTransaction(connection, { organizationId: organization.id, mode: 'write' }, run)
  await compare(
    'entries, hashed',
    () =>
      rateOf(() =>
        write(
          ({ sql }) => sql`
            insert into audit (organization_id, id, actor, action, subject, after, hash)
            values (${organization.id}, ${crypto.randomUUID()}, ${author.actor}, ${record.action}, ${record.subject},
              ${JSON.stringify(after)}::text::jsonb, ${'0'.repeat(64)}) returning recorded_at, hash`,
        ),
      ),
    () => rateOf(() => write((tx) => writeAudit(tx, author, record))),
  )
}

/** Seals as the evaluator does, on the word of the command. */
function startSealer(connection: Connection, events: Events) {
  const turns = createTurns(
    3,
    async (organizationId) => void (await seal(connection, organizationId)),
    (error) => fail(error, 'It could not be sealed'),
  )
  const pace = createPace(SEAL_EVERY_MS, (organizationId) => void turns.take(organizationId))
  const stop = events.on('posted', ({ organizationId }) => pace.ask(organizationId))
  return async () => {
    stop()
    pace.close()
    await turns.close()
  }
}

async function benchSealing(connection: Connection, organization: OrganizationRow): Promise<void> {
  const { id } = organization
  const events = createLocalEvents(fail)
  const commands: CommandContext = {
    connection,
    organization,
    actor: 'terminal',
    now: Temporal.Now.instant(),
    posted: () => events.publish('posted', { organizationId: id }),
  }
  const limit = (index: number) =>
    setCreditLimit(commands, {
      customer: { number: `C-${(index % 500) + 1}` },
      limit: { amount: { amount: String(index), currency: 'USD' } },
      reason: 'measured',
      dryRun: false,
    })
  await compare(
    'credit limits, sealed',
    async () => {
      const rate = await rateOf(limit)
      // What was not sealed meanwhile is no burden of the next phase.
      await seal(connection, id)
      return rate
    },
    async () => {
      const stop = startSealer(connection, events)
      const rate = await rateOf(limit)
      await stop()
      return rate
    },
  )

  const stop = startSealer(connection, events)
  const delays: number[] = []
  for (let sample = 0; sample < SAMPLES; sample++) {
    await limit(sample)
    const committed = performance.now()
    while (await isLastUnsealed(connection, id)) await sleep(0)
    delays.push(performance.now() - committed)
  }
  await stop()
  const within = (share: number) => delays.toSorted((a, b) => a - b)[Math.floor(share * SAMPLES)]?.toFixed(1)
  console.log(`from the commit to the seal: median ${within(0.5)} ms, 99 % within ${within(0.99)} ms`)
}

const isLastUnsealed = async ({ sql }: Connection, organizationId: string): Promise<boolean> => {
  const [last] = await sql<{ unsealed: boolean }[]>`
    select not exists (
      select from audit_seal where organization_id = ${organizationId} and audit_id = audit.id) as unsealed
    from audit where organization_id = ${organizationId} order by recorded_at desc, id desc limit 1`
  return last?.unsealed === true
}

async function benchSize(connection: Connection, organization: OrganizationRow, rows: number): Promise<void> {
  await asOwner(
    connection,
    ({ sql }) => sql`
      with written as (
        select ${organization.id}::uuid as organization_id,
          (to_char(n, 'FM00000000') || '-0000-7000-8000-' || to_char(n, 'FM000000000000'))::uuid as id,
          'token:' || gen_random_uuid() as actor, 'recordReceipt'::text as action, gen_random_uuid()::text as subject,
          null::jsonb as before, jsonb_build_object('amount', n::text, 'currency', 'USD', 'receivedOn', '2026-01-01') as after,
          null::text as reason, null::uuid as origin_id, gen_random_uuid()::text as request_id,
          timestamptz '2026-01-01' + n * interval '10 ms' as recorded_at
        from generate_series(1, ${rows}::int) as n)
      insert into audit (organization_id, id, actor, action, subject, before, after, reason, origin_id, request_id,
        recorded_at, hash)
      select *, encode(sha256(convert_to(${sql.unsafe(AUDIT_CONTENT)}, 'UTF8')), 'hex') from written`,
  )
  const began = performance.now()
  await seal(connection, organization.id)
  const seconds = (performance.now() - began) / 1_000
  console.log(`${rows} entries sealed in ${seconds.toFixed(1)} s (${(rows / seconds).toFixed(0)}/s)`)

  let peak = 0
  const watching = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 20)
  const { isIntact, tookMs } = await verifyAudit(connection, organization.id, { receipts: [], heads: [] })
  clearInterval(watching)
  console.log(
    `${rows} entries verified in ${(tookMs / 1_000).toFixed(1)} s (${((rows * 1_000) / tookMs).toFixed(0)}/s), ` +
      `${isIntact ? 'intact' : 'NOT INTACT'}, at most ${Math.round(peak / 1024 / 1024)} MB`,
  )
}
