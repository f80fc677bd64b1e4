/** A customer's standing as the API shows it. */
import { formatMinor, type Money } from '../domain/money.ts'
import { utilisation } from '../domain/exposure.ts'
import { rateInWords } from '../domain/rates.ts'
import type { ExposureSource } from '../domain/exposure.ts'
import { isMissingRate, type CreditStanding } from '../ledger/credit-standing.ts'
import type { ExposureState } from '../schema.generated.ts'

/** Null where a rate is missing. */
export const partOf = (
  { exposure, currency }: CreditStanding,
  part: ExposureSource | 'gross' | 'net',
): Money | null => (isMissingRate(exposure) ? null : { minor: exposure[part], currency })

export const committedOf = ({ committed, currency }: CreditStanding): Money | null =>
  isMissingRate(committed) ? null : { minor: committed, currency }

export const headroomOf = ({ committed, currency, limit }: CreditStanding): Money | null =>
  isMissingRate(committed) || limit.amount === null
    ? null
    : { minor: limit.amount.minor - committed, currency }

export const utilisationOf = ({ committed, limit }: CreditStanding): string | null =>
  isMissingRate(committed) || limit.amount === null ? null : utilisation(committed, limit.amount.minor)

export function stateOf({ committed, limit }: CreditStanding): ExposureState {
  if (limit.state !== 'AMOUNT' || limit.amount === null)
    return limit.state === 'UNLIMITED' ? 'UNLIMITED' : 'NOT_SET'
  if (isMissingRate(committed)) return 'UNKNOWN'
  return committed > limit.amount.minor ? 'OVER_LIMIT' : 'WITHIN_LIMIT'
}

/** Why something is null; null where nothing is. */
export function reasonOf({ exposure, committed, limit }: CreditStanding): string | null {
  if (isMissingRate(exposure)) return rateInWords(exposure)
  if (isMissingRate(committed)) return rateInWords(committed)
  if (limit.state === 'UNLIMITED') return 'There is no limit to be used, by decision.'
  if (limit.amount === null) return 'Nobody has decided on a limit.'
  return limit.amount.minor === 0n
    ? `A limit of ${formatMinor(limit.amount)} ${limit.amount.currency} means prepayment only.`
    : null
}
