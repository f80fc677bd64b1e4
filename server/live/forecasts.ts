/**
 * How each goal is forecast: found once a day, apart from the evaluation, which takes what was found and begins with the
 * value of the moment. So nobody waits for it whose payment was just posted.
 */
import { and, eq, gt, inArray, isNotNull, isNull, lt, ne, or, sql } from 'drizzle-orm'
import { dateAt } from '../domain/calendar.ts'
import { fit, type Fit, type ForecastFault } from '../domain/forecast.ts'
import { DAYS_PER_STEP, stepsTo } from '../domain/goal-outlook.ts'
import type { KpiOrganization } from '../kpi/source.ts'
import { measure } from './measure.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { GoalForecastRow, GoalRow } from '@tidemark/drizzle/rows.ts'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { statement } from '@tidemark/drizzle/statement.ts'
import { goal, goalForecast } from '@tidemark/drizzle/tables/goal.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

const WEEKS_PER_YEAR = 52
const WEEKS_BACK = 3 * WEEKS_PER_YEAR
/** Many at once share what they read; a few leave room for others. */
const GOALS_AT_ONCE = 25
/** Nobody waits for it, and three years are read. */
const TIMEOUT_MS = 60_000

/** By goal: how it is forecast, as far as that was found. */
export async function readForecasts(
  tx: Tx,
  organizationId: string,
  /** Of all goals if left out. */
  goalIds?: readonly string[],
): Promise<Map<string, GoalForecastRow>> {
  const which = goalIds && inArray(goalForecast.goalId, [...goalIds])
  const rows = await tx
    .select()
    .from(goalForecast)
    .where(and(eq(goalForecast.organizationId, organizationId), which))
  return new Map(rows.map((row) => [row.goalId, row]))
}

/** What was read of an organization last: of which transactions, and by goal. */
type Remembered = { readonly versions: readonly string[]; readonly forecasts: Map<string, GoalForecastRow> }

/** Per database and organization. */
const remembered = new WeakMap<object, Map<string, Remembered>>()
/** Of one database, each of some kilobytes. */
const FORECASTS_MAX = 20_000

/** What is known by its version already is not read again. */
const selectNew = statement((tx) =>
  tx
    .select({
      organizationId: goalForecast.organizationId,
      goalId: goalForecast.goalId,
      asOf: goalForecast.asOf,
      deadline: goalForecast.deadline,
      fit: sql<unknown>`case when xmin::text = any(${sql.placeholder('versions')}::text[]) then null else ${goalForecast.fit} end`.mapWith(
        goalForecast.fit,
      ),
      missing: goalForecast.missing,
      version: sql<string>`xmin::text`,
    })
    .from(goalForecast)
    .where(eq(goalForecast.organizationId, sql.placeholder('organizationId'))),
)

/**
 * The same of all goals, for evaluations, of which there are many between two forecasts. A forecast is some kilobytes of
 * JSON, so only what was written by other transactions than those of the last time is read.
 */
export async function readNewForecasts(
  tx: Tx,
  organizationId: string,
): Promise<ReadonlyMap<string, GoalForecastRow>> {
  const all = remembered.get(tx.database) ?? new Map<string, Remembered>()
  remembered.set(tx.database, all)
  const known = all.get(organizationId)
  const rows = await selectNew(tx, { organizationId, versions: arrayOf(known?.versions ?? []) })
  const versions = new Set(known?.versions)
  const forecasts = new Map(
    rows.map(({ version: written, ...row }) => {
      const last = versions.has(written) ? known?.forecasts.get(row.goalId) : undefined
      return [row.goalId, last ?? row]
    }),
  )
  const isSameAgain = rows.every(({ version: written }) => versions.has(written))
  if (!isSameAgain || known?.forecasts.size !== forecasts.size) {
    let size = forecasts.size
    for (const one of all.values()) size += one.forecasts.size
    if (size > FORECASTS_MAX) all.clear()
    all.set(organizationId, { versions: [...new Set(rows.map((row) => row.version))], forecasts })
  }
  return forecasts
}

/** Those whose forecast was not found for `today` and the deadline that they have by now. */
const stale = (organizationId: string, today: Temporal.PlainDate) =>
  and(
    eq(goal.organizationId, organizationId),
    eq(goal.state, 'ACTIVE'),
    isNotNull(goal.metric),
    ne(goal.direction, 'BUDGET'),
    gt(goal.deadline, today),
    or(isNull(goalForecast.goalId), lt(goalForecast.asOf, today), ne(goalForecast.deadline, goal.deadline)),
  )

const joined = and(eq(goalForecast.organizationId, goal.organizationId), eq(goalForecast.goalId, goal.id))

