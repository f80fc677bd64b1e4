/** Rows that would be posted into closed months. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { formatDay, type Day } from '../domain/day.ts'
import { isClosed, type Closing } from '../ledger/closing.ts'
import type { RowProblem } from './cells.ts'
import type { Changes } from './compare.ts'
import type { RowReader } from './rows.ts'
import { dropProblemRows } from './staging.ts'

const why = (day: Day, closedThrough: Day): string =>
  `${formatDay(day)} lies in a closed month: the books are closed through ${formatDay(closedThrough)}`

/** Rejects new invoices whose bill or whose payment lies in a closed month. */
export async function rejectClosed(tx: Tx, { closedThrough }: Closing, reader: RowReader): Promise<void> {
  if (closedThrough === null) return
  const through = formatDay(closedThrough)
  await tx.sql`
    insert into import_problem (line, "column", reason)
    select line, "column", format('%s lies in a closed month: the books are closed through %s', day, ${through}::text)
    from import_row r
    cross join lateral (values
      (${reader.columnOf('issuedOn')}::text, r.issued_on), (${reader.columnOf('settledOn')}::text, r.settled_on)
    ) as dated ("column", day)
    where day <= ${through}::date and not exists (select from import_match m where m.line = r.line)`
  await dropProblemRows(tx)
}

/** What of a row that changes an invoice of the books would be posted into a closed month. */
export function closedProblems(
  closing: Closing,
  line: number,
  { correctBy, settleOn }: Changes,
  issuedOn: Day,
  reader: RowReader,
): RowProblem[] {
  const { closedThrough } = closing
  if (closedThrough === null) return []
  const problems: RowProblem[] = []
  if (correctBy !== 0n && isClosed(closing, issuedOn)) {
    problems.push({ line, column: reader.columnOf('amount'), reason: why(issuedOn, closedThrough) })
  }
  if (settleOn !== null && isClosed(closing, settleOn)) {
    problems.push({ line, column: reader.columnOf('settledOn'), reason: why(settleOn, closedThrough) })
  }
  return problems
}
