/** Credit limits that were set, against what whoever set them may decide. */
import { readIdentities } from '../authority/identity.ts'
import { readMatrixVersion } from '../authority/matrix.ts'
import {
  requirementsOf,
  rulesOf,
  type AuthorityMatrix,
  type Identity,
  type Step,
} from '../domain/authority.ts'
import { isBeyond } from '../domain/control-test.ts'
import { grantedBy, ratingsOn, type RiskClass } from '../domain/credit-policy.ts'
import { dayOf } from '../domain/day.ts'
import { convert } from '../domain/exposure.ts'
import { parseMinor, type Money } from '../domain/money.ts'
import type { Rates } from '../domain/rates.ts'
import { readRates } from '../ledger/rates.ts'
import { policyOf } from '../ledger/credit-policy.ts'
import { readRatings } from '../ledger/credit-ratings.ts'
import { creditPolicy } from '@tidemark/drizzle/tables/order.ts'
import { eq } from 'drizzle-orm'
import {
  dayIn,
  inWords,
  itemOf,
  parsed,
  POPULATION_MAX,
  within,
  type Asked,
  type ControlItem,
} from './items.ts'

/** As the audit keeps it. */
type StoredLimit = Pick<LimitSet, 'state' | 'currency'> & { readonly amount: string | null }

export type LimitSet = {
  readonly auditId: string
  /** When it was recorded, in milliseconds since 1970. */
  readonly recordedMs: number
  readonly on: string
  readonly customerId: string
  readonly number: string
  readonly state: 'NOT_SET' | 'UNLIMITED' | 'AMOUNT'
  readonly amount: bigint | null
  readonly currency: string | null
  readonly actor: string
  readonly reason: string | null
  /** Of the token that set it, in the base currency. */
  readonly ceiling: bigint | null
  /** The customer was on hold when it was set. */
  readonly isHeld: boolean
  /** What was in force before, on its first day. */
  readonly before: StoredLimit | null
  /** The customer never had a limit before. */
  readonly isNew: boolean
  /** Somebody approved it. */
  readonly isApproved: boolean
  /** Of the authority matrix that was in force; null where there was none. */
  readonly matrixVersion: number | null
  /** It was counted by what looks after the matrix. */
  readonly isCounted: boolean
  /** Of the credit policy that was in force; null where there was none. */
  readonly policyVersion: number | null
  readonly riskClass: RiskClass | null
}

export const readLimitsSet = async (asked: Asked): Promise<readonly LimitSet[]> => {
  const { tx, organization } = asked
  const { sql } = tx
  return sql<LimitSet[]>`
    select audit.id as "auditId", (extract(epoch from audit.recorded_at) * 1000)::float8 as "recordedMs",
      ${dayIn(asked, sql`audit.recorded_at`)} as on, customer.id as "customerId",
      customer.number, decided.state, decided.amount, decided.currency, audit.actor, audit.reason,
      token.credit_limit_max as ceiling, coalesce(held.action = 'placeCreditHold', false) as "isHeld",
      audit.before, coalesce(audit.after ? 'approval', false) as "isApproved", matrix.version as "matrixVersion",
      not exists (
        select from credit_limit as earlier where earlier.organization_id = ${organization.id}
          and earlier.customer_id = customer.id and earlier.version < decided.version and earlier.state <> 'NOT_SET'
      ) as "isNew",
      exists (
        select from authority_use as used where used.organization_id = ${organization.id}
          and used.customer_id = customer.id and used.action in ('CREDIT_LIMIT', 'UNLIMITED_CREDIT')
          and used.xid = audit.xid
      ) as "isCounted", policy.version as "policyVersion", coalesce(review.risk_class, customer.risk_class) as "riskClass"
    from audit
    join customer on customer.organization_id = audit.organization_id
      and customer.id = case when audit.action = 'setCreditLimit' then audit.subject::uuid end
    join credit_limit as decided on decided.organization_id = audit.organization_id
      and decided.customer_id = customer.id and decided.audit_id = audit.id
    left join api_token as token on token.organization_id = audit.organization_id
      and audit.actor = 'token:' || token.id
    left join lateral (
      select action from audit as earlier
      where earlier.organization_id = ${organization.id} and earlier.subject = audit.subject
        and earlier.recorded_at < audit.recorded_at and action in ('placeCreditHold', 'releaseCreditHold')
      order by earlier.recorded_at desc, id desc limit 1
    ) as held on true
    left join lateral (
      select version from authority_matrix
      where organization_id = ${organization.id} and recorded_at < audit.recorded_at
        and effective_on <= (audit.recorded_at at time zone ${organization.timeZone})::date
      order by effective_on desc, version desc limit 1
    ) as matrix on true
    left join lateral (
      select version from credit_policy
      where organization_id = ${organization.id} and recorded_at < audit.recorded_at
        and effective_on <= (audit.recorded_at at time zone ${organization.timeZone})::date
      order by effective_on desc, version desc limit 1
    ) as policy on true
    left join lateral (
      select risk_class from credit_review
      where credit_review.organization_id = ${organization.id} and credit_review.customer_id = customer.id
        and credit_review.recorded_at < audit.recorded_at
      order by reviewed_on desc, credit_review.version desc limit 1
    ) as review on true
    where audit.organization_id = ${organization.id} and audit.action = 'setCreditLimit'
      and ${within(asked, sql`audit.recorded_at`)}
    order by audit.recorded_at, audit.id limit ${POPULATION_MAX + 1}`
}

