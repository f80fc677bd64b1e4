/** What a file is compared with, and how goals, rules and people are named in it. */
import { and, eq, inArray, isNull, or } from 'drizzle-orm'
import type { Conventions } from '../domain/conventions.ts'
import { readUsualConventions } from '../kpi/settings.ts'
import type { SegmentFilter } from '../kpi/segments.ts'
import { readMilestones } from '../live/milestones.ts'
import { readFollowers } from '../goal/followers.ts'
import { readActions } from '../goal/plan.ts'
import type {
  AlertChannelRow,
  AlertRuleRow,
  CustomerRow,
  GoalActionRow,
  GoalMilestoneRow,
  GoalRow,
  PersonRow,
} from '@tidemark/drizzle/rows.ts'
import { alertChannel, alertRule, alertRuleChannel } from '@tidemark/drizzle/tables/alert.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type KnownGoal = {
  readonly row: GoalRow
  readonly key: string
  readonly milestones: readonly GoalMilestoneRow[]
  /** Without those that were dropped. */
  readonly actions: readonly GoalActionRow[]
  /** Their uuids, in order. */
  readonly followers: readonly string[]
}

export type KnownRule = {
  readonly row: AlertRuleRow
  readonly key: string
  /** The names of where it is sent to, in order. */
  readonly channels: readonly string[]
  /** True for a rule on a goal that is closed: nothing happens to it any more. */
  readonly isOver: boolean
}

export type CodeBooks = {
  /** In the order in which they were made. */
  readonly goals: readonly KnownGoal[]
  /** Likewise, without deleted ones. */
  readonly rules: readonly KnownRule[]
  /** By name, without deleted ones. */
  readonly channels: readonly AlertChannelRow[]
  readonly people: readonly PersonRow[]
  /** The organization's. */
  readonly conventions: Conventions
  /** Those that goals and rules are about, and those of the numbers that were asked for. */
  readonly customers: readonly Pick<CustomerRow, 'id' | 'number'>[]
}

/** `numbers`: of customers that a file names. */
export async function readCodeBooks(
  tx: Tx,
  organizationId: string,
  numbers: readonly string[] = [],
): Promise<CodeBooks> {
  const rows = await tx.select().from(goal).where(eq(goal.organizationId, organizationId)).orderBy(goal.id)
  const ids = rows.filter(({ state }) => state !== 'CLOSED').map(({ id }) => id)
  const [people, milestones, actions, followers, rules, channels, sentTo, conventions] = await Promise.all([
    tx
      .select()
      .from(person)
      .where(and(eq(person.organizationId, organizationId)))
      .orderBy(person.id),
    readMilestones(tx, organizationId, ids),
    readActions(tx, organizationId, ids),
    readFollowers(tx, organizationId, ids),
    tx
      .select()
      .from(alertRule)
      .where(and(eq(alertRule.organizationId, organizationId), isNull(alertRule.deletedAt)))
      .orderBy(alertRule.id),
    tx
      .select()
      .from(alertChannel)
      .where(and(eq(alertChannel.organizationId, organizationId), isNull(alertChannel.deletedAt)))
      .orderBy(alertChannel.name),
    tx.select().from(alertRuleChannel).where(eq(alertRuleChannel.organizationId, organizationId)),
    readUsualConventions(tx, organizationId),
  ])
  const goals = rows.map((row) => ({
    row,
    key: keyOf(row, 'goal'),
    milestones: milestones.get(row.id) ?? [],
    actions: (actions.get(row.id) ?? []).filter(({ state }) => state !== 'DROPPED'),
    followers: (followers.get(row.id) ?? []).map(({ id }) => id).toSorted(),
  }))
  const closed = new Set(rows.filter(({ state }) => state === 'CLOSED').map(({ id }) => id))
  const sent = Map.groupBy(sentTo, ({ ruleId }) => ruleId)
  const known = rules.map((row): KnownRule => {
    const ids = new Set(sent.get(row.id)?.map(({ channelId }) => channelId))
    return {
      row,
      key: keyOf(row, 'rule'),
      channels: channels.filter(({ id }) => ids.has(id)).map(({ name }) => name),
      isOver: row.goalId !== null && closed.has(row.goalId),
    }
  })
  const named = [...rows, ...rules].flatMap(
    ({ filter }) => (filter as SegmentFilter | null)?.customerId ?? [],
  )
  const customers = await readNamedCustomers(tx, organizationId, { ids: [...new Set(named)], numbers })
  return { goals, rules: known, channels, people, conventions, customers }
}

type NamedCustomers = { readonly ids: readonly string[]; readonly numbers: readonly string[] }

const readNamedCustomers = async (
  tx: Tx,
  organizationId: string,
  { ids, numbers }: NamedCustomers,
): Promise<CodeBooks['customers']> =>
  ids.length + numbers.length === 0
    ? []
    : tx
        .select({ id: customer.id, number: customer.number })
        .from(customer)
        .where(
          and(
            eq(customer.organizationId, organizationId),
            or(inArray(customer.id, [...ids]), inArray(customer.number, [...numbers])),
          ),
        )
        .orderBy(customer.id)

const KEY_WORDS_LENGTH_MAX = 60
/** The last digits of a uuid of version 7 are random. */
const TAIL_LENGTH = 8

/** What has a key of its own once a file has made it. */
type Keyed = Pick<GoalRow, 'key' | 'name' | 'id'>

/**
 * Its key. What came from no file is named by its name and the end of its id; by that end it is found again, also under
 * another name.
 */
export function keyOf({ key, name, id }: Keyed, noun: 'goal' | 'rule'): string {
  if (key !== null) return key
  const words = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, KEY_WORDS_LENGTH_MAX)
    .replaceAll(/^-|-$/g, '')
  return `${words === '' ? noun : words}-${id.slice(-TAIL_LENGTH)}`
}

export const findKnown = <Known extends { readonly row: Keyed }>(
  known: readonly Known[],
  key: string,
): Known | null =>
  known.find((one) => one.row.key === key) ??
  known.find(({ row }) => row.key === null && key.endsWith(`-${row.id.slice(-TAIL_LENGTH)}`)) ??
  null

/** By e-mail, else by a name that is theirs alone; null for nobody. */
export function findPerson(people: readonly PersonRow[], text: string): PersonRow | null {
  const wanted = text.trim().toLowerCase()
  const byEmail = people.find(({ email }) => email?.toLowerCase() === wanted)
  if (byEmail !== undefined) return byEmail
  const named = people.filter(({ name, id }) => name.toLowerCase() === wanted || id === wanted)
  return named.length === 1 ? (named[0] ?? null) : null
}

/** As `findPerson` finds them again. */
export function personInCode(people: readonly PersonRow[], id: string): string {
  const found = people.find((one) => one.id === id)
  if (found === undefined) return id
  if (found.email !== null) return found.email
  return findPerson(people, found.name)?.id === id ? found.name : id
}
