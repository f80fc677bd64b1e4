/**
 * Many limits in one transaction and few statements: all customers are locked, in the order of their ids, before anything
 * is read; then every row is looked at; then all that is to be written is written at once.
 */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { CommandContext } from '../command.ts'
import {
  creditLimitOn,
  isSameLimit,
  limitOn,
  NOT_SET,
  replacedBy,
  throughOf,
  type CreditLimit,
  type DatedLimit,
} from '../domain/credit-limit.ts'
import type { CreditPolicy } from '../domain/credit-decision.ts'
import { firstReviewOf, type RiskClass } from '../domain/credit-policy.ts'
import { formatDay, type Day } from '../domain/day.ts'
import { decodeId, newUuid } from '../ids.ts'
import { newAudits, writeAudit, type Audit } from '../ledger/audit.ts'
import { readLimitsFrom } from '../ledger/credit-limits.ts'
import type { By } from '../ledger/find.ts'
import type { Problem } from '../problem.ts'
import type { Ceiling } from './ceiling.ts'
import { grantsBy } from './grants.ts'
import { described } from './held.ts'
import { storeCreditLimit, storeDecision, type LimitDays, type StoredCreditLimit } from './limit.ts'

/** Of a row; `path` is within it. */
export type RowProblem = Pick<Problem, 'code' | 'message' | 'path'>

/** A row as it was read. What could not be read of it is null, and among its problems. */
export type ReadRow = {
  /** How callers count it: by place or by line. */
  readonly row: number
  readonly by: By | null
  readonly limit: CreditLimit | null
  readonly days: LimitDays | null
  readonly reason: string | null
  readonly expectedVersion: number | null
  readonly problems: readonly RowProblem[]
}

/** What became of a row; kept with an idempotency key. */
export type RowResult = {
  readonly row: number
  readonly customerNumber: string | null
  readonly outcome: 'SET' | 'UNCHANGED' | 'REFUSED' | 'AWAITING_APPROVAL'
  readonly previous: StoredCreditLimit | null
  readonly limit: StoredCreditLimit | null
  readonly version: number | null
  readonly problems: readonly RowProblem[]
}

/** How the rows of a batch name their parts in a problem: fields of the API, or columns of a file. */
export type PartNames = { readonly customer: string; readonly expectedVersion: string }

type Batch = {
  readonly rows: readonly ReadRow[]
  readonly names: PartNames
  readonly today: Day
  readonly ceiling: Ceiling
  readonly policy: CreditPolicy
}

/** A row that can be set, and what comes of it. */
type Planned = {
  readonly row: number
  readonly id: string
  readonly auditId: string
  readonly decided: DatedLimit
  readonly inForce: CreditLimit & { readonly through: Day | null }
  readonly replaced: readonly CreditLimit[]
  readonly previous: StoredCreditLimit
  readonly reason: string
  readonly riskClass: RiskClass | null
  readonly firstReview: Day | null
}

export type BatchPlan = { readonly results: readonly RowResult[]; readonly planned: readonly Planned[] }

/** Locks the customers and says what comes of each row. Writes nothing. */
export async function planBatch(
  tx: Tx,
  organization: Pick<OrganizationRow, 'id' | 'baseCurrency'>,
  { rows, names, today, ceiling, policy }: Batch,
): Promise<BatchPlan> {
  const customers = await lockCustomers(tx, organization.id, rows)
  const ids = [...customers.byId.keys()]
  const whose = tx.sql`select unnest(${ids}::uuid[]) as id`
  const grants = await grantsBy(tx, organization, policy, ids, today)
  const limits = await readLimitsFrom(tx, organization.id, whose, today)
  const planned: Planned[] = []
  const firstRows = new Map<string, number>()
  const results = rows.map((row): RowResult => {
    const found = row.by === null ? undefined : customers.find(row.by)
    const problems = [...row.problems]
    if (found === undefined && row.by !== null) {
      const message = `There is no customer ${described(row.by)}`
      problems.push({ code: 'NOT_FOUND', message, path: [names.customer] })
    }
    const earlier = found === undefined ? undefined : firstRows.get(found.id)
    if (found !== undefined && earlier === undefined) firstRows.set(found.id, row.row)
    if (found !== undefined && earlier !== undefined) {
      const message = `Customer ${found.number} is in row ${earlier} already: one limit for a customer`
      problems.push({ code: 'INVALID', message, path: [names.customer] })
    }
    if (found !== undefined && row.expectedVersion !== null && row.expectedVersion !== found.version) {
      const message = `Customer ${found.number} is at version ${found.version} by now`
      problems.push({ code: 'CONFLICT', message, path: [names.expectedVersion] })
    }
    const beyond = row.limit === null ? null : ceiling(row.limit)
    if (beyond !== null) problems.push({ ...beyond, path: ['limit'] })
    const ungranted = row.limit === null || found === undefined ? null : grants(found, row.limit)
    if (ungranted !== null) problems.push({ ...ungranted, path: ['limit'] })
    const known = limits.get(found?.id ?? '') ?? []
    const told = {
      row: row.row,
      customerNumber: found?.number ?? null,
      previous:
        found === undefined || row.days === null
          ? null
          : storeCreditLimit(creditLimitOn(known, row.days.effectiveOn)),
      limit: row.limit === null || row.days === null ? null : storeDecision(row.limit, row.days),
      version: found?.version ?? null,
      problems,
    }
    if (found === undefined || row.limit === null || row.days === null || problems.length > 0)
      return { ...told, outcome: 'REFUSED' }
    if (isSo(known, row.limit, row.days)) return { ...told, outcome: 'UNCHANGED' }
    const decided = { ...row.limit, ...row.days, version: found.version + 1 }
    const after = [...known, decided]
    const replaced = replacedBy(known, decided)
    planned.push({
      row: row.row,
      id: found.id,
      auditId: newUuid(),
      decided,
      inForce: { ...creditLimitOn(after, today), through: throughOf(after, today) },
      replaced,
      previous: storeCreditLimit(creditLimitOn(known, row.days.effectiveOn)),
      reason: row.reason ?? '',
      riskClass: found.riskClass,
      firstReview: firstReviewOf(policy, found, row.limit, today),
    })
    return { ...told, outcome: 'SET', version: decided.version }
  })
  return { results, planned }
}

