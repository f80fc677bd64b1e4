/** What a rule would have done in the past. Nothing is written. */
import { and, asc, eq } from 'drizzle-orm'
import { todayOf, type Context } from '../context.ts'
import { dateAt, isBefore } from '../domain/calendar.ts'
import { figureOf, isGoodNews, sightInWords, type AlertSight } from '../domain/alert-rule.ts'
import {
  isFalseAlarm,
  medianOf,
  replayRule,
  type AlertRuleTerms,
  type Episode,
  type SightOfDay,
} from '../domain/alert-replay.ts'
import { formatExact, formatPart } from '../domain/exact.ts'
import { judge } from '../domain/goal-status.ts'
import { daysBetween, type JudgedGoal } from '../domain/goal-trajectory.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import { Exact } from '../domain/money.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { daysOf, sightOfGoal, sightOfKpi, subjectOfRule } from '../live/alert-sight.ts'
import { judgedGoal, measure, notMeasured, type MeasurableGoal, type Measured } from '../live/measure.ts'
import { invalid, isProblem, notFound, type Problem } from '../problem.ts'
import type {
  AlertBacktest,
  AlertBacktestEpisode,
  BacktestAlertRuleInput,
  CreateAlertRuleInput,
  UpdateAlertRuleInput,
} from '../schema.generated.ts'
import { findUnknownChannel } from './find.ts'
import { readChannelIds, readTerms } from './input.ts'
import type { RuleTerms, WatchedThing } from '../live/rule-writing.ts'
import { findAlertRule } from './queries.ts'
import { findWatched } from './rules.ts'
import { inputOf } from './terms.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'
import { goalProgress } from '@tidemark/drizzle/tables/goal.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

const MONTHS_MAX = 36
const EPISODES_MAX = 500
/** A goal like this one is set anew every so many days of the past. */
const LIKE_EVERY_DAYS = 30

type Found = Omit<AlertBacktestEpisode, '__typename'>

export async function backtestAlertRule(
  context: Context,
  { rule, change, months }: BacktestAlertRuleInput,
): Promise<AlertBacktest | Problem> {
  if (!Number.isInteger(months) || months < 1 || months > MONTHS_MAX)
    return invalid(['months'], `It goes from 1 to ${MONTHS_MAX}, unlike ${months}`)
  // Each that is given is looked at, also where there are too many.
  const made = rule ? within('rule', await readRule(context, rule)) : null
  if (isProblem(made)) return made
  const changed = change ? within('change', await readChange(context, change)) : null
  if (isProblem(changed)) return changed
  const trial = made ?? changed
  if (trial === null || (made !== null && changed !== null))
    return invalid(
      [made === null ? 'rule' : 'change'],
      'Either a rule that is not there yet is tried or one that is: give one of rule and change',
    )
  return context.reader.read((tx) => replay(tx, context, trial, months))
}

/** Where in this input the rule stands. */
const within = (field: 'rule' | 'change', answer: Trial | Problem): Trial | Problem =>
  isProblem(answer) ? { ...answer, path: [field, ...answer.path] } : answer

type Trial = { readonly terms: RuleTerms; readonly thing: WatchedThing }

async function readRule(context: Context, rule: CreateAlertRuleInput): Promise<Trial | Problem> {
  const terms = readTerms(rule, rule.goalId != null)
  if (isProblem(terms)) return terms
  const channelIds = readChannelIds(rule.channelIds)
  if (isProblem(channelIds)) return channelIds
  const fault = untriable(terms)
  if (fault !== null) return fault
  return context.reader.read(async (tx) => {
    const thing = await findWatched(tx, context.organization, rule, terms.condition)
    if (isProblem(thing)) return thing
    const unknown = await findUnknownChannel(tx, context.organization.id, channelIds)
    return unknown ?? { terms, thing }
  })
}

