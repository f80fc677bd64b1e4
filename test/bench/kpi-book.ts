/** A large book, written set by set: what the ledger's posting of plain invoices and their payments leaves. */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { asOwner, type Tx } from '@tidemark/drizzle/transaction.ts'
import { AT_RISK_DAYS } from '@tidemark/server/domain/invoice-positions.ts'

export type BookSize = {
  readonly invoices: number
  /** The product of these is the number of segments. */
  readonly businessUnits: number
  readonly regions: number
  readonly channels: number
  readonly productLines: number
}

/** Three years. */
export const FIRST_DAY = '2023-11-01'
export const LAST_DAY = '2026-10-31'

/**
 * Makes the organization with its customers, segments, items, ledger entries and flow. Invoices are spread evenly over
 * three years; nineteen of twenty are paid, each in one sum, one payment of twenty is recorded some days late. What
 * happened on a day is one posting in its evening. Without the rows that no KPI reads (invoices' details, open spans).
 */
export async function writeBook(
  connection: Connection,
  organizationId: string,
  size: BookSize,
): Promise<void> {
  const run = (write: (tx: Tx) => Promise<unknown>) =>
    asOwner(connection, async (tx) => {
      // Whoever generates rows by the million knows that they refer to what there is.
      await tx.sql`select set_config('session_replication_role', 'replica', true), set_config('statement_timeout', '0', true),
        set_config('work_mem', '256MB', true), set_config('maintenance_work_mem', '512MB', true),
        set_config('synchronous_commit', 'off', true)`
      await write(tx)
    })
  await run((tx) => writeParties(tx, organizationId, size))
  // Millions of rows are sorted into an index faster than they are put into it one by one.
  const indexes = await connection.sql<{ name: string; definition: string }[]>`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
    where indrelid = any(array['item', 'ledger_entry', 'flow']::regclass[])
      and not exists (select from pg_constraint where conindid = indexrelid)`
  for (const { name } of indexes) await run((tx) => tx.sql.unsafe(`drop index ${name}`))
  await run((tx) => drawInvoices(tx, size))
  await run((tx) => writeLedger(tx, organizationId))
  await run((tx) => writeFlow(tx, organizationId))
  await run((tx) => tx.sql`drop table bench_invoice`)
  for (const { definition } of indexes) await run((tx) => tx.sql.unsafe(definition))
  await connection.sql.unsafe('vacuum (analyze) flow')
  await connection.sql.unsafe('vacuum (analyze) ledger_entry')
  await connection.sql.unsafe('vacuum (analyze) item')
}

async function writeParties(tx: Tx, organizationId: string, size: BookSize): Promise<void> {
  const { invoices, businessUnits, regions, channels, productLines } = size
  await tx.sql`
    insert into organization (id, slug, name, base_currency, time_zone)
    values (${organizationId}, ${`bench-${organizationId}`}, 'Bench', 'USD', 'UTC')`
  await tx.sql`
    insert into segment (organization_id, id, currency, business_unit, region, channel, product_line)
    select ${organizationId}, row_number() over (order by b, r, c, p), 'USD', 'Unit ' || b, 'Region ' || r, 'Channel ' || c,
      case when ${productLines}::int > 1 then 'Line ' || p end
    from generate_series(1, ${businessUnits}::int) b, generate_series(1, ${regions}::int) r,
      generate_series(1, ${channels}::int) c, generate_series(1, ${productLines}::int) p`
  await tx.sql`
    insert into customer (organization_id, id, number, name, terms_days)
    select ${organizationId}, ${idOf(tx, 'customer')}, 'C' || i, 'Customer ' || i, 30
    from generate_series(1, ${customersOf(invoices)}::bigint) i`
}

const customersOf = (invoices: number) => Math.max(10, Math.round(invoices / 50))

/** Ascending, as the ids of the product are: the first digits say of what. */
const idOf = (tx: Tx, kind: 'customer' | 'invoice' | 'receipt') => {
  const start = { customer: '0199', invoice: '019a', receipt: '019b' }[kind]
  return tx.sql`(${`${start}0000-0000-7000-8000-`} || lpad(to_hex(i), 12, '0'))::uuid`
}

