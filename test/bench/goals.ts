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
import { groupSegments, readSegmentsAfter } from '@tidemark/server/kpi/segments.ts'
import { LAST_DAY, writeBook } from './kpi-book.ts'
import { naiveOfSegments } from './kpi-naive.ts'

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
/** Days that were not evaluated before: at the beginning, in the midst and at the end of a month. */
const NEW_DAYS = [-29, -24, -19, -14, -9, -4, -1, 0]
/** Plain SQL is timed for the scopes of these goals: the whole organization, a region, a business unit, and a region and channel. */
const SAMPLED = [0, 1, 10, 13].map((index) => FILTERS[index] ?? {})

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
  const clock = { first: [] as number[], again: [] as number[] }
  const first: Times[] = []
  for (const day of NEW_DAYS) {
    const { sent, took } = await sentBy(connection, () => evaluateOnce(connection, organization, day))
    clock.first.push(took)
    first.push(await timeOf(connection, organization, sent))
  }
  const fitted = await timed(() => findForecasts(connection, organization, morning(0), () => false))
  await evaluateOnce(connection, organization, 0)
  for (let index = 0; index < RUNS; index++)
    clock.again.push(await timed(() => evaluateOnce(connection, organization, 0)))
  const { sent } = await sentBy(connection, () => evaluateOnce(connection, organization, 0))
  const again = await timeOf(connection, organization, sent)
  const naive = await timeOfNaive(connection, organization)
  const middles = first.map(({ middle }) => middle)
  const onNewDay = median(middles)
  console.log(
    `  the statements of an evaluation after a posting: ${ms(again.middle)}, at best ${ms(again.best)} (below 50 ms)`,
  )
  console.log(
    `  those of the first one of a day: ${ms(onNewDay)}, at best ${ms(median(first.map(({ best }) => best)))}; on the slowest of ` +
      `${first.length} days ${ms(Math.max(...middles))} (below 50 ms)`,
  )
  console.log(
    `  with all: ${ms(median(clock.again))}; the first of a day, which adds 200 rows: ${ms(median(clock.first))}`,
  )
  console.log(`  forecasts of all, once a day: ${ms(fitted)}`)
  console.log(
    `  plain SQL over the ledger: ${ms(naive)} for a goal, by ${SAMPLED.length} that were tried, so for 200 ` +
      `${Math.round((200 * naive) / again.middle)} x as long as after a posting, ${Math.round((200 * naive) / onNewDay)} x as on a new day`,
  )
}

const evaluateOnce = async (
  connection: Connection,
  organization: Organization,
  day: number,
): Promise<void> => {
  const { outcome } = await evaluate(connection, organization, morning(day), (error) => {
    throw error
  })
  if (outcome !== 'DONE') throw new Error(`The evaluation was ${outcome}`)
}

/** A statement and its parameters. */
type Sent = readonly [query: string, parameters: readonly unknown[]]

async function sentBy(
  connection: Connection,
  work: () => Promise<void>,
): Promise<{ readonly sent: readonly Sent[]; readonly took: number }> {
  const options = connection.sql.options as { debug: unknown }
  const sent: Sent[] = []
  options.debug = (_connection: number, query: string, parameters: unknown[]) =>
    sent.push([query, parameters.map((one) => (one === 't' || one === 'f' ? one === 't' : one))])
  const took = await timed(work)
  options.debug = false
  return { sent, took }
}

/** Of some times: the one in the middle, and the least, which others on the machine held up least. */
type Times = { readonly middle: number; readonly best: number }

/** What an evaluation reads, sent again without what the process makes of it. */
async function timeOf(
  connection: Connection,
  organization: Organization,
  sent: readonly Sent[],
): Promise<Times> {
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
  return { middle: median(times), best: Math.min(...times) }
}

/** The mean of the sampled scopes. */
async function timeOfNaive(connection: Connection, organization: Organization): Promise<number> {
  const { id } = organization
  const times = await inTransaction(
    connection,
    { organizationId: id, mode: 'read', timeoutMs: null },
    async (tx) => {
      const segments = await readSegmentsAfter(tx, id, 0)
      const found: number[] = []
      for (const filter of SAMPLED) {
        const [group] = groupSegments(segments, filter, [])
        const ids = (group?.segments ?? []).map((one) => one.id)
        found.push(await timed(() => naiveOfSegments(tx, id, today, ids)))
      }
      return found
    },
  )
  return times.reduce((sum, time) => sum + time, 0) / times.length
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
