/** The greatest limit that a token may set, which it was made with: whoever found it can do no more than that. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { CommandContext } from '../command.ts'
import type { CreditLimit } from '../domain/credit-limit.ts'
import type { Day } from '../domain/day.ts'
import { formatMinor, majorOf } from '../domain/money.ts'
import { isMissing } from '../domain/rates.ts'
import { readRates } from '../ledger/rates.ts'

export type BeyondCeiling = { readonly code: 'INVALID' | 'MISSING_RATE'; readonly message: string }

/** Null where whoever acts may set the limit. */
export type Ceiling = (limit: CreditLimit) => BeyondCeiling | null

/** In the base currency, at today's rates. No limit at all is beyond any ceiling; taking one back is beyond none. */
export async function ceilingOf(
  tx: Tx,
  { organization, creditLimitMax }: Pick<CommandContext, 'organization' | 'creditLimitMax'>,
  today: Day,
): Promise<Ceiling> {
  if (creditLimitMax == null) return () => null
  const { baseCurrency } = organization
  const max = { minor: creditLimitMax, currency: baseCurrency }
  const beyond = (told: string): BeyondCeiling => ({
    code: 'INVALID',
    message: `Your token sets limits up to ${formatMinor(max)} ${baseCurrency}, and ${told} more than that`,
  })
  const rates = await readRates(tx, organization, today, today)
  return ({ state, amount }) => {
    if (state === 'UNLIMITED') return beyond('unlimited is')
    if (amount === null) return null
    const { currency } = amount
    const rate = rates.perMinorUnit(currency, baseCurrency, today)
    if (isMissing(rate)) {
      const message = `Your token has a ceiling in ${baseCurrency}, and there is no exchange rate of ${currency} for today`
      return { code: 'MISSING_RATE', message }
    }
    const isBeyond = rate.times(amount.minor.toString()).greaterThan(majorOf(max))
    return isBeyond ? beyond(`${formatMinor(amount)} ${currency} is`) : null
  }
}
