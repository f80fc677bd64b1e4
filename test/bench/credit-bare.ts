/**
 * A bare HTTP handler that changes a credit limit: in a process of its own, as the product is, it sends the statements that
 * the product sends for one `setCreditLimit` with an idempotency key and the customer that is answered, through the same
 * driver and the same transactions. No GraphQL, no token, no rights, no limits, no checks.
 *
 * Run by credit.ts with DATABASE_URL and ORGANIZATION; prints its address.
 */
import { randomUUIDv7 } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from '@tidemark/drizzle/connect.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { readSettledAt } from '@tidemark/server/ledger/settled.ts'
import { and, eq, inArray } from 'drizzle-orm'

type Wanted = { readonly number: string; readonly amount: string; readonly key: string }

const organizationId = process.env['ORGANIZATION'] ?? ''
const connection = await connect(process.env['DATABASE_URL'] ?? '', { max: 10 })

const server = createServer((request, response) => {
  void bodyOf(request)
    .then((text) => change(JSON.parse(text) as Wanted))
    .then((answer) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ data: { setCreditLimit: answer } }))
    })
    .catch((error: unknown) => {
      response.statusCode = 500
      response.end(String(error))
    })
})
server.listen(0, '127.0.0.1', () => {
  console.log(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
process.once('SIGTERM', () => {
  server.closeAllConnections()
  server.close(() => void connection.close())
})

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

async function change(wanted: Wanted): Promise<object> {
  const write = { organizationId, mode: 'write', plans: 'ONCE' } as const
  const { id, audit } = await inTransaction(connection, write, (tx) => changeWithin(tx, wanted))
  const settled = readSettledAt(connection, organizationId)
  const read = { organizationId, mode: 'read' } as const
  const [row] = await inTransaction(connection, read, async (tx) => {
    await settled
    return tx
      .select()
      .from(customer)
      .where(and(eq(customer.organizationId, organizationId), inArray(customer.id, [id])))
  })
  return { audit, customer: { number: row?.number, version: row?.version } }
}

async function changeWithin({ sql }: Tx, { number, amount, key }: Wanted) {
  await sql`
    insert into idempotency_key (organization_id, actor, key, input_hash, outcome)
    values (${organizationId}, ${'bench'}, ${key}, ${key}, '{}')
    on conflict do nothing returning key`
  const [[held]] = await Promise.all([
    sql<{ id: string; version: number }[]>`
      select id, number, version, risk_class, credit_reviewed_on::text, next_credit_review_on::text, credit_hold_reason,
        credit_hold_since, credit_hold_by
      from customer where organization_id = ${organizationId} and number = ${number} for no key update`,
    sql`
      select customer_id, one.version, state, amount, currency, one.effective_on, until
      from (select id from customer where organization_id = ${organizationId} and number = ${number}) as wanted
      left join lateral (
        select effective_on, version from credit_limit
        where organization_id = ${organizationId} and customer_id = wanted.id and effective_on <= current_date
          and until is null
        order by effective_on desc, version desc limit 1
      ) as base on true
      join credit_limit as one on one.organization_id = ${organizationId} and one.customer_id = wanted.id
        and one.effective_on >= coalesce(base.effective_on, '-infinity')
        and (one.effective_on > base.effective_on or one.version >= coalesce(base.version, 0))
        and coalesce(until >= current_date, true)
      order by customer_id, one.version`,
    sql`
      select version, effective_on, rules from authority_matrix
      where organization_id = ${organizationId} and effective_on <= current_date
      order by effective_on desc, version desc limit 1`,
    sql`
      select version, counted_orders, clearing_days, insurance_counts, tolerance_basis_points, over_limit, past_due_days,
        past_due_amount, past_due, effective_on, rules
      from credit_policy where organization_id = ${organizationId} and effective_on <= current_date
      order by credit_policy.effective_on desc, version desc limit 1`,
  ])
  if (held === undefined) throw new Error(`There is no customer ${number}`)
  const auditId = randomUUIDv7()
  const [audit] = await sql`
    with audited as (
      with announced as materialized (
        select set_config('application_name', concat('posting ', ${organizationId}::text, ' ',
          (extract(epoch from clock_timestamp()) * 1000000)::bigint), true)
      ),
      written as (
        select ${organizationId}::uuid as organization_id, ${auditId}::uuid as id, 'bench' as actor,
          'setCreditLimit' as action, ${held.id}::text as subject, ${'{"state":"NOT_SET"}'}::text::jsonb as before,
          ${`{"state":"AMOUNT","amount":"${amount}"}`}::text::jsonb as after, ${'bench'}::text as reason,
          null::uuid as origin_id, null::text as request_id, clock_timestamp() as recorded_at
        from announced
      )
      insert into audit (organization_id, id, actor, action, subject, before, after, reason, origin_id, request_id,
        recorded_at, hash)
      select *, encode(sha256(convert_to(jsonb_build_array(organization_id, id, actor, action, subject, before, after,
        reason, origin_id, request_id, recorded_at)::text, 'UTF8')), 'hex') from written
      returning recorded_at, hash
    ),
    decided as (
      insert into credit_limit
        (organization_id, customer_id, version, state, amount, currency, effective_on, until, audit_id, recorded_at)
      select ${organizationId}::uuid, ${held.id}::uuid, ${held.version + 1}::int, 'AMOUNT'::credit_limit_state,
        ${amount}::bigint, 'USD', current_date, null, ${auditId}::uuid, audited.recorded_at
      from audited
    ),
    changed as (
      update customer set credit_limit_state = 'AMOUNT', credit_limit = ${amount}, credit_limit_currency = 'USD',
        credit_limit_through = null, version = ${held.version + 1},
        next_credit_review_on = coalesce(null::date, next_credit_review_on)
      where organization_id = ${organizationId} and id = ${held.id}
    ),
    reviewed as (
      insert into credit_review
        (organization_id, customer_id, version, risk_class, reviewed_on, next_review_on, audit_id, recorded_at)
      select ${organizationId}::uuid, ${held.id}::uuid, ${held.version + 1}::int, null::risk_class, current_date, null,
        ${auditId}::uuid, audited.recorded_at
      from audited where ${false}::boolean
    )
    select recorded_at, hash from audited`
  await sql`
    update idempotency_key set outcome = ${JSON.stringify({ id: held.id, audit })}::text::jsonb
    where organization_id = ${organizationId} and actor = ${'bench'} and key = ${key}`
  return { id: held.id, audit }
}
