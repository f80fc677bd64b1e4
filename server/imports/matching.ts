/** Finds what the staged rows mean in the books: their customers, their invoices, and what differs. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { dimensionFields, type Mapping, type NumberColumn } from './mapping.ts'
import type { Combination, RowReader } from './rows.ts'
import { dropProblemRows } from './staging.ts'

/** Rejects every row whose invoice stands on an earlier line already. */
export async function rejectDuplicates(tx: Tx, reader: RowReader, mapping: Mapping): Promise<void> {
  const keyColumn = reader.columnOf(mapping.fields.sourceKey === undefined ? 'invoiceNumber' : 'sourceKey')
  await tx.sql`
    insert into import_problem (line, "column", reason)
    select r.line, ${keyColumn}, format('%s is already on line %s', to_json(coalesce(r.source_key, r.number)), first.line)
    from import_row r
    join (select key, min(line) as line from import_row group by key having count(*) > 1) first on first.key = r.key
    where r.line <> first.line`
  await dropProblemRows(tx)
  if (mapping.fields.sourceKey === undefined) return
  await tx.sql`
    insert into import_problem (line, "column", reason)
    select r.line, ${reader.columnOf('invoiceNumber')}, format('%s is already on line %s', to_json(r.number), first.line)
    from import_row r
    join (select number, min(line) as line from import_row group by number having count(*) > 1) first
      on first.number = r.number
    where r.line <> first.line`
  await dropProblemRows(tx)
}

/**
 * Makes `import_customer`: one row per customer of the file, with the customer's id where the books have it. Those
 * are locked from here on, so that what is compared below is still true when it is posted.
 */
export async function matchCustomers(
  tx: Tx,
  organizationId: string,
  reader: RowReader,
  mapping: Mapping,
): Promise<void> {
  await tx.sql`
    create temporary table import_customer on commit drop as
    select f.*, c.id, c.number as booked_number, nullif(c.name, c.number) as booked_name
    from (
      select customer_key as key, min(customer_number) as number,
        min(customer_name) as name, max(customer_name) as other_name
      from import_row group by customer_key
    ) f
    left join (
      select distinct on (key) ${keyOf(tx, mapping.fields.customerNumber, 'number')} as key, id, number, name
      from customer where organization_id = ${organizationId}
      order by key, customer.number
    ) c on c.key = f.key`
  await tx.sql`analyze import_customer`
  await tx.sql`
    select from customer where organization_id = ${organizationId}
      and id in (select id from import_customer where id is not null)
    order by id for no key update`
  if (reader.present.has('customerName')) await rejectOtherNames(tx, reader.columnOf('customerName'))
}

/** A customer has one name: the one in the books, else the first in the file. */
async function rejectOtherNames(tx: Tx, column: string): Promise<void> {
  await tx.sql`
    update import_customer c set name = first.customer_name
    from (
      select distinct on (r.customer_key) r.customer_key, r.customer_name
      from import_row r join import_customer c on c.key = r.customer_key
      where c.name <> c.other_name and r.customer_name is not null
      order by r.customer_key, r.line
    ) first
    where first.customer_key = c.key`
  await tx.sql`
    insert into import_problem (line, "column", reason)
    select r.line, ${column},
      case when c.booked_name is not null
        then format('changed from %s to %s', to_json(c.booked_name), to_json(r.customer_name))
        else format('is %s here and %s on an earlier line', to_json(r.customer_name), to_json(c.name))
      end
    from import_row r join import_customer c on c.key = r.customer_key
    where (c.booked_name is not null or c.name <> c.other_name)
      and r.customer_name <> coalesce(c.booked_name, c.name)`
  await dropProblemRows(tx)
}

/**
 * Makes `import_match`: the rows whose invoice the books have, with what the books say of it. `same` is true where
 * nothing differs, so that a second import of a million rows compares them here and not one by one.
 */
