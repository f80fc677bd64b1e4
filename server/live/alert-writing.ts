/** What the evaluator found of alert rules, written in its transaction: alerts, transitions, standings, and what is to be sent. */
import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { isGoodNews } from '../domain/alert-rule.ts'
import { sendableAt, type QuietHours } from '../domain/alert-quiet.ts'
import { enqueueDeliveries } from '../delivery/queue.ts'
import { newUuid } from '../ids.ts'
import type { KpiOrganization } from '../kpi/source.ts'
import type { AlertRow, AlertRuleRow, AlertTransitionRow } from '@tidemark/drizzle/rows.ts'
import {
  alert,
  alertChannel,
  alertDelivery,
  alertRuleChannel,
  alertStanding,
  alertTransition,
} from '@tidemark/drizzle/tables/alert.ts'
import { type Tx } from '@tidemark/drizzle/transaction.ts'
import { conditionOf, isPast, type AlertNews, type NewTransition } from './alerts.ts'

/** What is sent of: the rule says where to. */
export type SentTransition = {
  readonly news: { readonly rule: AlertRuleRow }
  readonly transition: AlertTransitionRow
}

/** A transition that has its place. */
type Placed = { readonly news: AlertNews; readonly transition: AlertTransitionRow }

/** Writes what happened, and with it what is to be sent. True where something happened to an alert. */
export async function appendAlerts(
  tx: Tx,
  organization: KpiOrganization,
  all: readonly AlertNews[],
  now: Temporal.Instant,
): Promise<boolean> {
  if (all.length === 0) return false
  const opened = new Map<string, AlertRow>()
  for (const one of all) {
    if (one.transitions.some(({ kind }) => kind === 'RAISED')) opened.set(one.rule.id, newAlert(one, now))
  }
  if (opened.size > 0) await tx.insert(alert).values([...opened.values()])
  const count = all.reduce((sum, { transitions }) => sum + transitions.length, 0)
  const placed = place(all, opened, count === 0 ? 0n : await takeNumbers(tx, organization.id, count), now)
  if (placed.length > 0) await tx.insert(alertTransition).values(placed.map(({ transition }) => transition))
  for (const one of all) await updateOpen(tx, one, now)
  await writeStandings(tx, all, opened, now)
  await sendTransitions(tx, organization, placed, now)
  return placed.some(({ transition }) => transition.alertId !== null)
}

const newAlert = ({ rule, memory, day, value, words }: AlertNews, now: Temporal.Instant): AlertRow => ({
  organizationId: rule.organizationId,
  id: newUuid(),
  ruleId: rule.id,
  goalId: rule.goalId,
  customerId: null,
  crossingId: null,
  escalationDays: null,
  ruleVersion: rule.version,
  episode: memory.episode,
  state: memory.phase === 'NO_DATA' ? 'NO_DATA' : 'FIRING',
  severity: rule.severity,
  summary: words,
  latest: words,
  value,
  raisedOn: day,
  raisedAt: now,
  endedAt: null,
  ending: null,
  acknowledgedAt: null,
  acknowledgedBy: null,
  acknowledgedNote: null,
  snoozedUntil: null,
  snoozedBy: null,
})

/** The number before the first of so many that nobody else has. Its row stays locked, so that numbers are committed in order. */
export async function takeNumbers(tx: Tx, organizationId: string, count: number): Promise<bigint> {
  const [row] = await tx.sql<{ sequence: bigint }[]>`
    insert into alert_head (organization_id, sequence) values (${organizationId}, ${count})
    on conflict (organization_id) do update set sequence = alert_head.sequence + excluded.sequence
    returning sequence`
  if (row === undefined) throw new Error('The transitions of alerts could not be counted')
  return row.sequence - BigInt(count)
}

function place(
  all: readonly AlertNews[],
  opened: ReadonlyMap<string, AlertRow>,
  before: bigint,
  now: Temporal.Instant,
): Placed[] {
  let sequence = before
  return all.flatMap((news) => {
    const { rule, open, day, value, words } = news
    let alertId = open?.id ?? null
    return news.transitions.map(({ kind, from, to }): Placed => {
      if (kind === 'RAISED') alertId = opened.get(rule.id)?.id ?? null
      sequence += 1n
      const transition = {
        organizationId: rule.organizationId,
        sequence,
        ruleId: rule.id,
        ruleVersion: rule.version,
        alertId,
        kind,
        fromPhase: from,
        toPhase: to,
        day,
        value,
        reason: words,
        actor: null,
        recordedAt: now,
      }
      return { news, transition }
    })
  })
}

const OVER: ReadonlySet<string> = new Set(['RECOVERED', 'ENDED'])

