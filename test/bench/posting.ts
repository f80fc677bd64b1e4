/**
 * `pnpm bench posting [--receipts N] [--writers 16]`: so many writers record single receipts, each of which pays an invoice, and set
 * beside it the same rows inserted without any checks, a transaction for each receipt, through the same driver. Then
 * once more while the KPI store is folded without a pause, where nobody may be found waiting for the folding.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { openEmbedded } from '@tidemark/drizzle/embedded.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import type { CommandContext } from '@tidemark/server/command.ts'
import { createPublisher } from '@tidemark/server/events.ts'
import { readAging } from '@tidemark/server/kpi/aging.ts'
import { findFoldFaults } from '@tidemark/server/ledger/fold-check.ts'
import { fold } from '@tidemark/server/ledger/fold.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { recordReceipt } from '@tidemark/server/receipt/record.ts'
import { contextOn, fillBooks, median, readDebts, reading } from './posting-books.ts'

const INVOICES = 20_000
const ROUNDS = 6
const RATIO_MIN = 0.65
const RECEIVED_ON = '2026-01-15'
const today = Temporal.PlainDate.from('2026-02-01')

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { receipts: { type: 'string', default: '3000' }, writers: { type: 'string', default: '16' } },
  })
  const writers = Number(values.writers)
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const database = await openEmbedded(join(folder, 'data'))
  opened.defer(() => database.close())
  const create = (definition: string) =>
    using(database.url, 1, (cluster) => cluster.sql.unsafe(`create database ${definition}`))
  const urlOf = (name: string) => Object.assign(new URL(database.url), { pathname: `/${name}` }).href
  await create('books')
  const organization = await using(urlOf('books'), 2, (connection) =>
    fillBooks(connection, folder, { invoices: INVOICES, today }),
  )
  // Before any receipt: what one of the two has, the other has too.
  await create('twin template books')

  const books = await connect(urlOf('books'), { max: writers + 4 })
  opened.defer(() => books.close())
  const twin = await connect(urlOf('twin'), { max: writers })
  opened.defer(() => twin.close())
  const publisher = createPublisher(books, (error) => console.error(error))
  opened.defer(() => publisher.close())
  const wake = () => publisher.publish('posted', { organizationId: organization.id })
  await measure({ books, twin, organization, wake }, Number(values.receipts), Number(values.writers))
}

async function using<T>(url: string, max: number, run: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await connect(url, { max })
  try {
    return await run(connection)
  } finally {
    await connection.close()
  }
}

const contextOf = (connection: Connection, organization: OrganizationRow): CommandContext =>
  contextOn(today, connection, organization)

const foldAll = (connection: Connection, { id }: OrganizationRow) => fold(connection, id, { today })

type Bench = {
  readonly books: Connection
  readonly twin: Connection
  readonly organization: OrganizationRow
  /** Tells other processes that something was posted, as the product does. */
  readonly wake: () => void
}

async function measure(
  { books, twin, organization, wake }: Bench,
  receipts: number,
  writers: number,
): Promise<void> {
  const rateOf = (times: number, work: () => Promise<unknown>) => ratePerSecond(writers, times, work)
  const debts = await readDebts(books, organization)
  let turn = 0
  const pay = async (): Promise<string> => {
    const debt = debts[(turn += 1) % debts.length]
    if (debt === undefined) throw new Error('Nobody owes anything')
    const recorded = await recordReceipt(
      { ...contextOf(books, organization), posted: wake },
      {
        customer: { number: debt.customer },
        amount: { amount: '0.02', currency: debt.currency },
        receivedOn: Temporal.PlainDate.from(RECEIVED_ON),
        allocations: [{ invoice: { number: debt.invoice }, amount: '0.01' }],
        dryRun: false,
      },
    )
    if (isProblem(recorded)) throw new Error(recorded.message)
    return recorded.audit?.id ?? ''
  }
  const each = Math.ceil(receipts / ROUNDS)
  await inParallel(writers, 64, pay)
  const rates: { checked: number; bare: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const posted: string[] = []
    const checked = await rateOf(each, async () => {
      posted.push(await pay())
    })
    const rows = await Promise.all(posted.map((auditId) => readRows(books, organization, auditId)))
    const bare = await rateOf(rows.length, async () => {
      const one = rows.pop()
      if (one !== undefined) await insertRows(twin, organization, one)
    })
    rates.push({ checked, bare })
  }
  const ratio = median(rates.map(({ checked, bare }) => checked / bare))
  console.log(`${writers} writers at once, ${ROUNDS} rounds of ${each} receipts, in turns:`)
  console.log(
    `  recordReceipt: ${median(rates.map(({ checked }) => checked)).toFixed(0)} a second, no deadlock`,
  )
  console.log(
    `  the same rows without checks: ${median(rates.map(({ bare }) => bare)).toFixed(0)} a second; ratio ${(ratio * 100).toFixed(0)} % (at least ${RATIO_MIN * 100} %)`,
  )

  const folding = await whileFolding(books, organization, () => rateOf(each, pay))
  console.log(
    `  while the KPI store is folded over and over (${folding.folds} times, ${folding.rows} rows): ${folding.result.toFixed(0)} a second; found waiting for it in ${folding.looks} looks: ${folding.waiting} (0)`,
  )
  const wrong = await findWrong(books, organization)
  console.log(`  sums: ${wrong.length === 0 ? 'exact' : wrong.join('; ')}`)
  if (ratio < RATIO_MIN || folding.waiting > 0 || wrong.length > 0) process.exitCode = 1
}