async function readChange(context: Context, change: UpdateAlertRuleInput): Promise<Trial | Problem> {
  const row = await findAlertRule(context, change.rule)
  if (row === null || row.deletedAt !== null)
    return notFound(['rule'], `There is no alert rule with id ${change.rule}`)
  const terms = readTerms(inputOf(row, change), row.goalId !== null)
  if (isProblem(terms)) return terms
  const channelIds = readChannelIds(change.channelIds ?? [])
  if (isProblem(channelIds)) return channelIds
  const fault = untriable(terms)
  if (fault !== null) return fault
  const unknown = await context.reader.read((tx) =>
    findUnknownChannel(tx, context.organization.id, channelIds),
  )
  return unknown ?? { terms, thing: row }
}

const untriable = ({ condition }: RuleTerms): Problem | null =>
  condition.kind === 'OVER_LIMIT'
    ? invalid(
        ['condition', 'overLimit'],
        'Who was over a limit is not tried on the past: `creditCrossings` has it',
      )
    : condition.kind === 'ESCALATION'
      ? invalid(
          ['condition', 'escalation'],
          'Who owed for too long is not tried on the past: `simulateCreditPolicy` shows what a policy would have done',
        )
      : condition.kind === 'REVIEW_OVERDUE'
        ? invalid(['condition', 'reviewOverdue'], 'Whether people will be late cannot be tried on the past')
        : null

async function replay(
  tx: Tx,
  context: Context,
  { terms, thing }: Trial,
  months: number,
): Promise<AlertBacktest | Problem> {
  const today = todayOf(context)
  const from = today.subtract({ months })
  if (thing.goalId === null) return backtestKpi(tx, context, { terms, thing, from, today })
  const goal = await context.loaders.goal.load(thing.goalId)
  return goal === null
    ? notFound([], 'The goal is not there any more')
    : backtestGoal(tx, context, { terms, goal, from, today })
}

type Span = { readonly from: Temporal.PlainDate; readonly today: Temporal.PlainDate }

const termsOf = (terms: RuleTerms): AlertRuleTerms => ({ ...terms, version: 1 })

async function backtestKpi(
  tx: Tx,
  { organization, now }: Context,
  { terms, thing, from, today }: Span & { readonly terms: RuleTerms; readonly thing: WatchedThing },
): Promise<AlertBacktest> {
  const { metric, filter, conventions, currency } = thing
  const measurable: MeasurableGoal = {
    metric,
    filter,
    conventions,
    currency: currency ?? organization.baseCurrency,
  }
  const subject = subjectOfRule(thing, null)
  const [, back] = daysOf(terms.condition, today)
  const offset = back === undefined ? 0 : daysBetween(back, today)
  const all = daysFrom(from.subtract({ days: offset }), today)
  const measured = await measure(
    tx,
    organization,
    all.map((asOf) => ({ goal: measurable, asOf })),
    now,
  )
  const seen = all.slice(offset).map((day, index): SightOfDay => ({
    day,
    sight: sightOfKpi(
      subject,
      measured[index + offset] ?? notMeasured,
      back === undefined ? null : (measured[index] ?? notMeasured),
    ),
  }))
  const byDay = new Map(seen.map(({ day, sight }) => [day.toString(), sight]))
  const sightOn = (day: Temporal.PlainDate): AlertSight | null => byDay.get(day.toString()) ?? null
  const episodes = replayRule(termsOf(terms), seen).map((episode): Found => ({
    ...told(terms, episode, (sight) => sightInWords(terms.condition, sight, subject)),
    deadline: null,
    isGoalItself: null,
    isFalseAlarm: isFalseAlarm(terms.condition, episode, sightOn),
    leadTimeDays: null,
  }))
  return summary({ from, today }, episodes, {
    missedGoals: null,
    missedSilently: null,
    leadTimes: [],
    daysWithoutData: seen.filter(({ sight }) => sight.value === null).length,
    isGoodNews: isGoodNews(terms.condition),
  })
}

type GoalTrial = {
  readonly seen: readonly SightOfDay[]
  readonly deadline: Temporal.PlainDate
  readonly isGoalItself: boolean
  /** Null where its deadline has not come. */
  readonly isMissed: boolean | null
}

