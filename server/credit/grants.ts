/** Which limits the credit policy does not grant, where it stops what is more than that. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { CreditPolicy } from '../domain/credit-decision.ts'
import type { CreditLimit } from '../domain/credit-limit.ts'
import { grantedBy, ratingsOn, type RiskClass } from '../domain/credit-policy.ts'
import type { Day } from '../domain/day.ts'
import { convert } from '../domain/exposure.ts'
import { formatMinor } from '../domain/money.ts'
import { rateInWords } from '../domain/rates.ts'
import { readRatings } from '../ledger/credit-ratings.ts'
import { readRates } from '../ledger/rates.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { BeyondCeiling } from './ceiling.ts'

type Granted = { readonly id: string; readonly number: string; readonly riskClass: RiskClass | null }
type Books = Pick<OrganizationRow, 'id' | 'baseCurrency'>

/** Null where the customer may be given the limit. */
export type Grants = (customer: Granted, limit: CreditLimit) => BeyondCeiling | null

/** By the policy of today, the ratings and rates that are in force today, and the classes of today. */
export async function grantsBy(
  tx: Tx,
  { id, baseCurrency }: Books,
  policy: CreditPolicy,
  customerIds: readonly string[],
  today: Day,
): Promise<Grants> {
  const grantsNothing = policy.ratingLimits.length === 0 && Object.keys(policy.classLimits).length === 0
  if (policy.overGranted !== 'BLOCK' || grantsNothing) return () => null
  const [rates, ratings] = await Promise.all([
    readRates(tx, { id, baseCurrency }, today, today),
    policy.ratingLimits.length === 0 ? new Map() : readRatings(tx, id, customerIds),
  ])
  return ({ id: customerId, number, riskClass }, { state, amount }) => {
    if (state === 'NOT_SET') return null
    const most = grantedBy(policy, riskClass, ratingsOn(ratings.get(customerId) ?? [], today))
    if (most === null) return null
    const minor = amount === null ? null : convert(amount, baseCurrency, rates, today)
    if (minor !== null && typeof minor !== 'bigint')
      return { code: 'MISSING_RATE', message: rateInWords(minor) }
    if (minor !== null && minor <= most) return null
    const granted = `${formatMinor({ minor: most, currency: baseCurrency })} ${baseCurrency}`
    const message = `The credit policy (version ${policy.version}) grants customer ${number} ${granted} at most by its class and ratings`
    return { code: 'INVALID', message }
  }
}
