/**
 * `pnpm bench credit simulation [--bills N] [--rounds N]`: how long `simulateCreditPolicy` takes through HTTP with so many bills
 * over 24 months, beside a bare statement that reads their entries.
 */
import { parseArgs } from 'node:util'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { atShare, openCreditBench, post, takeTurns, type BenchServer } from './credit-book.ts'

const CUSTOMERS = 5_000
const MONTHS = 24
/** So that the first bills are within the months. */
const SPREAD_DAYS = 680

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { bills: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '5' } },
  })
  await using opened = new AsyncDisposableStack()
  const size = { customers: CUSTOMERS, bills: Number(values.bills), isMixed: false, spreadDays: SPREAD_DAYS }
  const { connection, server } = await openCreditBench(opened, size)
  const times = await takeTurns(Number(values.rounds), {
    simulateCreditPolicy: () => simulate(server, size.bills),
    'one bare statement of the entries': () => readEntries(connection),
  })
  console.log(
    `${values.bills} bills of ${CUSTOMERS} customers in ${MONTHS} months, in turns (best, median, worst):`,
  )
  for (const [name, taken] of times)
    console.log(`  ${name}: ${[0, 0.5, 1].map((share) => atShare(taken, share).toFixed(0)).join(', ')} ms`)
}

async function simulate(server: BenchServer, bills: number): Promise<void> {
  const answer = await post(server, {
    query: `query ($input: SimulateCreditPolicyInput!) { simulateCreditPolicy(input: $input) { __typename
      ... on CreditPolicySimulation { proposed { total { allowed { bills } reviewed { bills } blocked { bills } } } } ... on Problem { message } } }`,
    variables: {
      input: {
        months: MONTHS,
        pastDueDays: 10,
        pastDueAmount: '100',
        pastDue: 'BLOCK',
        tolerancePercent: '5',
        unknown: 'AS_TODAY',
      },
    },
  })
  const counted = [...answer.matchAll(/"bills":(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
  if (counted !== bills) throw new Error(`${counted} bills were judged: ${answer.slice(0, 500)}`)
}

async function readEntries({ sql }: Connection): Promise<void> {
  await sql`
    select item.customer_id, item.id, string_agg(concat(effective_on, ',', amount, ',', due_on), ' ') as entries
    from item join ledger_entry as entry on entry.organization_id = item.organization_id and entry.item_id = item.id
    where item.kind = 'INVOICE' group by 1, 2`
}
