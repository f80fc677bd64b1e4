/**
 * All that happened with a customer, page by page: the entries of its items, the events of its orders, and what the audit
 * has of it and of its goals. One statement finds a page; it costs the customer's own history and nobody else's.
 */
import { sql, type SQL } from 'drizzle-orm'
import { assemblePage, requestPage, type Page, type SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import type { CreditLimit } from '../domain/credit-limit.ts'
import type { EntryKind } from '../domain/invoice.ts'
import type { Money } from '../domain/money.ts'
import type { IdType } from '../ids.ts'
import type { CustomerEventTheme, OrderEventKind } from '../schema.generated.ts'

/** As `StoredCreditLimit` of the room credit. */
type AuditedLimit = {
  readonly state: CreditLimit['state']
  readonly amount: string | null
  readonly currency: string | null
}

export type CustomerEvent = {
  readonly id: string
  readonly theme: CustomerEventTheme
  readonly occurredOn: Temporal.PlainDate
  readonly recordedAt: Temporal.Instant
  readonly entryKind: Exclude<EntryKind, 'APPLIED' | 'MOVED'> | null
  readonly orderEventKind: OrderEventKind | null
  readonly action: string | null
  readonly subjectType: IdType
  readonly subjectId: string
  readonly subjectName: string | null
  readonly amount: Money | null
  readonly dueOn: Temporal.PlainDate | null
  /** What the audit keeps of a limit that was set, and of the one before; null where it is about none. */
  readonly before: AuditedLimit | null
  readonly after: AuditedLimit | null
  readonly reason: string | null
  /** As the audit names who did it. */
  readonly actor: string
}

type TimelineArguments = {
  readonly first: number
  readonly after?: string | null | undefined
  readonly themes?: readonly CustomerEventTheme[] | null | undefined
}

const keys: SortKey<CustomerEvent>[] = [
  {
    name: 'OCCURRED_ON',
    column: sql`event.occurred_on`,
    direction: 'DESC',
    type: 'date',
    valueOf: ({ occurredOn }) => occurredOn.toString(),
  },
  {
    name: 'RECORDED_AT',
    column: sql`event.recorded_at`,
    direction: 'DESC',
    type: 'timestamptz',
    valueOf: ({ recordedAt }) => recordedAt.toString(),
  },
  { name: 'ID', column: sql`event.id`, direction: 'DESC', type: 'text', valueOf: ({ id }) => id },
]

/** Newest first. */
export async function listTimeline(
  { reader, organization }: Context,
  customerId: string,
  args: TimelineArguments,
): Promise<Page<CustomerEvent>> {
  const request = requestPage(args, keys)
  const events = eventsOf(organization, customerId)
  const wanted = args.themes
    ? sql`event.theme in (${
        args.themes.length === 0
          ? sql`null`
          : sql.join(
              args.themes.map((theme) => sql`${theme}`),
              sql`, `,
            )
      })`
    : sql`true`
  const rows = await reader.read((tx) =>
    tx.execute<Stored>(sql`
      with event as (
        select * from ${events} as event where ${wanted} and ${request.after ?? sql`true`}
        order by ${sql.join(request.orderBy, sql`, `)} limit ${request.limit}
      )
      select event.id, event.theme, event.occurred_on::text, event.recorded_at::text, event.entry_kind,
        event.order_kind, event.action, event.subject_type, event.subject_id, event.amount::text, event.currency,
        event.due_on::text, coalesce(event.reason, audit.reason) as reason, coalesce(audit.actor, 'system') as actor,
        case when event.action = 'setCreditLimit' then audit.before end as before,
        case when event.action = 'setCreditLimit' then audit.after end as after,
        coalesce(invoice.number, receipt.reference, credit_note.number, sales_order.number, goal.name, customer.name,
          disputed.number) as subject_name
      from event
      left join audit on audit.organization_id = ${organization.id} and audit.id = event.audit_id
      left join invoice on invoice.organization_id = ${organization.id} and invoice.id = event.subject_id
      left join receipt on receipt.organization_id = ${organization.id} and receipt.id = event.subject_id
      left join credit_note on credit_note.organization_id = ${organization.id} and credit_note.id = event.subject_id
      left join sales_order on sales_order.organization_id = ${organization.id} and sales_order.id = event.subject_id
      left join goal on goal.organization_id = ${organization.id} and goal.id = event.subject_id
      left join customer on customer.organization_id = ${organization.id} and customer.id = event.subject_id
      left join invoice disputed on disputed.organization_id = ${organization.id} and disputed.id = event.counterpart_id
      order by ${sql.join(request.orderBy, sql`, `)}`),
  )
  return assemblePage(request, [...rows].map(eventOf), (limit) =>
    reader.read(async (tx) => {
      const [row] = await tx.execute<{ count: string }>(sql`
        select count(*)::text as count
        from (select 1 as one from ${events} as event where ${wanted} limit ${limit}) as limited`)
      return Number(row?.count ?? 0)
    }),
  )
}

/** What an application does to a receipt or a credit note is told by the invoice, and a move brings nobody anything. */
const eventsOf = (
  { id, timeZone }: Pick<Context['organization'], 'id' | 'timeZone'>,
  customerId: string,
): SQL => sql`(
  select 'L' || item.id || lpad(entry.sequence::text, 10, '0') as id,
    case when entry.kind = 'PAYMENT_APPLIED' or item.kind = 'RECEIPT' then 'PAYMENT'
      when entry.kind = 'CREDIT_APPLIED' then 'CREDIT_NOTE' else item.kind::text end as theme,
    entry.occurred_on, entry.recorded_at, entry.kind::text as entry_kind, null::text as order_kind, null::text as action,
    case item.kind when 'INVOICE' then 'invoice' when 'RECEIPT' then 'receipt' when 'CREDIT_NOTE' then 'creditNote'
      else 'dispute' end as subject_type,
    item.id as subject_id, case when entry.kind = 'RE_DATED' then null else entry.amount end as amount, segment.currency,
    entry.due_on, entry.reason, entry.audit_id, case when item.kind = 'DISPUTE' then entry.counterpart_id end as counterpart_id
  from item
  join segment on segment.organization_id = item.organization_id and segment.id = item.segment_id
  join ledger_entry as entry on entry.organization_id = item.organization_id and entry.item_id = item.id
  where item.organization_id = ${id} and item.customer_id = ${customerId} and entry.kind not in ('APPLIED', 'MOVED')
  union all
  select 'O' || o.id || lpad(step.version::text, 10, '0'), 'ORDER', step.occurred_on, step.recorded_at, null, step.kind::text,
    null, 'order', o.id, step.amount, o.currency, null, step.reason, step.audit_id, null
  from sales_order as o
  join order_event as step on step.organization_id = o.organization_id and step.order_id = o.id
  where o.organization_id = ${id} and o.customer_id = ${customerId}
  union all
  select 'A' || a.id, case
      when a.action in ('createCustomer', 'updateCustomer', 'moveCustomer') then 'CUSTOMER' else 'CREDIT' end,
    (a.recorded_at at time zone ${timeZone})::date, a.recorded_at, null, null, a.action, 'customer', ${customerId}::uuid,
    null, null, null, a.reason, a.id, null
  from audit as a where a.organization_id = ${id} and a.subject = ${customerId}::text
  union all
  select 'A' || a.id, 'GOAL', (a.recorded_at at time zone ${timeZone})::date, a.recorded_at, null, null, a.action, 'goal',
    g.id, null, null, null, a.reason, a.id, null
  from goal as g
  join audit as a on a.organization_id = g.organization_id and a.subject = g.id::text
  where g.organization_id = ${id} and g.filter -> 'customerId' ? ${customerId}::text
)`

type Stored = Record<string, unknown> & {
  id: string
  theme: CustomerEventTheme
  occurred_on: string
  recorded_at: string
  entry_kind: CustomerEvent['entryKind']
  order_kind: OrderEventKind | null
  action: string | null
  subject_type: IdType
  subject_id: string
  subject_name: string | null
  amount: string | null
  currency: string | null
  due_on: string | null
  before: AuditedLimit | null
  after: AuditedLimit | null
  reason: string | null
  actor: string
}

const eventOf = (row: Stored): CustomerEvent => ({
  id: row.id,
  theme: row.theme,
  occurredOn: Temporal.PlainDate.from(row.occurred_on),
  recordedAt: Temporal.Instant.from(row.recorded_at),
  entryKind: row.entry_kind,
  orderEventKind: row.order_kind,
  action: row.action,
  subjectType: row.subject_type,
  subjectId: row.subject_id,
  subjectName: row.subject_name,
  amount:
    row.amount === null || row.currency === null
      ? null
      : { minor: BigInt(row.amount), currency: row.currency },
  dueOn: row.due_on === null ? null : Temporal.PlainDate.from(row.due_on),
  before: row.before,
  after: row.after,
  reason: row.reason,
  actor: row.actor,
})
