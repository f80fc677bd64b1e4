/**
 * Alerts on customers that use more than their credit limit: one for each crossing and rule, raised and over once. Those on
 * escalation (`escalation-alerts.ts`) are told with them.
 */
import { and, eq, inArray, isNotNull, isNull, lte, ne, sql } from 'drizzle-orm'
import { dateAt } from '../domain/calendar.ts'
import { formatMinor } from '../domain/money.ts'
import { newUuid } from '../ids.ts'
import type { Author } from '../ledger/audit.ts'
import type {
  AlertRow,
  AlertRuleRow,
  AlertTransitionRow,
  CreditCrossingRow,
  OrganizationRow,
} from '@tidemark/drizzle/rows.ts'
import { alert, alertRule, alertStanding, alertTransition } from '@tidemark/drizzle/tables/alert.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { sendTransitions, takeNumbers } from './alert-writing.ts'
import { isEscalationRule } from './escalation-alerts.ts'

type Books = Pick<OrganizationRow, 'id' | 'timeZone'>

/** More are raised at the next look. */
const RAISED_AT_ONCE = 2_000

export type CreditRules = ReadonlyMap<string, AlertRuleRow>

/**
 * Raises what is not told yet, ends what is over, and tells again what was silent for long enough; with it what else was
 * found. True where something happened.
 */
export async function tellCrossings(
  tx: Tx,
  organization: Books,
  { rules, found }: { readonly rules: CreditRules; readonly found: readonly Fact[] },
  now: Temporal.Instant,
): Promise<boolean> {
  if (rules.size === 0) return false
  const raised = await raise(tx, organization, rules, now)
  const day = dateAt(now, organization.timeZone)
  const others = await append(tx, organization.id, { facts: found, day, now, actor: null })
  const over = await endAndRepeat(tx, organization, rules, now)
  const all = [...raised, ...others, ...over]
  if (all.length === 0) return false
  await sendTransitions(
    tx,
    organization,
    all.flatMap((transition) => {
      const rule = rules.get(transition.ruleId)
      return rule === undefined ? [] : [{ news: { rule }, transition }]
    }),
    now,
  )
  await updateStandings(tx, organization.id, [...new Set(all.map(({ ruleId }) => ruleId))])
  return true
}

/** Those that are on. */
export async function readCreditRules(tx: Tx, organizationId: string): Promise<CreditRules> {
  const rows = await tx
    .select()
    .from(alertRule)
    .where(
      and(
        eq(alertRule.organizationId, organizationId),
        eq(alertRule.enabled, true),
        isNull(alertRule.deletedAt),
        sql`${alertRule.condition} ->> 'kind' in ('OVER_LIMIT', 'ESCALATION')`,
      ),
    )
  return new Map(rows.map((row) => [row.id, row]))
}

type Untold = Pick<CreditCrossingRow, 'customerId' | 'exposure' | 'limit' | 'currency'> & {
  readonly crossingId: string
  readonly ruleId: string
  readonly number: string
  /** How many alerts the rule had. */
  readonly episodes: number
}

/** Crossings that a rule has not told of. One that was there when the rule was made is told too. */
async function raise(
  tx: Tx,
  { id: organizationId, timeZone }: Books,
  rules: CreditRules,
  now: Temporal.Instant,
): Promise<AlertTransitionRow[]> {
  const ruleIds = [...rules.values()].filter((rule) => !isEscalationRule(rule)).map(({ id }) => id)
  if (ruleIds.length === 0) return []
  const untold = await tx.sql<Untold[]>`
    select crossing.id as "crossingId", rule.id as "ruleId", crossing.customer_id as "customerId", customer.number,
      exposure, "limit", currency,
      (select coalesce(max(episode), 0) from alert where organization_id = ${organizationId} and rule_id = rule.id)::int as episodes
    from credit_crossing as crossing
    join customer on customer.organization_id = ${organizationId} and customer.id = crossing.customer_id
    cross join unnest(${ruleIds}::uuid[]) as rule (id)
    where crossing.organization_id = ${organizationId} and crossing.ended_at is null and not exists (
      select from alert where alert.organization_id = ${organizationId} and alert.crossing_id = crossing.id
        and alert.rule_id = rule.id)
    order by rule.id, crossing.since, crossing.id limit ${RAISED_AT_ONCE}`
  const episodes = new Map<string, number>()
  const day = dateAt(now, timeZone)
  const raised = untold.flatMap(({ crossingId, ruleId, customerId, ...one }): AlertRow[] => {
    const rule = rules.get(ruleId)
    if (rule === undefined) return []
    const episode = (episodes.get(ruleId) ?? one.episodes) + 1
    episodes.set(ruleId, episode)
    const words = inWords(one)
    return [
      {
        organizationId,
        id: newUuid(),
        ruleId,
        goalId: null,
        customerId,
        crossingId,
        escalationDays: null,
        ruleVersion: rule.version,
        episode,
        state: 'FIRING',
        severity: rule.severity,
        summary: words,
        latest: words,
        value: formatMinor({ minor: one.exposure, currency: one.currency }),
        raisedOn: day,
        raisedAt: now,
        endedAt: null,
        ending: null,
        acknowledgedAt: null,
        acknowledgedBy: null,
        acknowledgedNote: null,
        snoozedUntil: null,
        snoozedBy: null,
      },
    ]
  })
  if (raised.length === 0) return []
  await tx.insert(alert).values(raised)
  const facts = raised.map((row) => ({ row, kind: 'RAISED' as const, reason: row.summary, value: row.value }))
  return append(tx, organizationId, { facts, day, now, actor: null })
}