async function backtestGoal(
  tx: Tx,
  context: Context,
  { terms, goal, from, today }: Span & { readonly terms: RuleTerms; readonly goal: GoalRow },
): Promise<AlertBacktest> {
  const itself = await readItself(tx, context, goal, today)
  const past =
    goal.metric === null
      ? { trials: [], daysWithoutData: 0 }
      : await readLike(tx, context, goal, { from, today })
  const good = isGoodNews(terms.condition)
  const trials = [...past.trials, itself].map((trial) => ({
    trial,
    alerts: replayRule(termsOf(terms), trial.seen),
  }))
  const episodes = trials.flatMap(({ trial, alerts }) =>
    alerts.map((episode): Found => {
      const before = daysBetween(episode.raisedOn, trial.deadline)
      return {
        ...told(terms, episode, ({ words }) => words),
        deadline: trial.deadline,
        isGoalItself: trial.isGoalItself,
        isFalseAlarm: good || trial.isMissed === null ? null : !trial.isMissed,
        leadTimeDays: trial.isMissed === true && before >= 0 ? before : null,
      }
    }),
  )
  const missed = trials.filter(({ trial }) => trial.isMissed === true)
  const leadTimes = missed.flatMap(({ trial, alerts }) => {
    const [first] = alerts
    const days = first === undefined ? -1 : daysBetween(first.raisedOn, trial.deadline)
    return days < 0 ? [] : [days]
  })
  const firstDay = itself.seen[0]?.day ?? today
  const begins = isBefore(firstDay, from) ? firstDay : from
  return summary({ from: begins, today }, episodes, {
    missedGoals: missed.length,
    missedSilently: missed.length - leadTimes.length,
    leadTimes,
    daysWithoutData: past.daysWithoutData,
    isGoodNews: good,
  })
}

/** The goal's own days, as they were told live: each row of its progress, and on days without one the row before. */
async function readItself(
  tx: Tx,
  { organization }: Context,
  goal: GoalRow,
  today: Temporal.PlainDate,
): Promise<GoalTrial> {
  const rows = await tx
    .select()
    .from(goalProgress)
    .where(and(eq(goalProgress.organizationId, organization.id), eq(goalProgress.goalId, goal.id)))
    .orderBy(asc(goalProgress.sequence))
  const byDay = Map.groupBy(rows, ({ recordedAt }) => dateAt(recordedAt, organization.timeZone).toString())
  const [first] = byDay.keys()
  let last = rows[0]
  const days = first === undefined ? [] : daysFrom(Temporal.PlainDate.from(first), today)
  const seen = days.flatMap((day) => {
    const ofDay = byDay.get(day.toString()) ?? (last === undefined ? [] : [last])
    last = ofDay.at(-1) ?? last
    return ofDay.map((row) => ({ day, sight: sightOfGoal(goal, row) }))
  })
  const isOver = last !== undefined && (last.status === 'MISSED' || isBefore(goal.deadline, today))
  return {
    seen,
    deadline: goal.deadline,
    isGoalItself: true,
    isMissed: isOver ? last?.status === 'MISSED' : null,
  }
}

/** Goals like this one: the same way on the same KPI, straight, in so many days, set every 30 days of the past. */
async function readLike(
  tx: Tx,
  { organization, now }: Context,
  goal: GoalRow,
  { from, today }: Span,
): Promise<{ readonly trials: readonly GoalTrial[]; readonly daysWithoutData: number }> {
  const days = daysFrom(from, today)
  const measured = await measure(
    tx,
    organization,
    days.map((asOf) => ({ goal, asOf })),
    now,
  )
  const byDay = new Map(days.map((day, index) => [day.toString(), measured[index] ?? notMeasured]))
  const length = daysBetween(goal.startsOn, goal.deadline)
  const trials: GoalTrial[] = []
  for (
    let deadline = today.subtract({ days: 1 });
    ;
    deadline = deadline.subtract({ days: LIKE_EVERY_DAYS })
  ) {
    const startsOn = deadline.subtract({ days: length })
    if (isBefore(startsOn, from)) break
    const like = likeGoal(goal, { startsOn, deadline }, byDay.get(startsOn.toString())?.value ?? null)
    if (like !== null) trials.push(trialOf(like, byDay))
  }
  return {
    trials: trials.toReversed(),
    daysWithoutData: measured.filter(({ value }) => value === null).length,
  }
}

