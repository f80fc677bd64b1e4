/**
 * `pnpm bench credit customers [--customers N] [--rounds N] [--folder PATH]`: how long the list of customers takes through
 * HTTP, as the dashboard asks for it, with each filter in each order, from the top and far down; beside a bare statement.
 */
import { parseArgs } from 'node:util'
import { atShare, openCreditBench, post, takeTurns, type BenchServer } from './credit-book.ts'

const ORDERS = {
  balance: { field: 'BALANCE', direction: 'DESC' },
  name: { field: 'NAME', direction: 'ASC' },
  number: { field: 'NUMBER', direction: 'ASC' },
  review: { field: 'NEXT_REVIEW_ON', direction: 'ASC' },
} as const

const today = Temporal.Now.plainDateISO('UTC').toString()
const CHOSEN: Readonly<Record<string, { readonly search?: string; readonly filter?: object }>> = {
  all: {},
  owing: { filter: { hasBalance: true } },
  'over the limit': { filter: { isOverLimit: true } },
  'on hold': { filter: { isOnHold: true } },
  'review due': { filter: { nextReviewOn: { lte: today } } },
  'without a limit': { filter: { limitState: ['NOT_SET'] } },
  unlimited: { filter: { limitState: ['UNLIMITED'] } },
  'of high risk': { filter: { riskClass: ['HIGH'] } },
  'of high risk, on hold': { filter: { riskClass: ['HIGH'], isOnHold: true } },
  'a common word': { search: 'foods' },
  'a rare word': { search: 'Foods Ab' },
  'a number': { search: '12345' },
}

const query = (
  fields: string,
) => `query ($first: Int!, $search: String, $filter: CustomerFilter, $orderBy: [CustomerOrder!], $after: String) {
  customers(first: $first, search: $search, filter: $filter, orderBy: $orderBy, after: $after) { ${fields}
    pageInfo { hasNextPage endCursor } } }`

/** What a row of the page shows. */
const ROW = `nodes { id number name balance { amount currency } overdue { amount currency }
  exposure { committed { amount currency } headroom { amount currency } utilisation state reason gross { amount currency } }
  credit { limit { state amount { amount currency } } hold { since reason } nextReviewOn isReviewOverdue riskClass }
  paymentBehaviour { settled onTimeRate averageDaysLate } }`

type Page = {
  readonly nodes?: readonly unknown[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string }
}

async function ask(server: BenchServer, fields: string, variables: object): Promise<Page> {
  const answer = await post(server, { query: query(fields), variables })
  const { data, errors } = JSON.parse(answer) as { data?: { customers: Page }; errors?: unknown }
  if (errors !== undefined || data === undefined)
    throw new Error(`${JSON.stringify(variables)}: ${answer.slice(0, 300)}`)
  return data.customers
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      customers: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '5' },
      deep: { type: 'string', default: '20000' },
      folder: { type: 'string' },
    },
  })
  const customers = Number(values.customers)
  await using opened = new AsyncDisposableStack()
  const size = { customers, bills: 2 * customers, isMixed: true }
  const { server, connection } = await openCreditBench(opened, size, values.folder)
  const variants: Record<string, () => Promise<unknown>> = {
    'select 1': () => connection.sql`select 1`,
    '{ __typename } through HTTP': () => post(server, { query: '{ __typename }' }),
  }
  for (const [order, by] of Object.entries(ORDERS)) {
    for (const [name, what] of Object.entries(CHOSEN)) {
      const variables = { ...what, orderBy: [by] }
      variants[`${name}, by ${order}`] = () => ask(server, `${ROW} totalCount`, { ...variables, first: 50 })
      const after = await goDown(server, variables, Number(values.deep))
      if (after !== null)
        variants[`${name}, by ${order}, far down`] = () =>
          ask(server, ROW, { ...variables, first: 50, after })
    }
  }
  const times = await takeTurns(Number(values.rounds), variants)
  console.log(
    `${customers} customers with ${2 * customers} open bills, pages of 50, ${values.rounds} times in turns, ms (best, median, worst):`,
  )
  for (const [name, taken] of times)
    console.log(
      `  ${name.padEnd(45)} ${[0, 0.5, 1].map((share) => atShare(taken, share).toFixed(1).padStart(8)).join('')}`,
    )
}

/** The cursor that far down; null where the list ends before. */
async function goDown(server: BenchServer, variables: object, rows: number): Promise<string | null> {
  let after: string | null = null
  for (let down = 0; down < rows; down += 1_000) {
    const { pageInfo } = await ask(server, 'nodes { id }', { ...variables, first: 1_000, after })
    if (!pageInfo.hasNextPage) return null
    after = pageInfo.endCursor
  }
  return after
}
