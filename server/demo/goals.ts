/**
 * The goals of the demo company. Whatever the day on which it is loaded, each of them is to show a state of its own,
 * so first day and target are looked for in what the books say: the figures are true, the ambitions are made to fit.
 */
import { Exact } from '../domain/money.ts'
import { reviewKinds } from '../domain/review.ts'
import type { GoalGuard } from '../domain/goal-guards.ts'
import { judge, type GoalStatus } from '../domain/goal-status.ts'
import { yearBefore } from '../domain/goal-trajectory.ts'
import { dateAt } from '../domain/calendar.ts'
import { defaultConventions, type Conventions } from '../domain/conventions.ts'
import { newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { appendProgress, progressOf, readSnapshot } from '../live/evaluate.ts'
import { judgedGoal, measure, type Measured } from '../live/measure.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import { beginning } from '../goal/override.ts'
import type { SegmentFilter } from '../kpi/segments.ts'
import type { People, PersonName } from './company.ts'
import { setDemoWork } from './work.ts'
import type { GoalRow, OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

type Plan = {
  readonly name: (target: string) => string
  readonly why: string
  readonly metric: KpiMetric
  readonly direction: 'INCREASE' | 'DECREASE'
  readonly owner: PersonName
  readonly reviewer?: PersonName
  readonly guards?: readonly GoalGuard[]
  readonly filter?: SegmentFilter
  readonly currency?: string
  readonly conventions?: Partial<Conventions>
  /** What it is to show. */
  readonly shows: GoalStatus
  /** How far it may lie behind its trajectory, as a share of the way: what is aimed for. */
  readonly gap: number
  /** Targets are multiples of it. */
  readonly step: number
  /** From baseline to target, in the KPI's unit: the least and the most that a team would set. */
  readonly way: readonly [least: number, most: number]
  /** The deadline is the last day of the month that is so many months ahead. */
  readonly monthsAhead: number
}

const plans: readonly Plan[] = [
  {
    name: (target) => `Bring DSO down to ${target} days`,
    why: 'Each day of sales outstanding ties up about USD 140,000 of working capital.',
    metric: 'DSO',
    direction: 'DECREASE',
    owner: 'Ingrid Solberg',
    reviewer: 'Maya Okafor',
    guards: ['WRITTEN_OFF', 'CREDITED', 'WEIGHTED_AVERAGE_TERMS', 'UNAPPLIED_CASH'],
    shows: 'ON_TRACK',
    gap: 0.02,
    step: 0.5,
    way: [2, 9],
    monthsAhead: 2,
  },
  {
    name: (target) => `Raise collection effectiveness to ${target} %`,
    why: 'The share of what could be collected that was collected, three months at a time.',
    metric: 'COLLECTION_EFFECTIVENESS_INDEX',
    direction: 'INCREASE',
    owner: 'Maya Okafor',
    filter: { region: ['North America'] },
    conventions: { ceiMonths: 3 },
    shows: 'AT_RISK',
    gap: 0.17,
    step: 0.5,
    way: [2, 12],
    monthsAhead: 1,
  },
  {
    name: (target) => `Cut the past-due share of EMEA to ${target} %`,
    why: 'Payment in Europe has slipped since the summer; two thirds of the dunning is done by hand.',
    metric: 'PAST_DUE_SHARE',
    direction: 'DECREASE',
    owner: 'Hannah Weiss',
    filter: { region: ['EMEA'] },
    shows: 'OFF_TRACK',
    gap: 0.5,
    step: 1,
    way: [5, 12],
    monthsAhead: 1,
  },
  {
    name: (target) => `Be paid no later than ${target} days after the due date`,
    why: 'Reminders now go out five days before invoices fall due.',
    metric: 'AVERAGE_DAYS_LATE',
    direction: 'DECREASE',
    owner: 'Daniel Ortega',
    filter: { region: ['North America'] },
    conventions: { periodMonths: 3 },
    shows: 'ACHIEVED',
    gap: 0,
    step: 0.5,
    way: [0.5, 10],
    monthsAhead: 1,
  },
  {
    name: (target) => `Collect EUR ${target} in three months`,
    why: 'The euro cash pool funds the new line in Utrecht.',
    metric: 'CASH_COLLECTED',
    direction: 'INCREASE',
    owner: 'Tomas Lindqvist',
    filter: { currency: ['EUR'] },
    currency: 'EUR',
    conventions: { periodMonths: 3 },
    shows: 'AT_RISK',
    gap: 0.15,
    step: 50_000,
    way: [150_000, 1_500_000],
    monthsAhead: 2,
  },
  {
    name: (target) => `Bring past-due invoices in North America below USD ${target}`,
    why: 'Every past-due account above USD 10,000 gets a call within a week.',
    metric: 'PAST_DUE',
    direction: 'DECREASE',
    owner: 'Marcus Adeyemi',
    filter: { region: ['North America'] },
    shows: 'ON_TRACK',
    gap: 0.03,
    step: 25_000,
    way: [75_000, 900_000],
    monthsAhead: 1,
  },
]

/** First days that come into question, as days before today: the longest ago first, for the most to show. */
const STARTS = Array.from({ length: 30 }, (_, index) => 135 - index * 3)

type Load = { readonly people: People; readonly now: Temporal.Instant }

/** Sets the goals, each on its first day, and appends their progress of every day since. */
export async function setDemoGoals(
  tx: Tx,
  organization: OrganizationRow,
  { people, now }: Load,
): Promise<void> {
  const today = dateAt(now, organization.timeZone)
  const goals: GoalRow[] = []
  for (const plan of plans) {
    const draft = draftOf(organization, plan, people)
    const days = [0, ...STARTS].map((ago) => today.subtract({ days: ago }))
    const [current, ...baselines] = await measure(
      tx,
      organization,
      days.map((asOf) => ({ goal: draft, asOf })),
      now,
    )
    const chosen = current === undefined ? null : choose(plan, draft, { current, baselines, today })
    if (chosen !== null) goals.push({ ...chosen, ...(await evidenceOf(tx, organization, chosen, now)) })
  }
  const startOf = (row: GoalRow) => eveningOf(row.startsOn, organization, now)
  for (const row of goals) {
    const createdAt = startOf(row)
    const record = { action: 'createGoal', subject: row.id, after: { name: row.name } }
    await writeAudit(tx, { organization, actor: 'demo' }, record, createdAt)
    await tx.insert(goal).values({ ...row, createdAt })
  }
  await appendHistory(tx, organization, { goals, today, now })
  await setDemoWork(tx, organization, goals, { people, now, today })
}

/** What the books say of the year before the baseline. */
async function evidenceOf(
  tx: Tx,
  organization: OrganizationRow,
  goal: GoalRow,
  now: Temporal.Instant,
): Promise<Pick<GoalRow, 'baselineYearBefore' | 'baselineYearBeforeReason'>> {
  const wanted = [{ goal, asOf: yearBefore(goal.baselineOn) }]
  const [before] = await measure(tx, organization, wanted, now)
  return {
    baselineYearBefore: before?.valueExact ?? null,
    baselineYearBeforeReason: before?.reason ?? null,
  }
}

type Draft = Omit<GoalRow, 'name' | 'baseline' | 'baselineOn' | 'target' | 'startsOn' | 'deadline'>

const draftOf = (organization: OrganizationRow, plan: Plan, people: People): Draft => ({
  organizationId: organization.id,
  id: newUuid(),
  key: null,
  why: plan.why,
  metric: plan.metric,
  direction: plan.direction,
  filter: plan.filter ?? {},
  conventions: { ...defaultConventions, ...plan.conventions },
  currency: plan.currency ?? organization.baseCurrency,
  baselineNumerator: null,
  baselineDenominator: null,
  baselineYearBefore: null,
  baselineYearBeforeReason: null,
  ownerId: people.get(plan.owner) ?? null,
  targetGiven: null,
  bandLow: null,
  bandHigh: null,
  trajectory: 'LINEAR',
  trajectoryPoints: null,
  trajectoryGiven: false,
  reviewerId: (plan.reviewer && people.get(plan.reviewer)) ?? null,
  parentId: null,
  state: 'ACTIVE',
  stateReason: null,
  outcome: null,
  closedSequence: null,
  reviews: [...reviewKinds],
  version: 1,
  ...beginning,
  guards: [...(plan.guards ?? [])],
  createdAt: organization.createdAt,
})

type Known = {
  readonly current: Measured
  /** On the days of STARTS. */
  readonly baselines: readonly Measured[]
  readonly today: Temporal.PlainDate
}

/** The first start from which the goal shows what it is to show; else the one that comes nearest to its gap. */
function choose(plan: Plan, draft: Draft, { current, baselines, today }: Known): GoalRow | null {
  const candidates = STARTS.flatMap((ago, index) => {
    const baseline = baselines[index]
    return baseline === undefined ? [] : (candidate(plan, draft, { ago, baseline, current, today }) ?? [])
  })
  return (candidates.find((one) => one.status === plan.shows) ?? candidates[0])?.row ?? null
}

type Start = {
  readonly ago: number
  readonly baseline: Measured
  readonly current: Measured
  readonly today: Temporal.PlainDate
}

function candidate(
  plan: Plan,
  draft: Draft,
  { ago, baseline, current, today }: Start,
): { readonly row: GoalRow; readonly status: GoalStatus } | null {
  if (baseline.value === null || current.value === null || baseline.valueExact === null) return null
  const startsOn = today.subtract({ days: ago })
  const deadline = lastOfMonth(today.add({ months: plan.monthsAhead }))
  const target = targetOf(plan, baseline.value, current.value, ago / startsOn.until(deadline).days)
  if (target.lte(0) || target.eq(baseline.value)) return null
  const row: GoalRow = {
    ...draft,
    name: plan.name(grouped(target)),
    baseline: baseline.valueExact,
    baselineNumerator: baseline.numerator,
    baselineDenominator: baseline.denominator,
    baselineOn: startsOn,
    target: target.toFixed(),
    startsOn,
    deadline,
  }
  return { row, status: judge(judgedGoal(row), current, today, today).status }
}

/**
 * The target from which the current value lies `gap` of the way behind: with the share `passed` of the time gone and
 * `gained` won, the gap is passed - gained / way. One that is reached lies a step short of what was won.
 */
function targetOf(
  { direction, gap, step, way, shows }: Plan,
  baseline: Exact,
  current: Exact,
  passed: number,
): Exact {
  const sign = direction === 'INCREASE' ? 1 : -1
  const gained = current.minus(baseline).times(sign).toNumber()
  const wanted = shows === 'ACHIEVED' ? gained : passed > gap ? gained / (passed - gap) : Infinity
  const [least, most] = way
  const length = Math.min(Math.max(wanted, least), most)
  const target = baseline.plus(sign * length).div(step)
  // A reached target stays reached: it is rounded to the easier side.
  const easier = direction === 'INCREASE' ? Exact.ROUND_FLOOR : Exact.ROUND_CEIL
  return target.toDecimalPlaces(0, shows === 'ACHIEVED' ? easier : Exact.ROUND_HALF_UP).times(step)
}

type Past = {
  readonly goals: readonly GoalRow[]
  readonly today: Temporal.PlainDate
  readonly now: Temporal.Instant
}

/** As if the goals had been evaluated every evening since they began. */
async function appendHistory(
  tx: Tx,
  organization: OrganizationRow,
  { goals, today, now }: Past,
): Promise<void> {
  const wanted = goals.flatMap((goal) => {
    const days = goal.startsOn.until(today).days + 1
    return Array.from({ length: days }, (_, index) => ({ goal, asOf: goal.startsOn.add({ days: index }) }))
  })
  const measured = await measure(tx, organization, wanted, now)
  const news = wanted.flatMap(({ goal, asOf }, index) => {
    const reading = measured[index]
    if (reading === undefined) return []
    return [{ ...progressOf(goal, reading, asOf, asOf), recordedAt: eveningOf(asOf, organization, now) }]
  })
  const byDay = news.sort((a, b) => Temporal.PlainDate.compare(a.asOf, b.asOf))
  const seen = await readSnapshot(tx)
  await appendProgress(tx, organization.id, { news: byDay, today, seen, before: 0n })
}

function eveningOf(
  day: Temporal.PlainDate,
  { timeZone }: OrganizationRow,
  now: Temporal.Instant,
): Temporal.Instant {
  const evening = day.toZonedDateTime({ timeZone, plainTime: '18:00' }).toInstant()
  return Temporal.Instant.compare(evening, now) < 0 ? evening : now
}

const lastOfMonth = (day: Temporal.PlainDate): Temporal.PlainDate => day.with({ day: day.daysInMonth })

const grouped = (value: Exact): string => value.toFixed().replace(/\B(?=(\d{3})+(?!\d))/g, ',')
