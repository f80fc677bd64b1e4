import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, formatDay } from '../domain/day.ts'
import { writeAudit } from '../ledger/audit.ts'
import { holdClosing } from '../ledger/closing.ts'
import { findInvoices } from '../ledger/find.ts'
import type { Item } from '../ledger/histories.ts'
import { lockItem } from '../ledger/lock-credit.ts'
import { post } from '../ledger/post.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import type { MoveInvoiceInput } from '../schema.generated.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { readChanges } from './changes.ts'
import { movesOf, readFrom, tooEarly } from './moves.ts'

export type InvoicePlaced = Audited & { readonly invoiceId: string; readonly itemsMoved: number }

/** Moves an invoice, and what is disputed of it, to other segments from a day on. */
export async function moveInvoice(
  context: CommandContext,
  input: MoveInvoiceInput,
): Promise<InvoicePlaced | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  return runCommand(context, { action: 'moveInvoice', input }, (tx) =>
    writeMove(tx, context, input, reason.text),
  )
}

async function writeMove(
  tx: Tx,
  context: CommandContext,
  input: MoveInvoiceInput,
  reason: string,
): Promise<InvoicePlaced | Problem> {
  const { organization } = context
  const from = readFrom(input.from, dayOf(todayOf(context)), await holdClosing(tx, organization.id))
  if (isProblem(from)) return from
  const changes = await readChanges(tx, organization.id, input)
  if (isProblem(changes)) return changes
  const found = await findInvoices(tx, organization.id, [input.invoice], () => ['invoice'])
  if (isProblem(found)) return found
  const [row] = found
  if (row === undefined) throw new Error('An invoice was found and is not there')
  const held = await lockItem(tx, organization.id, 'INVOICE', row.id)
  if (held === null) throw new Error(`Invoice ${row.id} is no item`)
  const { item, locked } = held
  if (changes.productLine !== undefined && item.shares.length > 1) {
    const path = changes.productLine === null ? ['none'] : ['productLine']
    return invalid(path, `Invoice ${row.number} is over ${item.shares.length} product lines`)
  }
  const lastMove = Math.max(...[...locked.values()].flatMap(daysOfMoves))
  if (lastMove > from) return tooEarly(lastMove)
  const move = { from, changes, reason, targets: new Map<number, number>() }
  const entries = await movesOf(tx, organization.id, [...locked.values()], move)
  const audit = await writeAudit(tx, context, {
    action: 'moveInvoice',
    subject: row.id,
    after: { number: row.number, ...changes, from: formatDay(from) },
    reason,
  })
  if (entries.length > 0) await post(tx, organization.id, audit, { locked, entries })
  const itemsMoved = new Set(entries.map(({ itemId }) => itemId)).size
  return { invoiceId: row.id, itemsMoved, audit }
}

const daysOfMoves = ({ entries }: Item) =>
  entries.flatMap(({ kind, effectiveOn }) => (kind === 'MOVED' ? [effectiveOn] : []))