export async function matchInvoices(
  tx: Tx,
  organizationId: string,
  reader: RowReader,
  mapping: Mapping,
  segments: ReadonlyMap<number, Combination>,
): Promise<void> {
  const { fields } = mapping
  const key =
    fields.sourceKey === undefined
      ? keyOf(tx, fields.invoiceNumber, 'i.number')
      : keyOf(tx, fields.sourceKey, 'i.source_key')
  const segmentIds = reader.combinations.map((combination) => segmentOf(segments, combination))
  const told = (field: keyof typeof fields) => reader.present.has(field)
  await tx.sql`
    create temporary table import_dispute on commit drop as
    select opened.counterpart_id as invoice_id, d.id, sum(e.amount)::bigint as balance
    from item d
    join ledger_entry opened on opened.organization_id = d.organization_id and opened.item_id = d.id
      and opened.sequence = 1
    join ledger_entry e on e.organization_id = d.organization_id and e.item_id = d.id
    where d.organization_id = ${organizationId} and d.kind = 'DISPUTE'
      and d.customer_id in (select id from import_customer where id is not null)
    group by opened.counterpart_id, d.id`
  await tx.sql`create index on import_dispute (invoice_id)`
  await tx.sql`analyze import_dispute`
  await tx.sql`
    create temporary table import_match on commit drop as
    select r.line, i.id, i.number, item.customer_id, item.segment_id, i.issued_on, i.due_on,
      i.ordered_on, i.delivered_on, i.sent_on, i.received_on, i.approved_on,
      l.amount, l.balance, l.settled_on, l.is_touched, l.installments, l.moved_to, d.disputed, d.open_dispute_id,
      (
        item.customer_id = c.id and s.segment_id = any(array_append(l.moved_to, item.segment_id))
        and i.issued_on = r.issued_on
        and i.due_on = r.due_on and l.amount = r.amount
        and (l.settled_on is not distinct from r.settled_on or not ${told('settledOn') || told('status')})
        and (d.disputed = r.disputed or not ${told('disputed')})
        and (i.number = r.number or not ${told('sourceKey')})
        and (i.ordered_on is not distinct from r.ordered_on or not ${told('orderedOn')})
        and (i.delivered_on is not distinct from r.delivered_on or not ${told('deliveredOn')})
        and (i.sent_on is not distinct from r.sent_on or not ${told('sentOn')})
        and (i.received_on is not distinct from r.received_on or not ${told('receivedOn')})
        and (i.approved_on is not distinct from r.approved_on or not ${told('approvedOn')})
      ) is true as same
    from import_row r
    join invoice i on i.organization_id = ${organizationId} and ${key} = r.key
    join item on item.organization_id = i.organization_id and item.id = i.id
    join import_customer c on c.key = r.customer_key
    join unnest(${arrayOf(segmentIds.map((_, index) => index))}::int[], ${arrayOf(segmentIds)}::int[])
      as s (combination, segment_id) on s.combination = r.combination
    cross join lateral (
      select
        sum(amount) filter (where kind in ('INVOICED', 'CORRECTED'))::bigint as amount,
        sum(amount)::bigint as balance,
        bool_or(kind not in ('INVOICED', 'CORRECTED', 'RE_DATED', 'MOVED')) as is_touched,
        case when sum(amount) = 0 then
          coalesce(max(occurred_on) filter (where kind = 'PAYMENT_APPLIED'),
            max(occurred_on) filter (where kind <> 'MOVED'))
        end as settled_on,
        max(installment) filter (where kind = 'INVOICED')::int as installments,
        coalesce(array_agg(segment_id order by effective_on, sequence) filter (where kind = 'MOVED'), '{}') as moved_to
      from ledger_entry
      where organization_id = i.organization_id and item_id = i.id
    ) l
    cross join lateral (
      select count(*) > 0 as disputed, max(id::text) filter (where balance > 0) as open_dispute_id
      from import_dispute where invoice_id = i.id
    ) d`
  await rejectAmbiguous(tx, reader.columnOf(fields.sourceKey === undefined ? 'invoiceNumber' : 'sourceKey'))
  await tx.sql`delete from import_row using import_match where import_row.line = import_match.line and same`
  if (fields.sourceKey !== undefined)
    await rejectTakenNumbers(tx, organizationId, reader.columnOf('invoiceNumber'))
}

/** Without leading zeros a row may fit several invoices: then it means the one that is written alike, if there is one. */
async function rejectAmbiguous(tx: Tx, column: string): Promise<void> {
  await tx.sql`
    delete from import_match m using import_row r
    where r.line = m.line and m.number <> r.number
      and exists (select from import_match exact where exact.line = m.line and exact.number = r.number)`
  await tx.sql`
    insert into import_problem (line, "column", reason)
    select r.line, ${column}, format('%s may be any of %s in the books', to_json(r.number), string_agg(m.number, ', '))
    from import_match m join import_row r on r.line = m.line
    group by r.line, r.number having count(*) > 1`
  await dropProblemRows(tx)
}

/** A number belongs to one invoice, whatever rows are matched by. */
async function rejectTakenNumbers(tx: Tx, organizationId: string, column: string): Promise<void> {
  await tx.sql`
    insert into import_problem (line, "column", reason)
    select r.line, ${column}, format('%s is the number of another invoice in the books', to_json(r.number))
    from import_row r join invoice i on i.organization_id = ${organizationId} and i.number = r.number
    where not exists (select from import_match m where m.line = r.line)`
  await dropProblemRows(tx)
}

/** A number column as SQL compares it: leading zeros count, or they do not. */
const keyOf = (tx: Tx, { leadingZeros }: NumberColumn, column: string) =>
  leadingZeros === 'ignored' ? tx.sql`ltrim(${tx.sql(column)}, '0')` : tx.sql`${tx.sql(column)}`

const segmentOf = (segments: ReadonlyMap<number, Combination>, combination: Combination): number | null => {
  for (const [id, segment] of segments) if (isSameCombination(segment, combination)) return id
  return null
}

const isSameCombination = (a: Combination, b: Combination) =>
  a.currency === b.currency && dimensionFields.every((field) => a[field] === b[field])

/** The organization's segments, their collectors by name. */
export async function readSegments(tx: Tx, organizationId: string): Promise<Map<number, Combination>> {
  const rows = await tx.sql<(Combination & { id: number })[]>`
    select s.id, s.currency, s.business_unit as "businessUnit", s.region, s.channel,
      s.product_line as "productLine", p.name as collector
    from segment s left join person p on p.organization_id = s.organization_id and p.id = s.collector_id
    where s.organization_id = ${organizationId}`
  return new Map(rows.map(({ id, ...combination }) => [id, combination]))
}
