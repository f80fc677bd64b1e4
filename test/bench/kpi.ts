/**
 * `pnpm bench kpi [--invoices 100000,1000000,10000000]`: makes books of these sizes, folds them, and sets what KPIs take
 * beside the plain SQL over the same ledger. The generator is compared with the posting rule first.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { openEmbedded } from '@tidemark/drizzle/embedded.ts'
import { migrate } from '@tidemark/drizzle/migrate.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import type { KpiMetric } from '@tidemark/server/domain/kpi.ts'
import { readAging } from '@tidemark/server/kpi/aging.ts'
import { readKpis, type KpiQuery } from '@tidemark/server/kpi/queries.ts'
import { findFoldFaults } from '@tidemark/server/ledger/fold-check.ts'
import { fold } from '@tidemark/server/ledger/fold.ts'
import { FIRST_DAY, LAST_DAY, writeBook, type BookSize } from './kpi-book.ts'
import { startAsker } from './kpi-http.ts'
import { findDifferences, naiveHeadline, naiveKnown } from './kpi-naive.ts'

const SIXTY_SEGMENTS = { businessUnits: 3, regions: 5, channels: 4, productLines: 1 }
const FIVE_THOUSAND_SEGMENTS = { businessUnits: 5, regions: 20, channels: 10, productLines: 5 }
/** Of the book with 5,000 segments: there a row is hardly ever the sum of two, so it is large. */
const INVOICES_OF_MANY_SEGMENTS_MAX = 1_000_000
const SAMPLE = 500

const HEADLINE: readonly KpiMetric[] = [
  'TOTAL_RECEIVABLES',
  'PAST_DUE',
  'PAST_DUE_SHARE',
  'DSO',
  'DSO_COUNT_BACK',
  'BEST_POSSIBLE_DSO',
  'AVERAGE_DAYS_DELINQUENT',
  'COLLECTION_EFFECTIVENESS_INDEX',
  'ON_TIME_RATE',
  'CASH_COLLECTED',
  'SALES',
  'OPEN_INVOICE_COUNT',
]

const now = Temporal.PlainDate.from(LAST_DAY).add({ days: 1 }).toZonedDateTime('UTC').toInstant()
const today = Temporal.PlainDate.from(LAST_DAY).add({ days: 1 })
/** Another day each time: nothing is read twice. */
const someDay = (index: number) => Temporal.PlainDate.from('2025-01-10').add({ days: (index * 97) % 640 })
const common = { now, settledAt: now }
const months = { from: Temporal.PlainDate.from(FIRST_DAY), to: Temporal.PlainDate.from(LAST_DAY) }

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { invoices: { type: 'string', default: '100000,1000000' } },
  })
  const sizes = values.invoices.split(',').map(Number)
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const database = await openEmbedded(join(folder, 'data'))
  try {
    await withBook(database.url, { invoices: SAMPLE, ...SIXTY_SEGMENTS }, checkGenerator)
    const rows: Figures[] = []
    for (const invoices of sizes) {
      rows.push(await withBook(database.url, { invoices, ...SIXTY_SEGMENTS }, measureBook))
      print(rows)
    }
    const invoices = Math.min(INVOICES_OF_MANY_SEGMENTS_MAX, Math.max(...sizes))
    const grouped = await withBook(database.url, { invoices, ...FIVE_THOUSAND_SEGMENTS }, measureGroups)
    console.log(`${invoices} invoices in 5,000 segments, grouped by 20 regions:`)
    console.log(`  12 KPIs of a day: ${ms(grouped.day)} (below 150 ms)`)
    console.log(`  36 months of 12 KPIs: ${ms(grouped.months)}`)
    console.log(`  12 KPIs of a day by region and business unit: ${ms(grouped.pairs)} (below 5,000 ms)`)
  } finally {
    await database.close()
    await rm(folder, { recursive: true, force: true })
  }
}

type Organization = { readonly id: string; readonly baseCurrency: string; readonly timeZone: string }
type Book = {
  readonly url: string
  readonly connection: Connection
  readonly organization: Organization
  readonly size: BookSize
}

