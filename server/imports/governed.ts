/** Rows that would change what the authority matrix lets nobody change alone: later due dates, and other amounts. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { gateMany, type Proposal } from '../authority/gate.ts'
import { readMatrix } from '../authority/matrix.ts'
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { rulesOf, type AuthorityMatrix } from '../domain/authority.ts'
import { dayOf, formatDay, type Day } from '../domain/day.ts'
import { formatMinor } from '../domain/money.ts'
import { isProblem } from '../problem.ts'
import type { RowProblem } from './cells.ts'
import type { DifferingRow } from './differing.ts'
import type { RowReader } from './rows.ts'

/** What is wrong with rows that change the books, as far as authority goes; asked for each batch of them. */
export type AskAuthority = (rows: readonly DifferingRow[]) => Promise<readonly RowProblem[]>

/**
 * A file is no way round the matrix: what whoever imports may not decide alone is for a person to ask for, row by row. What
 * may be is noted with what it adds up to; of a row that is rejected for one of its two changes the other counts as well.
 */
export async function askAuthority(
  tx: Tx,
  context: CommandContext,
  reader: RowReader,
): Promise<AskAuthority> {
  const matrix = await readMatrix(tx, context.organization.id, dayOf(todayOf(context)))
  const isGoverned = rulesOf(matrix, 'RE_DATE').length > 0 || rulesOf(matrix, 'ADJUSTMENT').length > 0
  return isGoverned ? (rows) => problemsOf(tx, context, { reader, matrix, rows }) : () => Promise.resolve([])
}

type Asked = {
  readonly reader: RowReader
  readonly matrix: AuthorityMatrix
  readonly rows: readonly DifferingRow[]
}

async function problemsOf(
  tx: Tx,
  context: CommandContext,
  { reader, matrix, rows }: Asked,
): Promise<readonly RowProblem[]> {
  const firstDueDays = await readFirstDueDays(tx, context.organization.id, rows.filter(isLater))
  const proposals = rows.flatMap((row) => [
    ...(isLater(row) ? [later(row, firstDueDays.get(row.invoiceId) ?? row.booked.dueOn)] : []),
    ...(row.changes.correctBy === 0n ? [] : [adjustment(row)]),
  ])
  // As a dry run it says who would have to be asked, and asks nobody.
  const command = { action: 'importInvoices', input: {} }
  const passed = await gateMany(tx, context, { command, matrix, proposals, dryRun: true, partial: true })
  if (isProblem(passed)) throw new Error(passed.message)
  return proposals
    .filter(({ row }) => passed.held.has(row))
    .map(({ row, action, before, after }) => ({
      line: row,
      column: reader.columnOf(action === 'RE_DATE' ? 'dueOn' : 'amount'),
      reason: `changed from ${before} to ${after}, which needs an approval: ask for it by ${WAYS[action] ?? action}`,
    }))
}

const WAYS: Partial<Record<Proposal['action'], string>> = {
  RE_DATE: 'reDateInvoice',
  ADJUSTMENT: 'adjustInvoice',
}

const isLater = ({ booked, changes }: DifferingRow): boolean =>
  changes.reDateTo !== null && changes.reDateTo > booked.dueOn

/** As `reDateInvoice` asks. */
function later({ line, booked, changes, told }: DifferingRow, firstDueOn: Day): Proposal {
  const dueOn = changes.reDateTo ?? booked.dueOn
  return {
    row: line,
    action: 'RE_DATE',
    customerId: customerOf(booked),
    subject: booked.number,
    before: formatDay(booked.dueOn),
    after: formatDay(dueOn),
    from: null,
    to: { minor: booked.balance, currency: told.combination.currency },
    days: Math.max(1, dueOn - firstDueOn),
  }
}

function adjustment({ line, booked, changes: { correctBy }, told }: DifferingRow): Proposal {
  const { currency } = booked.combination
  return {
    row: line,
    action: 'ADJUSTMENT',
    customerId: customerOf(booked),
    subject: booked.number,
    before: formatMinor({ minor: booked.amount, currency }),
    after: formatMinor({ minor: told.amount, currency }),
    from: null,
    to: { minor: correctBy < 0n ? -correctBy : correctBy, currency },
  }
}

function customerOf({ number, customerId }: DifferingRow['booked']): string {
  if (customerId === null) throw new Error(`Invoice ${number} of the books has no customer`)
  return customerId
}

/** By invoice: when it was to be paid as it was billed. One of several installments is never re-dated here. */
async function readFirstDueDays(
  { sql }: Tx,
  organizationId: string,
  rows: readonly DifferingRow[],
): Promise<ReadonlyMap<string, Day>> {
  if (rows.length === 0) return new Map()
  const found = await sql<{ id: string; dueOn: Day }[]>`
    select item_id as id, due_on - date '1970-01-01' as "dueOn" from ledger_entry
    where organization_id = ${organizationId} and sequence = 1
      and item_id = any(${arrayOf(rows.map(({ invoiceId }) => invoiceId))}::uuid[])`
  return new Map(found.map(({ id, dueOn }) => [id, dueOn]))
}
