/**
 * Closed months: nothing is posted with an accounting date in one of them. Every command that posts asks here, and so
 * does an import.
 */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { dateOf, dayOf, formatDay, isPlausible, type Day } from '../domain/day.ts'
import { implausible, invalid, type Path, type Problem } from '../problem.ts'

/** Up to which day the books are closed; null where nothing ever was. */
export type Closing = { readonly closedThrough: Day | null }

/**
 * Reads what is closed and keeps it so until the transaction ends: closing waits for the postings under way, and
 * postings that come later wait for the closing. Call it before anything is locked, so that nobody waits in a circle.
 */
export async function holdClosing(tx: Tx, organizationId: string): Promise<Closing> {
  const [, closing] = await Promise.all([shareClosing(tx, organizationId), readClosing(tx, organizationId)])
  return closing
}

/**
 * The first half of `holdClosing`, sent at once: a statement that comes after it sees what was closed while this one
 * waited. A lock in memory and none on the row: each posting would write a row lock, and before the first closing there
 * is no row.
 */
export const shareClosing = ({ sql }: Tx, organizationId: string): Promise<unknown> =>
  sql`select pg_advisory_xact_lock_shared(hashtextextended(${closingLock(organizationId)}, 0))`.execute()

/** What is closed at the moment, for whoever posts nothing. */
export async function readClosing(tx: Tx, organizationId: string): Promise<Closing> {
  const [row] = await tx.sql<{ closed_through: Day }[]>`
    select closed_through - date '1970-01-01' as closed_through from book_closing
    where organization_id = ${organizationId}`
  return { closedThrough: row?.closed_through ?? null }
}

/** What `holdClosing` shares and whoever closes or reopens has alone. */
export const closingLock = (organizationId: string): string => `closing ${organizationId}`

export const isClosed = ({ closedThrough }: Closing, day: Day): boolean =>
  closedThrough !== null && day <= closedThrough

/** A movement's dates, as its input has them. */
export type MovementDates = {
  /** The day on which it happened, and its field. */
  readonly occurredOn: Day
  readonly path: Path
  /** The accounting date, where the caller gave one. */
  readonly effectiveOn: Temporal.PlainDate | null | undefined
  readonly today: Day
}

/** The accounting date: `effectiveOn`, else the day on which it happened. A problem where it lies in a closed month. */
export function accountingDay(closing: Closing, dates: MovementDates): Day | Problem {
  const { occurredOn, effectiveOn, today } = dates
  if (!effectiveOn) return openDay(closing, occurredOn, dates.path, 'effectiveOn')
  const path = ['effectiveOn']
  if (!isPlausible(effectiveOn)) return implausible(path, effectiveOn)
  const day = dayOf(effectiveOn)
  if (day > today) return invalid(path, `${effectiveOn.toString()} lies after today`)
  if (day < occurredOn) {
    const message = `${effectiveOn.toString()} lies before ${formatDay(occurredOn)}, when it happened`
    return invalid(path, message)
  }
  return openDay(closing, day, path)
}

/** The day, or a problem where it lies in a closed month; `field` is where a later day can be given instead. */
export function openDay(closing: Closing, day: Day, path: Path, field?: 'effectiveOn'): Day | Problem {
  const { closedThrough } = closing
  if (closedThrough === null || day > closedThrough) return day
  const first = dateOf(closedThrough + 1).toString()
  const remedy = field
    ? `Give ${first}, the first open day, as \`${field}\`; ${formatDay(day)} stays the day on which it happened`
    : `The first open day is ${first}`
  const message = `${formatDay(day)} lies in a closed month: the books are closed through ${formatDay(closedThrough)}. ${remedy}`
  return invalid(path, message, 'CLOSED_PERIOD')
}
