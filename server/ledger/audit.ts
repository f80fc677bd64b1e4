/** The audit: who changed what, from where and why, in the transaction of the change itself. */
import { randomUUIDv7 } from 'node:crypto'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'
import { announcement } from './settled.ts'

/** Whose books, who, and from where. A command's context is one. */
export type Author = {
  readonly organization: { readonly id: string }
  /** `token:<id>`, `member:<person>`, `terminal`, `demo` or `system`. */
  readonly actor: string
  /** Left out for what nobody asked for at that moment, such as demo data. */
  readonly source?: Source
  /** Of what others approved: told with what changed. */
  readonly approval?: ApprovalNote
}

/** Which request was carried out, whose it was, and who approved it, as the audit names them. */
export type ApprovalNote = {
  readonly request: string
  readonly requestedBy: string
  readonly approvedBy: readonly string[]
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

/** An audit row that is still to be written. */
export type NewAudit = {
  readonly id: string
  /** Writes it, and returns what only the database knows of it: `recorded_at` and `hash`. */
  readonly write: Fragment
}

/** Only demo data passes `recordedAt`; else it is the database's clock. */
export const newAudit = (
  tx: Tx,
  { organization, actor, source, approval }: Author,
  record: AuditRecord,
  recordedAt: Temporal.Instant | null = null,
): NewAudit => {
  const id = randomUUIDv7()
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  const given = recordedAt?.toString() ?? null
  // What is selected out of `announced` is computed after it, the clock's time too.
  const write = tx.sql`
    with announced as materialized (${given === null ? announcement(tx, organization.id) : tx.sql`select`}),
    written as (
      select ${organization.id}::uuid as organization_id, ${id}::uuid as id, ${actor}::text as actor,
        ${record.action}::text as action, ${record.subject}::text as subject,
        ${json(record.before)}::text::jsonb as before, ${json(withApproval(record.after, approval))}::text::jsonb as after,
        ${record.reason ?? null}::text as reason, ${source?.originId ?? null}::uuid as origin_id,
        ${source?.requestId ?? null}::text as request_id,
        coalesce(${given}::timestamptz, clock_timestamp()) as recorded_at
      from announced)
    insert into audit (organization_id, id, actor, action, subject, before, after, reason, origin_id, request_id,
      recorded_at, hash)
    select *, encode(sha256(convert_to(${tx.sql.unsafe(AUDIT_CONTENT)}, 'UTF8')), 'hex') from written
    returning recorded_at, hash`
  return { id, write }
}

/**
 * As `newAudit` for many records of one action, in one statement and of one moment: it returns `id`, `recorded_at` and
 * `hash` of each.
 */
export const newAudits = (
  tx: Tx,
  { organization, actor, source, approval }: Author,
  action: string,
  records: readonly (Omit<AuditRecord, 'action'> & { readonly id: string })[],
): Fragment => {
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  return tx.sql`
    with announced as materialized (${announcement(tx, organization.id)}),
    moment as materialized (select clock_timestamp() as recorded_at from announced),
    written as (
      select ${organization.id}::uuid as organization_id, given.id, ${actor}::text as actor, ${action}::text as action,
        given.subject, given.before::jsonb as before, given.after::jsonb as after, given.reason,
        ${source?.originId ?? null}::uuid as origin_id, ${source?.requestId ?? null}::text as request_id,
        moment.recorded_at
      from moment cross join unnest(
        ${arrayOf(records.map(({ id }) => id))}::uuid[],
        ${arrayOf(records.map(({ subject }) => subject))}::text[],
        ${arrayOf(records.map(({ before }) => json(before)))}::text[],
        ${arrayOf(records.map(({ after }) => json(withApproval(after, approval))))}::text[],
        ${arrayOf(records.map(({ reason }) => reason ?? null))}::text[]
      ) as given (id, subject, before, after, reason))
    insert into audit (organization_id, id, actor, action, subject, before, after, reason, origin_id, request_id,
      recorded_at, hash)
    select *, encode(sha256(convert_to(${tx.sql.unsafe(AUDIT_CONTENT)}, 'UTF8')), 'hex') from written
    returning id, recorded_at, hash`
}

const withApproval = (after: unknown, approval: ApprovalNote | undefined): unknown =>
  approval === undefined ? after : { ...(typeof after === 'object' ? after : {}), approval }

/** What was written of it: the answer to `write`, or to what was wrapped around it. */
export const asWritten = (
  { id }: NewAudit,
  [row]: readonly { readonly recorded_at?: string; readonly hash?: string }[],
): Audit => {
  if (row?.recorded_at === undefined || row.hash === undefined)
    throw new Error('The audit row was not written')
  return { id, recordedAt: row.recorded_at, hash: row.hash }
}

/** Writes the audit row of the caller's transaction, which posts nothing, or more than once; see `postAudited`. */
export const writeAudit = async (...args: Parameters<typeof newAudit>): Promise<Audit> => {
  const audit = newAudit(...args)
  return asWritten(audit, await audit.write)
}
