import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { todayOf } from '../context.ts'
import {
  creditLimitOn,
  replacedBy,
  throughOf,
  type CreditLimit,
  type DatedLimit,
} from '../domain/credit-limit.ts'
import type { AuthorityMatrix } from '../domain/authority.ts'
import { firstReviewOf } from '../domain/credit-policy.ts'
import { dayOf, formatDay, type Day } from '../domain/day.ts'
import { isAsked, type ApprovalAsked } from '../authority/asked.ts'
import { gate, type Proposal } from '../authority/gate.ts'
import { readMatrix } from '../authority/matrix.ts'
import { asWritten, newAudit, type Audit } from '../ledger/audit.ts'
import { readCreditPolicy } from '../ledger/credit-policy.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { SetCreditLimitInput } from '../schema.generated.ts'
import { ceilingOf } from './ceiling.ts'
import { grantsBy } from './grants.ts'
import { holdLimits, type CreditInput, type HeldCredit } from './held.ts'
import { limitProposal } from './authority.ts'
import {
  readCreditLimit,
  readLimitDays,
  storeCreditLimit,
  storeDecision,
  type LimitDays,
  type StoredCreditLimit,
} from './limit.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type CreditLimitSet = Audited & {
  readonly customerId: string
  /** What would be in force without it, on its first day. */
  readonly previous: StoredCreditLimit
  /** What is in force today. */
  readonly current: StoredCreditLimit
  /** All decisions that can be in force today or later. */
  readonly limits: readonly DatedLimit[]
  readonly version: number
}

/** Sets, lifts or removes a credit limit. `version` grows by one, also where the limit stays what it was. */
export async function setCreditLimit(
  context: CommandContext,
  input: SetCreditLimitInput,
): Promise<CreditLimitSet | ApprovalAsked | Problem> {
  const today = dayOf(todayOf(context))
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const limit = readCreditLimit(input.limit, ['limit'])
  if (isProblem(limit)) return limit
  const days = readLimitDays(input, [], today, context.applying !== undefined)
  if (isProblem(days)) return days
  return runCommand(context, { action: 'setCreditLimit', input }, (tx) =>
    writeCreditLimit(tx, context, input, { limit, days, today }),
  )
}

type Decision = { readonly limit: CreditLimit; readonly days: LimitDays; readonly today: Day }

export async function writeCreditLimit(
  tx: Tx,
  context: CommandContext,
  input: SetCreditLimitInput,
  { limit, days, today }: Decision,
): Promise<CreditLimitSet | ApprovalAsked | Problem> {
  const prepared = await prepareLimit(tx, context, input, { limit, days, today })
  if (isProblem(prepared)) return prepared
  const { found, matrix, proposal } = prepared
  const stopped = await gate(tx, context, {
    command: { action: 'setCreditLimit', input },
    dryRun: input.dryRun,
    proposals: [proposal],
    matrix,
  })
  if (isAsked(stopped) || isProblem(stopped)) return stopped
  return applyLimit(tx, context, found, { limit, days, today, reason: input.reason })
}

/** A limit that neither a ceiling nor the policy forbids, with the customer held: what the gate is to be asked. */
export type PreparedLimit = {
  readonly found: Found
  readonly matrix: AuthorityMatrix
  readonly proposal: Proposal
}

/** Whoever sets a limit prepares it, asks the gate, and applies it. `riskClass`: where it changes with the limit. */
export async function prepareLimit(
  tx: Tx,
  context: CommandContext,
  credit: CreditInput,
  { limit, days, today }: Decision,
  riskClass?: HeldCredit['riskClass'],
): Promise<PreparedLimit | Problem> {
  const beyond = (await ceilingOf(tx, context, today))(limit)
  if (beyond !== null) return invalid(['limit'], beyond.message, beyond.code)
  // Sent together: the matrix costs no round trip of its own.
  const [found, matrix, policy] = await Promise.all([
    holdLimits(tx, context.organization.id, credit, today),
    readMatrix(tx, context.organization.id, today),
    readCreditPolicy(tx, context.organization.id, today),
  ])
  if (isProblem(found)) return found
  const { held } = found
  const grants = await grantsBy(tx, context.organization, policy, [held.id], today)
  const ungranted = grants(riskClass === undefined ? held : { ...held, riskClass }, limit)
  if (ungranted !== null) return invalid(['limit'], ungranted.message, ungranted.code)
  const decided: DatedLimit = { ...limit, ...days, version: held.version + 1 }
  const replaced = replacedBy(found.limits, decided)
  const firstReview = firstReviewOf(policy, held, limit, today)
  return {
    found: { ...found, firstReview },
    matrix,
    proposal: limitProposal({ row: 0, customerId: held.id, replaced, decided }),
  }
}

