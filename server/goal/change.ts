/** How every change of a goal is made: under its lock, on the version that was seen, and kept. */
import { and, eq } from 'drizzle-orm'
import { runCommand, type Audited, type Command, type CommandContext } from '../command.ts'
import { decodeId } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { conflict, isProblem, notFound, type Problem } from '../problem.ts'
import { changesInWords, type FieldChange } from './changes.ts'
import type { GoalField } from '../schema.generated.ts'
import type { GoalRow } from '@tidemark/drizzle/rows.ts'
import { goal, goalChange } from '@tidemark/drizzle/tables/goal.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type GoalChanged = Audited & { readonly goalId: string }

export type ChangeInput = Command['input'] & { readonly goal: string; readonly expectedVersion: number }

/** What becomes of the row, how it is told, and why. */
export type Change = {
  readonly set: Partial<Omit<GoalRow, 'organizationId' | 'id' | 'version' | 'createdAt'>>
  readonly fields: readonly FieldChange[]
  readonly reason: string | null
  /** Writes what stands in other tables. */
  readonly also?: (tx: Tx) => Promise<void>
}

/** `decide` sees the goal as it stays until the end of the transaction. */
export const changeGoal = (
  context: CommandContext,
  action: string,
  input: ChangeInput,
  decide: (tx: Tx, row: GoalRow) => Change | Problem | Promise<Change | Problem>,
): Promise<GoalChanged | Problem> =>
  runCommand(context, { action, input }, (tx) => changeWithin(tx, context, { action, input }, decide))

/** What a command writes once it has a transaction: for those that do several things or nothing. */
export type GoalWork = (tx: Tx) => Promise<GoalChanged | Problem>

export async function changeWithin(
  tx: Tx,
  context: CommandContext,
  { action, input }: { readonly action: string; readonly input: ChangeInput },
  decide: (tx: Tx, row: GoalRow) => Change | Problem | Promise<Change | Problem>,
): Promise<GoalChanged | Problem> {
  const row = await lockGoal(tx, context, input)
  if (isProblem(row)) return row
  const change = await decide(tx, row)
  if (isProblem(change)) return change
  return writeChange(tx, context, { action, row, change })
}

/** The goal, or why it cannot be changed as it was seen. */
async function lockGoal(
  tx: Tx,
  { organization }: CommandContext,
  { goal: id, expectedVersion }: ChangeInput,
): Promise<GoalRow | Problem> {
  const row = await findGoalForUpdate(tx, organization.id, id, ['goal'])
  if (isProblem(row) || row.version === expectedVersion) return row
  const seen = { goalId: row.id, version: expectedVersion }
  const told = await changesInWords(tx, organization, seen)
  const by =
    told === '' ? `you saw version ${expectedVersion}, which there never was` : `since you saw it, ${told}`
  return conflict(['expectedVersion'], `The goal is at version ${row.version} by now: ${by}`)
}

/** Locked until the end of the transaction. */
export async function findGoalForUpdate(
  tx: Tx,
  organizationId: string,
  id: string,
  path: readonly string[],
): Promise<GoalRow | Problem> {
  const uuid = decodeId('goal', id)
  const [row] =
    uuid === null
      ? []
      : await tx
          .select()
          .from(goal)
          .where(and(eq(goal.organizationId, organizationId), eq(goal.id, uuid)))
          // Not `update`: whoever puts another goal below it need not wait.
          .for('no key update')
  return row ?? notFound(path, `There is no goal with id ${id}`)
}

/** What was told of the status before says nothing of what is aimed for since. */
const AIMS: ReadonlySet<GoalField> = new Set(['TARGET', 'BAND', 'DEADLINE', 'TRAJECTORY', 'MILESTONES'])

async function writeChange(
  tx: Tx,
  context: CommandContext,
  { action, row, change }: { readonly action: string; readonly row: GoalRow; readonly change: Change },
): Promise<GoalChanged> {
  const { organization, actor } = context
  const { set, fields, reason, also } = change
  const version = row.version + 1
  const kept = { organizationId: organization.id, goalId: row.id, version }
  await tx.insert(goalChange).values({ ...kept, actor, reason, fields, recordedAt: context.now })
  await tx
    .update(goal)
    .set({ ...set, version, ...(fields.some(({ field }) => AIMS.has(field)) ? { aimVersion: version } : {}) })
    .where(and(eq(goal.organizationId, organization.id), eq(goal.id, row.id)))
  await also?.(tx)
  const sideOf = (side: 'from' | 'to') =>
    Object.fromEntries(fields.map((field) => [field.field, field[side]]))
  const audit = await writeAudit(tx, context, {
    action,
    subject: row.id,
    before: { version: row.version, ...sideOf('from') },
    after: { version, ...sideOf('to') },
    reason,
  })
  return { goalId: row.id, audit }
}
