import { formatMinor, isCurrency, parseMinor, type Money } from '../domain/money.ts'
import { invalid, type Path, type Problem } from '../problem.ts'
import type { CreditLimitInput } from '../schema.generated.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'

/** What a customer may owe at most; `amount` only where the state is AMOUNT. */
export type CreditLimit = {
  readonly state: CustomerRow['creditLimitState']
  readonly amount: Money | null
}

export const creditLimitOf = (row: CustomerRow): CreditLimit => ({
  state: row.creditLimitState,
  amount:
    row.creditLimit === null || row.creditLimitCurrency === null
      ? null
      : { minor: row.creditLimit, currency: row.creditLimitCurrency },
})

export const creditLimitColumns = ({ state, amount }: CreditLimit) => ({
  creditLimitState: state,
  creditLimit: amount?.minor ?? null,
  creditLimitCurrency: amount?.currency ?? null,
})

export function readCreditLimit(input: CreditLimitInput, path: Path): CreditLimit | Problem {
  if (input.amount) {
    const { amount, currency } = input.amount
    if (!isCurrency(currency)) {
      return invalid([...path, 'amount', 'currency'], `${currency} is no ISO 4217 currency code`)
    }
    const minor = parseMinor(amount, currency)
    if (minor === null || minor < 0n) {
      return invalid([...path, 'amount', 'amount'], `${amount} is no amount of ${currency} of 0 or more`)
    }
    return { state: 'AMOUNT', amount: { minor, currency } }
  }
  if (input.unlimited === false) return invalid([...path, 'unlimited'], 'unlimited can only be true')
  if (input.notSet === false) return invalid([...path, 'notSet'], 'notSet can only be true')
  return { state: input.unlimited ? 'UNLIMITED' : 'NOT_SET', amount: null }
}

/** As the audit and a stored outcome keep it. */
export type StoredCreditLimit = {
  readonly state: CreditLimit['state']
  readonly amount: string | null
  readonly currency: string | null
}

export const storeCreditLimit = ({ state, amount }: CreditLimit): StoredCreditLimit => ({
  state,
  amount: amount === null ? null : formatMinor(amount),
  currency: amount?.currency ?? null,
})

export function restoreCreditLimit({ state, amount, currency }: StoredCreditLimit): CreditLimit {
  const minor = amount === null || currency === null ? null : parseMinor(amount, currency)
  return { state, amount: minor === null || currency === null ? null : { minor, currency } }
}