/** Whether the limit is in force on these days already, so that deciding it once more would change no day. */
function isSo(limits: readonly DatedLimit[], limit: CreditLimit, { effectiveOn, until }: LimitDays): boolean {
  const inForce = limitOn(limits, effectiveOn)
  return isSameLimit(inForce ?? NOT_SET, limit) && (inForce?.until ?? null) === until
}

type Locked = {
  readonly id: string
  readonly number: string
  readonly version: number
  readonly riskClass: RiskClass | null
  readonly nextCreditReviewOn: string | null
}

async function lockCustomers(tx: Tx, organizationId: string, rows: readonly ReadRow[]) {
  const numbers = rows.flatMap(({ by }) => by?.number ?? [])
  const ids = rows.flatMap(({ by }) =>
    typeof by?.id === 'string' ? (decodeId('customer', by.id) ?? []) : [],
  )
  const locked = await tx.sql<Locked[]>`
    select id, number, version, risk_class as "riskClass", next_credit_review_on::text as "nextCreditReviewOn"
    from customer
    where organization_id = ${organizationId} and id in (
      select id from customer
      where organization_id = ${organizationId} and number = any(${arrayOf(numbers)}::text[])
      union all select unnest(${arrayOf(ids)}::uuid[])
    )
    order by id for no key update`
  const byId = new Map(locked.map((row) => [row.id, row]))
  const byNumber = new Map(locked.map((row) => [row.number, row]))
  return {
    byId,
    find: (by: By): Locked | undefined =>
      typeof by.number === 'string'
        ? byNumber.get(by.number)
        : byId.get(decodeId('customer', by.id ?? '') ?? ''),
  }
}

/** What the audit keeps of the whole, beside a row for each limit. */
export type BatchRecord = {
  readonly action: string
  readonly reason: string
  readonly after: object
  readonly today: Day
}

/** Writes what was planned. The audit row of the whole is the last; null where there was nothing to write. */
export async function writeBatch(
  tx: Tx,
  context: CommandContext,
  planned: readonly Planned[],
  { action, reason, after, today }: BatchRecord,
): Promise<Audit | null> {
  if (planned.length === 0) return null
  const { id: organizationId } = context.organization
  const records = planned.map(({ auditId, id, previous, decided, reason: why }) => ({
    id: auditId,
    subject: id,
    before: previous,
    after: storeDecision(decided, decided),
    reason: why,
  }))
  const column = (valueOf: (one: Planned) => string | number | bigint | null) => arrayOf(planned.map(valueOf))
  await tx.sql`
    with audited as (${newAudits(tx, context, 'setCreditLimit', records)}),
    given as (
      select * from unnest(
        ${column(({ id }) => id)}::uuid[], ${column(({ auditId }) => auditId)}::uuid[],
        ${column(({ decided }) => decided.version)}::int[], ${column(({ decided }) => decided.state)}::text[],
        ${column(({ decided }) => decided.amount?.minor ?? null)}::bigint[],
        ${column(({ decided }) => decided.amount?.currency ?? null)}::text[],
        ${column(({ decided }) => formatDay(decided.effectiveOn))}::date[],
        ${column(({ decided }) => dayText(decided.until))}::date[], ${column(({ inForce }) => inForce.state)}::text[],
        ${column(({ inForce }) => inForce.amount?.minor ?? null)}::bigint[],
        ${column(({ inForce }) => inForce.amount?.currency ?? null)}::text[],
        ${column(({ inForce }) => dayText(inForce.through))}::date[], ${column(({ riskClass }) => riskClass)}::text[],
        ${column(({ firstReview }) => dayText(firstReview))}::date[]
      ) as given (id, audit_id, version, state, amount, currency, effective_on, until, state_now, amount_now,
        currency_now, through, risk_class, first_review)
    ),
    decided as (
      insert into credit_limit
        (organization_id, customer_id, version, state, amount, currency, effective_on, until, audit_id)
      select ${organizationId}::uuid, given.id, version, state::credit_limit_state, amount, currency, effective_on, until,
        audit_id
      from given
    ),
    reviewed as (
      insert into credit_review
        (organization_id, customer_id, version, risk_class, reviewed_on, next_review_on, audit_id)
      select ${organizationId}::uuid, id, version, risk_class::risk_class, ${formatDay(today)}::date, first_review, audit_id
      from given where first_review is not null
    )
    update customer set credit_limit_state = given.state_now::credit_limit_state, credit_limit = given.amount_now,
      credit_limit_currency = given.currency_now, credit_limit_through = given.through, version = given.version,
      next_credit_review_on = coalesce(given.first_review, next_credit_review_on)
    from given where customer.organization_id = ${organizationId} and customer.id = given.id`
  return writeAudit(tx, context, { action, subject: organizationId, reason, after })
}

const dayText = (day: Day | null): string | null => (day === null ? null : formatDay(day))
