/** A book of customers with credit, written set by set, a server on it, and work that is timed in turns: for credit-*.ts. */
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type Connection, type TransactionSql } from '@tidemark/drizzle/connect.ts'
import { openEmbedded } from '@tidemark/drizzle/embedded.ts'
import { migrate } from '@tidemark/drizzle/migrate.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { SCOPES } from '@tidemark/server/access/scopes.ts'
import { CONNECTION_LIMITS } from '@tidemark/server/config.ts'
import { NO_DELIVERY } from '@tidemark/server/delivery/config.ts'
import { readTrustedProxies } from '@tidemark/server/http/address.ts'
import { createLog } from '@tidemark/server/log.ts'
import { createOrganization } from '@tidemark/server/organization/commands.ts'
import { findOrganization } from '@tidemark/server/organization/queries.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import { startServer } from '@tidemark/server/server.ts'
import { openServices } from '@tidemark/server/services.ts'
import { makeToken } from '../support/tokens.ts'

export type CreditBookSize = {
  readonly customers: number
  /** Open ones. */
  readonly bills: number
  /**
   * False where any order may pass: all are alike. True for three currencies, of which some customers have two, and
   * some customers without limits, above them, on hold, with reviews due.
   */
  readonly isMixed: boolean
  /** Over how many days the bills are spread, up to 40 days ago; else they are all of that day. */
  readonly spreadDays?: number
}

export type CreditBench = {
  readonly connection: Connection
  readonly organization: OrganizationRow
  readonly server: BenchServer
}

export type BenchServer = { readonly url: string; readonly token: string; readonly tokenId: string }

const SLUG = 'bench'

/** Database, book and server. In a `folder` the database is kept for another time, when nothing is written any more. */
export async function openCreditBench(
  opened: AsyncDisposableStack,
  size: CreditBookSize,
  folder?: string,
): Promise<CreditBench> {
  const data = folder ?? (await mkdtemp(join(tmpdir(), 'tidemark-bench-')))
  if (folder === undefined) opened.defer(() => rm(data, { recursive: true, force: true }))
  const database = await openEmbedded(join(data, 'data'))
  opened.defer(() => database.close())
  const connection = await connect(database.url, { max: 10 })
  opened.defer(() => connection.close())
  await migrate(connection)
  const organization = (await findOrganization(connection, SLUG)) ?? (await writeCreditBook(connection, size))
  const server = await serve(opened, database.url, connection, organization)
  return { connection, organization, server }
}

