/** The audit: who changed what, from where and why, in the transaction of the change itself. */
import { randomUUIDv7 } from 'node:crypto'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { announcePosting } from './settled.ts'

/** Whose books, who, and from where. A command's context is one. */
export type Author = {
  readonly organization: { readonly id: string }
  /** `token:<id>`, `member:<person>`, `terminal`, `demo` or `system`. */
  readonly actor: string
  /** Left out for what nobody asked for at that moment, such as demo data. */
  readonly source?: Source
}

/** Where a change came from. */
export type Source = {
  /** The `origin` that has the address and the program. */
  readonly originId: string | null
  /** Of the request, as the header `x-request-id` of its answer has it; null for a command of the command line. */
  readonly requestId: string | null
}

/** What changed, and why. It names no person but by id, and no address, so that it outlives an erased person. */
export type AuditRecord = {
  /** The command, such as `recordReceipt`. */
  readonly action: string
  /** The id of what it is about. */
  readonly subject: string
  readonly before?: unknown
  readonly after?: unknown
  readonly reason?: string | null
}

export type Audit = {
  readonly id: string
  readonly recordedAt: string
  /** SHA-256 of the row: whoever keeps it can prove later that the row is still what it was. */
  readonly hash: string
}

/**
 * What the hash of an audit row covers, as an expression of SQL over the columns of `audit`: a JSON array as
 * PostgreSQL prints it. Changed, it would make every row that there is look forged.
 */
export const AUDIT_CONTENT = `jsonb_build_array(
  organization_id, id, actor, action, subject, before, after, reason, origin_id, request_id,
  to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text`

/** Writes the audit row of the caller's transaction. Only demo data passes `recordedAt`; else it is the database's clock. */
export const writeAudit = async (
  tx: Tx,
  { organization, actor, source }: Author,
  record: AuditRecord,
  recordedAt: Temporal.Instant | null = null,
): Promise<Audit> => {
  const id = randomUUIDv7()
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  const announced = recordedAt === null ? announcePosting(tx, organization.id) : null
  const inserted = tx.sql<{ recorded_at: string; hash: string }[]>`
    with written as (
      select ${organization.id}::uuid as organization_id, ${id}::uuid as id, ${actor}::text as actor,
        ${record.action}::text as action, ${record.subject}::text as subject,
        ${json(record.before)}::text::jsonb as before, ${json(record.after)}::text::jsonb as after,
        ${record.reason ?? null}::text as reason, ${source?.originId ?? null}::uuid as origin_id,
        ${source?.requestId ?? null}::text as request_id,
        coalesce(${recordedAt?.toString() ?? null}::timestamptz, clock_timestamp()) as recorded_at)
    insert into audit (organization_id, id, actor, action, subject, before, after, reason, origin_id, request_id,
      recorded_at, hash)
    select *, encode(sha256(convert_to(${tx.sql.unsafe(AUDIT_CONTENT)}, 'UTF8')), 'hex') from written
    returning recorded_at, hash`
  const [, [row]] = await Promise.all([announced, inserted])
  if (row === undefined) throw new Error('The audit row was not written')
  return { id, recordedAt: row.recorded_at, hash: row.hash }
}
