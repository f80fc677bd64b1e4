/** What can be said of a goal's fields without the books, and whether its people are the organization's. */
import { and, eq, inArray } from 'drizzle-orm'
import { isBefore } from '../domain/calendar.ts'
import { Exact } from '../domain/money.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { decodeId } from '../ids.ts'
import type { SegmentFilter } from '../kpi/segments.ts'
import { invalid, notFound, type Path, type Problem } from '../problem.ts'
import type { CreateGoalInput, GoalGuard } from '../schema.generated.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

const NAME_LENGTH_MAX = 200
const WHY_LENGTH_MAX = 2_000
const FOLLOWERS_MAX = 50
/** More digits than any KPI of any books has. */
const DECIMAL = /^-?\d{1,15}(\.\d{1,10})?$/
/** A goal is nearer than that; what is not is a typing error. */
const YEARS_MAX = 10

/** Without outer spaces. */
export function checkName(text: string): { readonly name: string } | Problem {
  const name = text.trim()
  return name === '' || name.length > NAME_LENGTH_MAX
    ? invalid(['name'], `A name has 1 to ${NAME_LENGTH_MAX} characters`)
    : { name }
}

/** Null where nothing is left of it. */
export function checkWhy(text: string | null | undefined): { readonly why: string | null } | Problem {
  const why = text?.trim() ?? ''
  return why.length > WHY_LENGTH_MAX
    ? invalid(['why'], `\`why\` has at most ${WHY_LENGTH_MAX} characters`)
    : { why: why === '' ? null : why }
}

/** `metric` is null for what is no value of it, such as a distance. */
export function checkNumber(
  path: Path,
  text: string | null | undefined,
  metric: CreateGoalInput['metric'] | null,
): Problem | null {
  if (text === null || text === undefined) return null
  const name = path.at(-1) ?? ''
  if (!DECIMAL.test(text)) {
    return invalid(path, `A ${name} has at most 15 digits before and 10 after its point, unlike ${text}`)
  }
  const value = new Exact(text)
  if (metric === null || kpiDefinition(metric).unit !== 'PERCENT' || (value.gte(0) && value.lte(100)))
    return null
  return invalid(path, `${metric} is in percent, from 0 to 100, so ${text} cannot be its ${name}`)
}

export function checkDates(
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

/** Each once. */
export const guardsOf = (guards: readonly GoalGuard[] | null | undefined): GoalGuard[] => [...new Set(guards)]

/** What a budget cannot be given. */
export function checkBudget({ metric, baseline }: CreateGoalInput): Problem | null {
  if (metric !== 'DOLLAR_DAYS_LATE')
    return invalid(
      ['metric'],
      `A BUDGET is one of DOLLAR_DAYS_LATE, which adds up day by day, not of ${metric}`,
    )
  return baseline ? invalid(['baseline'], 'A budget begins with nothing spent: it has no baseline') : null
}

/** ACTIVE where it was left out. */
export const checkState = (
  state: CreateGoalInput['state'],
): { readonly state: 'ACTIVE' | 'DRAFT' } | Problem =>
  state === 'PAUSED' || state === 'CLOSED'
    ? invalid(['state'], `A goal begins as ACTIVE or DRAFT, not as ${state}`)
    : { state: state ?? 'ACTIVE' }

/** A person named in the input, by the uuid that the id holds. */
export type Named = { readonly path: Path; readonly id: string }

type PeopleInput = {
  readonly ownerId?: string | null | undefined
  readonly reviewerId?: string | null | undefined
  readonly followerIds?: readonly string[] | null | undefined
}

/** Their uuids; null for nobody, undefined for what was left out. Nobody follows twice. */
export type People = {
  readonly ownerId: string | null | undefined
  readonly reviewerId: string | null | undefined
  readonly followerIds: readonly string[] | undefined
  /** All of them, with where they stand in the input. */
  readonly named: readonly Named[]
}

export function checkPeople(input: PeopleInput): People | Problem {
  const followerIds = input.followerIds ?? undefined
  if (followerIds !== undefined && followerIds.length > FOLLOWERS_MAX)
    return invalid(
      ['followerIds'],
      `At most ${FOLLOWERS_MAX} people follow a goal, not ${followerIds.length}`,
    )
  const given = [
    ...(['ownerId', 'reviewerId'] as const).map((field) => ({ path: [field], id: input[field] ?? null })),
    ...(followerIds ?? []).map((id, index) => ({ path: ['followerIds', String(index)], id })),
  ].flatMap(({ path, id }) => (id === null ? [] : [{ path, id: decodeId('person', id) }]))
  const unknown = given.find(({ id }) => id === null)
  if (unknown !== undefined) return notFound(unknown.path, 'There is no person with this id')
  const uuidOf = (id: string | null | undefined) => (typeof id === 'string' ? decodeId('person', id) : id)
  return {
    ownerId: uuidOf(input.ownerId),
    reviewerId: uuidOf(input.reviewerId),
    followerIds:
      followerIds && [...new Set(followerIds.flatMap((id) => decodeId('person', id) ?? []))].toSorted(),
    named: given.flatMap(({ path, id }) => (id === null ? [] : [{ path, id }])),
  }
}

/** Those who are named by `people` and, as collectors, by the filter. */
export const namedBy = (people: People, filter: SegmentFilter = {}): Named[] => [
  ...people.named,
  ...(filter.collectorId ?? []).map((id, index) => ({ path: ['filter', 'collectorId', String(index)], id })),
]

/** The first of them whom the organization does not have. */
export async function findStranger(
  tx: Tx,
  organizationId: string,
  named: readonly Named[],
): Promise<Problem | null> {
  if (named.length === 0) return null
  const ids = named.map(({ id }) => id)
  const rows = await tx
    .select({ id: person.id })
    .from(person)
    .where(and(eq(person.organizationId, organizationId), inArray(person.id, ids)))
  const known = new Set(rows.map((row) => row.id))
  const stranger = named.find(({ id }) => !known.has(id))
  return stranger === undefined ? null : notFound(stranger.path, 'There is no person with this id')
}
