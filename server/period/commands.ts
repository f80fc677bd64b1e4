/** Closing months, and opening them again. */
import postgres from 'postgres'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dateOf, dayOf, formatDay, isPlausible, type Day } from '../domain/day.ts'
import { writeAudit } from '../ledger/audit.ts'
import { closingLock, readClosing } from '../ledger/closing.ts'
import { conflict, implausible, invalid, isProblem, type Problem } from '../problem.ts'
import type { ClosePeriodInput, ReopenPeriodInput } from '../schema.generated.ts'
import { readRequiredText, readText, SENTENCE_LENGTH_MAX } from '../text.ts'
import { inSavepoint, type Tx } from '@tidemark/drizzle/transaction.ts'

/** Up to when the books are closed, and were before. */
export type ClosingMoved<Previous = Day | null> = Audited & {
  readonly closedThrough: Day
  readonly previous: Previous
}

/** Closes the months up to the end of one that is over. */
export async function closePeriod(
  context: CommandContext,
  input: ClosePeriodInput,
): Promise<ClosingMoved | Problem> {
  const { through } = input
  if (!isPlausible(through)) return implausible(['through'], through)
  if (through.day !== through.daysInMonth) {
    const end = through.with({ day: through.daysInMonth }).toString()
    return invalid(['through'], `${through.toString()} is no month's end; that of its month is ${end}`)
  }
  const closedThrough = dayOf(through)
  if (closedThrough >= dayOf(todayOf(context)))
    return invalid(['through'], `The month of ${through.toString()} is not over`)
  const reason = readText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  return runCommand(context, { action: 'closePeriod', input }, async (tx) => {
    const previous = await holdAlone(tx, context)
    if (isProblem(previous)) return previous
    if (previous !== null && previous >= closedThrough)
      return invalid(['through'], `The books are closed through ${formatDay(previous)} already`)
    return { ...(await write(tx, context, 'closePeriod', closedThrough, previous, reason.text)), previous }
  })
}

/** Opens a closed month and all after it. */
export async function reopenPeriod(
  context: CommandContext,
  input: ReopenPeriodInput,
): Promise<ClosingMoved<Day> | Problem> {
  const { from } = input
  if (!isPlausible(from)) return implausible(['from'], from)
  if (from.day !== 1) {
    const first = from.with({ day: 1 }).toString()
    return invalid(['from'], `${from.toString()} is no month's first day; that of its month is ${first}`)
  }
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  return runCommand(context, { action: 'reopenPeriod', input }, async (tx) => {
    const previous = await holdAlone(tx, context)
    if (isProblem(previous)) return previous
    if (previous === null || previous < dayOf(from)) {
      const state =
        previous === null ? 'Nothing is closed' : `The books are closed through ${formatDay(previous)}`
      return invalid(['from'], `${state}, so ${from.toString()} is open`)
    }
    return { ...(await write(tx, context, 'reopenPeriod', dayOf(from) - 1, previous, reason.text)), previous }
  })
}

const LOCK_WAIT_MS_MAX = 3_000
const LOCK_NOT_AVAILABLE = '55P03'

/**
 * Waits for the postings under way and lets no other begin until the transaction ends; gives what is closed by then. A
 * problem where a posting takes long, such as an import: those that come meanwhile wait behind this one.
 */
async function holdAlone(tx: Tx, { organization }: CommandContext): Promise<Day | null | Problem> {
  try {
    await inSavepoint(tx, async (inner) => {
      await inner.sql`select set_config('lock_timeout', ${String(LOCK_WAIT_MS_MAX)}, true)`
      await inner.sql`select pg_advisory_xact_lock(hashtextextended(${closingLock(organization.id)}, 0))`
    })
  } catch (error) {
    if (!(error instanceof postgres.PostgresError) || error.code !== LOCK_NOT_AVAILABLE) throw error
    return conflict(
      [],
      'Something is being posted that takes long, such as an import. Try again when it is done',
    )
  }
  return (await readClosing(tx, organization.id)).closedThrough
}

async function write(
  tx: Tx,
  context: CommandContext,
  action: 'closePeriod' | 'reopenPeriod',
  closedThrough: Day,
  previous: Day | null,
  reason: string | null,
): Promise<Audited & { readonly closedThrough: Day }> {
  const { organization } = context
  await tx.sql`
    insert into book_closing (organization_id, closed_through) values (${organization.id}, ${formatDay(closedThrough)})
    on conflict (organization_id) do update set closed_through = excluded.closed_through`
  const audit = await writeAudit(tx, context, {
    action,
    subject: organization.id,
    before: { closedThrough: previous === null ? null : dateOf(previous).toString() },
    after: { closedThrough: dateOf(closedThrough).toString() },
    reason,
  })
  return { closedThrough, audit }
}
