/** The check of a goal letter by letter: what the books know is gathered here and judged in `domain/smart.ts`. */
import { todayOf, type Context } from '../context.ts'
import { isBefore } from '../domain/calendar.ts'
import { forecast, probabilityOf, type ForecastMethod } from '../domain/forecast.ts'
import { daysBetween } from '../domain/goal-trajectory.ts'
import { subjectOf } from '../domain/goal-words.ts'
import { Exact } from '../domain/money.ts'
import { kpiDefinition } from '../domain/registry.ts'
import {
  achievableOf,
  isReachedToday,
  limitOf,
  measurableOf,
  smartSentence,
  specificOf,
  timeBoundOf,
  timeOf,
  worstOf,
  type SmartGoal,
  type SmartLetter,
  type SmartVerdict,
} from '../domain/smart.ts'
import { relevantOf } from '../domain/smart-conflicts.ts'
import {
  windowsOfChange,
  windowsWithin,
  type PastWindows,
  type WeeklySeries,
} from '../domain/smart-history.ts'
import { conventionsOfGoal } from '../kpi/settings.ts'
import { weeksUntil, WEEKS_PER_YEAR } from '../live/measured.ts'
import type { Problem } from '../problem.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import type {
  AddedAlertRule,
  GoalDraftInput,
  NoForecastReason,
  SmartAchievable,
  SmartHistory,
  SmartMeasurable,
  SmartTimeBound,
} from '../schema.generated.ts'
import type { Audit } from '../ledger/audit.ts'
import { scopeOf, type GoalWithProgress } from './queries.ts'
import { conflictsOf, type FoundConflict } from './smart-conflicts.ts'
import { draftOf } from './smart-draft.ts'
import { readPast, type Checkable, type Known } from './smart-past.ts'
import type { GoalRow, PersonRow } from '@tidemark/drizzle/rows.ts'

export type SpecificChecked = SmartLetter & {
  readonly metric: SmartGoal['kpi']
  readonly scope: string
  readonly owner: PersonRow | null
}

export type RelevantChecked = SmartLetter & {
  readonly why: string | null
  readonly parent: GoalRow | null
  readonly conflicts: readonly FoundConflict[]
}

/** As the resolvers of SmartCheck take it. */
export type SmartChecked = {
  readonly sentence: string
  readonly verdict: SmartVerdict
  readonly specific: SpecificChecked
  readonly measurable: SmartMeasurable
  readonly achievable: SmartAchievable
  readonly relevant: RelevantChecked
  readonly timeBound: SmartTimeBound
  readonly problems: readonly Problem[]
}

/** What `createGoal` and `createMilestoneGoal` answer, with what was asked for: of a dry run there is nothing else. */
export type GoalMade = {
  readonly goal: GoalWithProgress | null
  readonly dryRun: boolean
  readonly audit: Audit | null
  readonly draft: GoalDraftInput
  readonly alertRules: readonly AddedAlertRule[]
}

/** Of what was made, or would have been. */
export const smartOfMade = (
  { goal, draft }: Pick<GoalMade, 'goal' | 'draft'>,
  context: Context,
): Promise<SmartChecked> => (goal === null ? smartOfDraft(draft, context) : smartOfGoal(goal, context))

export const smartOfDraft = async (draft: GoalDraftInput, context: Context): Promise<SmartChecked> =>
  check(await draftOf(draft, context), context)

export async function smartOfGoal(row: GoalRow, context: Context): Promise<SmartChecked> {
  const milestones = row.metric === null ? await context.loaders.milestones.load(row.id) : []
  const metric = row.metric as KpiMetric | null
  return check({ ...row, metric, milestones: milestones.length, problems: [] }, context)
}

async function check(goal: Checkable, context: Context): Promise<SmartChecked> {
  const { loaders } = context
  const today = todayOf(context)
  const [owner, parent, scope, lastPostedOn, known] = await Promise.all([
    goal.ownerId === null ? null : loaders.person.load(goal.ownerId),
    goal.parentId === null ? null : loaders.goal.load(goal.parentId),
    scopeOf({ direction: goal.direction, filter: goal.filter }, context),
    loaders.lastPosting(),
    readPast(goal, context),
  ])
  const smart = smartGoalOf(goal, { owner, scope })
  const { current } = known
  const conflicts = await conflictsOf(goal, context)
  const time = timeOf(smart, today)
  const points = known.series.filter((value) => value !== null).length
  const measurement = { ...current, lastPostedOn, points }
  const since = known.series.findIndex((value) => value !== null)
  const letters = {
    specific: { ...specificOf(smart), metric: smart.kpi, scope, owner },
    measurable: {
      ...measurableOf(smart, measurement, today),
      value: current.value?.toNumber() ?? null,
      valueExact: current.valueExact,
      valueReason: current.reason,
      lastPostedOn,
      points,
      pointsSince: known.weeks[since] ?? null,
    },
    achievable: attain(smart, known, today),
    relevant: {
      ...relevantOf({ why: goal.why, parent: parent?.name ?? null, conflicts }),
      why: goal.why,
      parent,
      conflicts,
    },
    timeBound: {
      ...timeBoundOf(smart, time),
      ...time,
      startsOn: goal.startsOn,
      deadline: goal.deadline,
    },
  }
  return {
    sentence: smartSentence(smart),
    verdict: worstOf(Object.values(letters).map(({ verdict }) => verdict)),
    ...letters,
    problems: goal.problems,
  }
}