export const limitItem = ({
  number,
  state,
  amount,
  currency,
  ...row
}: LimitSet): Omit<ControlItem, 'finding'> => {
  const money = amount === null || currency === null ? null : { minor: amount, currency }
  const words = { NOT_SET: 'no limit decided', UNLIMITED: 'unlimited', AMOUNT: 'a limit of' }[state]
  return {
    ...itemOf(row),
    what: `Customer ${number}: ${words}${money === null ? '' : ` ${inWords(money)}`}`,
    amount: money?.minor.toString() ?? null,
    currency,
  }
}

/**
 * Done anew by the rules, each limit alone: more than the ceiling of the token, or what the matrix wanted an approval for. A
 * limit that nothing counted went past the matrix.
 */
export async function limitsAboveAuthority(asked: Asked): Promise<readonly ControlItem[]> {
  const { tx, organization, from, to } = asked
  const rows = await readLimitsSet(asked)
  const rates = await readRates(tx, organization, dayOf(from), dayOf(to))
  const identities = await readIdentities(tx, organization.id, [...new Set(rows.map(({ actor }) => actor))])
  const matrices = await readMatrices(asked, rows)
  const { baseCurrency } = organization
  return rows.map((row) => {
    const step = stepOf(row, baseCurrency, rates)
    const matrix = matrices.get(row.matrixVersion ?? 0)
    const identity = identities.get(row.actor)
    const told =
      ceilingFault(row, baseCurrency, rates) ??
      (matrix && identity ? matrixFault(row, step, matrix, identity) : null)
    return { ...limitItem(row), finding: told }
  })
}

export async function readMatrices(
  { tx, organization }: Asked,
  rows: readonly LimitSet[],
): Promise<ReadonlyMap<number, AuthorityMatrix>> {
  const matrices = new Map<number, AuthorityMatrix>()
  for (const version of new Set(rows.flatMap(({ matrixVersion }) => matrixVersion ?? []))) {
    const matrix = await readMatrixVersion(tx, organization.id, version)
    if (matrix !== null) matrices.set(version, matrix)
  }
  return matrices
}

/** Null where a rate is missing. */
const inBase = (money: Money | null, baseCurrency: string, rates: Rates, on: string): bigint | null => {
  if (money === null) return null
  const converted = convert(money, baseCurrency, rates, parsed(on))
  return typeof converted === 'bigint' ? converted : null
}

const moneyOf = ({ amount, currency }: Pick<LimitSet, 'amount' | 'currency'>): Money | null =>
  amount === null || currency === null ? null : { minor: amount, currency }

