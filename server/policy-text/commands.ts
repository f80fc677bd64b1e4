/** How the text of the credit policy comes into force: written, approved by somebody else, and read. */
import { and, desc, eq } from 'drizzle-orm'
import { readIdentities } from '../authority/identity.ts'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { digestOfParts } from '../digest.ts'
import { writeAudit } from '../ledger/audit.ts'
import { conflict, invalid, isProblem, notFound, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type {
  AcknowledgeCreditPolicyTextInput,
  PublishCreditPolicyTextInput,
  ReapproveCreditPolicyTextInput,
  SaveCreditPolicyTextInput,
} from '../schema.generated.ts'
import { readApprovals, readInForce } from './queries.ts'
import type { PolicyTextRow } from '@tidemark/drizzle/rows.ts'
import {
  policyText,
  policyTextAcknowledgement,
  policyTextApproval,
} from '@tidemark/drizzle/tables/policy-text.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type TextChanged = Audited & { readonly version: number }

const BODY_LENGTH_MAX = 100_000

export const digestOfText = ({ title, body }: Pick<PolicyTextRow, 'title' | 'body'>): string =>
  digestOfParts([title, body])

/** There is one draft at a time: saving again goes on with it, and whoever saved it is one of its authors. */
export async function saveCreditPolicyText(
  context: CommandContext,
  input: SaveCreditPolicyTextInput,
): Promise<TextChanged | Problem> {
  const { organization, actor, now } = context
  const title = readRequiredText(input.title, ['title'], NAME_LENGTH_MAX)
  if ('code' in title) return title
  const body = readBody(input.body)
  if (isProblem(body)) return body
  const command = {
    action: 'saveCreditPolicyText',
    input,
    duplicates: {
      policy_text_organization_id_version_pk: conflict(
        [],
        'Somebody else began the draft at the same moment: read it first',
      ),
    },
  }
  return runCommand(context, command, async (tx) => {
    const latest = await lockLatest(tx, organization.id)
    const draft = latest?.publishedAt === null ? latest : null
    const revision = draft?.revision ?? 0
    if (typeof input.expectedRevision === 'number' && input.expectedRevision !== revision)
      return conflict(['expectedRevision'], `The draft is at revision ${revision} by now`)
    const version = draft?.version ?? (latest?.version ?? 0) + 1
    const saved = {
      title: title.text,
      body: body.text,
      authors: [...new Set([...(draft?.authors ?? []), actor])],
      revision: revision + 1,
      savedAt: now,
    }
    if (draft === null)
      await tx.insert(policyText).values({ organizationId: organization.id, version, ...saved })
    else await tx.update(policyText).set(saved).where(isVersion(organization.id, version))
    const audit = await writeAudit(tx, context, {
      action: 'saveCreditPolicyText',
      subject: organization.id,
      before: draft === null ? null : { version, revision, digest: digestOfText(draft) },
      after: { version, revision: revision + 1, title: saved.title, digest: digestOfText(saved) },
    })
    return { version, audit }
  })
}

/** Unlike a sentence it keeps its lines. */
function readBody(body: string): { text: string } | Problem {
  const text = body.replaceAll(/\r\n?/g, '\n').trim()
  if (text === '') return invalid(['body'], 'It must not be empty')
  if (text.length > BODY_LENGTH_MAX)
    return invalid(['body'], `It has ${text.length} characters; at most ${BODY_LENGTH_MAX} are kept`)
  if (/[^\P{Cc}\n\t]/u.test(text)) return invalid(['body'], 'It has characters that cannot be seen')
  return { text }
}

export const isVersion = (organizationId: string, version: number) =>
  and(eq(policyText.organizationId, organizationId), eq(policyText.version, version))

async function lockLatest(tx: Tx, organizationId: string): Promise<PolicyTextRow | null> {
  const [row] = await tx
    .select()
    .from(policyText)
    .where(eq(policyText.organizationId, organizationId))
    .orderBy(desc(policyText.version))
    .limit(1)
  // What was published cannot be locked for a change: nobody changes it.
  if (row === undefined || row.publishedAt !== null) return row ?? null
  const [locked] = await tx
    .select()
    .from(policyText)
    .where(isVersion(organizationId, row.version))
    .for('update')
  return locked ?? readInForce(tx, organizationId)
}

/** Who reads the draft and publishes it vouches for it: a person, and none of those who wrote it. */
export async function publishCreditPolicyText(
  context: CommandContext,
  input: PublishCreditPolicyTextInput,
): Promise<TextChanged | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const { organization, now } = context
  return runCommand(context, { action: 'publishCreditPolicyText', input }, async (tx) => {
    const draft = await lockLatest(tx, organization.id)
    if (draft?.version !== input.version || draft.publishedAt !== null)
      return notFound(['version'], `There is no draft of version ${input.version}`)
    if (draft.revision !== input.expectedRevision)
      return conflict(['expectedRevision'], `The draft is at revision ${draft.revision} by now`)
    const approver = await approverOf(tx, context, draft, 'published')
    if (isProblem(approver)) return approver
    await tx.update(policyText).set({ publishedAt: now }).where(isVersion(organization.id, draft.version))
    return approve(tx, context, 'publishCreditPolicyText', draft, {
      ...approver,
      sequence: 1,
      reason: reason.text,
    })
  })
}

