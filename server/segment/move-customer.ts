import { and, eq } from 'drizzle-orm'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf, formatDay, type Day } from '../domain/day.ts'
import { writeAudit } from '../ledger/audit.ts'
import { holdClosing } from '../ledger/closing.ts'
import { findCustomer } from '../ledger/find.ts'
import { lockItems } from '../ledger/histories.ts'
import { post } from '../ledger/post.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import type { MoveCustomerInput } from '../schema.generated.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { readChanges } from './changes.ts'
import { movesOf, readFrom, tooEarly, type Move } from './moves.ts'

export type CustomerMoved = Audited & { readonly customerId: string; readonly itemsMoved: number }

const ITEMS_MAX = 100_000
/** Enough for one posting to sum up its flow well. */
const ITEMS_PER_POSTING = 2_500
const TIMEOUT_MS = 300_000

/**
 * Moves a customer to other segments from a day on, with all that it has: what happens from then on to an old invoice
 * happens in the new segment too. One transaction, so that no figure ever sees half of a customer moved.
 */
export async function moveCustomer(
  context: CommandContext,
  input: MoveCustomerInput,
): Promise<CustomerMoved | Problem> {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const productLine = input.none?.indexOf('PRODUCT_LINE') ?? -1
  if (productLine >= 0) {
    return invalid(['none', String(productLine)], 'A product line belongs to an invoice: use `moveInvoice`')
  }
  return runCommand(context, { action: 'moveCustomer', input, timeoutMs: TIMEOUT_MS }, (tx) =>
    writeMove(tx, context, input, reason.text),
  )
}

async function writeMove(
  tx: Tx,
  context: CommandContext,
  input: MoveCustomerInput,
  reason: string,
): Promise<CustomerMoved | Problem> {
  const { organization } = context
  const from = readFrom(input.from, dayOf(todayOf(context)), await holdClosing(tx, organization.id))
  if (isProblem(from)) return from
  const changes = await readChanges(tx, organization.id, input)
  if (isProblem(changes)) return changes
  const named = await findCustomer(tx, organization.id, input.customer, ['customer'])
  if (isProblem(named)) return named
  await lockItems(tx, organization.id, [named.id], [])
  // Read again under the lock: whoever waited for another move goes on from there.
  const row = await findCustomer(tx, organization.id, { number: named.number }, ['customer'])
  if (isProblem(row)) return row
  const { items, lastMove } = await readExtent(tx, organization.id, row.id)
  if (items > ITEMS_MAX) {
    return invalid(
      ['customer'],
      `Customer ${row.number} has ${items} items; at most ${ITEMS_MAX} move at once`,
    )
  }
  if (lastMove !== null && lastMove > from) return tooEarly(lastMove)
  const before = { businessUnit: row.businessUnit, region: row.region, channel: row.channel }
  const { collectorId = row.ownerId, productLine: _, ...dimensions } = changes
  const audit = await writeAudit(tx, context, {
    action: 'moveCustomer',
    subject: row.id,
    before: { ...before, collectorId: row.ownerId },
    after: { ...before, ...dimensions, collectorId, from: formatDay(from) },
    reason,
  })
  await tx
    .update(customer)
    .set({ ...dimensions, ownerId: collectorId, version: row.version + 1 })
    .where(and(eq(customer.organizationId, organization.id), eq(customer.id, row.id)))
  const move: Move = { from, changes, reason, targets: new Map() }
  let itemsMoved = 0
  for await (const ids of itemsOf(tx, organization.id, row.id)) {
    const locked = await lockItems(tx, organization.id, [], ids)
    const entries = await movesOf(tx, organization.id, [...locked.values()], move)
    if (entries.length > 0) await post(tx, organization.id, audit, { locked, entries })
    itemsMoved += new Set(entries.map(({ itemId }) => itemId)).size
  }
  return { customerId: row.id, itemsMoved, audit }
}

/** How many items the customer has, and when one of them was last moved. */
async function readExtent(
  tx: Tx,
  organizationId: string,
  customerId: string,
): Promise<{ items: number; lastMove: Day | null }> {
  const [row] = await tx.sql<{ items: number; last_move: Day | null }[]>`
    select count(*)::int as items, max((
        select max(e.effective_on) from ledger_entry e
        where e.organization_id = i.organization_id and e.item_id = i.id and e.kind = 'MOVED'
      )) - date '1970-01-01' as last_move
    from item i where i.organization_id = ${organizationId} and i.customer_id = ${customerId}`
  return { items: row?.items ?? 0, lastMove: row?.last_move ?? null }
}

/** The ids of the customer's items, batch by batch. */
async function* itemsOf(tx: Tx, organizationId: string, customerId: string): AsyncGenerator<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    select id from item where organization_id = ${organizationId} and customer_id = ${customerId}
    order by kind, id`
  for (let start = 0; start < rows.length; start += ITEMS_PER_POSTING)
    yield rows.slice(start, start + ITEMS_PER_POSTING).map(({ id }) => id)
}