function ceilingFault(row: LimitSet, baseCurrency: string, rates: Rates): string | null {
  const { state, ceiling, on } = row
  const amount = inBase(moneyOf(row), baseCurrency, rates, on)
  if (ceiling === null || !isBeyond({ state, amount }, ceiling)) return null
  return `The token sets limits up to ${inWords({ minor: ceiling, currency: baseCurrency })}.`
}

/** By how much it raised what was there; null where it did not, which nobody has to approve. */
export function stepOf(row: LimitSet, baseCurrency: string, rates: Rates): Step | null {
  const { state, before, customerId, isNew, on } = row
  const of = { customerId, days: 0, isNewCustomer: isNew }
  if (state === 'NOT_SET' || before?.state === 'UNLIMITED') return null
  const earlier = before === null || before.amount === null || before.currency === null ? null : before
  const base = earlier === null ? 0n : inBase(storedMoney(earlier), baseCurrency, rates, on)
  if (state === 'UNLIMITED')
    return { ...of, action: 'UNLIMITED_CREDIT', amount: 'BEYOND', base: base ?? 'BEYOND' }
  const amount = inBase(moneyOf(row), baseCurrency, rates, on)
  if (amount === null || base === null)
    return { ...of, action: 'CREDIT_LIMIT', amount: 'BEYOND', base: 'BEYOND' }
  return amount > base ? { ...of, action: 'CREDIT_LIMIT', amount: amount - base, base } : null
}

const storedMoney = ({ amount, currency }: StoredLimit): Money | null => {
  const minor = amount === null || currency === null ? null : parseMinor(amount, currency)
  return minor === null || currency === null ? null : { minor, currency }
}

const NOTHING = { amount: 0n, days: 0 }
const NO_PAST = { ofCustomer: () => NOTHING, ofActor: () => NOTHING }

function matrixFault(
  row: LimitSet,
  step: Step | null,
  matrix: AuthorityMatrix,
  identity: Identity,
): string | null {
  // What the product invents, and what it does by itself, is nobody's decision.
  if (step === null || row.isApproved || identity.actor === 'demo' || identity.actor === 'system') return null
  if (rulesOf(matrix, step.action).length === 0) return null
  if (!row.isCounted) return 'It went past the authority matrix: nothing counted it.'
  const [needed] = requirementsOf(matrix, [step], NO_PAST, identity, true)
  return needed == null
    ? null
    : `The authority matrix (version ${matrix.version}) wants an approval, and there is none.`
}

/** More than the policy of its day grants to class and ratings, or a limit for somebody who was on hold. */
export async function limitsOutsidePolicy(asked: Asked): Promise<readonly ControlItem[]> {
  const { tx, organization, from, to } = asked
  const rows = await readLimitsSet(asked)
  const ids = [...new Set(rows.map(({ customerId }) => customerId))]
  const [rates, ratings, versions] = await Promise.all([
    readRates(tx, organization, dayOf(from), dayOf(to)),
    readRatings(tx, organization.id, ids),
    tx.select().from(creditPolicy).where(eq(creditPolicy.organizationId, organization.id)),
  ])
  const policies = new Map(versions.map((row) => [row.version, policyOf(row)]))
  const { baseCurrency } = organization
  return rows.map((row) => {
    const policy = policies.get(row.policyVersion ?? 0)
    const rated = ratingsOn(ratings.get(row.customerId) ?? [], parsed(row.on))
    const most = policy === undefined ? null : grantedBy(policy, row.riskClass, rated)
    const amount = inBase(moneyOf(row), baseCurrency, rates, row.on)
    const isMore = most !== null && isBeyond({ state: row.state, amount }, most)
    const told = isMore
      ? `The credit policy (version ${row.policyVersion}) grants at most ${inWords({ minor: most, currency: baseCurrency })}.`
      : row.isHeld && row.state !== 'NOT_SET'
        ? 'The customer was on hold.'
        : null
    return { ...limitItem(row), finding: told }
  })
}
