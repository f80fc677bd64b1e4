/** The goals as a file: what `applyGoals` reads, and reading it changes nothing. */
import { stringify } from 'yaml'
import { defaultConventions, type Conventions } from '../domain/conventions.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { conventionsOfGoal } from '../kpi/settings.ts'
import { pointsOf } from '../live/measure.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import { targetGivenOf } from './aim.ts'
import { personInCode, type CodeBooks, type KnownGoal } from './code-books.ts'
import type { GoalRow, PersonRow } from '@tidemark/drizzle/rows.ts'

const HEAD = `# Goals as code. Look at what it would do: pnpm tidemark goals plan FILE --organization SLUG
# KPI, direction, scope, conventions, currency, baseline and first day are frozen with a goal: to change one of these, give
# the goal up and make another one under a new key. What is left out stays as it is.
`

/** Parents come before what lies below them. */
export function documentOf({ goals, people }: CodeBooks): string {
  const open = goals.filter(({ row }) => row.state !== 'CLOSED')
  const entries = open.map((one) => entryOf(one, { goals: open, people }))
  return HEAD + stringify({ version: 1, goals: entries }, { lineWidth: 0 })
}

function entryOf(known: KnownGoal, books: CodeBooks): object {
  const { row, key } = known
  const parent = books.goals.find((one) => one.row.id === row.parentId)
  const who = (id: string | null) => (id === null ? undefined : personInCode(books.people, id))
  return defined({
    key,
    name: row.name,
    why: row.why ?? undefined,
    ...(row.metric === null ? checklistOf(known) : kpiOf(row, books.people)),
    startsOn: row.startsOn.toString(),
    deadline: row.deadline.toString(),
    owner: who(row.ownerId),
    reviewer: who(row.reviewerId),
    followers: some(known.followers.map((id) => personInCode(books.people, id))),
    parent: parent?.key,
    state: row.state === 'DRAFT' ? 'DRAFT' : undefined,
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

function kpiOf(row: GoalRow, people: readonly PersonRow[]) {
  const { direction, currency, baseline, bandLow, bandHigh } = row
  const metric = row.metric as KpiMetric
  const given = targetGivenOf(row)
  return {
    metric,
    direction,
    scope: scopeOf(row, people),
    conventions: chosenOf(metric, conventionsOfGoal(row.conventions)),
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

function scopeOf({ filter }: GoalRow, people: readonly PersonRow[]): object | undefined {
  const { collectorId, ...rest } = filter as Readonly<Record<string, readonly string[]>>
  const collector = collectorId?.map((id) => personInCode(people, id))
  const scope = defined({ ...rest, collector })
  return Object.keys(scope).length === 0 ? undefined : scope
}

/** Those that change the KPI and are not what is usual everywhere. */
function chosenOf(metric: KpiMetric, conventions: Conventions): object | undefined {
  const chosen = kpiDefinition(metric).conventions.filter(
    (name) => JSON.stringify(conventions[name]) !== JSON.stringify(defaultConventions[name]),
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
