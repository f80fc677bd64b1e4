/** An order before its customer's credit. */
import { and, eq } from 'drizzle-orm'
import type { CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import { dayOf } from '../domain/day.ts'
import { uninvoicedOf } from '../domain/order.ts'
import { decodeId } from '../ids.ts'
import { readCreditPolicy } from '../ledger/credit-policy.ts'
import { assessCredit } from '../ledger/credit-standing.ts'
import { stateOfOrder } from '../ledger/order-events.ts'
import { conflict, notFound, type Problem } from '../problem.ts'
import type { HeldOrder } from './steps.ts'
import { creditReservation } from '@tidemark/drizzle/tables/order.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Frees the headroom that a decision took for the order, which from here on counts by itself. */
export async function useReservation(
  tx: Tx,
  { organization, now }: CommandContext,
  { row }: HeldOrder,
  decision: string | null,
): Promise<UsedReservation | null | Problem> {
  if (decision === null) return null
  const id = decodeId('creditDecision', decision)
  const where = and(
    eq(creditReservation.organizationId, organization.id),
    eq(creditReservation.id, id ?? '00000000-0000-0000-0000-000000000000'),
  )
  const [held] = await tx.select().from(creditReservation).where(where)
  if (held === undefined || held.customerId !== row.customerId) {
    return notFound(['decision'], `There is no decision ${decision} that took headroom of this customer`)
  }
  if (held.releasedAt !== null)
    return conflict(['decision'], `The headroom of decision ${decision} is free again`)
  await tx.update(creditReservation).set({ releasedAt: now }).where(where)
  return { putBack: () => tx.update(creditReservation).set({ releasedAt: null }).where(where).execute() }
}

/** Headroom that was freed for an order, and is taken again where the order has to wait. */
type UsedReservation = { readonly putBack: () => Promise<unknown> }

type Check = {
  readonly step: 'RELEASE' | 'SHIP'
  /** What is released or shipped. */
  readonly amount: bigint
  readonly input: { readonly override: boolean }
}

/** How an order was let go: somebody said so although the credit did not allow it; a limit was exceeded. */
export type LetGo = {
  readonly isOverride: boolean
  readonly isOverLimit: boolean
  /** Codes of what does not allow it. */
  readonly against: readonly string[]
}

/** A problem where the credit does not allow it and nobody overrides that. */
export async function checkCredit(
  tx: Tx,
  context: CommandContext,
  { row, path }: HeldOrder,
  { step, amount, input }: Check,
): Promise<LetGo | Problem> {
  const { organization, now } = context
  const { countedOrders } = await readCreditPolicy(tx, organization.id, dayOf(todayOf(context)))
  const { toShip } = uninvoicedOf(stateOfOrder(row))
  // What counts already adds nothing, and what is billed before it is shipped counts as the bill.
  const isCounted = countedOrders === 'ALL' || (countedOrders === 'RELEASED' && step === 'SHIP')
  const adds = isCounted ? 0n : amount < toShip ? amount : toShip
  const order = { minor: adds, currency: row.currency }
  const assessed = await assessCredit(tx, organization, path, order, { today: dayOf(todayOf(context)), now })
  // A policy may allow to exceed a limit: it is exceeded all the same.
  const isOverLimit = assessed.reasons.some(({ code }) => code === 'OVER_LIMIT' || code === 'PREPAYMENT_ONLY')
  if (assessed.outcome === 'ALLOW') return { isOverride: false, isOverLimit, against: [] }
  const against = assessed.reasons.filter(({ outcome }) => outcome !== 'ALLOW')
  if (input.override) return { isOverride: true, isOverLimit, against: against.map(({ code }) => code) }
  const told = against.map(({ code, message }) => `${code}: ${message}`)
  return conflict(
    ['order'],
    `The credit of order ${row.number} needs a decision (${assessed.outcome}). ${told.join('. ')}`,
    'CREDIT_REFUSED',
  )
}
