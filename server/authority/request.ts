/** Requests for approval as they are written. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { approvalEvent, approvalRequest } from '@tidemark/drizzle/tables/approval.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { CommandContext } from '../command.ts'
import type { AuthorityMatrix, Identity, Requirement } from '../domain/authority.ts'
import { writeKept } from '../idempotency.ts'
import { newUuid } from '../ids.ts'
import { writeAudit, type Audit } from '../ledger/audit.ts'
import { selectSteps } from './read.ts'
import type { StoredStep } from './stored.ts'

/** What is to be carried out once it is approved. */
export type StoredCommand = { readonly action: string; readonly input: object }

export type NewRequest = {
  readonly command: StoredCommand
  readonly matrix: AuthorityMatrix
  readonly identity: Identity
  readonly requirements: readonly Requirement[]
  readonly steps: readonly StoredStep[]
  /** Null where it is all of the input. */
  readonly rows: readonly number[] | null
}

type EventKind = (typeof approvalEvent.$inferInsert)['kind']

type Written = { readonly id: string; readonly audit: Audit }

/** The input is kept without its key. Whoever asks for the same once more, while it waits, is given the same request. */
export async function writeRequest(tx: Tx, context: CommandContext, request: NewRequest): Promise<Written> {
  const { command, matrix, identity, requirements, steps, rows } = request
  const same = await findSame(tx, context, request)
  if (same !== null) return same
  const { organization, actor, now } = context
  const id = newUuid()
  const reason = reasonOf(command.input)
  const audit = await writeAudit(tx, context, {
    action: 'requestApproval',
    subject: id,
    after: { command: command.action, steps: steps.length, requirements, matrixVersion: matrix.version },
    reason,
  })
  await tx.insert(approvalRequest).values({
    organizationId: organization.id,
    id,
    command: command.action,
    input: JSON.parse(inputOf(command)),
    rows: rows === null ? null : [...rows],
    actions: [...new Set(steps.map(({ action }) => action))],
    requirements,
    stepCount: steps.length,
    reason,
    requestedBy: actor,
    requesters: [...identity.names],
    matrixVersion: matrix.version,
    expiresAt: now.add({ hours: 24 * matrix.expiryDays }),
    auditId: audit.id,
  })
  await insertSteps(tx, organization.id, id, steps)
  await insertEvent(tx, context, { requestId: id, kind: 'REQUESTED', comment: reason })
  return { id, audit }
}

const inputOf = ({ input }: StoredCommand): string => writeKept({ ...input, idempotencyKey: null })

/** A script that runs every night asks for what it asked for already: by the same input, for the same changes. */
async function findSame(
  tx: Tx,
  { organization, actor, now }: CommandContext,
  { command, matrix, steps, rows }: NewRequest,
): Promise<Written | null> {
  const found = await tx.sql<{ id: string; audit: string; recorded_at: string; hash: string }[]>`
    select request.id, audit.id as audit, audit.recorded_at, audit.hash
    from approval_request request
    join audit on audit.organization_id = request.organization_id and audit.id = request.audit_id
    where request.organization_id = ${organization.id} and state = 'PENDING' and expires_at > ${now.toString()}::timestamptz
      and requested_by = ${actor} and command = ${command.action} and matrix_version = ${matrix.version}
      and step_count = ${steps.length} and input = ${inputOf(command)}::text::jsonb
      and rows is not distinct from ${rows === null ? null : arrayOf(rows)}::int[]
    order by request.id desc limit 1`
  const [row] = found
  if (row === undefined) return null
  const known = await selectSteps(tx, organization.id, row.id)
  const isSame = known.every((step, index) => isSameStep(step, steps[index]))
  return isSame ? { id: row.id, audit: { id: row.audit, recordedAt: row.recorded_at, hash: row.hash } } : null
}

const isSameStep = (a: StoredStep, b: StoredStep | undefined): boolean =>
  b !== undefined &&
  a.row === b.row &&
  a.customerId === b.customerId &&
  a.before === b.before &&
  a.after === b.after

const reasonOf = (input: object): string | null =>
  'reason' in input && typeof input.reason === 'string' ? input.reason : null

const insertSteps = (tx: Tx, organizationId: string, requestId: string, steps: readonly StoredStep[]) => {
  const column = (valueOf: (step: StoredStep) => string | number | null) => arrayOf(steps.map(valueOf))
  return tx.sql`
    insert into approval_step
      (organization_id, request_id, row, action, customer_id, subject, before, after, amount, days)
    select ${organizationId}::uuid, ${requestId}::uuid, row, action::authority_action, customer_id, subject, before, after,
      amount, days
    from unnest(
      ${column(({ row }) => row)}::int[], ${column(({ action }) => action)}::text[],
      ${column(({ customerId }) => customerId)}::uuid[], ${column(({ subject }) => subject)}::text[],
      ${column(({ before }) => before)}::text[], ${column(({ after }) => after)}::text[],
      ${column(({ amount }) => amount)}::bigint[], ${column(({ days }) => days)}::int[]
    ) as step (row, action, customer_id, subject, before, after, amount, days)`
}

type NewEvent = { readonly requestId: string; readonly kind: EventKind; readonly comment: string | null }

export const insertEvent = async (
  tx: Tx,
  { organization, actor }: Pick<CommandContext, 'organization' | 'actor'>,
  event: NewEvent,
): Promise<void> => {
  await tx.insert(approvalEvent).values({ organizationId: organization.id, id: newUuid(), actor, ...event })
}
