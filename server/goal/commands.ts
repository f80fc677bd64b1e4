import { and, eq, inArray } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { isBefore } from '../domain/calendar.ts'
import { chooseConventions, type Conventions } from '../domain/conventions.ts'
import { nullReasonInWords, trajectoryFault } from '../domain/goal.ts'
import { Exact, isCurrency } from '../domain/money.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { decodeId, newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { judgedGoal, measure, type Measured } from '../live/measure.ts'
import { invalid, isProblem, notFound, type Problem } from '../problem.ts'
import { filterFields, type SegmentFilter } from '../kpi/segments.ts'
import { readUsualConventions } from '../kpi/settings.ts'
import type { CreateGoalInput, KpiFilter } from '../schema.generated.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'
import { goal, person } from '@tidemark/drizzle/tables.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

export type GoalCreated = Audited & { readonly goalId: string }

const NAME_LENGTH_MAX = 200
const WHY_LENGTH_MAX = 2_000
const FILTER_VALUES_MAX = 100
const FILTER_TEXT_LENGTH_MAX = 200
/** More digits than any KPI of any books has. */
const DECIMAL = /^-?\d{1,15}(\.\d{1,10})?$/
/** A goal is nearer than that; what is not is a typing error. */
const YEARS_MAX = 10

/** Creates a goal. Its baseline is the one given, else the KPI's value on its first day, frozen with its evidence. */
export async function createGoal(
  context: CommandContext,
  input: CreateGoalInput,
): Promise<GoalCreated | Problem> {
  const usual = await readUsual(context)
  const checked = checkGoal(input, todayOf(context), usual)
  if (isProblem(checked)) return checked
  const measured = await measureOnce(context, checked)
  return runCommand(context, { action: 'createGoal', input }, (tx) =>
    writeGoal(tx, context, checked, measured),
  )
}

const readUsual = ({ connection, organization: { id } }: CommandContext): Promise<Conventions> =>
  inTransaction(connection, { organizationId: id, mode: 'read' }, (tx) => readUsualConventions(tx, id))

/** What can be said of the input without the books. The ids are uuids. */
type CheckedGoal = Pick<
  GoalRow,
  'name' | 'why' | 'metric' | 'direction' | 'target' | 'startsOn' | 'deadline' | 'ownerId'
> & {
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
  usual: Conventions,
): CheckedGoal | Problem {
  const name = input.name.trim()
  const why = input.why?.trim() ?? ''
  if (name === '' || name.length > NAME_LENGTH_MAX) {
    return invalid(['name'], `A name has 1 to ${NAME_LENGTH_MAX} characters`)
  }
  if (why.length > WHY_LENGTH_MAX) return invalid(['why'], `\`why\` has at most ${WHY_LENGTH_MAX} characters`)
  const fault =
    checkNumber('target', input.target, input.metric) ?? checkNumber('baseline', input.baseline, input.metric)
  if (fault !== null) return fault
  const startsOn = input.startsOn ?? today
  const dateFault = checkDates(startsOn, input.deadline, today)
  if (dateFault !== null) return dateFault
  const conventions = chooseConventions(input.conventions, usual)
  if ('problem' in conventions) return invalid(['conventions'], conventions.problem)
  const filter = checkFilter(input.filter ?? {})
  if (isProblem(filter)) return filter
  const currency = input.currency ?? null
  if (currency !== null && !isCurrency(currency)) {
    return invalid(['currency'], `${currency} is no ISO 4217 currency code`)
  }
  const ownerId = input.ownerId ? decodeId('person', input.ownerId) : null
  if (input.ownerId && ownerId === null)
    return notFound(['ownerId'], `There is no person with id ${input.ownerId}`)
  const { metric, direction, target, deadline } = input
  return {
    name,
    why: why === '' ? null : why,
    metric,
    direction,
    target,
    startsOn,
    deadline,
    ownerId,
    filter,
    conventions,
    currency,
    baseline: input.baseline ?? null,
    baselineOn: isBefore(today, startsOn) ? today : startsOn,
  }
}

function checkNumber(
  field: 'target' | 'baseline',
  text: string | null | undefined,
  metric: CreateGoalInput['metric'],
): Problem | null {
  if (text === null || text === undefined) return null
  if (!DECIMAL.test(text)) {
    return invalid([field], `A ${field} has at most 15 digits before and 10 after its point, unlike ${text}`)
  }
  const value = new Exact(text)
  if (kpiDefinition(metric).unit !== 'PERCENT' || (value.gte(0) && value.lte(100))) return null
  return invalid([field], `${metric} is in percent, from 0 to 100, so ${text} cannot be its ${field}`)
}

