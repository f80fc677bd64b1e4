/** One try to send something of an alert over a channel. */
import { and, eq } from 'drizzle-orm'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { AlertChannelRow, AlertDeliveryRow } from '@tidemark/drizzle/rows.ts'
import {
  alert,
  alertChannel,
  alertDelivery,
  alertRule,
  alertTransition,
} from '@tidemark/drizzle/tables/alert.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { RefusedAddressError } from './addresses.ts'
import type { DeliveryConfig } from './config.ts'
import type { Mailer } from './email.ts'
import { dedupeKeyOf, jsonOf, textOf, type Told } from './message.ts'
import { enqueueDeliveries, type DeliveryJob } from './queue.ts'
import { openSecret } from './vault.ts'
import { sendWebhook } from './webhook.ts'

export type Sender = {
  readonly connection: Connection
  readonly clock: () => Temporal.Instant
  readonly config: DeliveryConfig
  /** Null where no mail is sent. */
  readonly mailer: () => Promise<Mailer | null>
}

/** With pauses that grow to six hours, about a day. */
export const ATTEMPTS_MAX = 14
/** No try takes that long: who still has it then was killed. */
export const LEASE_SECONDS = 60
const ERROR_LENGTH_MAX = 500

/** What will never be taken, however often it is sent. */
class HopelessError extends Error {}

/**
 * Sends it if it is still to be sent. Throws where it was not taken and is to be tried again, which the queue does, later
 * every time. Where a process dies between the other side's answer and the note of it, it is sent again under the
 * same id.
 */
export async function deliver(sender: Sender, { organizationId, deliveryId }: DeliveryJob): Promise<void> {
  const { connection, clock } = sender
  const inOrganization = <T>(mode: 'read' | 'write', run: (tx: Tx) => Promise<T>) =>
    inTransaction(connection, { organizationId, mode }, run)
  const claimed = await inOrganization('write', (tx) => claim(tx, organizationId, deliveryId, clock()))
  if (claimed === null) return
  const note = (set: Partial<AlertDeliveryRow>) =>
    inOrganization('write', (tx) =>
      tx
        .update(alertDelivery)
        .set({ ...set, leasedUntil: null })
        .where(and(eq(alertDelivery.organizationId, organizationId), eq(alertDelivery.id, deliveryId))),
    )
  try {
    const { told, channel } = await inOrganization('read', (tx) => readTold(tx, sender.config, claimed))
    const shortfall = await send(sender, told, channel)
    await note({ state: 'SENT', sentAt: clock(), lastError: shortfall })
  } catch (error) {
    const lastError = (error instanceof Error ? error.message : String(error)).slice(0, ERROR_LENGTH_MAX)
    const isHopeless = error instanceof HopelessError || error instanceof RefusedAddressError
    const isDead = isHopeless || claimed.attempts >= ATTEMPTS_MAX
    await note({ state: isDead ? 'DEAD' : 'FAILED', lastError })
    if (!isDead) throw error
  }
}

/** The delivery, which nobody else may send for a minute; null where there is nothing to send now. */
async function claim(
  tx: Tx,
  organizationId: string,
  id: string,
  now: Temporal.Instant,
): Promise<AlertDeliveryRow | null> {
  const which = and(eq(alertDelivery.organizationId, organizationId), eq(alertDelivery.id, id))
  const [row] = await tx.select().from(alertDelivery).where(which).for('update')
  if (row === undefined || row.state === 'SENT' || row.state === 'DEAD') return null
  if (Temporal.Instant.compare(now, row.dueAt) < 0) {
    // A job waits by the database's clock; should that be ahead, it waits once more.
    const inMs = now.until(row.dueAt).total('milliseconds')
    await enqueueDeliveries(tx, organizationId, [{ id, channelId: row.channelId, inMs }])
    return null
  }
  const [lease] = await tx.sql<{ taken: boolean }[]>`
    update alert_delivery set attempts = attempts + 1,
      leased_until = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
    where organization_id = ${organizationId} and id = ${id}
      and (leased_until is null or leased_until < clock_timestamp())
    returning true as taken`
  // Thrown, so that the queue looks again: whoever has it may have been killed.
  if (lease === undefined) throw new Error('Somebody else is sending it')
  return { ...row, attempts: row.attempts + 1 }
}

async function readTold(
  tx: Tx,
  { publicUrl }: DeliveryConfig,
  delivery: AlertDeliveryRow,
): Promise<{ readonly told: Told; readonly channel: AlertChannelRow }> {
  const { organizationId } = delivery
  const [row] = await tx
    .select()
    .from(alertTransition)
    .innerJoin(alert, and(eq(alert.organizationId, organizationId), eq(alert.id, delivery.alertId)))
    .innerJoin(
      alertRule,
      and(eq(alertRule.organizationId, organizationId), eq(alertRule.id, alertTransition.ruleId)),
    )
    .innerJoin(
      alertChannel,
      and(eq(alertChannel.organizationId, organizationId), eq(alertChannel.id, delivery.channelId)),
    )
    .innerJoin(organization, eq(organization.id, organizationId))
    .leftJoin(goal, and(eq(goal.organizationId, organizationId), eq(goal.id, alertRule.goalId)))
    .where(
      and(
        eq(alertTransition.organizationId, organizationId),
        eq(alertTransition.sequence, delivery.sequence),
      ),
    )
  if (row === undefined) throw new HopelessError('What was to be told is not there')
  const told = {
    organization: row.organization,
    delivery,
    transition: row.alert_transition,
    alert: row.alert,
    rule: row.alert_rule,
    goal: row.goal,
    publicUrl,
  }
  return { told, channel: row.alert_channel }
}

/** What is to be noted although it was sent. */
async function send(sender: Sender, told: Told, channel: AlertChannelRow): Promise<string | null> {
  if (channel.deletedAt !== null) throw new HopelessError('The channel was deleted')
  return channel.kind === 'EMAIL' ? sendEmail(sender, told, channel) : sendToUrl(sender, told, channel)
}

async function sendEmail(
  { mailer }: Sender,
  told: Told,
  { emails }: AlertChannelRow,
): Promise<string | null> {
  const open = await mailer()
  if (open === null) throw new HopelessError('This server sends no mail: its operator has to set SMTP_URL')
  const rejected = await open.send({
    ...textOf(told),
    id: told.delivery.id,
    to: emails ?? [],
    thread: dedupeKeyOf(told.alert).replace(':', '.'),
  })
  return rejected.length === 0 ? null : `Not taken for ${rejected.join(', ')}`
}

async function sendToUrl(
  { connection, clock, config: { secret: given, privateWebhooks } }: Sender,
  told: Told,
  { id, url, secret: sealed }: AlertChannelRow,
): Promise<null> {
  const secret = await openSecret(connection, given, { sealed: sealed ?? '', context: id })
  if (secret === null)
    throw new HopelessError("The webhook's secret cannot be read any more: rotate it, then try again")
  const timestamp = Math.floor(clock().epochMilliseconds / 1_000)
  const body = jsonOf(told)
  await sendWebhook({
    id: `alertDelivery_${told.delivery.id}`,
    timestamp,
    body,
    url: url ?? '',
    secret,
    privateWebhooks,
  })
  return null
}
