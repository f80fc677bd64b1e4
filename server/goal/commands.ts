import { runCommand, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { isBefore } from '../domain/calendar.ts'
import { reviewKinds } from '../domain/review.ts'
import { chooseConventions, type Conventions } from '../domain/conventions.ts'
import { yearBefore, type PastYear } from '../domain/goal-trajectory.ts'
import { nullReasonInWords } from '../domain/goal-words.ts'
import { isCurrency } from '../domain/money.ts'
import { newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { measure, type MeasurableGoal, type Measured, type Wanted } from '../live/measure.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import { checkOfCustomer, readFilter } from '../kpi/filter-input.ts'
import { readUsualConventions } from '../kpi/settings.ts'
import type { SegmentFilter } from '../kpi/segments.ts'
import type { CreateGoalInput } from '../schema.generated.ts'
import { aimOf, readAim, type AimGiven } from './aim.ts'
import type { GoalChanged, GoalWork } from './change.ts'
import {
  checkBudget,
  checkDates,
  checkName,
  checkNumber,
  checkPeople,
  checkState,
  checkWhy,
  findStranger,
  guardsOf,
  namedBy,
  type People,
} from './check.ts'
import { writeFollowers } from './followers.ts'
import { chooseRules, withRules, type GoalWithRules, type MayManageRules } from './new-rules.ts'
import { beginning } from './override.ts'
import { readPastYears } from './season.ts'
import { findGivenParent } from './tree.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

/** Creates a goal. Its baseline is the one given, else the KPI's value on its first day, frozen with its evidence. */
export async function createGoal(
  context: CommandContext,
  input: CreateGoalInput,
  rights: MayManageRules = { mayManageRules: false },
): Promise<GoalWithRules | Problem> {
  const rules = chooseRules(input, rights)
  if (isProblem(rules)) return rules
  const work = await prepareGoal(context, input)
  if (isProblem(work)) return work
  return runCommand(context, { action: 'createGoal', input }, withRules(context, work, rules))
}

/** What whoever makes it knows beforehand: its uuid, by which others find it, and its key in a file. */
export type NewGoal = { readonly id?: string; readonly key?: string }

/** All that is looked up before the transaction. */
export async function prepareGoal(
  context: CommandContext,
  input: CreateGoalInput,
  named: NewGoal = {},
): Promise<GoalWork | Problem> {
  const known = await readKnown(context, input)
  const checked = checkGoal(input, todayOf(context), known)
  if (isProblem(checked)) return checked
  const measured = await measureOnce(context, checked)
  const years = await readSeason(context, checked)
  if (isProblem(years)) return years
  return (tx) => writeGoal(tx, context, { ...checked, ...named }, { ...measured, years })
}

const readSeason = (
  context: CommandContext,
  { aim, ...checked }: CheckedGoal,
): Promise<readonly PastYear[] | Problem> | readonly PastYear[] =>
  aim.trajectory?.kind === 'SEASONAL'
    ? readPastYears(context, { ...checked, currency: checked.currency ?? context.organization.baseCurrency })
    : []

/** What of the books the input is checked against. */
type KnownBefore = { readonly usual: Conventions; readonly filter: SegmentFilter | Problem }

const readKnown = (
  { connection, organization: { id } }: CommandContext,
  { filter }: CreateGoalInput,
): Promise<KnownBefore> =>
  inTransaction(connection, { organizationId: id, mode: 'read' }, async (tx) => ({
    usual: await readUsualConventions(tx, id),
    filter: await readFilter(tx, id, filter ?? {}),
  }))

/** What can be said of the input without the books. The ids are uuids. */
type CheckedGoal = Pick<
  GoalRow,
  'name' | 'why' | 'metric' | 'direction' | 'startsOn' | 'deadline' | 'state' | 'guards'
> & {
  readonly aim: AimGiven
  /** As the API has it. */
  readonly parentId: string | null
  readonly people: People
  readonly filter: SegmentFilter
  readonly conventions: Conventions
  /** Null for the base currency. */
  readonly currency: string | null
  /** Null where the KPI's value is to be taken. */
  readonly baseline: string | null
  readonly baselineOn: Temporal.PlainDate
}

function checkGoal(
  input: CreateGoalInput,
  today: Temporal.PlainDate,
  { usual, filter }: KnownBefore,
): CheckedGoal | Problem {
  const named = checkName(input.name)
  if (isProblem(named)) return named
  const reasoned = checkWhy(input.why)
  if (isProblem(reasoned)) return reasoned
  if (input.direction === 'MILESTONES')
    return invalid(['direction'], 'A checklist is made with createMilestoneGoal')
  const unbudgeted = input.direction === 'BUDGET' ? checkBudget(input) : null
  if (unbudgeted !== null) return unbudgeted
  const aim = readAim(input, input)
  if (isProblem(aim)) return aim
  const fault = checkNumber(['baseline'], input.baseline, input.metric)
  if (fault !== null) return fault
  const startsOn = input.startsOn ?? today
  const dateFault = checkDates(startsOn, input.deadline, today)
  if (dateFault !== null) return dateFault
  const conventions = chooseConventions(input.conventions, usual)
  if ('problem' in conventions) return invalid(['conventions'], conventions.problem)
  if (isProblem(filter)) return filter
  const unknown = checkOfCustomer(input.metric, filter)
  if (unknown !== null) return unknown
  const currency = input.currency ?? null
  if (currency !== null && !isCurrency(currency)) {
    return invalid(['currency'], `${currency} is no ISO 4217 currency code`)
  }
  const state = checkState(input.state)
  if (isProblem(state)) return state
  const people = checkPeople(input)
  if (isProblem(people)) return people
  const { metric, direction, deadline } = input
  return {
    ...named,
    ...reasoned,
    metric,
    direction,
    aim,
    startsOn,
    deadline,
    people,
    parentId: input.parentId ?? null,
    ...state,
    guards: guardsOf(input.guards),
    filter,
    conventions,
    currency,
    baseline: direction === 'BUDGET' ? '0' : (input.baseline ?? null),
    baselineOn: isBefore(today, startsOn) ? today : startsOn,
  }
}

/** The KPI's values today, on the day of the baseline and a year before that. */
type MeasuredGoal = { readonly current: Measured; readonly atBaseline: Measured; readonly before: Measured }

/** With the years of the past that its season is made of. */
type KnownGoal = MeasuredGoal & { readonly years: readonly PastYear[] }

/**
 * Before the command's transaction, and not in it: a value is made of several statements, which only a reader's one
 * snapshot keeps together.
 */
async function measureOnce(context: CommandContext, checked: CheckedGoal): Promise<MeasuredGoal> {
  const { connection, organization, now } = context
  const measurable = { ...checked, currency: checked.currency ?? organization.baseCurrency }
  const dates = [todayOf(context), checked.baselineOn, yearBefore(checked.baselineOn)]
  const days =
    checked.direction === 'BUDGET'
      ? budgetDays(checked, measurable, dates)
      : dates.map((asOf) => ({ goal: measurable, asOf }))
  const [current, atBaseline, before] = await inTransaction(
    connection,
    { organizationId: organization.id, mode: 'read' },
    (tx) => measure(tx, organization, days, now),
  )
  if (current === undefined || atBaseline === undefined || before === undefined)
    throw new Error('The goal was not measured')
  return { current, atBaseline, before }
}

/** Of a budget, a year before is what was spent in the same days then. */
const budgetDays = (
  { startsOn, deadline }: CheckedGoal,
  measurable: MeasurableGoal,
  [today, baselineOn]: readonly Temporal.PlainDate[],
): Wanted[] => [
  ...[today, baselineOn].flatMap((asOf) => (asOf === undefined ? [] : [{ goal: measurable, asOf }])),
  { goal: { ...measurable, startsOn: yearBefore(startsOn) }, asOf: yearBefore(deadline) },
]

async function writeGoal(
  tx: Tx,
  context: CommandContext,
  checked: CheckedGoal & NewGoal,
  { current, atBaseline, before, years }: KnownGoal,
): Promise<GoalChanged | Problem> {
  const { organization, now } = context
  const { people, aim: given, parentId: _parentId, ...plain } = checked
  const stranger = await findStranger(tx, organization.id, namedBy(people, checked.filter))
  if (stranger !== null) return stranger
  const above = await findGivenParent(tx, organization.id, checked.parentId)
  if (isProblem(above)) return above
  // Refused even where the baseline is given: the goal could not be evaluated.
  if (current.failure !== null) return invalid(['currency'], sentence(current.failure), 'MISSING_RATE')
  const evidence = baselineOf(checked, atBaseline)
  if (isProblem(evidence)) return evidence
  const currency = checked.currency ?? organization.baseCurrency
  const aim = aimOf({ ...plain, ...evidence, currency }, given, years)
  if (isProblem(aim)) return aim
  const row: GoalRow = {
    ...beginning,
    ...plain,
    ...evidence,
    ...aim,
    ...above,
    baselineYearBefore: before.valueExact,
    baselineYearBeforeReason: before.valueExact === null ? before.reason : null,
    ownerId: people.ownerId ?? null,
    reviewerId: people.reviewerId ?? null,
    currency,
    organizationId: organization.id,
    id: checked.id ?? newUuid(),
    key: checked.key ?? null,
    outcome: null,
    stateReason: null,
    closedSequence: null,
    reviews: [...reviewKinds],
    version: 1,
    createdAt: now,
  }
  const { organizationId: _organizationId, id, ...frozen } = row
  const followerIds = people.followerIds ?? []
  const after = { ...frozen, followerIds }
  const audit = await writeAudit(tx, context, { action: 'createGoal', subject: id, after })
  await tx.insert(goal).values(row)
  await writeFollowers(tx, { organizationId: organization.id, goalId: id }, followerIds)
  return { goalId: id, audit }
}

type Baseline = Pick<GoalRow, 'baseline' | 'baselineNumerator' | 'baselineDenominator'>

function baselineOf(checked: CheckedGoal, measured: Measured): Baseline | Problem {
  if (checked.baseline !== null) {
    return { baseline: checked.baseline, baselineNumerator: null, baselineDenominator: null }
  }
  if (measured.failure !== null) return invalid(['baseline'], sentence(measured.failure), 'MISSING_RATE')
  const { valueExact, numerator, denominator, reason } = measured
  if (valueExact === null) {
    const why = reason === null ? 'the reason is unknown' : nullReasonInWords[reason]
    const { metric, baselineOn } = checked
    const message = `${metric} has no value on ${baselineOn.toString()}, since ${why}: give a baseline`
    return invalid(['baseline'], message)
  }
  return { baseline: valueExact, baselineNumerator: numerator, baselineDenominator: denominator }
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