async function drawInvoices(tx: Tx, { invoices, ...dimensions }: BookSize): Promise<void> {
  const { businessUnits, regions, channels, productLines } = dimensions
  const segments = businessUnits * regions * channels * productLines
  await tx.sql`drop table if exists bench_invoice`
  await tx.sql`
    create unlogged table bench_invoice (i bigint, customer bigint, segment int, amount bigint, issued date, due date, settled date, told date)`
  await tx.sql`
    insert into bench_invoice
    select i, customer, 1 + (abs(hashint8(customer * 31)::bigint) % ${segments}::int)::int, amount, issued, issued + terms,
      case when paid then settled end, case when paid then least(settled + lag, ${LAST_DAY}::date) end
    from (
      select *, settled <= ${LAST_DAY}::date and abs(hashint8(i * 13 + 5)::bigint) % 20 > 0 as paid
      from (
        select *, greatest(issued, issued + terms + lateness + (abs(hashint8(i * 5 + 1)::bigint) % 15)::int) as settled
        from (
          select i, customer, issued,
            (array[14, 30, 30, 45, 60])[1 + abs(hashint8(customer)::bigint) % 5] as terms,
            (abs(hashint8(customer * 3)::bigint) % 40)::int - 10 as lateness,
            5000 + abs(hashint8(i * 11)::bigint) % 2000000 as amount,
            case when abs(hashint8(i * 17)::bigint) % 20 = 0 then 1 + (abs(hashint8(i * 19)::bigint) % 5)::int else 0 end as lag
          from (
            select i, 1 + abs(hashint8(i)::bigint) % ${customersOf(invoices)}::bigint as customer,
              ${FIRST_DAY}::date + ((i - 1) * (${LAST_DAY}::date - ${FIRST_DAY}::date + 1) / ${invoices}::bigint)::int as issued
            from generate_series(1, ${invoices}::bigint) i
          ) numbered
        ) termed
      ) drawn
    ) told`
  await tx.sql`analyze bench_invoice`
}

async function writeLedger(tx: Tx, organizationId: string): Promise<void> {
  const [invoice, receipt, customer] = [idOf(tx, 'invoice'), idOf(tx, 'receipt'), idOf(tx, 'customer')]
  const customerId = tx.sql`(select ${customer} from (select customer as i) one)`
  await tx.sql`
    insert into item (organization_id, id, kind, customer_id, segment_id, starts_on)
    select ${organizationId}, ${invoice}, 'INVOICE', ${customerId}, segment, issued from bench_invoice order by i`
  await tx.sql`
    insert into item (organization_id, id, kind, customer_id, segment_id, starts_on)
    select ${organizationId}, ${receipt}, 'RECEIPT', ${customerId}, segment, settled from bench_invoice where settled is not null order by i`
  await tx.sql`
    insert into ledger_entry (organization_id, item_id, sequence, kind, amount, effective_on, occurred_on, recorded_at, due_on, counterpart_id, audit_id)
    select ${organizationId}, ${invoice}, sequence, kind::entry_kind, sign * amount, day, day, (posted + time '22:00') at time zone 'UTC', due_on, counterpart, ${organizationId}
    from bench_invoice cross join lateral (values
      (1, 'INVOICED', 1, issued, issued, due, null),
      (2, 'PAYMENT_APPLIED', -1, settled, told, null, ${receipt})
    ) as entry (sequence, kind, sign, day, posted, due_on, counterpart)
    where day is not null order by i, sequence`
  await tx.sql`
    insert into ledger_entry (organization_id, item_id, sequence, kind, amount, effective_on, occurred_on, recorded_at, counterpart_id, audit_id)
    select ${organizationId}, ${receipt}, sequence, kind::entry_kind, sign * amount, settled, settled, (told + time '22:00') at time zone 'UTC', counterpart, ${organizationId}
    from bench_invoice cross join lateral (values (1, 'RECEIVED', 1, null), (2, 'APPLIED', -1, ${invoice})) as entry (sequence, kind, sign, counterpart)
    where settled is not null order by i, sequence`
}