export async function hasStaleForecasts(
  tx: Tx,
  { id, timeZone }: KpiOrganization,
  now: Temporal.Instant,
): Promise<boolean> {
  const rows = await tx
    .select({ id: goal.id })
    .from(goal)
    .leftJoin(goalForecast, joined)
    .where(stale(id, dateAt(now, timeZone)))
    .limit(1)
  return rows.length > 0
}

/** Finds them some at a time, until none is left or `isClosed`. True where there were any. */
export async function findForecasts(
  connection: Connection,
  organization: KpiOrganization,
  now: Temporal.Instant,
  isClosed: () => boolean,
): Promise<boolean> {
  const today = dateAt(now, organization.timeZone)
  const read = { organizationId: organization.id, mode: 'read', timeoutMs: TIMEOUT_MS } as const
  let found = false
  while (!isClosed()) {
    const rows = await inTransaction(connection, read, async (tx) => {
      const goals = await tx
        .select()
        .from(goal)
        .leftJoin(goalForecast, joined)
        .where(stale(organization.id, today))
        // What is of one scope reads the same rows, so it is found together.
        .orderBy(goal.filter, goal.conventions, goal.id)
        .limit(GOALS_AT_ONCE)
      return fitAll(tx, organization, { goals: goals.map((row) => row.goal), now })
    })
    if (rows.length === 0) return found
    found = true
    await inTransaction(connection, { organizationId: organization.id, mode: 'write' }, (tx) =>
      tx
        .insert(goalForecast)
        .values(rows)
        .onConflictDoUpdate({
          target: [goalForecast.organizationId, goalForecast.goalId],
          set: {
            asOf: sql`excluded.as_of`,
            deadline: sql`excluded.deadline`,
            fit: sql`excluded.fit`,
            missing: sql`excluded.missing`,
          },
        }),
    )
  }
  return found
}

type Goals = { readonly goals: readonly GoalRow[]; readonly now: Temporal.Instant }

async function fitAll(
  tx: Tx,
  organization: KpiOrganization,
  { goals, now }: Goals,
): Promise<GoalForecastRow[]> {
  if (goals.length === 0) return []
  const today = dateAt(now, organization.timeZone)
  const weeks = weeksTo(today)
  // Goals may differ in nothing but what they aim at.
  const measured = new Map(goals.map((one) => [seriesNameOf(one), one]))
  const wanted = [...measured.values()].flatMap((one) => weeks.map((asOf) => ({ goal: one, asOf })))
  const values = await measure(tx, organization, wanted, now)
  const seriesOf = new Map(
    [...measured.keys()].map((name, index) => [
      name,
      values
        .slice(index * weeks.length, (index + 1) * weeks.length)
        .map(({ value }) => value?.toNumber() ?? null),
    ]),
  )
  return goals.map((one): GoalForecastRow => {
    const { id, deadline } = one
    const found = fitOf(seriesOf.get(seriesNameOf(one)) ?? [], { deadline, today })
    const kept =
      typeof found === 'string' ? { fit: null, missing: found } : { fit: shortened(found), missing: null }
    return { organizationId: organization.id, goalId: id, asOf: today, deadline, ...kept }
  })
}

const seriesNameOf = ({ metric, filter, conventions, currency }: GoalRow): string =>
  JSON.stringify([metric, filter, conventions, currency])

/** Every evaluation reads it. More digits than these say nothing of an error. */
const DIGITS = 8

const shortened = (found: Fit): Fit => {
  const short = (value: number) => Number(value.toPrecision(DIGITS))
  return {
    ...found,
    tail: found.tail.map((value) => (value === null ? null : short(value))),
    errors: found.errors.map(short),
  }
}

/** The same of one goal, for whoever asks before it was found. */
export async function fitGoal(
  tx: Tx,
  organization: KpiOrganization,
  one: GoalRow,
  now: Temporal.Instant,
): Promise<GoalForecastRow> {
  const [row] = await fitAll(tx, organization, { goals: [one], now })
  if (row === undefined) throw new Error('The goal was not forecast')
  return row
}

const weeksTo = (today: Temporal.PlainDate): Temporal.PlainDate[] =>
  Array.from({ length: WEEKS_BACK + 1 }, (_, index) =>
    today.subtract({ days: DAYS_PER_STEP * (WEEKS_BACK - index) }),
  )

const fitOf = (
  series: readonly (number | null)[],
  { deadline, today }: { readonly deadline: Temporal.PlainDate; readonly today: Temporal.PlainDate },
): Fit | ForecastFault => fit(series, { ahead: stepsTo(deadline, today), stepsPerYear: WEEKS_PER_YEAR })