function checkDates(
  startsOn: Temporal.PlainDate,
  deadline: Temporal.PlainDate,
  today: Temporal.PlainDate,
): Problem | null {
  if (
    isBefore(startsOn, today.subtract({ years: YEARS_MAX })) ||
    isBefore(today.add({ years: YEARS_MAX }), startsOn)
  ) {
    return invalid(['startsOn'], `${startsOn.toString()} is more than ${YEARS_MAX} years away`)
  }
  if (!isBefore(startsOn, deadline)) {
    return invalid(['deadline'], `The deadline must lie after the first day, ${startsOn.toString()}`)
  }
  if (isBefore(deadline, today)) return invalid(['deadline'], `${deadline.toString()} has passed already`)
  if (isBefore(today.add({ years: YEARS_MAX }), deadline)) {
    return invalid(['deadline'], `${deadline.toString()} is more than ${YEARS_MAX} years away`)
  }
  return null
}

/** What is null asks for nothing, so it is left out of what is frozen. */
function checkFilter(filter: KpiFilter): SegmentFilter | Problem {
  const kept: { -readonly [Dimension in keyof SegmentFilter]: readonly string[] } = {}
  for (const dimension of filterFields) {
    const values = filter[dimension]
    if (values === null || values === undefined) continue
    const path = ['filter', dimension]
    // As for `kpis`, no value is among none, and a goal on nothing is a slip.
    if (values.length === 0)
      return invalid(path, `An empty list matches nothing: leave \`${dimension}\` out to measure all`)
    if (values.length > FILTER_VALUES_MAX)
      return invalid(path, `At most ${FILTER_VALUES_MAX} values, not ${values.length}`)
    for (const [index, value] of values.entries()) {
      const at = [...path, String(index)]
      if (value === '' || value.length > FILTER_TEXT_LENGTH_MAX) {
        return invalid(at, `A value has 1 to ${FILTER_TEXT_LENGTH_MAX} characters`)
      }
      if (dimension === 'currency' && !isCurrency(value))
        return invalid(at, `${value} is no ISO 4217 currency code`)
      if (dimension === 'collectorId' && decodeId('person', value) === null) {
        return notFound(at, `There is no person with id ${value}`)
      }
    }
    kept[dimension] =
      dimension === 'collectorId' ? values.flatMap((id) => decodeId('person', id) ?? []) : values
  }
  return kept
}

/** The KPI's values today and on the day of the baseline. */
type MeasuredGoal = { readonly current: Measured; readonly atBaseline: Measured }

/**
 * Before the command's transaction, and not in it: a value is made of several statements, which only a reader's one
 * snapshot keeps together.
 */
async function measureOnce(context: CommandContext, checked: CheckedGoal): Promise<MeasuredGoal> {
  const { connection, organization, now } = context
  const measurable = { ...checked, currency: checked.currency ?? organization.baseCurrency }
  const days = [todayOf(context), checked.baselineOn].map((asOf) => ({ goal: measurable, asOf }))
  const [current, atBaseline] = await inTransaction(
    connection,
    { organizationId: organization.id, mode: 'read' },
    (tx) => measure(tx, organization, days, now),
  )
  if (current === undefined || atBaseline === undefined) throw new Error('The goal was not measured')
  return { current, atBaseline }
}

async function writeGoal(
  tx: Tx,
  context: CommandContext,
  checked: CheckedGoal,
  { current, atBaseline }: MeasuredGoal,
): Promise<GoalCreated | Problem> {
  const { organization, now } = context
  const stranger = await findStranger(tx, organization.id, checked)
  if (stranger !== null) return stranger
  // Refused even where the baseline is given: the goal could not be evaluated.
  if (current.failure !== null) return invalid(['currency'], sentence(current.failure), 'MISSING_RATE')
  const evidence = baselineOf(checked, atBaseline)
  if (isProblem(evidence)) return evidence
  const row: GoalRow = {
    ...checked,
    ...evidence,
    currency: checked.currency ?? organization.baseCurrency,
    organizationId: organization.id,
    id: newUuid(),
    state: 'ACTIVE',
    createdAt: now,
  }
  const fault = trajectoryFault(judgedGoal(row))
  if (fault !== null) return invalid([fault.field], fault.message)
  const { organizationId: _organizationId, id, ...frozen } = row
  const audit = await writeAudit(tx, context, { action: 'createGoal', subject: id, after: frozen })
  await tx.insert(goal).values(row)
  return { goalId: id, audit }
}

/** The first person of the input whom the organization does not have. */
async function findStranger(
  tx: Tx,
  organizationId: string,
  { ownerId, filter }: CheckedGoal,
): Promise<Problem | null> {
  const collectors = filter.collectorId ?? []
  const named = [...collectors, ...(ownerId === null ? [] : [ownerId])]
  if (named.length === 0) return null
  const rows = await tx
    .select({ id: person.id })
    .from(person)
    .where(and(eq(person.organizationId, organizationId), inArray(person.id, named)))
  const known = new Set(rows.map((row) => row.id))
  if (ownerId !== null && !known.has(ownerId)) return notFound(['ownerId'], 'There is no person with this id')
  const index = collectors.findIndex((id) => !known.has(id))
  return index < 0
    ? null
    : notFound(['filter', 'collectorId', String(index)], 'There is no person with this id')
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
