/**
 * Alerts on customers that owe for so long that the credit policy wants somebody to be told: one for each rule, customer and
 * step, raised when the step is reached and over when it no longer is.
 */
import { and, eq, inArray, isNotNull, ne } from 'drizzle-orm'
import type { AlertCondition } from '../domain/alert-rule.ts'
import { dateAt } from '../domain/calendar.ts'
import { rolesInWords, toldSteps, type PastDueStep } from '../domain/credit-policy.ts'
import { dayOf, type Day } from '../domain/day.ts'
import { convert } from '../domain/exposure.ts'
import { formatMinor, type Money } from '../domain/money.ts'
import type { Rates } from '../domain/rates.ts'
import { newUuid } from '../ids.ts'
import { readCreditPolicy } from '../ledger/credit-policy.ts'
import { readDues, type DueSum } from '../ledger/dues.ts'
import { readRates } from '../ledger/rates.ts'
import { conditionOf } from './alerts.ts'
import type { Fact } from './credit-alerts.ts'
import type { AlertRow, AlertRuleRow, OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { alert } from '@tidemark/drizzle/tables/alert.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

type Books = Pick<OrganizationRow, 'id' | 'baseCurrency' | 'timeZone'>

export type EscalationRule = AlertRuleRow & {
  readonly condition: Extract<AlertCondition, { kind: 'ESCALATION' }>
}

export const isEscalationRule = (rule: AlertRuleRow): rule is EscalationRule =>
  conditionOf(rule).kind === 'ESCALATION'

/** What of these customers is another than is told. Of whom nobody can tell, for a rate is missing, nothing changes. */
export async function compareSteps(
  tx: Tx,
  organization: Books,
  {
    rules,
    customerIds,
  }: { readonly rules: readonly EscalationRule[]; readonly customerIds: readonly string[] },
  now: Temporal.Instant,
): Promise<readonly Fact[]> {
  if (rules.length === 0 || customerIds.length === 0) return []
  const today = dayOf(dateAt(now, organization.timeZone))
  const steps = toldSteps(await readCreditPolicy(tx, organization.id, today))
  const [reached, open] = await Promise.all([
    readReached(tx, organization, { steps, customerIds, today }),
    readOpen(tx, organization.id, rules, customerIds),
  ])
  const wanted = reached.flatMap(({ late, ...one }) =>
    late === 'UNKNOWN'
      ? []
      : rules.flatMap((rule) => (tells(one.step, rule) ? [{ ...one, late, rule }] : [])),
  )
  const keyOf = (ruleId: string, customerId: string, days: number | null) => `${ruleId} ${customerId} ${days}`
  const told = new Set(open.map((row) => keyOf(row.ruleId, row.customerId ?? '', row.escalationDays)))
  const untold = wanted.filter(
    ({ rule, customerId, step }) => !told.has(keyOf(rule.id, customerId, step.days)),
  )
  const kept = new Set([
    ...wanted.map(({ rule, customerId, step }) => keyOf(rule.id, customerId, step.days)),
    ...reached.flatMap(({ late, customerId, step }) =>
      late === 'UNKNOWN' ? rules.map(({ id }) => keyOf(id, customerId, step.days)) : [],
    ),
  ])
  const over = open.filter((row) => !kept.has(keyOf(row.ruleId, row.customerId ?? '', row.escalationDays)))
  return [...(await raise(tx, organization, untold, now)), ...(await end(tx, organization.id, over, now))]
}

const tells = ({ tell }: PastDueStep, { condition }: EscalationRule): boolean =>
  tell.some((role) => condition.roles.includes(role))

type Reached = {
  readonly customerId: string
  readonly number: string
  readonly step: PastDueStep
  /** What is past due for longer than the step says; UNKNOWN without a rate. */
  readonly late: Money | 'UNKNOWN'
}

type Look = {
  readonly steps: readonly PastDueStep[]
  readonly customerIds: readonly string[]
  readonly today: Day
}

async function readReached(
  tx: Tx,
  organization: Books,
  { steps, customerIds, today }: Look,
): Promise<readonly Reached[]> {
  if (steps.length === 0) return []
  const edges = [...new Set(steps.map(({ days }) => days))].toSorted((a, b) => a - b)
  const [dues, rates] = await Promise.all([
    readDues(tx, organization.id, customerIds, { today, edges }),
    readRates(tx, organization, today, today),
  ])
  const found = [...dues].flatMap(([customerId, sums]) =>
    steps.flatMap((step) => {
      const late = lateIn(sums, edges.indexOf(step.days), { organization, rates, today })
      return late === 'UNKNOWN' || late.minor > step.amount ? [{ customerId, step, late }] : []
    }),
  )
  const numbers = await tx.sql<{ id: string; number: string }[]>`
    select id, number from customer
    where organization_id = ${organization.id} and id = any(${found.map(({ customerId }) => customerId)}::uuid[])`
  const numberOf = new Map(numbers.map(({ id, number }) => [id, number]))
  return found.map((one) => ({ ...one, number: numberOf.get(one.customerId) ?? one.customerId }))
}

type At = { readonly organization: Books; readonly rates: Rates; readonly today: Day }

/** What is in buckets beyond the edge of this place, in the base currency. */
function lateIn(
  sums: readonly DueSum[],
  edge: number,
  { organization: { baseCurrency }, rates, today }: At,
): Money | 'UNKNOWN' {
  let minor = 0n
  for (const { bucket, currency, minor: amount } of sums) {
    if (bucket <= edge) continue
    const converted = convert({ minor: amount, currency }, baseCurrency, rates, today)
    if (typeof converted !== 'bigint') return 'UNKNOWN'
    minor += converted
  }
  return { minor, currency: baseCurrency }
}

const readOpen = (
  tx: Tx,
  organizationId: string,
  rules: readonly EscalationRule[],
  customerIds: readonly string[],
): Promise<AlertRow[]> =>
  tx
    .select()
    .from(alert)
    .where(
      and(
        eq(alert.organizationId, organizationId),
        inArray(
          alert.ruleId,
          rules.map(({ id }) => id),
        ),
        inArray(alert.customerId, [...customerIds]),
        isNotNull(alert.escalationDays),
        ne(alert.state, 'ENDED'),
      ),
    )
    .orderBy(alert.id)

type Untold = Omit<Reached, 'late'> & { readonly late: Money; readonly rule: EscalationRule }

async function raise(
  tx: Tx,
  { id: organizationId, timeZone }: Books,
  untold: readonly Untold[],
  now: Temporal.Instant,
): Promise<Fact[]> {
  if (untold.length === 0) return []
  const ruleIds = [...new Set(untold.map(({ rule }) => rule.id))]
  const counts = await tx.sql<{ id: string; episodes: number }[]>`
    select rule_id as id, max(episode)::int as episodes from alert
    where organization_id = ${organizationId} and rule_id = any(${ruleIds}::uuid[]) group by rule_id`
  const episodes = new Map(counts.map(({ id, episodes: count }) => [id, count]))
  const raised = untold.map(({ rule, customerId, step, ...one }): AlertRow => {
    const episode = (episodes.get(rule.id) ?? 0) + 1
    episodes.set(rule.id, episode)
    const words = inWords({ ...one, step })
    return {
      organizationId,
      id: newUuid(),
      ruleId: rule.id,
      goalId: null,
      customerId,
      crossingId: null,
      escalationDays: step.days,
      ruleVersion: rule.version,
      episode,
      state: 'FIRING',
      severity: rule.severity,
      summary: words,
      latest: words,
      value: formatMinor(one.late),
      raisedOn: dateAt(now, timeZone),
      raisedAt: now,
      endedAt: null,
      ending: null,
      acknowledgedAt: null,
      acknowledgedBy: null,
      acknowledgedNote: null,
      snoozedUntil: null,
      snoozedBy: null,
    }
  })
  await tx.insert(alert).values(raised)
  return raised.map((row) => ({ row, kind: 'RAISED', reason: row.summary, value: row.value }))
}

const inWords = ({ number, step, late }: Pick<Untold, 'number' | 'step' | 'late'>): string => {
  const told = (minor: bigint) => `${formatMinor({ ...late, minor })} ${late.currency}`
  return `${told(late.minor)} of customer ${number} is past due for more than ${step.days} days; ${told(step.amount)} is tolerated. The credit policy wants ${rolesInWords(step.tell)} to be told.`
}

const BACK = 'No longer is so much past due for so long, or the credit policy wants nobody to be told.'

async function end(
  tx: Tx,
  organizationId: string,
  over: readonly AlertRow[],
  now: Temporal.Instant,
): Promise<Fact[]> {
  if (over.length === 0) return []
  const ended = await tx
    .update(alert)
    .set({ state: 'ENDED', endedAt: now, ending: 'RECOVERED', latest: BACK })
    .where(
      and(
        eq(alert.organizationId, organizationId),
        inArray(
          alert.id,
          over.map(({ id }) => id),
        ),
      ),
    )
    .returning()
  return ended.map((row) => ({ row, kind: 'RECOVERED', reason: BACK, value: null }))
}