/** A database of its own for each book, so that none is slowed down by another. */
async function withBook<T>(clusterUrl: string, size: BookSize, use: (book: Book) => Promise<T>): Promise<T> {
  const name = `bench_${size.invoices}_${size.regions}`
  const cluster = await connect(clusterUrl, { max: 1 })
  await cluster.sql.unsafe(`create database ${name}`)
  const url = new URL(clusterUrl)
  url.pathname = `/${name}`
  const connection = await connect(url.href, { max: 2 })
  try {
    await migrate(connection)
    const organization = { id: crypto.randomUUID(), baseCurrency: 'USD', timeZone: 'UTC' }
    await writeBook(connection, organization.id, size)
    return await use({ url: url.href, connection, organization, size })
  } finally {
    await connection.close()
    await cluster.sql.unsafe(`drop database ${name}`)
    await cluster.close()
  }
}

const reading = <T>({ connection, organization }: Book, run: (tx: Tx) => Promise<T>): Promise<T> =>
  inTransaction(connection, { organizationId: organization.id, mode: 'read', timeoutMs: null }, run)

async function checkGenerator(book: Book): Promise<void> {
  const differences = await reading(book, (tx) => findDifferences(tx, book.organization.id))
  if (differences.length > 0)
    throw new Error(`The generator differs from the posting rule: ${differences[0]}`)
  await fold(book.connection, book.organization.id, { today, rowsMax: 5_000 })
  const faults = await reading(book, (tx) => findFoldFaults(tx, book.organization.id))
  if (faults.length > 0) throw new Error(`The folded rows differ from the flow: ${JSON.stringify(faults[0])}`)
  console.log(`The generator writes what the posting rule gives (${SAMPLE} invoices).`)
}

/** Milliseconds; `...Statements` of the database with the driver, without what the process makes of the rows. */
type Figures = {
  readonly invoices: number
  readonly flowRows: number
  readonly foldSeconds: number
  readonly headlineStatements: number
  readonly headline: number
  readonly headlineHttp: number
  readonly headlineNaive: number
  readonly months: number
  readonly known: number
  readonly knownStatements: number
  readonly knownNaive: number
}

async function measureBook(book: Book): Promise<Figures> {
  const { connection, organization, size } = book
  const started = performance.now()
  const { rows } = await fold(connection, organization.id, { today })
  const foldSeconds = (performance.now() - started) / 1000
  await connection.sql.unsafe('vacuum (analyze)')
  const ask = (query: Omit<KpiQuery, 'now' | 'settledAt' | 'metrics'>) => (tx: Tx) =>
    readKpis(tx, organization, { metrics: HEADLINE, ...common, ...query })
  const headline = (index: number) => async (tx: Tx) => {
    // As the two fields of one GraphQL operation ask.
    const asOf = someDay(index)
    await Promise.all([ask({ asOf })(tx), readAging(tx, organization, { asOf, ...common })])
  }
  const knownAt = (index: number) =>
    someDay(index)
      .toZonedDateTime('UTC')
      .add({ hours: (index * 31) % 100 })
      .toInstant()
  const known = (index: number) => ask({ asOf: someDay(index), knownAt: knownAt(index) })
  return {
    invoices: size.invoices,
    flowRows: rows,
    foldSeconds,
    headline: await medianOf(book, 40, headline),
    headlineStatements: await medianOfStatements(book, 40, headline),
    headlineHttp: await medianOfHttp(book),
    headlineNaive: await medianOf(
      book,
      3,
      (index) => (tx) => naiveHeadline(tx, organization.id, someDay(index)),
      0,
    ),
    months: await medianOf(book, 15, () => ask({ ...months, granularity: 'MONTH' })),
    known: await medianOf(book, 40, known),
    knownStatements: await medianOfStatements(book, 40, known),
    knownNaive: await medianOf(
      book,
      3,
      (index) => (tx) => naiveKnown(tx, organization.id, someDay(index), knownAt(index)),
      0,
    ),
  }
}

type GroupFigures = { readonly day: number; readonly months: number; readonly pairs: number }

async function measureGroups(book: Book): Promise<GroupFigures> {
  const { connection, organization } = book
  await fold(connection, organization.id, { today })
  await connection.sql.unsafe('vacuum (analyze)')
  const ask = (query: Omit<KpiQuery, 'now' | 'settledAt' | 'metrics'>) => (tx: Tx) =>
    readKpis(tx, organization, { metrics: HEADLINE, groupBy: ['REGION'], ...common, ...query })
  const pairs = { groupBy: ['REGION', 'BUSINESS_UNIT'] } as const
  return {
    day: await medianOf(book, 20, (index) => ask({ asOf: someDay(index) })),
    months: await medianOf(book, 5, () => ask(months)),
    pairs: await medianOf(book, 3, (index) => ask({ asOf: someDay(index), ...pairs }), 1),
  }
}

