/**
 * `pnpm bench goals [--invoices 1000000] [--organizations 1000]`: evaluates 200 goals of one organization and sets what its
 * statements take beside plain SQL over the ledger, goal by goal; then lets a server begin a new day for so many
 * organizations with ten goals each.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { openEmbedded } from '@tidemark/drizzle/embedded.ts'
import { migrate } from '@tidemark/drizzle/migrate.ts'
import { asOwner, inTransaction } from '@tidemark/drizzle/transaction.ts'
import { createLocalEvents } from '@tidemark/server/events.ts'
import { fold } from '@tidemark/server/ledger/fold.ts'
import { evaluate } from '@tidemark/server/live/evaluate.ts'
import { startEvaluator } from '@tidemark/server/live/evaluator.ts'
import { findForecasts } from '@tidemark/server/live/forecasts.ts'
import { defaultConventions } from '@tidemark/server/domain/conventions.ts'
import type { KpiMetric } from '@tidemark/server/domain/kpi.ts'
import { LAST_DAY, writeBook } from './kpi-book.ts'
import { naiveHeadline } from './kpi-naive.ts'

const METRICS: readonly KpiMetric[] = [
  'DSO',
  'PAST_DUE',
  'PAST_DUE_SHARE',
  'COLLECTION_EFFECTIVENESS_INDEX',
  'TOTAL_RECEIVABLES',
  'ON_TIME_RATE',
  'CASH_COLLECTED',
  'OPEN_INVOICE_COUNT',
  'AVERAGE_DAYS_DELINQUENT',
  'CURRENT_SHARE',
]
const FILTERS: readonly object[] = [
  {},
  ...[1, 2, 3, 4, 5].map((n) => ({ region: [`Region ${n}`] })),
  ...[1, 2, 3, 4].map((n) => ({ channel: [`Channel ${n}`] })),
  ...[1, 2, 3].map((n) => ({ businessUnit: [`Unit ${n}`] })),
  ...[1, 2, 3, 4, 5, 1, 2].map((n, index) => ({
    region: [`Region ${n}`],
    channel: [`Channel ${1 + (index % 4)}`],
  })),
]

const today = Temporal.PlainDate.from(LAST_DAY).add({ days: 1 })
const morning = (days: number) =>
  today.add({ days }).toZonedDateTime({ timeZone: 'UTC', plainTime: '08:00' }).toInstant()
const SIZE = { businessUnits: 3, regions: 5, channels: 4, productLines: 1 }
const RUNS = 15

type Organization = { readonly id: string; readonly baseCurrency: string; readonly timeZone: string }

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      invoices: { type: 'string', default: '1000000' },
      organizations: { type: 'string', default: '1000' },
    },
  })
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const database = await openEmbedded(join(folder, 'data'))
  const connection = await connect(database.url, { max: 8 })
  try {
    await migrate(connection)
    const organization = { id: crypto.randomUUID(), baseCurrency: 'USD', timeZone: 'UTC' }
    await writeBook(connection, organization.id, { invoices: Number(values.invoices), ...SIZE })
    await fold(connection, organization.id, { today })
    await connection.sql.unsafe('vacuum (analyze)')
    console.log(`${values.invoices} invoices, 200 active goals, ten KPIs on twenty scopes:`)
    await measureOne(connection, organization)
    await beginDay(connection, organization, Number(values.organizations))
  } finally {
    await connection.close()
    await database.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Exported for books that are there already. */
export async function measureOne(connection: Connection, organization: Organization): Promise<void> {
  await setGoals(connection, [organization.id], FILTERS)
  const clock = { first: await timed(() => evaluateOnce(connection, organization)), again: [] as number[] }
  const fitted = await timed(() => findForecasts(connection, organization, morning(0), () => false))
  await evaluateOnce(connection, organization)
  for (let index = 0; index < RUNS; index++)
    clock.again.push(await timed(() => evaluateOnce(connection, organization)))
  const statements = await timeOfStatements(connection, organization)
  const naive = await timed(() =>
    inTransaction(connection, { organizationId: organization.id, mode: 'read', timeoutMs: null }, (tx) =>
      naiveHeadline(tx, organization.id, today),
    ),
  )
  console.log(`  the statements of an evaluation after a posting: ${ms(statements)} (below 50 ms)`)
  console.log(
    `  with all: ${ms(median(clock.again))}; the first of a day, which reads what is folded and adds 200 rows: ${ms(clock.first)}`,
  )
  console.log(`  forecasts of all, once a day: ${ms(fitted)}`)
  console.log(
    `  plain SQL: ${ms(naive)} for one goal, so ${Math.round((200 * naive) / statements)} x for 200`,
  )
}