/** Holds the version in force for one more year, counted from today. */
export async function reapproveCreditPolicyText(
  context: CommandContext,
  input: ReapproveCreditPolicyTextInput,
): Promise<TextChanged | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const command = {
    action: 'reapproveCreditPolicyText',
    input,
    duplicates: {
      policy_text_approval_organization_id_version_sequence_pk: conflict(
        [],
        'Somebody else approved it at the same moment',
      ),
    },
  }
  return runCommand(context, command, async (tx) => {
    const text = await inForceAs(tx, context, input.version)
    if (isProblem(text)) return text
    const approver = await approverOf(tx, context, text, 'approved')
    if (isProblem(approver)) return approver
    const sequence = (await readApprovals(tx, text)).length + 1
    return approve(tx, context, 'reapproveCreditPolicyText', text, {
      ...approver,
      sequence,
      reason: reason.text,
    })
  })
}

async function inForceAs(
  tx: Tx,
  { organization }: CommandContext,
  version: number,
): Promise<PolicyTextRow | Problem> {
  const inForce = await readInForce(tx, organization.id)
  if (inForce?.version === version) return inForce
  const told = inForce === null ? 'no version is' : `version ${inForce.version} is`
  return notFound(['version'], `Version ${version} is not in force: ${told}`)
}

type Approver = { readonly personId: string }

async function approverOf(
  tx: Tx,
  { organization, actor }: CommandContext,
  { authors }: PolicyTextRow,
  done: string,
): Promise<Approver | Problem> {
  const personId = personIn(actor)
  if (personId === null) return invalid([], `A credit policy is ${done} by a person who signed in`)
  const identities = await readIdentities(tx, organization.id, authors)
  const isOwn = [...identities.values()].some(
    ({ principal, names, authorities }) =>
      principal === actor || names.includes(actor) || authorities.includes(actor),
  )
  return isOwn
    ? invalid([], `You, or a token of yours, wrote of it: it is ${done} by somebody else`)
    : { personId }
}

/** Null for a token, which has no name to sign with. */
export const personIn = (actor: string): string | null =>
  actor.startsWith('member:') ? actor.slice('member:'.length) : null

type Approval = Approver & { readonly sequence: number; readonly reason: string }

async function approve(
  tx: Tx,
  context: CommandContext,
  action: string,
  text: PolicyTextRow,
  { personId, sequence, reason }: Approval,
): Promise<TextChanged> {
  const { organization } = context
  const approvedOn = todayOf(context)
  const dueOn = approvedOn.add({ years: 1 })
  const audit = await writeAudit(tx, context, {
    action,
    subject: organization.id,
    after: { version: text.version, digest: digestOfText(text), dueOn: dueOn.toString() },
    reason,
  })
  await tx.insert(policyTextApproval).values({
    organizationId: organization.id,
    version: text.version,
    sequence,
    personId,
    approvedOn,
    dueOn,
    auditId: audit.id,
  })
  return { version: text.version, audit }
}

export async function acknowledgeCreditPolicyText(
  context: CommandContext,
  input: AcknowledgeCreditPolicyTextInput,
): Promise<TextChanged | Problem> {
  const { organization } = context
  const command = {
    action: 'acknowledgeCreditPolicyText',
    input,
    duplicates: {
      policy_text_acknowledgement_pk: conflict(['version'], 'You have acknowledged it already'),
    },
  }
  return runCommand(context, command, async (tx) => {
    const personId = personIn(context.actor)
    if (personId === null) return invalid([], 'A credit policy is acknowledged by a person who signed in')
    const text = await inForceAs(tx, context, input.version)
    if (isProblem(text)) return text
    const digest = digestOfText(text)
    const audit = await writeAudit(tx, context, {
      action: 'acknowledgeCreditPolicyText',
      subject: organization.id,
      after: { version: text.version, digest },
    })
    await tx.insert(policyTextAcknowledgement).values({
      organizationId: organization.id,
      version: text.version,
      personId,
      digest,
      auditId: audit.id,
    })
    return { version: text.version, audit }
  })
}
