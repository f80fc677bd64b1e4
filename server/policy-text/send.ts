/** Sends a published version by mail: what is sent is queued in the transaction that says so. */
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { isEmail, type DeliveryConfig } from '../delivery/config.ts'
import { enqueuePolicyMails } from '../delivery/policy-mail.ts'
import { newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { selectCustomer } from '../ledger/find.ts'
import { invalid, isProblem, notFound, type Problem } from '../problem.ts'
import { SENTENCE_LENGTH_MAX } from '../text.ts'
import type { SendCreditPolicyTextInput } from '../schema.generated.ts'
import { digestOfText } from './commands.ts'
import { readInForce, readText } from './queries.ts'
import { policyTextMailing } from '@tidemark/drizzle/tables/policy-text.ts'

const EMAILS_MAX = 50

export type TextSent = Audited & { readonly version: number; readonly count: number }

export async function sendCreditPolicyText(
  context: CommandContext,
  input: SendCreditPolicyTextInput,
  { smtp }: Pick<DeliveryConfig, 'smtp'>,
): Promise<TextSent | Problem> {
  const { organization } = context
  if (smtp === null) return invalid(['emails'], 'This server sends no mail: its operator has to set SMTP_URL')
  const emails = readEmails(input.emails)
  if (isProblem(emails)) return emails
  const message = readMessage(input.message)
  if (isProblem(message)) return message
  return runCommand(context, { action: 'sendCreditPolicyText', input }, async (tx) => {
    const { version } = input
    const text =
      typeof version === 'number'
        ? await readText(tx, organization.id, version)
        : await readInForce(tx, organization.id)
    if (text === null || text.publishedAt === null)
      return notFound(
        ['version'],
        `There is no published version${typeof version === 'number' ? ` ${version}` : ''}`,
      )
    const of = input.customer ? await selectCustomer(tx, organization.id, input.customer) : null
    if (input.customer && of === null) return notFound(['customer'], 'There is no such customer')
    const mailings = emails.list.map((email) => ({ id: newUuid(), email }))
    const audit = await writeAudit(tx, context, {
      action: 'sendCreditPolicyText',
      subject: organization.id,
      // Addresses stand in the mailings alone, so that a person can be erased.
      after: {
        version: text.version,
        digest: digestOfText(text),
        mailings: mailings.map(({ id }) => id),
        customer: of?.id ?? null,
      },
    })
    await tx.insert(policyTextMailing).values(
      mailings.map((mailing) => ({
        ...mailing,
        organizationId: organization.id,
        version: text.version,
        customerId: of?.id ?? null,
        message: message.text,
        state: 'QUEUED' as const,
        auditId: audit.id,
      })),
    )
    const ids = mailings.map(({ id }) => id)
    await enqueuePolicyMails(tx, organization.id, ids)
    return { version: text.version, count: ids.length, audit }
  })
}

function readEmails(emails: readonly string[]): { readonly list: readonly string[] } | Problem {
  if (emails.length === 0 || emails.length > EMAILS_MAX)
    return invalid(['emails'], `Give 1 to ${EMAILS_MAX} addresses, not ${emails.length}`)
  const tidy = emails.map((email) => email.trim())
  const wrong = tidy.findIndex((email) => !isEmail(email))
  if (wrong >= 0) return invalid(['emails', String(wrong)], `"${tidy[wrong]}" is no e-mail address`)
  const byName = new Map(tidy.map((email) => [email.toLowerCase(), email]))
  return { list: [...byName.values()] }
}

/** It keeps its lines. */
function readMessage(message: string | null | undefined): { readonly text: string | null } | Problem {
  const text = (message ?? '').replaceAll(/\r\n?/g, '\n').trim()
  if (text.length > SENTENCE_LENGTH_MAX)
    return invalid(['message'], `It has ${text.length} characters; at most ${SENTENCE_LENGTH_MAX} are kept`)
  if (/[^\P{Cc}\n\t]/u.test(text)) return invalid(['message'], 'It has characters that cannot be seen')
  return { text: text === '' ? null : text }
}
