/** Where alerts are sent to, and what could not be sent. */
import { and, eq, isNull } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { isEmail, type DeliveryConfig } from '../delivery/config.ts'
import { urlFault } from '../delivery/addresses.ts'
import { enqueueDeliveries } from '../delivery/queue.ts'
import { sealSecret } from '../delivery/vault.ts'
import { newWebhookSecret } from '../delivery/webhook.ts'
import { decodeId, newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { conflict, invalid, isProblem, notFound, type Problem } from '../problem.ts'
import { NAME_LENGTH_MAX, readRequiredText } from '../text.ts'
import type {
  AlertChannelTargetInput,
  CreateAlertChannelInput,
  DeleteAlertChannelInput,
  RetryAlertDeliveryInput,
  RotateAlertChannelSecretInput,
} from '../schema.generated.ts'
import { findChannel } from './find.ts'
import type { AlertChannelRow, AlertDeliveryRow } from '@tidemark/drizzle/rows.ts'
import { alertChannel, alertDelivery } from '@tidemark/drizzle/tables/alert.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Shown once: a repeated request has no secret. */
export type ChannelMade = Audited & { readonly channelId: string }
export type Shown = { readonly outcome: ChannelMade | Problem; readonly secret: string | null }

const CHANNELS_MAX = 100
const EMAILS_MAX = 20
const URL_LENGTH_MAX = 2_000

export async function createAlertChannel(
  context: CommandContext,
  input: CreateAlertChannelInput,
  config: DeliveryConfig,
): Promise<Shown> {
  const named = readRequiredText(input.name, ['name'], NAME_LENGTH_MAX)
  if ('code' in named) return { outcome: named, secret: null }
  const target = readTarget(input.target, config)
  if (isProblem(target)) return { outcome: target, secret: null }
  const { organization, now } = context
  const id = newUuid()
  const secret = target.kind === 'WEBHOOK' ? newWebhookSecret() : null
  const sealed = secret === null ? null : await seal(context, config, { id, secret })
  const outcome = await runCommand(
    context,
    { action: 'createAlertChannel', input },
    async (tx): Promise<ChannelMade | Problem> => {
      const refused = await checkNew(tx, organization.id, named.text)
      if (refused !== null) return refused
      const said = { name: named.text, ...target }
      const audit = await writeAudit(tx, context, { action: 'createAlertChannel', subject: id, after: said })
      await tx
        .insert(alertChannel)
        .values({ ...said, organizationId: organization.id, id, secret: sealed, createdAt: now })
      return { channelId: id, audit }
    },
  )
  return { outcome, secret: isProblem(outcome) || outcome.channelId !== id || input.dryRun ? null : secret }
}

type Target = Pick<AlertChannelRow, 'kind' | 'emails' | 'url'>

function readTarget({ emails, url }: AlertChannelTargetInput, config: DeliveryConfig): Target | Problem {
  if (emails) {
    const path = ['target', 'emails']
    if (config.smtp === null)
      return invalid(path, 'This server sends no mail: its operator has to set SMTP_URL')
    if (emails.length === 0 || emails.length > EMAILS_MAX)
      return invalid(path, `Give 1 to ${EMAILS_MAX} addresses, not ${emails.length}`)
    const tidy = [...new Set(emails.map((email) => email.trim()))]
    const wrong = tidy.findIndex((email) => !isEmail(email))
    if (wrong >= 0) return invalid([...path, String(wrong)], `"${tidy[wrong]}" is no e-mail address`)
    return { kind: 'EMAIL', emails: tidy, url: null }
  }
  const path = ['target', 'url']
  const text = url?.trim() ?? ''
  if (text.length > URL_LENGTH_MAX)
    return invalid(path, `It has ${text.length} characters; at most ${URL_LENGTH_MAX} are kept`)
  const fault = urlFault(text, config.privateWebhooks)
  return fault === null ? { kind: 'WEBHOOK', emails: null, url: text } : invalid(path, fault)
}

async function checkNew(tx: Tx, organizationId: string, name: string): Promise<Problem | null> {
  // One after the other: of two with one name the second is refused.
  await tx.sql`select pg_advisory_xact_lock(hashtextextended(${`alert channels ${organizationId}`}, 0))`
  const rows = await tx
    .select({ name: alertChannel.name })
    .from(alertChannel)
    .where(and(eq(alertChannel.organizationId, organizationId), isNull(alertChannel.deletedAt)))
  if (rows.length >= CHANNELS_MAX)
    return invalid([], `There are ${CHANNELS_MAX} channels already: delete one first`)
  return rows.some((row) => row.name === name)
    ? conflict(['name'], `There is a channel named ${name} already`)
    : null
}

const seal = (
  { connection }: CommandContext,
  { secret: given }: DeliveryConfig,
  { id, secret }: { readonly id: string; readonly secret: string },
): Promise<string> => sealSecret(connection, given, { secret, context: id })

export async function rotateAlertChannelSecret(
  context: CommandContext,
  input: RotateAlertChannelSecretInput,
  config: DeliveryConfig,
): Promise<Shown> {
  const secret = newWebhookSecret()
  let isNew = false
  const outcome = await runCommand(
    context,
    { action: 'rotateAlertChannelSecret', input },
    async (tx): Promise<ChannelMade | Problem> => {
      const row = await findChannel(tx, context.organization.id, input.channel)
      if (isProblem(row)) return row
      if (row.kind !== 'WEBHOOK') return invalid(['channel'], 'Only a webhook has a secret')
      const sealed = await seal(context, config, { id: row.id, secret })
      await tx.update(alertChannel).set({ secret: sealed }).where(isChannel(row))
      const audit = await writeAudit(tx, context, { action: 'rotateAlertChannelSecret', subject: row.id })
      isNew = true
      return { channelId: row.id, audit }
    },
  )
  return { outcome, secret: isProblem(outcome) || !isNew || input.dryRun ? null : secret }
}

export const deleteAlertChannel = (
  context: CommandContext,
  input: DeleteAlertChannelInput,
): Promise<ChannelMade | Problem> =>
  runCommand(context, { action: 'deleteAlertChannel', input }, async (tx) => {
    const row = await findChannel(tx, context.organization.id, input.channel)
    if (isProblem(row)) return row
    // Its secret is of no use any more.
    await tx.update(alertChannel).set({ deletedAt: context.now, secret: null }).where(isChannel(row))
    const audit = await writeAudit(tx, context, {
      action: 'deleteAlertChannel',
      subject: row.id,
      before: { name: row.name, kind: row.kind, emails: row.emails, url: row.url },
    })
    return { channelId: row.id, audit }
  })

const isChannel = ({ organizationId, id }: AlertChannelRow) =>
  and(eq(alertChannel.organizationId, organizationId), eq(alertChannel.id, id))

export type DeliveryRetried = Audited & { readonly deliveryId: string }

export const retryAlertDelivery = (
  context: CommandContext,
  input: RetryAlertDeliveryInput,
): Promise<DeliveryRetried | Problem> =>
  runCommand(context, { action: 'retryAlertDelivery', input }, async (tx) => {
    const { organization, now } = context
    const row = await findDelivery(tx, organization.id, input.delivery)
    if (isProblem(row)) return row
    if (row.state === 'SENT')
      return invalid(['delivery'], 'It was sent: whoever missed it has to look at their side')
    await tx
      .update(alertDelivery)
      .set({ state: 'QUEUED', attempts: 0, dueAt: now })
      .where(and(eq(alertDelivery.organizationId, organization.id), eq(alertDelivery.id, row.id)))
    await enqueueDeliveries(tx, organization.id, [{ id: row.id, channelId: row.channelId, inMs: 0 }])
    const audit = await writeAudit(tx, context, {
      action: 'retryAlertDelivery',
      subject: row.id,
      before: { state: row.state, attempts: row.attempts, lastError: row.lastError },
    })
    return { deliveryId: row.id, audit }
  })

async function findDelivery(tx: Tx, organizationId: string, id: string): Promise<AlertDeliveryRow | Problem> {
  const uuid = decodeId('alertDelivery', id)
  const [row] =
    uuid === null
      ? []
      : await tx
          .select()
          .from(alertDelivery)
          .where(and(eq(alertDelivery.organizationId, organizationId), eq(alertDelivery.id, uuid)))
          .for('update')
  return row ?? notFound(['delivery'], `There is no delivery with id ${id}`)
}