const exactOf = (text: string | null): Exact | null => (text === null ? null : new Exact(text))

function smartGoalOf(
  { metric, bandLow, bandHigh, ...goal }: Checkable,
  { owner, scope }: { readonly owner: PersonRow | null; readonly scope: string },
): SmartGoal {
  const kpi = metric === null ? null : kpiDefinition(metric)
  const [low, high] = [exactOf(bandLow), exactOf(bandHigh)]
  return {
    direction: goal.direction,
    kpi,
    subject: kpi === null ? null : subjectOf(kpi, goal.currency),
    conventions: conventionsOfGoal(goal.conventions),
    scope,
    owner: owner?.name ?? null,
    baseline: exactOf(goal.baseline),
    baselineOn: goal.baselineOn,
    target: exactOf(goal.target),
    band: low === null || high === null ? null : { low, high },
    milestones: goal.milestones,
    startsOn: goal.startsOn,
    deadline: goal.deadline,
  }
}

function attain(smart: SmartGoal, known: Known, today: Temporal.PlainDate): SmartAchievable {
  const { series, current, floor, weeks } = known
  const told = tell(smart, series, today)
  const limit = limitOf(smart, floor)
  const history = historyOf(smart, series)
  const dayAt = (place: number) => weeks[place] ?? today
  const { probability } = told
  return {
    ...achievableOf(smart, { current: current.value, limit, history, dayAt, probability }),
    baseline: smart.baseline?.toNumber() ?? null,
    target: smart.target?.toNumber() ?? null,
    isReached: isReachedToday(smart, current.value),
    limit: limit && { value: limit.value.toNumber(), kind: limit.kind },
    history: history && shownHistory(history, dayAt),
    ...told,
  }
}

const shownHistory = (
  { best, ...history }: PastWindows,
  dayAt: (place: number) => Temporal.PlainDate,
): SmartHistory => ({
  ...history,
  best: best?.change ?? null,
  bestFrom: best && dayAt(best.from),
  bestTo: best && dayAt(best.to),
})

type Told = {
  readonly probability: number | null
  readonly forecast: number | null
  readonly method: ForecastMethod | null
  readonly missing: NoForecastReason | null
}

const untold = (missing: NoForecastReason): Told => ({
  probability: null,
  forecast: null,
  method: null,
  missing,
})

/** Where the value will be at the deadline if it goes on as it did. */
function tell(smart: SmartGoal, series: WeeklySeries, today: Temporal.PlainDate): Told {
  const { direction, deadline, band } = smart
  if (direction === 'MILESTONES') return untold('CHECKLIST')
  if (direction === 'BUDGET') return untold('BUDGET')
  if (deadline === null || !isBefore(today, deadline)) return untold('NOT_RUNNING')
  const told = forecast(series, { ahead: weeksUntil(today, deadline), stepsPerYear: WEEKS_PER_YEAR })
  if (typeof told === 'string') return untold(told)
  const aim = direction === 'MAINTAIN_BAND' ? band : smart.target
  const reaches = (value: number) => isReachedToday(smart, new Exact(value)) === true
  return {
    probability: aim === null || direction === null ? null : 100 * probabilityOf(told, reaches),
    forecast: told.value,
    method: told.method,
    missing: null,
  }
}

const DAYS_PER_WEEK = 7

function historyOf(smart: SmartGoal, series: WeeklySeries): PastWindows | null {
  const { direction, baseline, target, band, subject, startsOn, deadline } = smart
  if (deadline === null || subject === null || !isBefore(startsOn, deadline)) return null
  if (direction === 'BUDGET') return null
  const weeks = Math.max(1, Math.round(daysBetween(startsOn, deadline) / DAYS_PER_WEEK))
  if (direction === 'MAINTAIN_BAND') {
    return band && windowsWithin(series, { low: band.low.toNumber(), high: band.high.toNumber(), weeks })
  }
  if (baseline === null || target === null || target.eq(baseline)) return null
  const asked = { baseline: baseline.toNumber(), target: target.toNumber(), unit: subject.unit, weeks }
  return windowsOfChange(series, asked)
}