const WARM_UP = 3

async function medianOf(
  book: Book,
  runs: number,
  make: (index: number) => (tx: Tx) => Promise<unknown>,
  warmUp = WARM_UP,
) {
  const times: number[] = []
  for (let index = -warmUp; index < runs; index++) {
    const ask = make(index + warmUp)
    const time = await reading(book, async (tx) => {
      // The transaction is there: what is measured is the answer.
      await tx.sql`select`
      const started = performance.now()
      await ask(tx)
      return performance.now() - started
    })
    if (index >= 0) times.push(time)
  }
  return median(times)
}

const HEADLINE_QUERY = `query Headline($metrics: [KpiMetric!]!, $asOf: Date!) {
  kpis(metrics: $metrics, asOf: $asOf) { metric valueExact unit reason }
  aging(asOf: $asOf) { buckets { label amount { amount } count } ledgerBalance { amount } }
}`

/** From the request to the last byte of its answer. */
async function medianOfHttp({ url, organization }: Book): Promise<number> {
  await using asker = await startAsker(url, organization.id, () => now)
  const times: number[] = []
  for (let index = -10; index < 40; index++) {
    const started = performance.now()
    await asker.ask(HEADLINE_QUERY, { metrics: HEADLINE, asOf: someDay(index + 10).toString() })
    if (index >= 0) times.push(performance.now() - started)
  }
  return median(times)
}

/** The same, but only the statements that the answer sends, one after the other. */
async function medianOfStatements(
  book: Book,
  runs: number,
  make: (index: number) => (tx: Tx) => Promise<unknown>,
): Promise<number> {
  const sent: [string, unknown[]][] = []
  const options = book.connection.sql.options as { debug: unknown }
  const times: number[] = []
  for (let index = 0; index < runs; index++) {
    const time = await reading(book, async (tx) => {
      await tx.sql`select`
      sent.length = 0
      options.debug = (_connection: number, query: string, parameters: unknown[]) =>
        sent.push([query, parameters.map(asGiven)])
      await make(index)(tx)
      options.debug = false
      const started = performance.now()
      await Promise.all(
        sent.map(([query, parameters]) =>
          tx.sql.unsafe(query, parameters as string[], { prepare: true }).execute(),
        ),
      )
      return performance.now() - started
    })
    times.push(time)
  }
  return median(times)
}

/** The driver tells parameters as they were sent, and would send the text of a boolean as false. */
const asGiven = (sent: unknown): unknown => (sent === 't' || sent === 'f' ? sent === 't' : sent)

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0

const ms = (time: number) => `${time.toFixed(1)} ms`
const times = (ratio: number) => `${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio)} x`

function print(figures: readonly Figures[]): void {
  const [first] = figures
  const last = figures.at(-1)
  if (first === undefined || last === undefined) return
  console.log(
    `${last.invoices} invoices, ${last.flowRows} rows of flow folded in ${last.foldSeconds.toFixed(1)} s`,
  )
  console.log(
    `  12 headline KPIs and aging of a day: ${ms(last.headlineStatements)} in the database (below 5 ms), ${ms(last.headline)} with all, ${ms(last.headlineHttp)} through HTTP and GraphQL (below 15 ms)`,
  )
  console.log(
    `    plain SQL: ${ms(last.headlineNaive)}, ${times(last.headlineNaive / last.headlineStatements)} (at least 100 x)`,
  )
  console.log(
    `    growth since ${first.invoices}: ${times(last.headlineStatements / first.headlineStatements)} (at most 1.5 x)`,
  )
  console.log(`  36 months of 12 KPIs: ${ms(last.months)} (below 60 ms)`)
  console.log(
    `  as known at a past moment: ${ms(last.knownStatements)} in the database, ${ms(last.known)} with all (below 20 ms)`,
  )
  console.log(
    `    by the index on the recording alone: ${ms(last.knownNaive)}, ${times(last.knownNaive / last.knownStatements)} (at least 30 x)`,
  )
}
