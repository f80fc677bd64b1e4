/**
 * `pnpm bench credit authority [--uses N] [--changes N]`: what `setCreditLimit` and ten thousand limits in one call cost
 * under an authority matrix of thirty rules, with so many steps of the same token in the last thirty days; beside the same
 * without rules. Both take turns.
 */
import { parseArgs } from 'node:util'
import type { AuthorityRule } from '@tidemark/server/domain/authority.ts'
import { AUTHORITY_ACTIONS } from '@tidemark/server/domain/authority.ts'
import { storeRule } from '@tidemark/server/authority/stored.ts'
import { atShare, openCreditBench, post, takeTurns, type CreditBench } from './credit-book.ts'

const CUSTOMERS = 20_000
const BATCH = 10_000
const BATCH_ROUNDS = 5
const RULES_PER_ACTION = 4

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { uses: { type: 'string', default: '50000' }, changes: { type: 'string', default: '300' } },
  })
  await using opened = new AsyncDisposableStack()
  const size = { customers: CUSTOMERS, bills: CUSTOMERS, isMixed: false }
  const bench = await openCreditBench(opened, size)
  await writeUses(bench, Number(values.uses))
  const rules = rulesFor(bench)
  const under = async (matrix: readonly AuthorityRule[], work: () => Promise<unknown>): Promise<number> => {
    await setMatrix(bench, matrix)
    const started = performance.now()
    await work()
    return performance.now() - started
  }
  const one = () => change(bench)
  const each: Record<'without' | 'under', number[]> = { without: [], under: [] }
  const batches: Record<'without' | 'under', number[]> = { without: [], under: [] }
  for (let round = 0; round < 2; round++) await takeTurns(20, { one })
  for (let round = 0; round < BATCH_ROUNDS; round++) {
    for (const [name, matrix] of [
      ['without', []],
      ['under', rules],
    ] as const) {
      batches[name].push(await under(matrix, () => changeMany(bench)))
      const times = await takeTurns(Math.ceil(Number(values.changes) / BATCH_ROUNDS), { one })
      each[name].push(...(times.get('one') ?? []))
    }
  }
  console.log(
    `${CUSTOMERS} customers, ${rules.length} rules, ${values.uses} steps of the token in 30 days, in turns:`,
  )
  for (const name of ['without', 'under'] as const) {
    const told = (times: readonly number[]) =>
      [0, 0.5, 0.99]
        .map((share) =>
          atShare(
            times.toSorted((a, b) => a - b),
            share,
          ).toFixed(1),
        )
        .join(', ')
    console.log(
      `  ${name} rules: setCreditLimit ${told(each[name])} ms; ${BATCH} limits ${told(batches[name])} ms (best, median, p99)`,
    )
  }
}

/** The token decides alone, but for what no bound covers: so what it did before has to be known. */
function rulesFor({ server }: CreditBench): readonly AuthorityRule[] {
  const token = { kind: 'TOKEN', id: server.tokenId } as const
  const admin = { kind: 'ROLE', role: 'admin' } as const
  return AUTHORITY_ACTIONS.flatMap((action) =>
    Array.from({ length: RULES_PER_ACTION }, (_, index): AuthorityRule => {
      const isLast = index === RULES_PER_ACTION - 1
      return {
        action,
        upTo: isLast ? null : 1_000_000n * 1_000_000n ** BigInt(index),
        upToByActor: isLast ? null : 1_000_000n * 1_000_000n ** BigInt(index),
        upToBasisPoints: null,
        upToDays: null,
        newCustomer: null,
        deciders: isLast ? [admin] : [token],
        approvers: [admin],
        approvals: 1,
      }
    }),
  )
}

let version = 0
async function setMatrix(
  { connection, organization }: CreditBench,
  rules: readonly AuthorityRule[],
): Promise<void> {
  version += 1
  await connection.sql`
    insert into authority_matrix (organization_id, version, effective_on, window_days, expiry_days, rules, audit_id)
    values (${organization.id}, ${version}, current_date, 30, 14, ${JSON.stringify(rules.map(storeRule))}::text::jsonb,
      gen_random_uuid())`
}

async function writeUses({ connection, organization, server }: CreditBench, uses: number): Promise<void> {
  await connection.sql`
    insert into authority_use (organization_id, id, action, customer_id, actor, principal, amount, matrix_version, recorded_at)
    select ${organization.id}, gen_random_uuid(), 'CREDIT_LIMIT', md5('c' || (1 + n % ${CUSTOMERS}::int))::uuid,
      ${`token:${server.tokenId}`}, ${`token:${server.tokenId}`}, 100, 1, now() - n * interval '29 days' / ${uses}::int
    from generate_series(1, ${uses}::int) as n`
  await connection.sql`vacuum analyze`
}

let turn = 0
async function change({ server }: CreditBench): Promise<void> {
  turn += 1
  const limit = { amount: { amount: String(10_000 + turn), currency: 'USD' } }
  const input = {
    customer: { number: String(1 + ((turn * 7_919) % CUSTOMERS)) },
    limit,
    reason: 'bench',
    idempotencyKey: `change ${turn}`,
  }
  const answer = await post(server, {
    query: `mutation ($input: SetCreditLimitInput!) { setCreditLimit(input: $input) { __typename
      ... on SetCreditLimitSuccess { customer { version } } ... on Problem { message } } }`,
    variables: { input },
  })
  if (!answer.includes('SetCreditLimitSuccess')) throw new Error(answer)
}

async function changeMany({ server }: CreditBench): Promise<void> {
  turn += 1
  const rows = Array.from({ length: BATCH }, (_, index) => ({
    customer: { number: String(1 + index) },
    limit: { amount: { amount: String(20_000 + turn), currency: 'USD' } },
  }))
  const answer = await post(server, {
    query: `mutation ($input: SetCreditLimitsInput!) { setCreditLimits(input: $input) { __typename
      ... on SetCreditLimitsSuccess { set rows { customerNumber outcome version previous { state } limit { state } } }
      ... on Problem { message } } }`,
    variables: { input: { rows, reason: 'bench' } },
  })
  if (!answer.includes(`"set":${BATCH}`)) throw new Error(answer.slice(0, 500))
}