/**
 * What `project` gives for these histories, summed up by posting; kpi.ts compares the two on a sample. In the order of
 * recording, as it would have come.
 */
async function writeFlow(tx: Tx, organizationId: string): Promise<void> {
  await tx.sql`
    insert into flow (organization_id, measure, day, anchor, segment_id, amount, count, days, amount_days, recorded_at)
    with issued as materialized (
      select segment, issued, due, sum(amount) as amount, count(*) as count from bench_invoice group by 1, 2, 3
    ), settled as materialized (
      select segment, told, settled, sum(amount) as amount, count(*) as count,
        sum(settled - issued) as age, sum((settled - issued) * amount) as age_amount,
        sum(settled - due) as late, sum((settled - due) * amount) as late_amount,
        sum(greatest(settled - due, 0)) as floored, sum(greatest(settled - due, 0) * amount) as floored_amount,
        sum(amount) filter (where settled <= due) as on_time_amount, count(*) filter (where settled <= due) as on_time
      from bench_invoice where settled is not null group by 1, 2, 3
    )
    select ${organizationId}, measure, day, anchor, segment, amount, count, days, amount_days, (told + time '22:00') at time zone 'UTC'
    from (
      select segment, issued as told, measure, day, anchor, sum(amount) as amount, sum(count) as count, 0 as days,
        sum(terms * amount) as amount_days
      from issued cross join lateral (values
        ('OPEN_BY_DUE', issued, due, 0), ('OPEN_BY_ISSUE', issued, issued, 0), ('BILLED', issued, issued, due - issued),
        ('DUE', due, due, 0), ('AT_RISK', due + ${AT_RISK_DAYS}::int, issued, 0)
      ) as row (measure, day, anchor, terms)
      group by 1, 2, 3, 4, 5
      union all
      select segment, told, row.measure, settled, settled, row.amount, row.count, row.days, row.amount_days
      from settled cross join lateral (values
        ('PAID', amount, count, 0, age_amount), ('RECEIVED', amount, count, 0, 0), ('SETTLED', amount, count, age, age_amount),
        ('SETTLED_LATE', amount, count, late, late_amount), ('SETTLED_LATE_FLOORED', amount, count, floored, floored_amount),
        ('SETTLED_ON_TIME', on_time_amount, on_time, 0, 0)
      ) as row (measure, amount, count, days, amount_days)
      where row.count > 0
      union all
      select segment, told, 'OPEN_BY_DUE', settled, due, -sum(amount), -count(*), 0, 0
      from bench_invoice where settled is not null group by 1, 2, 4, 5
      union all
      select segment, told, 'OPEN_BY_ISSUE', settled, issued, -sum(amount), -count(*), 0, 0
      from bench_invoice where settled is not null group by 1, 2, 4, 5
      union all
      select segment, told, 'PAID_BY_MONTH', settled, date_trunc('month', issued)::date, sum(amount), count(*), 0, sum((settled - issued) * amount)
      from bench_invoice where settled is not null group by 1, 2, 4, 5
      union all
      select segment, told, row.measure, issued + row.days, issued, sum(amount), count(*), 0, 0
      from bench_invoice cross join lateral (values ('PAID_WITHIN_30', 30), ('PAID_WITHIN_60', 60)) as row (measure, days)
      where settled <= issued + row.days group by 1, 2, 3, 4, 5
      union all
      select segment, told, 'AT_RISK', due + ${AT_RISK_DAYS}::int, issued, -sum(amount), -count(*), 0, 0
      from bench_invoice where settled is not null group by 1, 2, 4, 5
      union all
      select segment, told, 'DUE_ON_TIME', due, due, sum(amount), count(*), 0, 0
      from bench_invoice where settled <= due group by 1, 2, 4, 5
    ) rows
    order by told`
}