const evaluateOnce = async (connection: Connection, organization: Organization): Promise<void> => {
  const { outcome } = await evaluate(connection, organization, morning(0), (error) => {
    throw error
  })
  if (outcome !== 'DONE') throw new Error(`The evaluation was ${outcome}`)
}

/** What an evaluation sends, sent again without what the process makes of it. */
async function timeOfStatements(connection: Connection, organization: Organization): Promise<number> {
  const options = connection.sql.options as { debug: unknown }
  const sent: [string, unknown[]][] = []
  options.debug = (_connection: number, query: string, parameters: unknown[]) =>
    sent.push([query, parameters.map((one) => (one === 't' || one === 'f' ? one === 't' : one))])
  await evaluateOnce(connection, organization)
  options.debug = false
  const reads = sent.filter(([query]) => /^\s*(select|with)/i.test(query) && !query.includes('advisory'))
  const times: number[] = []
  const read = { organizationId: organization.id, mode: 'read' } as const
  for (let index = 0; index < RUNS; index++) {
    const time = await inTransaction(connection, read, async (tx) => {
      const started = performance.now()
      await Promise.all(
        reads.map(([query, parameters]) =>
          tx.sql.unsafe(query, parameters as string[], { prepare: true }).execute(),
        ),
      )
      return performance.now() - started
    })
    times.push(time)
  }
  return median(times)
}

/** Copies of a small book, ten goals each, and a server that finds a new day. */
async function beginDay(connection: Connection, small: Organization, count: number): Promise<void> {
  const ids = Array.from({ length: count }, () => crypto.randomUUID())
  await asOwner(connection, async (tx) => {
    await tx.sql`select set_config('session_replication_role', 'replica', true), set_config('statement_timeout', '0', true)`
    await tx.sql`
      insert into organization (id, slug, name, base_currency, time_zone)
      select id, 'bench-' || id, 'Bench', 'USD', 'UTC' from unnest(${ids}::uuid[]) id`
    await tx.sql`
      insert into segment (organization_id, id, currency, business_unit, region, channel, product_line)
      select o, s.id, s.currency, s.business_unit, s.region, s.channel, s.product_line
      from unnest(${ids}::uuid[]) o, segment s where s.organization_id = ${small.id}`
    const columns = tx.sql.unsafe(
      (
        await tx.sql<{ name: string }[]>`
          select quote_ident(attname) as name from pg_attribute
          where attrelid = 'flow'::regclass and attnum > 0 and not attisdropped
            and attname not in ('organization_id', 'xid') and attgenerated = ''`
      )
        .map(({ name }) => name)
        .join(', '),
    )
    await tx.sql`
      insert into flow (organization_id, ${columns})
      select o, ${columns} from unnest(${ids}::uuid[]) o,
        (select ${columns} from flow where organization_id = ${small.id} order by day desc limit 500) few`
  })
  await setGoals(connection, ids, [{}])
  let evaluated = 0
  const events = createLocalEvents((error) => console.error(error))
  events.on('progress', () => void (evaluated += 1))
  let now = morning(0)
  const failures: unknown[] = []
  const evaluator = startEvaluator({
    connection,
    events,
    clock: () => now,
    logError: (error) => void failures.push(error),
  })
  await evaluator.poll()
  evaluated = 0
  now = morning(1)
  const day = await timed(() => evaluator.poll())
  await evaluator.close()
  if (failures.length > 0) throw new Error('Goals could not be evaluated', { cause: failures[0] })
  console.log(
    `${count} organizations with ten goals each begin a day: ${(day / 1000).toFixed(1)} s, forecasts included, ${evaluated} evaluations with news`,
  )
}

/** One for each KPI and filter, between a target and a deadline that leave them running. */
const setGoals = (connection: Connection, organizationIds: readonly string[], filters: readonly object[]) =>
  asOwner(connection, async (tx) => {
    await tx.sql`
      insert into goal (organization_id, id, name, metric, direction, filter, conventions, currency, baseline, baseline_on,
        target, starts_on, deadline)
      select o, gen_random_uuid(), 'Goal', m, 'DECREASE', f.value, ${JSON.stringify(defaultConventions)}::text::jsonb, 'USD',
        1000000, ${today.subtract({ days: 30 }).toString()}::date, 1, ${today.subtract({ days: 30 }).toString()}::date,
        ${today.add({ days: 90 }).toString()}::date
      from unnest(${[...organizationIds]}::uuid[]) o, unnest(${[...METRICS]}::text[]) m,
        jsonb_array_elements(${JSON.stringify(filters)}::text::jsonb) f`
  })

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0

const ms = (time: number) => `${time.toFixed(1)} ms`
