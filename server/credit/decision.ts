/** Decisions about orders: what is asked, what was answered, and the headroom that an answer takes. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import { readPositiveMoney } from '../amount.ts'
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { assemblePage, requestPage, type Page, type SortKey } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import type { DecisionReason, Outcome } from '../domain/credit-decision.ts'
import { dayOf } from '../domain/day.ts'
import { formatMinor, type Money } from '../domain/money.ts'
import { decodeId, newUuid } from '../ids.ts'
import { asWritten, newAudit, writeAudit, type Audit } from '../ledger/audit.ts'
import { assessNamed, type Assessment, type StoredLevel } from '../ledger/credit-standing.ts'
import { selectCustomer } from '../ledger/find.ts'
import { conflict, invalid, isProblem, notFound, type Problem } from '../problem.ts'
import type {
  CreditDecisionInput,
  QueryCreditDecisionsArgs,
  ReleaseReservationInput,
} from '../schema.generated.ts'
import type { CreditDecisionRow, CreditReservationRow } from '@tidemark/drizzle/rows.ts'
import { microseconds } from '@tidemark/drizzle/columns.ts'
import { creditDecision as decisions, creditReservation } from '@tidemark/drizzle/tables/order.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type Reservation = Money & {
  readonly expiresAt: Temporal.Instant
  readonly releasedAt: Temporal.Instant | null
}

export type DecisionShown = {
  readonly id: string
  readonly customerId: string
  readonly orderAmount: Money
  readonly outcome: Outcome
  readonly reasons: readonly DecisionReason[]
  readonly levels: readonly StoredLevel[]
  readonly policyVersion: number
  readonly decidedOn: Temporal.PlainDate
  /** Null in a dry run. */
  readonly decidedAt: Temporal.Instant | null
  readonly reservation: Reservation | null
}

export type CreditDecided = Audited & { readonly decision: DecisionShown }

/** 30 days. */
const RESERVE_MINUTES_MAX = 43_200

/** Decides about an order and keeps what it was decided by. With `reserve` an allowed order has its headroom at once. */
export async function creditDecision(
  context: CommandContext,
  input: CreditDecisionInput,
): Promise<CreditDecided | Problem> {
  const order = readPositiveMoney(input.orderAmount, ['orderAmount'])
  if (isProblem(order)) return order
  const { reserveMinutes } = input
  if (reserveMinutes < 1 || reserveMinutes > RESERVE_MINUTES_MAX) {
    const told = `Headroom is taken for 1 to ${RESERVE_MINUTES_MAX} minutes, not ${reserveMinutes}`
    return invalid(['reserveMinutes'], told)
  }
  // Order systems decide all day, and nothing is owed for it: an evaluation after each would hold up the next.
  const command = { action: 'creditDecision', input, isQuiet: true }
  return runCommand(context, command, (tx) => decide(tx, context, input, order))
}

async function decide(
  tx: Tx,
  context: CommandContext,
  input: CreditDecisionInput,
  order: Money,
): Promise<CreditDecided | Problem> {
  const { organization, now } = context
  const { customer, reserve } = input
  // Who takes headroom comes one after the other; who only asks waits for nobody.
  const at = { today: dayOf(todayOf(context)), now, holds: reserve }
  const assessed = await assessNamed(tx, organization, customer, order, at)
  if (assessed === null) {
    const named = typeof customer.number === 'string' ? `number ${customer.number}` : `id ${customer.id}`
    return notFound(['customer'], `There is no customer with ${named}`)
  }
  const reservation =
    reserve && assessed.outcome === 'ALLOW'
      ? { ...order, expiresAt: now.add({ minutes: input.reserveMinutes }), releasedAt: null }
      : null
  return keep(tx, context, { customerId: assessed.customerId, order, assessed, reservation })
}

type Kept = {
  readonly customerId: string
  readonly order: Money
  readonly assessed: Assessment
  readonly reservation: Reservation | null
}

/** One statement: each costs as much in the driver as its rows do. */
async function keep(
  tx: Tx,
  context: CommandContext,
  { customerId, order, assessed, reservation }: Kept,
): Promise<CreditDecided> {
  const { organization } = context
  const id = newUuid()
  const decidedOn = todayOf(context)
  const { outcome, reasons, levels, policy } = assessed
  const after = {
    decision: id,
    outcome,
    amount: formatMinor(order),
    currency: order.currency,
    reasons: reasons.map(({ code }) => code),
    reservedUntil: reservation?.expiresAt.toString() ?? null,
  }
  const audit = newAudit(tx, context, { action: 'creditDecision', subject: customerId, after })
  const rows = await tx.sql<{ recorded_at: string; hash: string }[]>`
    with audited as (${audit.write}),
    decided as (
      insert into credit_decision (organization_id, id, customer_id, amount, currency, outcome, reasons, levels,
        policy_version, decided_on, audit_id, recorded_at)
      select ${organization.id}::uuid, ${id}::uuid, ${customerId}::uuid, ${order.minor}::bigint, ${order.currency}::text,
        ${outcome}::credit_outcome, ${JSON.stringify(reasons)}::text::jsonb, ${JSON.stringify(levels)}::text::jsonb,
        ${policy.version}::int, ${decidedOn.toString()}::date, ${audit.id}::uuid, audited.recorded_at
      from audited
    ),
    reserved as (
      insert into credit_reservation (organization_id, id, customer_id, amount, currency, expires_at)
      select ${organization.id}::uuid, ${id}::uuid, ${customerId}::uuid, ${order.minor}::bigint, ${order.currency}::text,
        ${reservation === null ? null : microseconds(reservation.expiresAt)}::timestamptz
      where ${reservation !== null}
    )
    select recorded_at, hash from audited`
  const written = asWritten(audit, rows)
  return {
    decision: {
      id,
      customerId,
      orderAmount: order,
      outcome,
      reasons,
      levels,
      policyVersion: policy.version,
      decidedOn,
      decidedAt: Temporal.Instant.from(written.recordedAt),
      reservation,
    },
    audit: written,
  }
}

