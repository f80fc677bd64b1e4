/** The text of the credit policy on its way to addresses, by the same queue as alerts. */
import { and, desc, eq } from 'drizzle-orm'
import { documentOf } from '../policy-text/document.ts'
import type { Sender } from './deliver.ts'
import { ATTEMPTS_MAX, LEASE_SECONDS } from './deliver.ts'
import type { PolicyTextMailingRow } from '@tidemark/drizzle/rows.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import { policyText, policyTextApproval, policyTextMailing } from '@tidemark/drizzle/tables/policy-text.ts'
import { asOwnerWithin, inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

export const POLICY_MAIL_TASK = 'policy-mail'

export type PolicyMailJob = { readonly organizationId: string; readonly mailingId: string }

/** The mailing counts its attempts and gives up long before; the queue's own count must not. */
const QUEUE_ATTEMPTS_MAX = 10_000
const ERROR_LENGTH_MAX = 500

/** In the caller's transaction. */
export const enqueuePolicyMails = (tx: Tx, organizationId: string, ids: readonly string[]): Promise<void> =>
  asOwnerWithin(tx, async ({ sql }) => {
    for (const id of ids) {
      const job: PolicyMailJob = { organizationId, mailingId: id }
      await sql`
        select from graphile_worker.add_job(${POLICY_MAIL_TASK}, ${JSON.stringify(job)}::text::json,
          max_attempts => ${QUEUE_ATTEMPTS_MAX}, job_key => ${id})`
    }
  })

/** Adds the jobs that are missing, such as after a backup was restored. */
export const enqueueLostPolicyMails = (tx: Tx, organizationId: string): Promise<number> =>
  asOwnerWithin(tx, async ({ sql }) => {
    const { count } = await sql`
      select graphile_worker.add_job(${POLICY_MAIL_TASK},
        json_build_object('organizationId', m.organization_id, 'mailingId', m.id),
        max_attempts => ${QUEUE_ATTEMPTS_MAX}, job_key => m.id::text)
      from policy_text_mailing m
      where m.organization_id = ${organizationId} and m.state in ('QUEUED', 'FAILED')
        and not exists (select from graphile_worker._private_jobs j where j.key = m.id::text)`
    return count
  })

/** One try. Throws where it was not taken and is to be tried again, which the queue does, later every time. */
export async function deliverPolicyMail(
  sender: Sender,
  { organizationId, mailingId }: PolicyMailJob,
): Promise<void> {
  const { connection, clock, mailer } = sender
  const within = <T>(mode: 'read' | 'write', run: (tx: Tx) => Promise<T>) =>
    inTransaction(connection, { organizationId, mode }, run)
  const claimed = await within('write', (tx) => claim(tx, organizationId, mailingId))
  if (claimed === null) return
  const note = (set: Partial<PolicyTextMailingRow>) =>
    within('write', (tx) =>
      tx
        .update(policyTextMailing)
        .set({ ...set, leasedUntil: null })
        .where(isMailing(organizationId, mailingId)),
    )
  try {
    const mail = await within('read', (tx) => readMail(tx, claimed))
    const open = await mailer()
    if (open === null) {
      await note({ state: 'DEAD', lastError: 'This server sends no mail: its operator has to set SMTP_URL' })
      return
    }
    await open.send({ ...mail, id: `policyMailing_${mailingId}`, to: [claimed.email] })
    await note({ state: 'SENT', sentAt: clock(), lastError: null })
  } catch (error) {
    const lastError = (error instanceof Error ? error.message : String(error)).slice(0, ERROR_LENGTH_MAX)
    const isDead = claimed.attempts >= ATTEMPTS_MAX
    await note({ state: isDead ? 'DEAD' : 'FAILED', lastError })
    if (!isDead) throw error
  }
}

const isMailing = (organizationId: string, id: string) =>
  and(eq(policyTextMailing.organizationId, organizationId), eq(policyTextMailing.id, id))

/** For a minute nobody else may send it; null where there is nothing to send. */
async function claim(tx: Tx, organizationId: string, id: string): Promise<PolicyTextMailingRow | null> {
  const [row] = await tx.select().from(policyTextMailing).where(isMailing(organizationId, id)).for('update')
  if (row === undefined || row.state === 'SENT' || row.state === 'DEAD') return null
  const [lease] = await tx.sql<{ taken: boolean }[]>`
    update policy_text_mailing set attempts = attempts + 1,
      leased_until = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
    where organization_id = ${organizationId} and id = ${id}
      and (leased_until is null or leased_until < clock_timestamp())
    returning true as taken`
  // Thrown, so that the queue looks again: whoever has it may have been killed.
  if (lease === undefined) throw new Error('Somebody else is sending it')
  return { ...row, attempts: row.attempts + 1 }
}

async function readMail(tx: Tx, { organizationId, version, message }: PolicyTextMailingRow) {
  const [row] = await tx
    .select({ text: policyText, name: organization.name, approvedOn: policyTextApproval.approvedOn })
    .from(policyText)
    .innerJoin(organization, eq(organization.id, policyText.organizationId))
    .innerJoin(
      policyTextApproval,
      and(
        eq(policyTextApproval.organizationId, policyText.organizationId),
        eq(policyTextApproval.version, policyText.version),
      ),
    )
    .where(and(eq(policyText.organizationId, organizationId), eq(policyText.version, version)))
    .orderBy(desc(policyTextApproval.sequence))
    .limit(1)
  if (row === undefined) throw new Error('What was to be sent is not there')
  const { text, name, approvedOn } = row
  return {
    subject: `[${name}] ${text.title}`.replaceAll(/\s+/g, ' ').slice(0, 200),
    text: `${message === null ? '' : `${message}\n\n`}${text.title}\n\n${text.body}\n`,
    html: documentOf({ organization: name, text, approvedOn, message }),
    thread: `policyText.${organizationId}.${version}`,
  }
}
