/** A customer under its lock, as commands about its credit need it. */
import { decodeId } from '../ids.ts'
import type { By } from '../ledger/find.ts'
import { readLimitsFrom } from '../ledger/credit-limits.ts'
import { notFound, staleCustomer, type Problem } from '../problem.ts'
import type { DatedLimit } from '../domain/credit-limit.ts'
import type { Day } from '../domain/day.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type HeldCredit = Pick<
  CustomerRow,
  | 'id'
  | 'number'
  | 'version'
  | 'riskClass'
  | 'creditReviewedOn'
  | 'nextCreditReviewOn'
  | 'creditHoldReason'
  | 'creditHoldSince'
  | 'creditHoldBy'
>

/** What every command about one customer's credit is given. */
export type CreditInput = { readonly customer: By; readonly expectedVersion?: number | null | undefined }

/** Until the transaction ends nobody else changes it. A problem where there is none, or where it changed meanwhile. */
export async function holdCredit(
  tx: Tx,
  organizationId: string,
  input: CreditInput,
): Promise<HeldCredit | Problem> {
  const held = await lockCredit(tx, organizationId, input.customer)
  return held === undefined ? unknownCustomer(input.customer) : (staleness(held, input) ?? held)
}

/** The same with the limits that can be in force today or later, for which one round trip is enough. */
export async function holdLimits(
  tx: Tx,
  organizationId: string,
  input: CreditInput,
  today: Day,
): Promise<{ readonly held: HeldCredit; readonly limits: readonly DatedLimit[] } | Problem> {
  const whose = tx.sql`select id from customer where organization_id = ${organizationId} and ${named(tx, input.customer)}`
  // Sent together, carried out in this order: what was committed while the first waited is read.
  const [held, limits] = await Promise.all([
    lockCredit(tx, organizationId, input.customer),
    readLimitsFrom(tx, organizationId, whose, today),
  ])
  if (held === undefined) return unknownCustomer(input.customer)
  return staleness(held, input) ?? { held, limits: limits.get(held.id) ?? [] }
}

const unknownCustomer = (by: By): Problem => notFound(['customer'], `There is no customer ${described(by)}`)

export const described = (by: By): string =>
  typeof by.number === 'string' ? `with number ${by.number}` : `with id ${by.id}`

const staleness = (
  { number, version }: Pick<HeldCredit, 'number' | 'version'>,
  { expectedVersion }: CreditInput,
): Problem | null =>
  typeof expectedVersion !== 'number' || expectedVersion === version
    ? null
    : staleCustomer(['expectedVersion'], number, version)

const named = ({ sql }: Tx, by: By) =>
  typeof by.number === 'string' ? sql`number = ${by.number}` : sql`id = ${decodeId('customer', by.id ?? '')}`

type LockedRow = {
  readonly id: string
  readonly number: string
  readonly version: number
  readonly risk_class: HeldCredit['riskClass']
  readonly credit_reviewed_on: string | null
  readonly next_credit_review_on: string | null
  readonly credit_hold_reason: string | null
  readonly credit_hold_since: string | null
  readonly credit_hold_by: string | null
}

async function lockCredit(tx: Tx, organizationId: string, by: By): Promise<HeldCredit | undefined> {
  const [row] = await tx.sql<LockedRow[]>`
    select id, number, version, risk_class, credit_reviewed_on::text, next_credit_review_on::text, credit_hold_reason,
      to_char(credit_hold_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as credit_hold_since, credit_hold_by
    from customer where organization_id = ${organizationId} and ${named(tx, by)} for no key update`
  if (row === undefined) return undefined
  return {
    id: row.id,
    number: row.number,
    version: row.version,
    riskClass: row.risk_class,
    creditReviewedOn: dateOrNull(row.credit_reviewed_on),
    nextCreditReviewOn: dateOrNull(row.next_credit_review_on),
    creditHoldReason: row.credit_hold_reason,
    creditHoldSince: row.credit_hold_since === null ? null : Temporal.Instant.from(row.credit_hold_since),
    creditHoldBy: row.credit_hold_by,
  }
}

const dateOrNull = (text: string | null): Temporal.PlainDate | null =>
  text === null ? null : Temporal.PlainDate.from(text)
