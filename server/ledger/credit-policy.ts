/** The organization's rules of credit. */
import { DEFAULT_POLICY, type CreditPolicy, type Outcome } from '../domain/credit-decision.ts'
import { POLICY_CLASSES, type PastDueStep, type PolicyClass } from '../domain/credit-policy.ts'
import { dayOf, formatDay, type Day } from '../domain/day.ts'
import type { CreditPolicyRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** The rules that are lists, as `credit_policy.rules` keeps them: amounts are minor units of the base currency, as text. */
export type StoredRules = {
  readonly classLimits?: Readonly<Partial<Record<PolicyClass, string>>>
  readonly ratingLimits?: readonly { source: string; grade: string; amount: string }[]
  readonly overGranted?: Outcome
  readonly reviewMonths?: CreditPolicy['reviewMonths']
  readonly escalation?: readonly (Omit<PastDueStep, 'amount'> & { amount: string })[]
}

/** The one that holds on the day by what is decided now; the defaults where none does. */
export async function readCreditPolicy(tx: Tx, organizationId: string, day: Day): Promise<CreditPolicy> {
  const [row] = await tx.sql<PolicyColumns[]>`
    select version, counted_orders as "countedOrders", clearing_days as "clearingDays",
      insurance_counts as "insuranceCounts", tolerance_basis_points as "toleranceBasisPoints", over_limit as "overLimit",
      past_due_days as "pastDueDays", past_due_amount as "pastDueAmount", past_due as "pastDue",
      effective_on - date '1970-01-01' as "effectiveOn", rules
    from credit_policy
    where organization_id = ${organizationId} and effective_on <= ${formatDay(day)}::date
    order by credit_policy.effective_on desc, version desc limit 1`
  return row === undefined ? DEFAULT_POLICY : withLists(row)
}

/** By day, as text: days as of `domain/day.ts`. */
export async function readPoliciesOn(
  tx: Tx,
  organizationId: string,
  days: readonly string[],
): Promise<Map<string, CreditPolicy>> {
  const read = days.map(
    async (day) => [day, await readCreditPolicy(tx, organizationId, Number(day))] as const,
  )
  return new Map(await Promise.all(read))
}

type PolicyColumns = Omit<CreditPolicy, keyof StoredRules> & { readonly rules: StoredRules }

/** A row of the table as the rules that it holds. */
export const policyOf = (row: CreditPolicyRow): CreditPolicy =>
  // What is kept in `rules` is what `storeRules` wrote there.
  withLists({ ...row, effectiveOn: dayOf(row.effectiveOn), rules: row.rules as StoredRules })

const withLists = (row: PolicyColumns): CreditPolicy => ({
  version: row.version,
  countedOrders: row.countedOrders,
  clearingDays: row.clearingDays,
  insuranceCounts: row.insuranceCounts,
  toleranceBasisPoints: row.toleranceBasisPoints,
  overLimit: row.overLimit,
  pastDueDays: row.pastDueDays,
  pastDueAmount: row.pastDueAmount,
  pastDue: row.pastDue,
  effectiveOn: row.effectiveOn,
  ...rulesOf(row.rules),
})

/** Who set a version, when and why. */
export type PolicySetting = {
  readonly recordedAt: Temporal.Instant
  readonly actor: string
  readonly reason: string | null
}

/** By version, as text. */
export async function readPolicySettings(
  { sql }: Tx,
  organizationId: string,
  versions: readonly string[],
): Promise<Map<string, PolicySetting>> {
  const rows = await sql<{ version: string; actor: string; reason: string | null; at: string }[]>`
    select version::text, actor, audit.reason, 
      to_char(credit_policy.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
    from credit_policy
    join audit on audit.organization_id = credit_policy.organization_id and audit.id = credit_policy.audit_id
    where credit_policy.organization_id = ${organizationId} and version = any(${versions}::int[])`
  return new Map(
    rows.map(({ version, at, ...by }) => [version, { ...by, recordedAt: Temporal.Instant.from(at) }]),
  )
}

const rulesOf = ({ classLimits, ratingLimits, overGranted, reviewMonths, escalation }: StoredRules) => ({
  classLimits: Object.fromEntries(
    POLICY_CLASSES.flatMap((one) => {
      const amount = classLimits?.[one]
      return amount === undefined ? [] : [[one, BigInt(amount)]]
    }),
  ),
  ratingLimits: (ratingLimits ?? []).map((limit) => ({ ...limit, amount: BigInt(limit.amount) })),
  overGranted: overGranted ?? DEFAULT_POLICY.overGranted,
  reviewMonths: reviewMonths ?? {},
  escalation: (escalation ?? []).map((step) => ({ ...step, amount: BigInt(step.amount) })),
})

export const storeRules = (policy: CreditPolicy): StoredRules => ({
  classLimits: Object.fromEntries(
    POLICY_CLASSES.flatMap((one) => {
      const amount = policy.classLimits[one]
      return amount === undefined ? [] : [[one, amount.toString()]]
    }),
  ),
  ratingLimits: policy.ratingLimits.map((limit) => ({ ...limit, amount: limit.amount.toString() })),
  overGranted: policy.overGranted,
  reviewMonths: policy.reviewMonths,
  escalation: policy.escalation.map((step) => ({ ...step, amount: step.amount.toString() })),
})
