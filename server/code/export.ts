/** The goals and rules as a file: what `applyGoals` reads, and reading it changes nothing. */
import { stringify } from 'yaml'
import { defaultConventions, type Conventions } from '../domain/conventions.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { reviewKinds } from '../domain/review.ts'
import { conventionsOfGoal } from '../kpi/settings.ts'
import { pointsOf } from '../live/measure.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import { targetGivenOf } from '../goal/aim.ts'
import { conditionInputOf } from '../alert/terms.ts'
import type { AlertCondition } from '../domain/alert-rule.ts'
import { personInCode, type CodeBooks, type KnownGoal, type KnownRule } from './books.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'

const HEAD = `# Goals as code. Look at what it would do: pnpm tidemark goals plan FILE --organization SLUG
# KPI, direction, scope, conventions, currency, baseline and first day are frozen with a goal: to change one of these, give
# the goal up and make another one under a new key; what a rule watches is frozen likewise. What is left out stays as it is.
# The conventions of policies are the organization's: what is new is measured by them, what was frozen before is not.
`

type Wanted = {
  /** False for those who may not manage rules: then the file has no list of them, and leaves them alone. */
  readonly withRules: boolean
  /** False likewise for those who may not set conventions. */
  readonly withPolicies: boolean
}

/** Parents come before what lies below them. */
export function documentOf(books: CodeBooks, { withRules, withPolicies }: Wanted): string {
  // What an entry leaves out is what the file says for all, else what is usual everywhere.
  const usual = withPolicies ? books.conventions : defaultConventions
  const open = books.goals.filter(({ row }) => row.state !== 'CLOSED')
  const whole = {
    version: 1,
    ...(withPolicies && { policies: { conventions: defined(books.conventions) } }),
    goals: open.map((one) => entryOf(one, { ...books, conventions: usual, goals: open })),
    ...(withRules && {
      rules: books.rules
        .filter(({ isOver }) => !isOver)
        .map((one) => ruleEntryOf(one, { ...books, conventions: usual })),
    }),
  }
  // Entries share objects, such as conventions, which would become aliases.
  return HEAD + stringify(whole, { lineWidth: 0, aliasDuplicateObjects: false })
}

function ruleEntryOf({ row, key, channels }: KnownRule, books: CodeBooks): object {
  const condition = conditionInputOf(row.condition as AlertCondition)
  return defined({
    key,
    name: row.name,
    ...(row.metric === null
      ? { goal: books.goals.find((one) => one.row.id === row.goalId)?.key }
      : {
          metric: row.metric,
          scope: scopeOf(row.filter, books),
          conventions: chosenOf(
            row.metric as KpiMetric,
            conventionsOfGoal(row.conventions),
            books.conventions,
          ),
          currency: row.currency,
        }),
    condition: withNumbers(condition),
    forDays: row.forDays,
    forEvaluations: row.forEvaluations === 1 ? undefined : row.forEvaluations,
    recovery: row.recovery === null ? undefined : number(row.recovery),
    keepFiringDays: row.keepFiringDays,
    noData: row.noData,
    repeatDays: row.repeatDays ?? undefined,
    severity: row.severity,
    quietHours: row.quietHours ?? undefined,
    channels,
    enabled: row.enabled,
  })
}

/** Thresholds as numbers; what is no number stays. */
const withNumbers = (condition: object): object =>
  Object.fromEntries(
    Object.entries(condition).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === 'string'
        ? number(value)
        : typeof value === 'object' && value !== null && !Array.isArray(value)
          ? withNumbers(value)
          : value,
    ]),
  )

function entryOf(known: KnownGoal, books: CodeBooks): object {
  const { row, key } = known
  const parent = books.goals.find((one) => one.row.id === row.parentId)
  const who = (id: string | null) => (id === null ? undefined : personInCode(books.people, id))
  return defined({
    key,
    name: row.name,
    why: row.why ?? undefined,
    ...(row.metric === null ? checklistOf(known) : kpiOf(row, books)),
    startsOn: row.startsOn.toString(),
    deadline: row.deadline.toString(),
    owner: who(row.ownerId),
    reviewer: who(row.reviewerId),
    followers: some(known.followers.map((id) => personInCode(books.people, id))),
    parent: parent?.key,
    state: row.state === 'DRAFT' ? 'DRAFT' : undefined,
    reviews: row.reviews.join() === reviewKinds.join() ? undefined : row.reviews,
    actions: some(
      known.actions.map(({ title, ownerId, dueOn, brings }) =>
        defined({ title, owner: who(ownerId), dueOn: dueOn?.toString(), brings: brings ?? undefined }),
      ),
    ),
  })
}

const checklistOf = ({ milestones }: KnownGoal) => ({
  direction: 'MILESTONES',
  milestones: milestones.map(({ title, dueOn, doneOn }) =>
    defined({ title, dueOn: dueOn.toString(), doneOn: doneOn?.toString() }),
  ),
})

function kpiOf(row: GoalRow, books: CodeBooks) {
  const { direction, currency, baseline, bandLow, bandHigh } = row
  const metric = row.metric as KpiMetric
  const given = targetGivenOf(row)
  return {
    metric,
    direction,
    scope: scopeOf(row.filter, books),
    conventions: chosenOf(metric, conventionsOfGoal(row.conventions), books.conventions),
    currency,
    // A budget begins with nothing spent, whatever was before.
    baseline: direction === 'BUDGET' ? undefined : number(baseline),
    target: given && targetOf(given.kind, given.amount),
    band:
      bandLow === null || bandHigh === null ? undefined : { low: number(bandLow), high: number(bandHigh) },
    trajectory: trajectoryOf(row),
    guards: some(row.guards),
  }
}

function scopeOf(filter: unknown, { people, customers }: CodeBooks): object | undefined {
  const { collectorId, customerId, ...rest } = filter as Readonly<Record<string, readonly string[]>>
  const collector = collectorId?.map((id) => personInCode(people, id))
  const customer = customers.find(({ id }) => customerId?.includes(id))?.number
  const scope = defined({ customer, ...rest, collector })
  return Object.keys(scope).length === 0 ? undefined : scope
}

/** Those that change the KPI and are not what is usual. */
function chosenOf(metric: KpiMetric, conventions: Conventions, usual: Conventions): object | undefined {
  const chosen = kpiDefinition(metric).conventions.filter(
    (name) => JSON.stringify(conventions[name]) !== JSON.stringify(usual[name]),
  )
  return chosen.length === 0 ? undefined : Object.fromEntries(chosen.map((name) => [name, conventions[name]]))
}

const targetOf = (kind: 'VALUE' | 'PERCENT' | 'POINTS', amount: string) =>
  kind === 'VALUE' ? number(amount) : { [kind.toLowerCase()]: number(amount) }

function trajectoryOf(row: GoalRow) {
  const { trajectory: kind, trajectoryGiven } = row
  if (kind === 'LINEAR') return undefined
  const name = kind.toLowerCase()
  if (!trajectoryGiven) return name
  return { [name]: pointsOf(row).map(({ on, value }) => ({ on, value: number(value) })) }
}

/** As a number where that keeps all its digits. */
const number = (text: string): number | string => (String(Number(text)) === text ? Number(text) : text)

const some = <Value>(list: readonly Value[]): readonly Value[] | undefined =>
  list.length === 0 ? undefined : list

const defined = (entry: object): object =>
  Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined && value !== null))
