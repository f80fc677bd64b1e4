/**
 * Alert rules, evaluated with the goals: on the same snapshot, in the same transaction. What was there before is found
 * in `alert_standing`, so it does not matter which process evaluated last, or whether one was stopped in between.
 */
import { and, count, eq, inArray, isNull, lt, sql } from 'drizzle-orm'
import {
  figureOf,
  isGoodNews,
  sightInWords,
  type AlertCondition,
  type AlertSight,
} from '../domain/alert-rule.ts'
import { sendableAt, type QuietHours } from '../domain/alert-quiet.ts'
import { stepRule } from '../domain/alert-replay.ts'
import {
  freshMemory,
  isOpen,
  rearmed,
  type AlertMemory,
  type AlertPhase,
  type Silence,
} from '../domain/alert-state.ts'
import { formatPart } from '../domain/exact.ts'
import { enqueueDeliveries } from '../delivery/queue.ts'
import { newUuid } from '../ids.ts'
import type { KpiOrganization } from '../kpi/source.ts'
import {
  daysOf,
  measurableOf,
  sightOfGoal,
  sightOfKpi,
  subjectOfRule,
  type SeenProgress,
} from './alert-sight.ts'
import { measure, notMeasured, type Measured, type Wanted } from './measure.ts'
import type {
  AlertRow,
  AlertRuleRow,
  AlertStandingRow,
  AlertTransitionRow,
  GoalRow,
} from '@tidemark/drizzle/rows.ts'
import {
  alert,
  alertChannel,
  alertDelivery,
  alertRule,
  alertRuleChannel,
  alertStanding,
  alertTransition,
} from '@tidemark/drizzle/tables/alert.ts'
import { goalReview } from '@tidemark/drizzle/tables/review.ts'
import { inSavepoint, type Tx } from '@tidemark/drizzle/transaction.ts'

/** A rule with where it stands. */
type Watched = {
  readonly rule: AlertRuleRow
  readonly standing: AlertStandingRow | null
  readonly open: AlertRow | null
}

/** What the goals came to at this evaluation. */
export type GoalsSeen = {
  /** The active ones. */
  readonly goals: readonly GoalRow[]
  /** By goal: its progress now. */
  readonly progress: ReadonlyMap<string, SeenProgress>
  readonly today: Temporal.PlainDate
  readonly now: Temporal.Instant
}

/** What became of a rule. */
export type AlertNews = Watched & {
  readonly memory: AlertMemory
  readonly transitions: readonly NewTransition[]
  readonly day: Temporal.PlainDate
  readonly value: string | null
  readonly words: string
}

type NewTransition = Pick<AlertTransitionRow, 'kind'> & { readonly from: AlertPhase; readonly to: AlertPhase }

/** What happens to the rules at this evaluation; nothing is written. */
export async function findAlerts(
  view: Tx,
  organization: KpiOrganization,
  seen: GoalsSeen,
): Promise<readonly AlertNews[]> {
  const watched = await readWatched(view, organization.id)
  if (watched.length === 0) return []
  const sights = await measureRules(view, organization, watched, seen)
  const overdue = await readOverdueReviews(view, organization.id, watched, seen)
  const goals = new Map(seen.goals.map((goal) => [goal.id, goal]))
  return watched.flatMap((one): AlertNews[] => {
    const { goalId } = one.rule
    if (goalId === null) return newsOf(one, sights.get(one.rule.id) ?? null, null, seen)
    const goal = goals.get(goalId)
    if (goal === undefined) return restOf(one, seen)
    const progress = seen.progress.get(goalId)
    const sight = progress && sightOfGoal(goal, { ...progress, overdueReviews: overdue.get(goalId) ?? 0 })
    return newsOf(one, sight ?? null, goal, seen)
  })
}

async function readWatched(view: Tx, organizationId: string): Promise<Watched[]> {
  const rows = await view
    .select()
    .from(alertRule)
    .leftJoin(
      alertStanding,
      and(eq(alertStanding.organizationId, organizationId), eq(alertStanding.ruleId, alertRule.id)),
    )
    .leftJoin(alert, and(eq(alert.organizationId, organizationId), eq(alert.id, alertStanding.alertId)))
    .where(
      and(
        eq(alertRule.organizationId, organizationId),
        eq(alertRule.enabled, true),
        isNull(alertRule.deletedAt),
      ),
    )
    .orderBy(alertRule.id)
  return rows.map((row) => ({ rule: row.alert_rule, standing: row.alert_standing, open: row.alert }))
}

/** By goal that a rule on its reviews watches: how many are overdue; none where it is left out. */
async function readOverdueReviews(
  view: Tx,
  organizationId: string,
  watched: readonly Watched[],
  { today }: GoalsSeen,
): Promise<ReadonlyMap<string, number>> {
  const goalIds = watched.flatMap(({ rule }) =>
    conditionOf(rule).kind === 'REVIEW_OVERDUE' && rule.goalId !== null ? [rule.goalId] : [],
  )
  if (goalIds.length === 0) return new Map()
  const rows = await view
    .select({ goalId: goalReview.goalId, count: count() })
    .from(goalReview)
    .where(
      and(
        eq(goalReview.organizationId, organizationId),
        inArray(goalReview.goalId, goalIds),
        isNull(goalReview.signedAt),
        lt(goalReview.dueOn, today),
      ),
    )
    .groupBy(goalReview.goalId)
  return new Map(rows.map((row) => [row.goalId, row.count]))
}

