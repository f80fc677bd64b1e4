/** What is done with requests for approval. */
import { and, eq } from 'drizzle-orm'
import type { ApprovalRequestRow } from '@tidemark/drizzle/rows.ts'
import { approvalRequest } from '@tidemark/drizzle/tables/approval.ts'
import { inSavepoint, type Tx } from '@tidemark/drizzle/transaction.ts'
import { readIdentities, readIdentity } from '../authority/identity.ts'
import { readEvents, selectSteps } from '../authority/read.ts'
import { insertEvent } from '../authority/request.ts'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { isSamePerson, lacking, mayApprove, type Identity } from '../domain/authority.ts'
import { parseKept } from '../idempotency.ts'
import { decodeId, encodeId } from '../ids.ts'
import { writeAudit, type Audit } from '../ledger/audit.ts'
import { conflict, invalid, isProblem, notFound, type Problem } from '../problem.ts'
import type {
  ApprovalState,
  ApproveRequestInput,
  CommentOnRequestInput,
  RejectRequestInput,
  WithdrawRequestInput,
} from '../schema.generated.ts'
import { readRequiredText, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import { requirementsOfRequest, stateOf } from './queries.ts'

/** A command that may have to be approved, as the mutation of its name runs it. */
export type GovernedCommand = (context: CommandContext, input: never) => Promise<object>
export type GovernedCommands = Readonly<Record<string, GovernedCommand>>

export type RequestChanged = Audited & { readonly requestId: string }
export type RequestApproved = RequestChanged & {
  readonly state: ApprovalState
  readonly failure: string | null
}

/** Ten thousand limits take a second; who waits for locks takes longer. */
const TIMEOUT_MS = 60_000

/** Carries the command out with the last approval that it needs. */
export const approveRequest =
  (commands: GovernedCommands) =>
  async (context: CommandContext, input: ApproveRequestInput): Promise<RequestApproved | Problem> => {
    const comment = readText(input.comment, ['comment'], SENTENCE_LENGTH_MAX)
    if ('code' in comment) return comment
    return runCommand(context, { action: 'approveRequest', input, timeoutMs: TIMEOUT_MS }, async (tx) => {
      const held = await holdPending(tx, context, input)
      if (isProblem(held)) return held
      const ceiling = ceilingFault(context, held)
      if (ceiling !== null) return ceiling
      const given = await readApprovals(tx, context, held)
      if (isProblem(given)) return given
      await insertEvent(tx, context, { requestId: held.id, kind: 'APPROVED', comment: comment.text })
      const isEnough = requirementsOfRequest(held).every((one) => lacking(one, given.approvers) === 0)
      const done = isEnough ? await apply(tx, context, held, { ...given, commands }) : WAITS
      await changeRequest(tx, context, held, done)
      if (done.state !== 'PENDING') {
        const kind = done.state === 'FAILED' ? 'FAILED' : 'APPLIED'
        await insertEvent(tx, context, { requestId: held.id, kind, comment: done.failure })
      }
      const { state, failure } = done
      const after = { state, failure }
      const audit = await auditRequest(tx, context, 'approveRequest', held, { after, reason: comment.text })
      return { requestId: held.id, state, failure, audit }
    })
  }

/** Ends it. */
export async function rejectRequest(
  context: CommandContext,
  input: RejectRequestInput,
): Promise<RequestChanged | Problem> {
  const comment = readRequiredText(input.comment, ['comment'], SENTENCE_LENGTH_MAX)
  if ('code' in comment) return comment
  return runCommand(context, { action: 'rejectRequest', input }, async (tx) => {
    const held = await holdPending(tx, context, input)
    if (isProblem(held)) return held
    const me = await readIdentity(tx, context.organization.id, context.actor)
    const beyond = beyondAuthority(held, me, 'reject')
    if (beyond !== null) return beyond
    return end(tx, context, held, { action: 'rejectRequest', kind: 'REJECTED', comment: comment.text })
  })
}

/** Takes back what one has asked for. */
export async function withdrawRequest(
  context: CommandContext,
  input: WithdrawRequestInput,
): Promise<RequestChanged | Problem> {
  const comment = readText(input.comment, ['comment'], SENTENCE_LENGTH_MAX)
  if ('code' in comment) return comment
  return runCommand(context, { action: 'withdrawRequest', input }, async (tx) => {
    const held = await holdPending(tx, context, input)
    if (isProblem(held)) return held
    const me = await readIdentity(tx, context.organization.id, context.actor)
    if (!isSamePerson(me.names, held.requesters))
      return invalid(['request'], 'Only whoever asked for it takes it back; others may reject it')
    return end(tx, context, held, { action: 'withdrawRequest', kind: 'WITHDRAWN', comment: comment.text })
  })
}

/** Also where it is decided: what there is to say about it may come later. */
export async function commentOnRequest(
  context: CommandContext,
  input: CommentOnRequestInput,
): Promise<RequestChanged | Problem> {
  const comment = readRequiredText(input.comment, ['comment'], SENTENCE_LENGTH_MAX)
  if ('code' in comment) return comment
  return runCommand(context, { action: 'commentOnRequest', input }, async (tx) => {
    const held = await holdRequest(tx, context, input.request)
    if (isProblem(held)) return held
    await insertEvent(tx, context, { requestId: held.id, kind: 'COMMENTED', comment: comment.text })
    const audit = await auditRequest(tx, context, 'commentOnRequest', held, { reason: comment.text })
    return { requestId: held.id, audit }
  })
}

/** Until the transaction ends nobody else decides it. */
async function holdRequest(
  tx: Tx,
  { organization }: CommandContext,
  id: string,
): Promise<ApprovalRequestRow | Problem> {
  const uuid = decodeId('approvalRequest', id)
  const [row] =
    uuid === null
      ? []
      : await tx
          .select()
          .from(approvalRequest)
          .where(and(eq(approvalRequest.organizationId, organization.id), eq(approvalRequest.id, uuid)))
          .for('update')
  return row ?? notFound(['request'], `There is no request with id ${id.slice(0, 200)}`)
}

async function holdPending(
  tx: Tx,
  context: CommandContext,
  { request, expectedVersion }: Pick<ApproveRequestInput, 'request' | 'expectedVersion'>,
): Promise<ApprovalRequestRow | Problem> {
  const held = await holdRequest(tx, context, request)
  if (isProblem(held)) return held
  const state = stateOf(held, context.now)
  if (state === 'EXPIRED')
    return conflict(['request'], `It expired at ${held.expiresAt.toString()}: ask for it anew`)
  if (state !== 'PENDING') return conflict(['request'], `It is decided already: it is ${state}`)
  if (typeof expectedVersion === 'number' && expectedVersion !== held.version)
    return conflict(['expectedVersion'], `The request is at version ${held.version} by now`)
  return held
}

type Approvals = { readonly requester: Identity; readonly approvers: readonly Identity[] }

/** Who approved it, and whoever acts with them; a problem where that one may not. All are who they are today. */
async function readApprovals(
  tx: Tx,
  { organization, actor }: CommandContext,
  held: ApprovalRequestRow,
): Promise<Approvals | Problem> {
  const events = (await readEvents(tx, organization.id, [held.id])).get(held.id) ?? []
  const earlier = events.flatMap((event) => (event.kind === 'APPROVED' ? [event.actor] : []))
  const identities = await readIdentities(tx, organization.id, [held.requestedBy, ...earlier, actor])
  const of = (name: string): Identity => {
    const identity = identities.get(name)
    if (identity === undefined) throw new Error(`Nobody is ${name}`)
    return identity
  }
  const me = of(actor)
  const beyond = beyondAuthority(held, me, 'approve')
  if (beyond !== null) return beyond
  const before = earlier.map(of)
  if (before.some(({ names }) => isSamePerson(me.names, names)))
    return conflict(['request'], 'You approved it already: somebody else has to')
  return { requester: of(held.requestedBy), approvers: [...before, me] }
}

/** What a token may not set it may not approve either, and what is asked for may be any limit. */
const ceilingFault = ({ creditLimitMax }: CommandContext, { actions }: ApprovalRequestRow): Problem | null =>
  creditLimitMax != null &&
  actions.some((action) => action === 'CREDIT_LIMIT' || action === 'UNLIMITED_CREDIT')
    ? invalid(['request'], 'Your token has a ceiling for credit limits: it approves none', 'BEYOND_AUTHORITY')
    : null

function beyondAuthority(held: ApprovalRequestRow, me: Identity, verb: string): Problem | null {
  if (isSamePerson(me.names, held.requesters))
    return invalid(['request'], `Nobody can ${verb} what they asked for themselves`, 'BEYOND_AUTHORITY')
  return requirementsOfRequest(held).some((requirement) => mayApprove(requirement, me))
    ? null
    : invalid(['request'], `You do not have the authority to ${verb} it`, 'BEYOND_AUTHORITY')
}

type Done = {
  readonly state: Exclude<ApprovalState, 'EXPIRED'>
  readonly failure: string | null
  readonly applied: Audit | null
}

const WAITS: Done = { state: 'PENDING', failure: null, applied: null }

/** As if it were asked for now, by the very same command: all of it, or nothing. */
async function apply(
  tx: Tx,
  context: CommandContext,
  held: ApprovalRequestRow,
  { commands, requester, approvers }: Approvals & { readonly commands: GovernedCommands },
): Promise<Done> {
  const command = commands[held.command]
  if (command === undefined) throw new Error(`${held.command} is no command that can be approved`)
  const steps = await selectSteps(tx, context.organization.id, held.id)
  // Dates and such are written as JSON has none: they are read back as the API gave them.
  const input = parseKept(JSON.stringify(held.input)) as never
  const requestId = held.id
  try {
    const outcome = await inSavepoint(tx, async (inner) => {
      const applied = await command(
        {
          ...context,
          applying: {
            tx: inner,
            requestId,
            requester,
            approvers,
            steps: new Map(steps.map((step) => [step.row, step])),
            rows: held.rows === null ? null : new Set(held.rows),
          },
          approval: {
            request: encodeId('approvalRequest', requestId),
            requestedBy: held.requestedBy,
            approvedBy: approvers.map(({ actor }) => actor),
          },
        },
        input,
      )
      if ('code' in applied && 'message' in applied) throw new NotApplied(String(applied.message))
      return applied
    })
    return { state: 'APPROVED', failure: null, applied: auditOf(outcome) }
  } catch (error) {
    if (error instanceof NotApplied) return { state: 'FAILED', failure: error.message, applied: null }
    throw error
  }
}

const auditOf = (outcome: object): Audit | null =>
  'audit' in outcome && typeof outcome.audit === 'object' ? (outcome.audit as Audit | null) : null

async function changeRequest(
  tx: Tx,
  { organization, now }: CommandContext,
  { id, version }: ApprovalRequestRow,
  { state, failure, applied }: Done,
): Promise<void> {
  const decidedAt = state === 'PENDING' ? null : now
  await tx
    .update(approvalRequest)
    .set({ state, failure, decidedAt, appliedAuditId: applied?.id ?? null, version: version + 1 })
    .where(and(eq(approvalRequest.organizationId, organization.id), eq(approvalRequest.id, id)))
}

type Ending = {
  readonly action: 'rejectRequest' | 'withdrawRequest'
  readonly kind: 'REJECTED' | 'WITHDRAWN'
  readonly comment: string | null
}

async function end(
  tx: Tx,
  context: CommandContext,
  held: ApprovalRequestRow,
  { action, kind, comment }: Ending,
): Promise<RequestChanged> {
  await insertEvent(tx, context, { requestId: held.id, kind, comment })
  await changeRequest(tx, context, held, { state: kind, failure: null, applied: null })
  const audit = await auditRequest(tx, context, action, held, { after: { state: kind }, reason: comment })
  return { requestId: held.id, audit }
}

const auditRequest = (
  tx: Tx,
  context: CommandContext,
  action: string,
  { id, command, requestedBy, version }: ApprovalRequestRow,
  { after, reason }: { readonly after?: object; readonly reason: string | null },
): Promise<Audit> =>
  writeAudit(tx, context, {
    action,
    subject: id,
    before: { state: 'PENDING', version },
    after: { ...after, command, requestedBy },
    reason,
  })

/** Undoes what the command had written, and carries out of it why it could not go on. */
class NotApplied extends Error {}
