/** What was changed of goals: read, and told to whoever saw an older version. */
import { and, asc, desc, eq, gt, inArray } from 'drizzle-orm'
import { inWords } from '../domain/goal-words.ts'
import { dateAt } from '../domain/calendar.ts'
import type { Loaders } from '../loaders.ts'
import type { GoalField } from '../schema.generated.ts'
import { apiToken } from '@tidemark/drizzle/tables/access.ts'
import { goalChange } from '@tidemark/drizzle/tables/goal.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type { GoalChangeRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** One field, as text; people by their ids, so that they can be erased. */
export type FieldChange = {
  readonly field: GoalField
  readonly from: string | null
  readonly to: string | null
}

/** A row with the type that its `fields` were written as. */
export type ChangeRow = Omit<GoalChangeRow, 'fields'> & { readonly fields: readonly FieldChange[] }

/** Those of some goals, newest first. */
export async function readChanges(
  tx: Tx,
  organizationId: string,
  goalIds: readonly string[],
): Promise<ReadonlyMap<string, readonly ChangeRow[]>> {
  const rows = await tx
    .select()
    .from(goalChange)
    .where(and(eq(goalChange.organizationId, organizationId), inArray(goalChange.goalId, [...goalIds])))
    .orderBy(asc(goalChange.goalId), desc(goalChange.version))
  return Map.groupBy(rows.map(typed), ({ goalId }) => goalId)
}

const typed = (row: GoalChangeRow): ChangeRow => ({ ...row, fields: row.fields as readonly FieldChange[] })

/** As many of the later changes as a sentence tells. */
const TOLD_MAX = 3

/**
 * "Since version 2, Ann Lee changed the target from 40 to 35 on 1 Jul 2026": what whoever saw `version` does not know.
 */
export async function changesInWords(
  tx: Tx,
  organization: { readonly id: string; readonly timeZone: string },
  { goalId, version }: { readonly goalId: string; readonly version: number },
): Promise<string> {
  const rows = await tx
    .select()
    .from(goalChange)
    .where(
      and(
        eq(goalChange.organizationId, organization.id),
        eq(goalChange.goalId, goalId),
        gt(goalChange.version, version),
      ),
    )
    .orderBy(desc(goalChange.version))
  const told = await Promise.all(
    rows.slice(0, TOLD_MAX).map(async (row) => {
      const who = await nameOf(tx, organization.id, row.actor)
      const what = typed(row).fields.map(fieldInWords).join(' and ')
      return `${who} changed ${what} on ${inWords(dateAt(row.recordedAt, organization.timeZone))}`
    }),
  )
  const more = rows.length - told.length
  return [...told, ...(more > 0 ? [`${more} more before that`] : [])].join('; ')
}

/** Told as the ids of people, apart from each other by a space. */
export const PEOPLE: ReadonlySet<GoalField> = new Set(['OWNER', 'REVIEWER', 'FOLLOWERS'])

/** A side of a change as people read it: people and goals by their names of today. */
export async function shownOf(
  field: GoalField,
  text: string | null,
  { person: people, goal: goals }: Pick<Loaders, 'person' | 'goal'>,
): Promise<string | null> {
  if (text !== null && field === 'PARENT') return (await goals.load(text))?.name ?? 'unknown goal'
  if (text === null || !PEOPLE.has(field)) return text
  const rows = await Promise.all(text.split(' ').map((id) => people.load(id)))
  return rows.map((row) => row?.name ?? 'unknown person').join(', ')
}

const fieldInWords = ({ field, from, to }: FieldChange): string => {
  const name = `the ${field.toLowerCase().replaceAll('_', ' ')}`
  if (PEOPLE.has(field) || field === 'PARENT') return name
  return from === null ? `${name} to ${to}` : `${name} from ${from} to ${to ?? 'nothing'}`
}

/** Commands have no loaders: their view is that of the rows they lock. */
export async function nameOf(tx: Tx, organizationId: string, actor: string): Promise<string> {
  const [kind, id = ''] = actor.split(':')
  const table = kind === 'member' ? person : kind === 'token' ? apiToken : null
  if (table === null) return actor === 'terminal' ? 'The command line' : 'Tidemark'
  const [row] = await tx
    .select({ name: table.name })
    .from(table)
    .where(and(eq(table.organizationId, organizationId), eq(table.id, id)))
  return row?.name ?? 'Somebody'
}