export type ReservationReleased = Audited & { readonly decisionId: string }

/** Gives headroom back. What is given back, or over, already is told. */
export const releaseReservation = (
  context: CommandContext,
  input: ReleaseReservationInput,
): Promise<ReservationReleased | Problem> =>
  runCommand(context, { action: 'releaseReservation', input }, async (tx) => {
    const organizationId = context.organization.id
    const [held] = await tx
      .select()
      .from(creditReservation)
      .where(
        and(
          eq(creditReservation.organizationId, organizationId),
          eq(creditReservation.id, decodeId('creditDecision', input.decision) ?? NOBODY),
        ),
      )
      .for('update')
    if (held === undefined)
      return notFound(['decision'], `There is no decision ${input.decision} that took headroom`)
    if (held.releasedAt !== null || Temporal.Instant.compare(held.expiresAt, context.now) <= 0) {
      const since = held.releasedAt ?? held.expiresAt
      return conflict(['decision'], `Its headroom is free since ${since.toString()}`)
    }
    await tx
      .update(creditReservation)
      .set({ releasedAt: context.now })
      .where(and(eq(creditReservation.organizationId, organizationId), eq(creditReservation.id, held.id)))
    const audit: Audit = await writeAudit(tx, context, {
      action: 'releaseReservation',
      subject: held.customerId,
      before: {
        decision: held.id,
        amount: formatMinor({ ...held, minor: held.amount }),
        currency: held.currency,
      },
    })
    return { decisionId: held.id, audit }
  })

const NOBODY = '00000000-0000-0000-0000-000000000000'

/** The latest first. */
export async function listDecisions(
  { reader, organization }: Context,
  { customer, outcome, ...args }: QueryCreditDecisionsArgs,
): Promise<Page<DecisionShown>> {
  const request = requestPage(args, keys)
  return reader.read(async (tx) => {
    const of = customer ? await selectCustomer(tx, organization.id, customer) : null
    const where = and(
      eq(decisions.organizationId, organization.id),
      customer ? (of === null ? sql`false` : eq(decisions.customerId, of.id)) : undefined,
      outcome ? inArray(decisions.outcome, [...outcome]) : undefined,
    )
    const rows = await selectShown(tx)
      .where(and(where, request.after))
      .orderBy(...request.orderBy)
      .limit(request.limit)
    return assemblePage(request, rows.map(shown), (limit) =>
      reader.read((later) =>
        later.$count(
          later.select({ id: decisions.id }).from(decisions).where(where).limit(limit).as('limited'),
        ),
      ),
    )
  })
}

export async function readDecision({ reader, organization }: Context, id: string): Promise<DecisionShown> {
  const [row] = await reader.read((tx) =>
    selectShown(tx).where(and(eq(decisions.organizationId, organization.id), eq(decisions.id, id))),
  )
  if (row === undefined) throw new Error(`There is no decision ${id}`)
  return shown(row)
}

const selectShown = (tx: Tx) =>
  tx
    .select({ decision: decisions, reservation: creditReservation })
    .from(decisions)
    .leftJoin(
      creditReservation,
      and(
        eq(creditReservation.organizationId, decisions.organizationId),
        eq(creditReservation.id, decisions.id),
      ),
    )

type ShownRow = { readonly decision: CreditDecisionRow; readonly reservation: CreditReservationRow | null }

const shown = ({ decision, reservation }: ShownRow): DecisionShown => ({
  id: decision.id,
  customerId: decision.customerId,
  orderAmount: { minor: decision.amount, currency: decision.currency },
  outcome: decision.outcome,
  // What is kept in both is what `keep` wrote there.
  reasons: decision.reasons as DecisionReason[],
  levels: decision.levels as StoredLevel[],
  policyVersion: decision.policyVersion,
  decidedOn: decision.decidedOn,
  decidedAt: decision.recordedAt,
  reservation:
    reservation === null
      ? null
      : {
          minor: reservation.amount,
          currency: reservation.currency,
          expiresAt: reservation.expiresAt,
          releasedAt: reservation.releasedAt,
        },
})

const keys: SortKey<DecisionShown>[] = [
  // Ids ascend with time.
  { name: 'ID', column: decisions.id, direction: 'DESC', type: 'uuid', valueOf: ({ id }) => id },
]