/** What of an open alert changed. */
async function updateOpen(
  tx: Tx,
  { rule, open, memory, transitions, words }: AlertNews,
  now: Temporal.Instant,
): Promise<void> {
  if (open === null || words === '' || (transitions.length === 0 && words === open.latest)) return
  const over = overOf(transitions)
  const isTold = transitions.some(({ kind }) => kind === 'REPEATED')
  const ended = {
    state: 'ENDED',
    endedAt: now,
    ending: over?.kind === 'ENDED' ? 'GOAL_RESTS' : 'RECOVERED',
  } as const
  const stands = {
    state: memory.phase === 'OK' || memory.phase === 'PENDING' ? 'FIRING' : memory.phase,
  } as const
  await tx
    .update(alert)
    .set({
      latest: words,
      ...(over === undefined ? stands : ended),
      ...(isTold && isPast(open.snoozedUntil, now) ? { snoozedUntil: null } : {}),
    })
    .where(and(eq(alert.organizationId, rule.organizationId), eq(alert.id, open.id)))
}

const overOf = (transitions: readonly NewTransition[]) => transitions.find(({ kind }) => OVER.has(kind))

/** A statement takes 65,534 parameters, and a row is 6 of them. */
const ROWS_PER_INSERT = 5_000

async function writeStandings(
  tx: Tx,
  all: readonly AlertNews[],
  opened: ReadonlyMap<string, AlertRow>,
  now: Temporal.Instant,
): Promise<void> {
  const rows = all.map(({ rule, standing, open, memory, transitions }) => ({
    organizationId: rule.organizationId,
    ruleId: rule.id,
    phase: memory.phase,
    memory,
    alertId: opened.get(rule.id)?.id ?? (overOf(transitions) === undefined ? (open?.id ?? null) : null),
    dueAt: isPast(standing?.dueAt ?? null, now) ? null : (standing?.dueAt ?? null),
  }))
  for (let from = 0; from < rows.length; from += ROWS_PER_INSERT) {
    await tx
      .insert(alertStanding)
      .values(rows.slice(from, from + ROWS_PER_INSERT))
      .onConflictDoUpdate({
        target: [alertStanding.organizationId, alertStanding.ruleId],
        set: {
          phase: sql`excluded.phase`,
          memory: sql`excluded.memory`,
          alertId: sql`excluded.alert_id`,
          dueAt: sql`excluded.due_at`,
        },
      })
  }
}

const TOLD: ReadonlySet<string> = new Set(['RAISED', 'REPEATED', 'RECOVERED'])

/** One delivery for each transition that is told and each channel of its rule, and its job. */
export async function sendTransitions(
  tx: Tx,
  { id: organizationId, timeZone }: Pick<KpiOrganization, 'id' | 'timeZone'>,
  placed: readonly SentTransition[],
  now: Temporal.Instant,
): Promise<void> {
  const told = placed.filter(
    ({ news, transition: { kind } }) =>
      TOLD.has(kind) && !(kind === 'RECOVERED' && isGoodNews(conditionOf(news.rule))),
  )
  if (told.length === 0) return
  const channels = await readChannelsOf(tx, organizationId, [
    ...new Set(told.map(({ news }) => news.rule.id)),
  ])
  const deliveries = told.flatMap(({ news: { rule }, transition: { sequence, alertId } }) => {
    const dueAt = sendableAt(rule.quietHours as QuietHours | null, now, timeZone)
    return (channels.get(rule.id) ?? []).map(({ channelId }) => ({
      organizationId,
      id: newUuid(),
      sequence,
      alertId: alertId ?? '',
      channelId,
      state: 'QUEUED' as const,
      createdAt: now,
      dueAt,
    }))
  })
  if (deliveries.length === 0) return
  await tx.insert(alertDelivery).values(deliveries)
  await enqueueDeliveries(
    tx,
    organizationId,
    deliveries.map(({ id, channelId, dueAt }) => ({
      id,
      channelId,
      inMs: now.until(dueAt).total('milliseconds'),
    })),
  )
}

async function readChannelsOf(
  tx: Tx,
  organizationId: string,
  ruleIds: readonly string[],
): Promise<ReadonlyMap<string, readonly { readonly channelId: string }[]>> {
  const rows = await tx
    .select({ ruleId: alertRuleChannel.ruleId, channelId: alertRuleChannel.channelId })
    .from(alertRuleChannel)
    .innerJoin(
      alertChannel,
      and(
        eq(alertChannel.organizationId, organizationId),
        eq(alertChannel.id, alertRuleChannel.channelId),
        isNull(alertChannel.deletedAt),
      ),
    )
    .where(
      and(
        eq(alertRuleChannel.organizationId, organizationId),
        inArray(alertRuleChannel.ruleId, [...ruleIds]),
      ),
    )
    .orderBy(alertRuleChannel.ruleId, alertRuleChannel.channelId)
  return Map.groupBy(rows, ({ ruleId }) => ruleId)
}