const inWords = ({
  number,
  exposure,
  limit,
  currency,
}: Omit<Untold, 'crossingId' | 'ruleId' | 'customerId'>) => {
  const told = (minor: bigint) => `${formatMinor({ minor, currency })} ${currency}`
  return `Customer ${number} uses ${told(exposure)}, and its limit is ${told(limit)}.`
}

const BACK = 'It uses no more than its limit again.'

async function endAndRepeat(
  tx: Tx,
  { id: organizationId, timeZone }: Books,
  rules: CreditRules,
  now: Temporal.Instant,
): Promise<AlertTransitionRow[]> {
  const over = await tx.sql<{ id: string }[]>`
    update alert set state = 'ENDED', ended_at = ${now.toString()}::timestamptz, ending = 'RECOVERED', latest = ${BACK}
    from credit_crossing as crossing
    where alert.organization_id = ${organizationId} and alert.ended_at is null and alert.crossing_id = crossing.id
      and alert.rule_id = any(${[...rules.keys()]}::uuid[])
      and crossing.organization_id = ${organizationId} and crossing.ended_at is not null
    returning alert.id`
  const loud = await tx
    .update(alert)
    .set({ snoozedUntil: null })
    .where(
      and(
        eq(alert.organizationId, organizationId),
        isNotNull(alert.customerId),
        ne(alert.state, 'ENDED'),
        lte(alert.snoozedUntil, now),
        inArray(alert.ruleId, [...rules.keys()]),
      ),
    )
    .returning()
  const ended =
    over.length === 0
      ? []
      : await readAlerts(
          tx,
          organizationId,
          over.map(({ id }) => id),
        )
  const facts = [
    ...ended.map((row) => ({ row, kind: 'RECOVERED' as const, reason: BACK, value: null })),
    ...loud.map((row) => ({ row, kind: 'REPEATED' as const, reason: row.latest, value: row.value })),
  ]
  return append(tx, organizationId, { facts, day: dateAt(now, timeZone), now, actor: null })
}

const readAlerts = (tx: Tx, organizationId: string, ids: readonly string[]): Promise<AlertRow[]> =>
  tx
    .select()
    .from(alert)
    .where(and(eq(alert.organizationId, organizationId), inArray(alert.id, [...ids])))
    .orderBy(alert.id)

/** What happened to an alert, which is written already. */
export type Fact = {
  readonly row: AlertRow
  readonly kind: 'RAISED' | 'RECOVERED' | 'REPEATED' | 'ENDED'
  readonly reason: string
  readonly value: string | null
}

type Facts = {
  readonly facts: readonly Fact[]
  readonly day: Temporal.PlainDate
  readonly now: Temporal.Instant
  readonly actor: string | null
}

async function append(
  tx: Tx,
  organizationId: string,
  { facts, day, now, actor }: Facts,
): Promise<AlertTransitionRow[]> {
  if (facts.length === 0) return []
  const before = await takeNumbers(tx, organizationId, facts.length)
  const rows = facts.map(({ row, kind, reason, value }, index): AlertTransitionRow => ({
    organizationId,
    sequence: before + BigInt(index + 1),
    ruleId: row.ruleId,
    ruleVersion: row.ruleVersion,
    alertId: row.id,
    kind,
    fromPhase: kind === 'RAISED' ? 'OK' : 'FIRING',
    toPhase: kind === 'RAISED' || kind === 'REPEATED' ? 'FIRING' : 'OK',
    day,
    value,
    reason,
    actor,
    recordedAt: now,
  }))
  await tx.insert(alertTransition).values(rows)
  return rows
}

/** A rule fires while one of its alerts is open; its open alert is the last one raised. */
async function updateStandings(tx: Tx, organizationId: string, ruleIds: readonly string[]): Promise<void> {
  await tx.sql`
    update alert_standing as standing set alert_id = open.id,
      phase = (case when open.id is null then 'OK' else 'FIRING' end)::alert_phase
    from unnest(${[...ruleIds]}::uuid[]) as rule (id)
    left join lateral (
      select id from alert where organization_id = ${organizationId} and rule_id = rule.id and ended_at is null
      order by episode desc limit 1
    ) as open on true
    where standing.organization_id = ${organizationId} and standing.rule_id = rule.id`
}

/** The rule is off: all its alerts end. */
export async function endCreditAlerts(
  tx: Tx,
  { organization, actor, now }: Author & { readonly organization: Books; readonly now: Temporal.Instant },
  { rule, words }: { readonly rule: AlertRuleRow; readonly words: string },
): Promise<void> {
  const ended = await tx
    .update(alert)
    .set({ state: 'ENDED', ending: 'RULE_OFF', endedAt: now, latest: words })
    .where(
      and(eq(alert.organizationId, organization.id), eq(alert.ruleId, rule.id), ne(alert.state, 'ENDED')),
    )
    .returning()
  const facts = ended.map((row) => ({ row, kind: 'ENDED' as const, reason: words, value: null }))
  const day = dateAt(now, organization.timeZone)
  await append(tx, organization.id, { facts, day, now, actor })
  await tx
    .update(alertStanding)
    .set({ phase: 'OK', alertId: null })
    .where(and(eq(alertStanding.organizationId, organization.id), eq(alertStanding.ruleId, rule.id)))
}
