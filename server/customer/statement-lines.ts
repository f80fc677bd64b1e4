/** The lines of a statement, page by page, each with the balance after it. */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import { sql } from 'drizzle-orm'
import { assemblePage, requestPage, type Page, type SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import { formatDay } from '../domain/day.ts'
import type { EntryKind } from '../domain/invoice.ts'
import type { Account } from './statement.ts'

/** An entry as the customer's account sees it. */
export type LineRow = {
  readonly effectiveOn: Temporal.PlainDate
  readonly occurredOn: Temporal.PlainDate
  readonly recordedAt: Temporal.Instant
  readonly document: 'INVOICE' | 'RECEIPT' | 'CREDIT_NOTE'
  readonly documentId: string
  readonly documentNumber: string | null
  readonly kind: Exclude<EntryKind, 'DISPUTE_OPENED' | 'DISPUTE_RESOLVED' | 'MOVED'>
  readonly reason: string | null
  readonly currency: string
  /** Minor units: what it adds to what the customer owes in all, and what that is after it. */
  readonly amount: bigint
  readonly balance: bigint
  /** 1 for the first entry of its document. */
  readonly sequence: number
}

type PageArguments = { readonly first: number; readonly after?: string | null | undefined }

/** The order of the ledger, so that a page goes on where the one before ended, whatever was posted meanwhile. */
const keys: SortKey<LineRow>[] = [
  {
    name: 'EFFECTIVE_ON',
    column: sql`line.effective_on`,
    direction: 'ASC',
    type: 'date',
    valueOf: ({ effectiveOn }) => effectiveOn.toString(),
  },
  {
    name: 'RECORDED_AT',
    column: sql`line.recorded_at`,
    direction: 'ASC',
    type: 'timestamptz',
    valueOf: ({ recordedAt }) => recordedAt.toString(),
  },
  {
    name: 'ITEM',
    column: sql`line.item_id`,
    direction: 'ASC',
    type: 'uuid',
    valueOf: ({ documentId }) => documentId,
  },
  {
    name: 'SEQUENCE',
    column: sql`line.sequence`,
    direction: 'ASC',
    type: 'bigint',
    valueOf: ({ sequence }) => String(sequence),
  },
]

export async function listLines(
  { reader, organization }: Context,
  { opening, span }: Account,
  args: PageArguments,
): Promise<Page<LineRow>> {
  const request = requestPage(args, keys)
  const { customerId, currency, from, to, knownAt } = span
  const before = opening.receivable - opening.unapplied
  const line = sql`
    from item i
    join segment s on s.organization_id = i.organization_id and s.id = i.segment_id
    join ledger_entry e on e.organization_id = i.organization_id and e.item_id = i.id
    where i.organization_id = ${organization.id} and i.customer_id = ${customerId} and i.kind <> 'DISPUTE'
      and s.currency = ${currency} and e.kind <> 'MOVED'
      and e.effective_on between ${formatDay(from)}::date and ${formatDay(to)}::date
      and e.recorded_at <= ${microseconds(knownAt)}::timestamptz`
  const rows = await reader.read((tx) =>
    tx.execute<Stored>(sql`
      with line as (
        select e.effective_on, e.occurred_on, e.recorded_at, e.kind, e.reason, e.item_id, e.sequence, i.kind as document,
          case i.kind when 'INVOICE' then e.amount else -e.amount end as amount,
          sum(case i.kind when 'INVOICE' then e.amount else -e.amount end) over w as sum
        ${line}
        window w as (order by e.effective_on, e.recorded_at, e.item_id, e.sequence)
      )
      select line.effective_on::text, line.occurred_on::text, line.recorded_at::text, line.kind, line.reason,
        line.item_id, line.document, line.sequence, line.amount::text, line.sum::text,
        coalesce(invoice.number, receipt.reference, credit_note.number) as number
      from line
      left join invoice on invoice.organization_id = ${organization.id} and invoice.id = line.item_id
      left join receipt on receipt.organization_id = ${organization.id} and receipt.id = line.item_id
      left join credit_note on credit_note.organization_id = ${organization.id} and credit_note.id = line.item_id
      where ${request.after ?? sql`true`}
      order by ${sql.join(request.orderBy, sql`, `)} limit ${request.limit}`),
  )
  const lines = [...rows].map((row): LineRow => ({
    effectiveOn: Temporal.PlainDate.from(row.effective_on),
    occurredOn: Temporal.PlainDate.from(row.occurred_on),
    recordedAt: Temporal.Instant.from(row.recorded_at),
    document: row.document,
    documentId: row.item_id,
    documentNumber: row.number,
    kind: row.kind,
    reason: row.reason,
    currency,
    amount: BigInt(row.amount),
    balance: before + BigInt(row.sum),
    sequence: row.sequence,
  }))
  return assemblePage(request, lines, (limit) =>
    reader.read(async (tx) => {
      const [row] = await tx.execute<{ count: string }>(
        sql`select count(*)::text as count from (select 1 as one ${line} limit ${limit}) as limited`,
      )
      return Number(row?.count ?? 0)
    }),
  )
}

type Stored = Record<string, unknown> & {
  effective_on: string
  occurred_on: string
  recorded_at: string
  kind: LineRow['kind']
  reason: string | null
  item_id: string
  document: LineRow['document']
  amount: string
  sequence: number
  sum: string
  number: string | null
}