/** The customer under its lock, what is decided of it so far, and when it is reviewed for the first time. */
type Found = {
  readonly held: HeldCredit
  readonly limits: readonly DatedLimit[]
  readonly firstReview: Day | null
}

/** Writes what was prepared, and what the gate lets through. */
export async function applyLimit(
  tx: Tx,
  context: CommandContext,
  found: Found,
  { limit, days, today, reason }: Decision & { readonly reason: string },
): Promise<CreditLimitSet> {
  const { held } = found
  const version = held.version + 1
  const decided: DatedLimit = { ...limit, ...days, version }
  const limits = [...found.limits, decided]
  const previous = storeCreditLimit(creditLimitOn(found.limits, days.effectiveOn))
  const inForce = { ...creditLimitOn(limits, today), through: throughOf(limits, today) }
  const { firstReview } = found
  const audit = await store(tx, context, { held, decided, inForce, previous, firstReview, reason, today })
  return { customerId: held.id, previous, current: storeCreditLimit(inForce), limits, version, audit }
}

type Stored = {
  readonly held: HeldCredit
  readonly decided: DatedLimit
  readonly inForce: CreditLimit & { readonly through: Day | null }
  readonly previous: StoredCreditLimit
  readonly firstReview: Day | null
  readonly reason: string
  readonly today: Day
}

/** One statement: each costs as much in the driver as its rows do. */
async function store(
  tx: Tx,
  context: CommandContext,
  { held, decided, inForce, previous, firstReview, reason, today }: Stored,
): Promise<Audit> {
  const { organization } = context
  const after = storeDecision(decided, decided)
  const record = { action: 'setCreditLimit', subject: held.id, before: previous, after, reason }
  const audit = newAudit(tx, context, record)
  const rows = await tx.sql<{ recorded_at: string; hash: string }[]>`
    with audited as (${audit.write}),
    decided as (
      insert into credit_limit
        (organization_id, customer_id, version, state, amount, currency, effective_on, until, audit_id, recorded_at)
      select ${organization.id}::uuid, ${held.id}::uuid, ${decided.version}::int, ${decided.state}::credit_limit_state,
        ${decided.amount?.minor ?? null}::bigint, ${decided.amount?.currency ?? null}::text,
        ${formatDay(decided.effectiveOn)}::date, ${dateText(decided.until)}::date, ${audit.id}::uuid, audited.recorded_at
      from audited
    ),
    changed as (
      update customer set credit_limit_state = ${inForce.state}, credit_limit = ${inForce.amount?.minor ?? null},
        credit_limit_currency = ${inForce.amount?.currency ?? null}, credit_limit_through = ${dateText(inForce.through)},
        version = ${decided.version},
        next_credit_review_on = coalesce(${dateText(firstReview)}::date, next_credit_review_on)
      where organization_id = ${organization.id} and id = ${held.id}
    ),
    reviewed as (
      insert into credit_review
        (organization_id, customer_id, version, risk_class, reviewed_on, next_review_on, audit_id, recorded_at)
      select ${organization.id}::uuid, ${held.id}::uuid, ${decided.version}::int, ${held.riskClass}::risk_class,
        ${formatDay(today)}::date, ${dateText(firstReview)}::date, ${audit.id}::uuid, audited.recorded_at
      from audited where ${firstReview !== null}::boolean
    )
    select recorded_at, hash from audited`
  return asWritten(audit, rows)
}

const dateText = (day: Day | null): string | null => (day === null ? null : formatDay(day))
