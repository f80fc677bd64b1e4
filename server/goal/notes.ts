/** Notes on goals. */
import { and, eq } from 'drizzle-orm'
import { runCommand, type CommandContext } from '../command.ts'
import { decodeId, newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { conflict, invalid, isProblem, notFound, type Path, type Problem } from '../problem.ts'
import { SENTENCE_LENGTH_MAX } from '../text.ts'
import type { AddGoalNoteInput, UpdateGoalNoteInput } from '../schema.generated.ts'
import { findGoalForUpdate, type GoalChanged } from './change.ts'
import { nameOf } from './changes.ts'
import type { GoalNoteRow } from '@tidemark/drizzle/rows.ts'
import { goalNote } from '@tidemark/drizzle/tables/goal.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Also on a goal that is closed: what was learnt is often known later. */
export async function addGoalNote(
  context: CommandContext,
  input: AddGoalNoteInput,
): Promise<GoalChanged | Problem> {
  const { organization, actor, now } = context
  const said = checkText(input.text, ['text'])
  if (isProblem(said)) return said
  return runCommand(context, { action: 'addGoalNote', input }, async (tx) => {
    const goal = await findGoalForUpdate(tx, organization.id, input.goal, ['goal'])
    if (isProblem(goal)) return goal
    const note = { organizationId: organization.id, goalId: goal.id, id: newUuid(), ...said }
    await tx.insert(goalNote).values({ ...note, author: actor, writtenAt: now })
    const after = { id: note.id, ...said }
    const audit = await writeAudit(tx, context, { action: 'addGoalNote', subject: goal.id, after })
    return { goalId: goal.id, audit }
  })
}

export async function updateGoalNote(
  context: CommandContext,
  input: UpdateGoalNoteInput,
): Promise<GoalChanged | Problem> {
  const { organization, actor, now } = context
  const said = checkText(input.text, ['text'])
  if (isProblem(said)) return said
  return runCommand(context, { action: 'updateGoalNote', input }, async (tx) => {
    const row = await lockNote(tx, organization.id, input)
    if (isProblem(row)) return row
    if (row.text === said.text) return invalid(['text'], 'It says that already')
    const { id, goalId } = row
    await tx
      .update(goalNote)
      .set({ ...said, changedAt: now, changedBy: actor, version: row.version + 1 })
      .where(and(eq(goalNote.organizationId, organization.id), eq(goalNote.id, id)))
    const audit = await writeAudit(tx, context, {
      action: 'updateGoalNote',
      subject: goalId,
      before: { id, text: row.text },
      after: { id, ...said },
    })
    return { goalId, audit }
  })
}

/** Unlike a name it keeps its lines. */
function checkText(input: string, path: Path): { readonly text: string } | Problem {
  const text = input.trim()
  if (text === '' || text.length > SENTENCE_LENGTH_MAX) {
    return invalid(path, `A note has 1 to ${SENTENCE_LENGTH_MAX} characters`)
  }
  return /[^\P{Cc}\n\t]/u.test(text) ? invalid(path, 'It has characters that cannot be seen') : { text }
}

/** The note as it stays until the end of the transaction, or why it cannot be changed as it was seen. */
async function lockNote(
  tx: Tx,
  organizationId: string,
  { note, expectedVersion }: UpdateGoalNoteInput,
): Promise<GoalNoteRow | Problem> {
  const uuid = decodeId('goalNote', note)
  const [row] =
    uuid === null
      ? []
      : await tx
          .select()
          .from(goalNote)
          .where(and(eq(goalNote.organizationId, organizationId), eq(goalNote.id, uuid)))
          .for('update')
  if (row === undefined) return notFound(['note'], 'There is no note with this id')
  if (row.version === expectedVersion) return row
  const who = await nameOf(tx, organizationId, row.changedBy ?? row.author)
  return conflict(['expectedVersion'], `The note is at version ${row.version} by now: ${who} wrote it anew`)
}