/** By rule on a KPI. */
async function measureRules(
  view: Tx,
  organization: KpiOrganization,
  watched: readonly Watched[],
  { today, now }: GoalsSeen,
): Promise<ReadonlyMap<string, AlertSight>> {
  const rules = watched.flatMap(({ rule }) => (rule.goalId === null ? [rule] : []))
  if (rules.length === 0) return new Map()
  const wantedOf = (rule: AlertRuleRow): Wanted[] =>
    daysOf(conditionOf(rule), today).map((asOf) => ({ goal: measurableOf(rule), asOf }))
  const measured = await measureAll(view, organization, rules.map(wantedOf), now)
  return new Map(
    rules.map((rule, index) => {
      const [value = notMeasured, before = null] = measured[index] ?? []
      return [rule.id, sightOfKpi(subjectOfRule(rule, null), value, before)]
    }),
  )
}

/** Together; one by one only where one of them was seen to fail, which then counts as without a value. */
async function measureAll(
  view: Tx,
  organization: KpiOrganization,
  groups: readonly (readonly Wanted[])[],
  now: Temporal.Instant,
): Promise<readonly (readonly Measured[])[]> {
  try {
    const all = await inSavepoint(view, (inner) => measure(inner, organization, groups.flat(), now))
    let next = 0
    return groups.map((group) => group.map(() => all[next++] ?? notMeasured))
  } catch {
    const measured: Measured[][] = []
    for (const group of groups) {
      try {
        measured.push(await inSavepoint(view, (inner) => measure(inner, organization, group, now)))
      } catch {
        // Its alert says that there is no value; why is in the log of who evaluates goals on the same KPI.
        measured.push(group.map(() => notMeasured))
      }
    }
    return measured
  }
}

/** Null where it was not evaluated yet. */
function newsOf(
  watched: Watched,
  sight: AlertSight | null,
  goal: GoalRow | null,
  { today, now }: GoalsSeen,
): AlertNews[] {
  const { rule, standing, open } = watched
  const before = memoryOf(standing)
  const isDue = isPast(standing?.dueAt ?? null, now)
  if (sight === null)
    return isDue ? [{ ...watched, memory: before, transitions: [], day: today, value: null, words: '' }] : []
  const condition = conditionOf(rule)
  const terms = { ...rule, condition }
  const { memory, transitions } = stepRule(terms, before, { day: today, sight }, silenceOf(open, now))
  if (memory === before && !isDue) return []
  const figure = figureOf(condition, sight)
  const words = sightInWords(condition, sight, subjectOfRule(rule, goal))
  return [
    {
      ...watched,
      memory,
      transitions,
      day: today,
      value: figure === null ? null : formatPart(figure),
      words,
    },
  ]
}

/** The goal is not evaluated any more: an open alert ends with it. */
function restOf(watched: Watched, { today, now }: GoalsSeen): AlertNews[] {
  const before = memoryOf(watched.standing)
  if (before.phase === 'OK') {
    const news = { memory: before, transitions: [], day: today, value: null, words: '' }
    return isPast(watched.standing?.dueAt ?? null, now) ? [{ ...watched, ...news }] : []
  }
  const kind = isOpen(before.phase) ? 'ENDED' : 'CLEARED'
  return [
    {
      ...watched,
      memory: rearmed(before),
      transitions: [{ kind, from: before.phase, to: 'OK' }],
      day: today,
      value: null,
      words: 'Its goal is not evaluated any more.',
    },
  ]
}

const conditionOf = ({ condition }: AlertRuleRow): AlertCondition => condition as AlertCondition

export const memoryOf = (standing: Pick<AlertStandingRow, 'memory'> | null): AlertMemory =>
  standing === null ? freshMemory : (standing.memory as AlertMemory)

const isPast = (moment: Temporal.Instant | null, now: Temporal.Instant): boolean =>
  moment !== null && Temporal.Instant.compare(moment, now) <= 0

function silenceOf(open: AlertRow | null, now: Temporal.Instant): Silence {
  if (open === null) return 'NONE'
  if (open.snoozedUntil !== null && !isPast(open.snoozedUntil, now)) return 'SNOOZED'
  if (open.acknowledgedAt !== null) return 'ACKNOWLEDGED'
  return open.snoozedUntil === null ? 'NONE' : 'SNOOZE_ENDED'
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
  await send(tx, organization, placed, now)
  return placed.some(({ transition }) => transition.alertId !== null)
}

const newAlert = ({ rule, memory, day, value, words }: AlertNews, now: Temporal.Instant): AlertRow => ({
  organizationId: rule.organizationId,
  id: newUuid(),
  ruleId: rule.id,
  goalId: rule.goalId,
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
async function send(
  tx: Tx,
  { id: organizationId, timeZone }: KpiOrganization,
  placed: readonly Placed[],
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
