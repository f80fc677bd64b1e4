/** Who follows a goal. */
import { and, asc, eq, inArray } from 'drizzle-orm'
import { goalFollower } from '@tidemark/drizzle/tables/goal.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type { PersonRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** By goal, in the order of their names. */
export async function readFollowers(
  tx: Tx,
  organizationId: string,
  goalIds: readonly string[],
): Promise<ReadonlyMap<string, readonly PersonRow[]>> {
  const rows = await tx
    .select({ goalId: goalFollower.goalId, person })
    .from(goalFollower)
    .innerJoin(
      person,
      and(eq(person.organizationId, goalFollower.organizationId), eq(person.id, goalFollower.personId)),
    )
    .where(and(eq(goalFollower.organizationId, organizationId), inArray(goalFollower.goalId, [...goalIds])))
    .orderBy(asc(person.name), asc(person.id))
  const byGoal = Map.groupBy(rows, ({ goalId }) => goalId)
  return new Map([...byGoal].map(([goalId, found]) => [goalId, found.map((row) => row.person)]))
}

type Followed = { readonly organizationId: string; readonly goalId: string }

/** From now on these, and nobody else. */
export async function writeFollowers(
  tx: Tx,
  { organizationId, goalId }: Followed,
  personIds: readonly string[],
): Promise<void> {
  await tx
    .delete(goalFollower)
    .where(and(eq(goalFollower.organizationId, organizationId), eq(goalFollower.goalId, goalId)))
  if (personIds.length === 0) return
  await tx.insert(goalFollower).values(personIds.map((personId) => ({ organizationId, goalId, personId })))
}
