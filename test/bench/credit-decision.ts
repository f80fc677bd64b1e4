/**
 * `pnpm bench credit decision [--customers N] [--decisions N]`: how long `creditDecision` takes through HTTP with so many customers,
 * with and without taking headroom, beside one bare statement that reads the same through the same driver and a bare row
 * that is committed. They take turns, so that a busy machine is busy for all.
 */
import { parseArgs } from 'node:util'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { atShare, openCreditBench, post, takeTurns, type BenchServer } from './credit-book.ts'

const P99_MS_MAX = 10
const DECIDE = `mutation ($input: CreditDecisionInput!) { creditDecision(input: $input) { __typename
  ... on CreditDecisionSuccess { decision { id outcome reasons { code } } } ... on Problem { message } } }`

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      customers: { type: 'string', default: '1000000' },
      decisions: { type: 'string', default: '2000' },
      folder: { type: 'string' },
    },
  })
  const customers = Number(values.customers)
  await using opened = new AsyncDisposableStack()
  const size = { customers, bills: Math.ceil(customers / 5), isMixed: false }
  const { connection, organization, server } = await openCreditBench(opened, size, values.folder)

  const anybody = () => String(Math.floor(Math.random() * customers) + 1)
  const variants = {
    'creditDecision through HTTP': () => decide(server, anybody(), false),
    'creditDecision with reserve': () => decide(server, anybody(), true),
    'one bare statement of the same reads': () => readBare(connection, organization, anybody()),
    'one bare row, committed': () => commitBare(connection, organization),
    '{ __typename } through HTTP': () => post(server, { query: '{ __typename }' }),
  }
  await takeTurns(Math.ceil(Number(values.decisions) / 5), variants)
  const times = await takeTurns(Number(values.decisions), variants)
  console.log(`${customers} customers, one decision at a time, ${values.decisions} each, in turns:`)
  const p99 = new Map<string, number>()
  for (const [name, taken] of times) {
    const at = (share: number) => atShare(taken, share)
    p99.set(name, at(0.99))
    console.log(
      `  ${name}: at best ${at(0).toFixed(2)} ms, median ${at(0.5).toFixed(2)}, p95 ${at(0.95).toFixed(2)}, p99 ${at(0.99).toFixed(2)}`,
    )
  }
  const worst = Math.max(...[...p99].flatMap(([name, taken]) => (name.startsWith('credit') ? [taken] : [])))
  console.log(`  p99 below ${P99_MS_MAX} ms: ${worst < P99_MS_MAX ? 'yes' : 'no'}`)
  if (worst >= P99_MS_MAX) process.exitCode = 1
}

const decide = async (server: BenchServer, number: string, reserve: boolean): Promise<void> => {
  const input = {
    customer: { number },
    orderAmount: { amount: '12.50', currency: 'USD' },
    reserve,
    reserveMinutes: 1,
  }
  const answer = await post(server, { query: DECIDE, variables: { input } })
  if (!answer.includes('"outcome":"ALLOW"')) throw new Error(answer)
}

/** The limit, what is owed, ordered, received and past due of one customer, by their keys: no group, no policy. */
async function readBare({ sql }: Connection, { id }: OrganizationRow, number: string): Promise<void> {
  const rows = await sql`
    select c.id, c.credit_limit, c.credit_hold_since, c.next_credit_review_on,
      (select sum(receivable - unapplied) from customer_state s where s.organization_id = c.organization_id and s.customer_id = c.id),
      (select sum(amount - invoiced) from sales_order o
        where o.organization_id = c.organization_id and o.customer_id = c.id and is_open),
      (select sum(amount) from credit_security x where x.organization_id = c.organization_id and x.customer_id = c.id),
      (select sum(amount) from credit_reservation r where r.organization_id = c.organization_id and r.customer_id = c.id
        and released_at is null and expires_at > now()),
      (select sum(e.amount) from item i join ledger_entry e on e.organization_id = i.organization_id and e.item_id = i.id
        where i.organization_id = c.organization_id and i.customer_id = c.id and i.kind = 'RECEIPT'
          and i.starts_on > current_date - 3),
      (select sum(e.amount) from open_span p
        join ledger_entry e on e.organization_id = p.organization_id and e.item_id = p.item_id
        where p.organization_id = c.organization_id and p.customer_id = c.id and p.closes_on is null)
    from customer c where c.organization_id = ${id} and c.number = ${number}`
  if (rows.length !== 1) throw new Error(`There is no customer ${number}`)
}

/** What nobody who keeps an answer can do without. */
async function commitBare({ sql }: Connection, { id }: OrganizationRow): Promise<void> {
  await sql`update organization set name = name where id = ${id}`
}