async function inParallel(writers: number, times: number, work: () => Promise<unknown>): Promise<void> {
  let left = times
  const writer = async () => {
    while (left-- > 0) await work()
  }
  await Promise.all(Array.from({ length: writers }, writer))
}

async function ratePerSecond(writers: number, times: number, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await inParallel(writers, times, work)
  return (times / (performance.now() - started)) * 1000
}

const TABLES = ['audit', 'item', 'receipt', 'ledger_entry', 'flow', 'open_span'] as const
type Rows = Readonly<Record<(typeof TABLES)[number], readonly Record<string, unknown>[]>>

/** What a posting inserted, as the driver takes it back. Not of the invoice's open span, which is as it was. */
async function readRows(
  connection: Connection,
  organization: OrganizationRow,
  auditId: string,
): Promise<Rows> {
  return reading(connection, organization, async (tx) => {
    const [posted] = await tx.sql<{ receipt: string; recorded: string }[]>`
      select subject as receipt, recorded_at::text as recorded from audit where organization_id = ${organization.id} and id = ${auditId}`
    if (posted === undefined) throw new Error('The posting has no audit row')
    const { receipt, recorded } = posted
    const [audit, item, receiptRow, entries, flow, spans] = await Promise.all([
      tx.sql`select * from audit where organization_id = ${organization.id} and id = ${auditId}`,
      tx.sql`select * from item where organization_id = ${organization.id} and id = ${receipt}`,
      tx.sql`select * from receipt where organization_id = ${organization.id} and id = ${receipt}`,
      tx.sql`select * from ledger_entry where organization_id = ${organization.id} and audit_id = ${auditId}`,
      tx.sql`select * from flow where organization_id = ${organization.id} and recorded_at = ${recorded}::timestamptz`,
      tx.sql`select * from open_span where organization_id = ${organization.id} and item_id = ${receipt}`,
    ])
    return { audit, item, receipt: receiptRow, ledger_entry: entries, flow, open_span: spans }
  })
}

const OWN = new Set(['xid', 'sealed'])

/** One statement for each table, all sent together. Posting sends one for all, and adds to the customer's balance. */
const insertRows = (connection: Connection, { id }: OrganizationRow, rows: Rows): Promise<unknown> =>
  inTransaction(connection, { organizationId: id, mode: 'write' }, (tx) =>
    Promise.all(
      TABLES.filter((table) => rows[table].length > 0).map((table) => {
        const columns = Object.keys(rows[table][0] ?? {}).filter((column) => !OWN.has(column))
        return tx.sql`insert into ${tx.sql(table)} ${tx.sql(rows[table] as Record<string, string>[], columns)}`.execute()
      }),
    ),
  )

/** Folds without a pause while `work` runs, and looks who waits for a lock that the folding holds. */
async function whileFolding<T>(
  connection: Connection,
  organization: OrganizationRow,
  work: () => Promise<T>,
): Promise<{ result: T; folds: number; rows: number; looks: number; waiting: number }> {
  const url = connectionUrl(connection)
  return using(url, 1, async (folder) => {
    const [self] = await folder.sql<{ pid: number }[]>`select pg_backend_pid() as pid`
    const done = new AbortController()
    let folds = 0
    let rows = 0
    let looks = 0
    let waiting = 0
    const folding = (async () => {
      while (!done.signal.aborted) {
        rows += (await foldAll(folder, organization)).rows
        folds += 1
      }
    })()
    const looking = (async () => {
      while (!done.signal.aborted) {
        const [seen] = await connection.sql<{ count: number }[]>`
          select count(*)::int as count from pg_stat_activity where ${self?.pid ?? 0} = any(pg_blocking_pids(pid))`
        waiting += seen?.count ?? 0
        looks += 1
        await sleep(10)
      }
    })()
    const readers = (async () => {
      while (!done.signal.aborted) await agingOf(connection, organization)
    })()
    const result = await work()
    done.abort()
    await Promise.all([folding, looking, readers])
    return { result, folds, rows, looks, waiting }
  })
}

const connectionUrl = ({ sql }: Connection): string => {
  const { host, port, user, pass, database } = sql.options
  return `postgres://${user}:${String(pass)}@${host[0]}:${port[0]}/${database}`
}

const agingOf = (connection: Connection, organization: OrganizationRow) =>
  reading(connection, organization, (tx) => {
    const now = contextOf(connection, organization).now
    return readAging(tx, organization, {
      now,
      settledAt: Temporal.Now.instant(),
      filter: { currency: ['USD'] },
    })
  })

/** In words, what does not add up. */
async function findWrong(connection: Connection, organization: OrganizationRow): Promise<string[]> {
  await foldAll(connection, organization)
  const aging = await agingOf(connection, organization)
  const unexplained = await reading(connection, organization, (tx) => aging.unexplained(tx))
  const faults = await reading(connection, organization, (tx) => findFoldFaults(tx, organization.id))
  return [
    ...faults.map((fault) => `${fault.table} ${fault.key}`),
    ...(unexplained.minor === 0n ? [] : [`${unexplained.minor} cents unexplained`]),
  ]
}
