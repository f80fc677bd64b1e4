/** The goals that a file is compared with, and how goals and people are named in it. */
import { and, eq } from 'drizzle-orm'
import { readMilestones } from '../live/milestones.ts'
import { readFollowers } from './followers.ts'
import { readActions } from './plan.ts'
import type { GoalActionRow, GoalMilestoneRow, GoalRow, PersonRow } from '@tidemark/drizzle/rows.ts'
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

export type CodeBooks = {
  /** In the order in which they were made. */
  readonly goals: readonly KnownGoal[]
  readonly people: readonly PersonRow[]
}

export async function readCodeBooks(tx: Tx, organizationId: string): Promise<CodeBooks> {
  const rows = await tx.select().from(goal).where(eq(goal.organizationId, organizationId)).orderBy(goal.id)
  const ids = rows.filter(({ state }) => state !== 'CLOSED').map(({ id }) => id)
  const [people, milestones, actions, followers] = await Promise.all([
    tx
      .select()
      .from(person)
      .where(and(eq(person.organizationId, organizationId)))
      .orderBy(person.id),
    readMilestones(tx, organizationId, ids),
    readActions(tx, organizationId, ids),
    readFollowers(tx, organizationId, ids),
  ])
  const goals = rows.map((row) => ({
    row,
    key: keyOf(row),
    milestones: milestones.get(row.id) ?? [],
    actions: (actions.get(row.id) ?? []).filter(({ state }) => state !== 'DROPPED'),
    followers: (followers.get(row.id) ?? []).map(({ id }) => id).toSorted(),
  }))
  return { goals, people }
}

const KEY_WORDS_LENGTH_MAX = 60
/** The last digits of a uuid of version 7 are random. */
const TAIL_LENGTH = 8

/**
 * Its key. A goal that came from no file is named by its name and the end of its id; by that end it is found again, also
 * under another name.
 */
export function keyOf({ key, name, id }: Pick<GoalRow, 'key' | 'name' | 'id'>): string {
  if (key !== null) return key
  const words = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, KEY_WORDS_LENGTH_MAX)
    .replaceAll(/^-|-$/g, '')
  return `${words === '' ? 'goal' : words}-${id.slice(-TAIL_LENGTH)}`
}

export const findKnown = (goals: readonly KnownGoal[], key: string): KnownGoal | null =>
  goals.find((one) => one.row.key === key) ??
  goals.find(({ row }) => row.key === null && key.endsWith(`-${row.id.slice(-TAIL_LENGTH)}`)) ??
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