/** Null where it had no value to begin with, or where from there the way makes no sense. */
function likeGoal(
  goal: GoalRow,
  { startsOn, deadline }: Pick<GoalRow, 'startsOn' | 'deadline'>,
  baseline: Exact | null,
): GoalRow | null {
  const like = { ...goal, startsOn, deadline, trajectory: 'LINEAR' as const, trajectoryPoints: null }
  if (goal.direction === 'MAINTAIN_BAND') return like
  if (baseline === null || goal.target === null) return null
  const { unit } = kpiDefinition(goal.metric as KpiMetric)
  const [from, to] = [new Exact(goal.baseline), new Exact(goal.target)]
  // Amounts and counts grow with the business, so of them the way is a share; of days and percent it is a distance.
  const isShare = unit === 'MONEY' || unit === 'COUNT'
  if (isShare && from.isZero()) return null
  const target = isShare ? baseline.times(to).div(from) : baseline.plus(to).minus(from)
  const bounded = unit === 'PERCENT' ? Exact.min(Exact.max(target, 0), 100) : target
  const text = formatExact(bounded, unit, goal.currency)
  const goesOn = bounded.gt(baseline) === (goal.direction === 'INCREASE') && !bounded.eq(baseline)
  return goesOn ? { ...like, baseline: formatPart(baseline), target: text } : null
}

function trialOf(goal: GoalRow, byDay: ReadonlyMap<string, Measured>): GoalTrial {
  const judged = judgedGoal(goal)
  const { deadline } = goal
  // The day after the deadline is the first on which it can be missed.
  const days = daysFrom(goal.startsOn, deadline.add({ days: 1 }))
  const seen = days.map((day) => sightOn(goal, judged, day, byDay))
  return { seen, deadline, isGoalItself: false, isMissed: seen.at(-1)?.sight.status === 'MISSED' }
}

function sightOn(
  goal: GoalRow,
  judged: JudgedGoal,
  day: Temporal.PlainDate,
  byDay: ReadonlyMap<string, Measured>,
): SightOfDay {
  const asOf = isBefore(goal.deadline, day) ? goal.deadline : day
  const reading = byDay.get(asOf.toString()) ?? notMeasured
  // Whether something was posted that day is not asked: what is known now is.
  const { status, reason } = judge(judged, reading, day, day)
  return { day, sight: sightOfGoal(goal, { asOf, value: reading.valueExact, status, statusReason: reason }) }
}

const daysFrom = (from: Temporal.PlainDate, to: Temporal.PlainDate): Temporal.PlainDate[] =>
  Array.from({ length: Math.max(0, daysBetween(from, to) + 1) }, (_, index) => from.add({ days: index }))

const told = (
  { condition }: RuleTerms,
  { raisedOn, raised, endedOn, days }: Episode,
  wordsOf: (sight: AlertSight) => string,
) => {
  const figure = figureOf(condition, raised)
  return {
    raisedOn,
    endedOn,
    days,
    value: figure === null ? null : formatPart(figure),
    reason: wordsOf(raised),
  }
}

type Counted = Pick<AlertBacktest, 'daysWithoutData'> & {
  readonly missedGoals: number | null
  readonly missedSilently: number | null
  readonly leadTimes: readonly number[]
  readonly isGoodNews: boolean
}

function summary(
  { from, today }: Span,
  episodes: readonly Found[],
  { isGoodNews: good, leadTimes, ...counted }: Counted,
): AlertBacktest {
  const known = episodes.filter((episode) => episode.isFalseAlarm !== null)
  return {
    __typename: 'AlertBacktest',
    from,
    to: today,
    basis: 'AS_KNOWN_NOW',
    fired: episodes.length,
    falseAlarms: good || known.length === 0 ? null : known.filter((episode) => episode.isFalseAlarm).length,
    ...counted,
    leadTimeDaysMedian: medianOf(leadTimes),
    durationDaysMedian: medianOf(episodes.map(({ days }) => days)),
    episodes: episodes
      .toSorted((a, b) => Temporal.PlainDate.compare(a.raisedOn, b.raisedOn))
      .slice(0, EPISODES_MAX),
  }
}
