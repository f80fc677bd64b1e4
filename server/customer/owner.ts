import { and, eq, isNull, sql } from 'drizzle-orm'
import { decodeId } from '../ids.ts'
import { notFound, type Path, type Problem } from '../problem.ts'
import type { PersonRow } from '@tidemark/drizzle/rows.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** The person of that id of the API; an erased one is not found. */
export async function findOwner(
  tx: Tx,
  organizationId: string,
  id: string,
  path: Path,
): Promise<PersonRow | Problem> {
  const uuid = decodeId('person', id)
  const [row] = await tx
    .select()
    .from(person)
    .where(
      and(
        eq(person.organizationId, organizationId),
        uuid === null ? sql`false` : eq(person.id, uuid),
        isNull(person.erasedAt),
      ),
    )
  return row ?? notFound(path, `There is no person with id ${id}`)
}