/** Straight into the tables: each bill is open and belongs to one customer, every tenth of whom is one of a group of ten. */
async function writeCreditBook(
  connection: Connection,
  { customers, bills, isMixed, spreadDays = 1 }: CreditBookSize,
): Promise<OrganizationRow> {
  const input = { slug: SLUG, name: 'Bench', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
  const organization = await createOrganization(connection, input, 'bench')
  if (isProblem(organization)) throw new Error(organization.message)
  const { id } = organization
  const step = Math.max(1, Math.round(customers / bills))
  await connection.sql.begin(async (sql) => {
    // The keys that foreign keys would look up are made here: nothing can be missing.
    await sql`select set_config('session_replication_role', 'replica', true), set_config('work_mem', '256MB', true),
      set_config('synchronous_commit', 'off', true)`
    const uuid = (kind: string, n: string) => sql.unsafe(`md5('${kind}' || ${n})::uuid`)
    const every = (nth: number) => sql`generate_series(${nth}::int, ${customers}::int, ${nth}::int) as n`
    const mixed = (expression: string, plain: string) => sql.unsafe(isMixed ? expression : plain)
    await sql`insert into segment (organization_id, id, currency) values (${id}, 1, 'USD'), (${id}, 2, 'EUR'), (${id}, 3, 'JPY')`
    await sql`
      insert into exchange_rate (organization_id, currency, valid_on, rate, source)
      values (${id}, 'EUR', current_date, 1.0837, 'bench'), (${id}, 'JPY', current_date, 0.006712, 'bench')`
    await sql`
      insert into customer (organization_id, id, number, name, terms_days, credit_limit_state, credit_limit,
        credit_limit_currency, risk_class, next_credit_review_on, credit_hold_since, credit_hold_reason, credit_hold_by)
      select ${id}::uuid, ${uuid('c', 'n')}, n::text, ${nameOf(sql)}, 30,
        state::credit_limit_state, case state when 'AMOUNT' then ${mixed('case when n % 100 = 1 then 500 else 1000000000 end', '1000000')} end,
        case state when 'AMOUNT' then 'USD' end,
        ${mixed("case when n % 7 > 0 then case n % 100 when 0 then 'HIGH' when 1 then 'MEDIUM' else 'LOW' end end", 'null')}::risk_class,
        ${mixed('case when n % 3 > 0 then current_date - 10 + n % 730 end', 'null')}::date,
        ${mixed('case when n % 2000 = 9 then now() end', 'null')}::timestamptz,
        ${mixed("case when n % 2000 = 9 then 'bench' end", 'null')}, ${mixed("case when n % 2000 = 9 then 'bench' end", 'null')}
      from (
        select n, ${mixed("case when n % 5000 = 11 then 'UNLIMITED' when n % 20 = 3 then 'NOT_SET' else 'AMOUNT' end", "'AMOUNT'")} as state
        from ${every(1)}
      ) as each`
    await sql`
      create temporary table bill on commit drop as
      select i, ${uuid('i', 'i')} as item_id, ${uuid('c', 'n')} as customer_id,
        ${mixed(`case when n % 50 = 0 then 1 + i / ${customers} % 2 when n % 20 = 17 then 2 when n % 20 = 19 then 3 else 1 end`, '1')} as segment_id,
        10000 + i % 5000 ${mixed('+ case when i % 97 = 0 then i % 1000003 else 0 end', '')} as amount
      from (select i, 1 + (i * ${step}::int - 1) % ${customers}::int as n from generate_series(1, ${bills}::int) as i) as each`
    await sql`
      insert into item (organization_id, id, kind, customer_id, segment_id, starts_on)
      select ${id}::uuid, item_id, 'INVOICE'::item_kind, customer_id, segment_id, current_date - 40 - i % ${spreadDays}::int from bill
      union all
      select ${id}::uuid, ${uuid('r', 'n')}, 'RECEIPT', ${uuid('c', 'n')}, 1, current_date - 1 from ${every(10)}`
    await sql`
      insert into ledger_entry (organization_id, item_id, sequence, kind, amount, effective_on, occurred_on, recorded_at,
        due_on, audit_id)
      select ${id}::uuid, item_id, 1, 'INVOICED'::entry_kind, amount, current_date - 40 - i % ${spreadDays}::int,
        current_date - 40 - i % ${spreadDays}::int, now(), current_date - 10 - i % ${spreadDays}::int, ${uuid('a', 'i')} from bill
      union all
      select ${id}::uuid, ${uuid('r', 'n')}, 1, 'RECEIVED', 500, current_date - 1, current_date - 1, now(), null,
        ${uuid('a', 'n')} from ${every(10)}`
    await sql`
      insert into customer_state (organization_id, customer_id, currency, receivable, unapplied, is_further)
      select ${id}::uuid, customer_id, segment.currency, sum(amount), 0,
        row_number() over (partition by customer_id order by segment.currency desc) > 1
      from bill join segment on segment.organization_id = ${id} and segment.id = segment_id group by 2, 3`
    await sql`
      insert into open_span (organization_id, item_id, opens_on, customer_id)
      select ${id}::uuid, item_id, current_date - 40 - i % ${spreadDays}::int, customer_id from bill`
    await sql`
      insert into sales_order (organization_id, id, customer_id, number, amount, currency, ordered_on, released_on)
      select ${id}::uuid, ${uuid('o', 'n')}, ${uuid('c', 'n')}, n::text, 5000, 'USD', current_date, current_date
      from ${every(10)}`
    await sql`
      insert into customer_parent (organization_id, customer_id, version, parent_id, effective_on, audit_id)
      select ${id}::uuid, ${uuid('c', 'n')}, 1, ${uuid('c', 'n - n % 100')}, current_date, ${uuid('a', 'n')}
      from ${every(10)} where n % 100 > 0 and n > 100`
    if (isMixed)
      await sql`
        insert into credit_crossing (organization_id, id, customer_id, exposure, "limit", currency, since)
        select ${id}::uuid, ${uuid('x', 'n')}, ${uuid('c', 'n')}, 20000, 500, 'USD', now()
        from generate_series(1, ${customers}::int, 100) as n where n % 20 <> 3 and n % 5000 <> 11`
  })
  await connection.sql`vacuum analyze`
  return organization
}

const FIRST = [
  'North',
  'Golden',
  'Silver',
  'Harbour',
  'Royal',
  'Alpine',
  'Delta',
  'Union',
  'Pioneer',
  'Crown',
  'Iron',
]
const SECOND = [
  'Foods',
  'Steel',
  'Textiles',
  'Freight',
  'Paper',
  'Glass',
  'Optics',
  'Dairy',
  'Timber',
  'Tools',
  'Paints',
  'Motors',
  'Seeds',
]

const nameOf = (sql: Pick<TransactionSql, 'unsafe'>) => {
  const list = (words: readonly string[]) => `array[${words.map((word) => `'${word}'`).join(', ')}]`
  const of = (words: readonly string[], factor: number) =>
    `(${list(words)})[1 + n::bigint * ${factor} % ${words.length}]`
  return sql.unsafe(
    `concat(${of(FIRST, 7)}, ' ', ${of(SECOND, 31)}, ' ', initcap(translate(to_hex(n::bigint * 7919 % 1000003), '0123456789', 'ghijklmnop')))`,
  )
}

async function serve(
  opened: AsyncDisposableStack,
  databaseUrl: string,
  connection: Connection,
  organization: OrganizationRow,
): Promise<BenchServer> {
  const log = createLog(process.env['LOG_LEVEL'] === 'error' ? 'error' : 'silent')
  const shared = await openServices({ connection, listenUrl: databaseUrl }, log, undefined, NO_DELIVERY)
  opened.defer(() => shared.close())
  const server = await startServer({
    services: shared.services,
    host: '127.0.0.1',
    port: 0,
    dashboard: null,
    demo: false,
    identity: { publicUrl: null, secret: null, oidc: null },
    trustedProxies: readTrustedProxies(''),
    trustedDocuments: null,
    connections: CONNECTION_LIMITS,
    log,
  })
  opened.defer(() => server.close())
  const named = { name: `bench ${Date.now()}`, scopes: SCOPES, actor: 'terminal' }
  const { id, secret } = await makeToken(connection, organization, named)
  await connection.sql`update api_token set points_per_minute = 1000000000 where id = ${id}`
  return { url: server.url, token: secret, tokenId: id }
}

const agent = new Agent({ keepAlive: true })

export function post({ url, token }: BenchServer, body: unknown): Promise<string> {
  const text = JSON.stringify(body)
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'x-api-key': token,
  }
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/graphql`, { method: 'POST', agent, headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => resolve(Buffer.concat(parts).toString()))
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

/** Milliseconds of each, ascending. */
export async function takeTurns(
  rounds: number,
  variants: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(Object.keys(variants).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of Object.entries(variants)) {
      const started = performance.now()
      await work()
      times.get(name)?.push(performance.now() - started)
    }
  }
  return new Map([...times].map(([name, taken]) => [name, taken.toSorted((a, b) => a - b)]))
}

export const atShare = (ascending: readonly number[], share: number): number =>
  ascending[Math.min(Math.floor(ascending.length * share), ascending.length - 1)] ?? 0
