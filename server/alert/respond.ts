/** What people say to an alert. */
import { and, eq } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { writeAudit } from '../ledger/audit.ts'
import { takeNumbers } from '../live/alert-writing.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import { readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { AcknowledgeAlertInput, SnoozeAlertInput } from '../schema.generated.ts'
import { findAlertForUpdate } from './find.ts'
import type { AlertRow, AlertTransitionRow } from '@tidemark/drizzle/rows.ts'
import { alert, alertStanding, alertTransition } from '@tidemark/drizzle/tables/alert.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type AlertChanged = Audited & { readonly alertId: string }

const SNOOZE_DAYS_MAX = 90

export async function acknowledgeAlert(
  context: CommandContext,
  input: AcknowledgeAlertInput,
): Promise<AlertChanged | Problem> {
  const { organization, actor, now } = context
  const note = readText(input.note, ['note'], SENTENCE_LENGTH_MAX)
  if ('code' in note) return note
  return runCommand(context, { action: 'acknowledgeAlert', input }, async (tx) => {
    const row = await findAlertForUpdate(tx, organization.id, input.alert)
    if (isProblem(row)) return row
    if (row.state === 'ENDED') return invalid(['alert'], 'It is over: nobody has to look after it any more')
    const set = { acknowledgedAt: now, acknowledgedBy: actor, acknowledgedNote: note.text }
    await tx.update(alert).set(set).where(isAlert(row))
    await tell(tx, context, row, { kind: 'ACKNOWLEDGED', reason: note.text ?? 'Somebody looks after it.' })
    const audit = await writeAudit(tx, context, {
      action: 'acknowledgeAlert',
      subject: row.id,
      after: { rule: row.ruleId, note: note.text },
    })
    return { alertId: row.id, audit }
  })
}

export async function snoozeAlert(
  context: CommandContext,
  input: SnoozeAlertInput,
): Promise<AlertChanged | Problem> {
  const { organization, actor, now } = context
  const { until } = input
  if (Temporal.Instant.compare(until, now) <= 0)
    return invalid(['until'], `It must be later than now, ${now.toString({ smallestUnit: 'second' })}`)
  if (Temporal.Instant.compare(until, now.add({ hours: 24 * SNOOZE_DAYS_MAX })) > 0)
    return invalid(['until'], `At most ${SNOOZE_DAYS_MAX} days: for longer, switch the rule off`)
  return runCommand(context, { action: 'snoozeAlert', input }, async (tx) => {
    const row = await findAlertForUpdate(tx, organization.id, input.alert)
    if (isProblem(row)) return row
    if (row.state === 'ENDED') return invalid(['alert'], 'It is over, and silent anyway')
    await tx.update(alert).set({ snoozedUntil: until, snoozedBy: actor }).where(isAlert(row))
    // When the time is up the evaluator has to look, although nothing may have been posted.
    if (row.customerId === null)
      await tx
        .update(alertStanding)
        .set({ dueAt: until })
        .where(and(eq(alertStanding.organizationId, organization.id), eq(alertStanding.alertId, row.id)))
    const day = until.toZonedDateTimeISO(organization.timeZone)
    const reason = `Silent until ${day.toPlainDateTime().toString({ smallestUnit: 'minute' }).replace('T', ' ')}.`
    await tell(tx, context, row, { kind: 'SNOOZED', reason })
    const audit = await writeAudit(tx, context, {
      action: 'snoozeAlert',
      subject: row.id,
      after: { rule: row.ruleId, until: until.toString() },
    })
    return { alertId: row.id, audit }
  })
}

const isAlert = ({ organizationId, id }: AlertRow) =>
  and(eq(alert.organizationId, organizationId), eq(alert.id, id))

/** Its place among all that happened to alerts. */
async function tell(
  tx: Tx,
  context: CommandContext,
  row: AlertRow,
  { kind, reason }: Pick<AlertTransitionRow, 'kind' | 'reason'>,
): Promise<void> {
  const { organization, actor, now } = context
  const phase = row.state === 'ENDED' ? 'OK' : row.state
  const before = await takeNumbers(tx, organization.id, 1)
  await tx.insert(alertTransition).values({
    organizationId: organization.id,
    sequence: before + 1n,
    ruleId: row.ruleId,
    ruleVersion: row.ruleVersion,
    alertId: row.id,
    kind,
    fromPhase: phase,
    toPhase: phase,
    day: todayOf(context),
    value: null,
    reason,
    actor,
    recordedAt: now,
  })
}
