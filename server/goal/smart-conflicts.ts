/** The goals that get in each other's way. */
import { todayOf, type Context } from '../context.ts'
import { Exact } from '../domain/money.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { conflictOf, type Aiming, type Conflict } from '../domain/smart-conflicts.ts'
import { conventionsOfGoal } from '../kpi/settings.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import type { Checkable } from './smart-past.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'

export type FoundConflict = Conflict & { readonly goal: GoalRow }

const TOLD_MAX = 20

/** None of a checklist, and none before it is said what is aimed for. */
export async function conflictsOf(checked: Checkable, context: Context): Promise<readonly FoundConflict[]> {
  const own = aimingOf(checked, todayOf(context))
  if (own === null) return []
  const others = await context.loaders.openGoals()
  return others
    .filter(({ id }) => id !== checked.id)
    .flatMap((other) => {
      const metric = other.metric as KpiMetric | null
      const theirs = aimingOf({ ...other, metric }, other.startsOn)
      const conflict = theirs && conflictOf(own, theirs, other.name)
      return conflict ? [{ ...conflict, goal: other }] : []
    })
    .slice(0, TOLD_MAX)
}

type Aimed = Pick<
  Checkable,
  | 'metric'
  | 'direction'
  | 'filter'
  | 'conventions'
  | 'currency'
  | 'target'
  | 'bandLow'
  | 'bandHigh'
  | 'startsOn'
  | 'deadline'
>

/** Without a deadline it is taken to go on for a year. */
function aimingOf(one: Aimed, today: Temporal.PlainDate): Aiming | null {
  const { metric, direction, target, bandLow, bandHigh, startsOn, deadline } = one
  if (metric === null || direction === null || direction === 'MILESTONES' || direction === 'BUDGET')
    return null
  return {
    kpi: kpiDefinition(metric),
    measuredIn: measuredIn(one, metric),
    filter: one.filter as Aiming['filter'],
    direction,
    target: target === null ? null : new Exact(target),
    band:
      bandLow === null || bandHigh === null ? null : { low: new Exact(bandLow), high: new Exact(bandHigh) },
    startsOn,
    deadline: deadline ?? yearAfter(today),
  }
}

/** The currency, where it counts, and the conventions that change the KPI. */
function measuredIn({ currency, conventions: chosen }: Aimed, metric: KpiMetric): string {
  const { unit, conventions } = kpiDefinition(metric)
  const all = conventionsOfGoal(chosen)
  const { kind, yearStartMonth, weekStartsOn } = all.calendar
  const values = conventions.map((name) =>
    name === 'calendar' ? [kind, yearStartMonth, weekStartsOn] : all[name],
  )
  return JSON.stringify([unit === 'MONEY' ? currency : null, values])
}

const yearAfter = (day: Temporal.PlainDate): Temporal.PlainDate => day.add({ years: 1 })
