/** Amounts of money that people and programs send. */
import { currencyDigits, formatMinor, isCurrency, MINOR_MAX, parseMinor, type Money } from './domain/money.ts'
import { invalid, type Path, type Problem } from './problem.ts'

/** More than 0; `path` is that of the whole. */
export function readPositiveMoney(
  { amount, currency }: { readonly amount: string; readonly currency: string },
  path: Path,
): Money | Problem {
  if (!isCurrency(currency)) return invalid([...path, 'currency'], `${currency} is no ISO 4217 currency code`)
  const minor = readPositive(amount, currency, [...path, 'amount'])
  return typeof minor === 'bigint' ? { minor, currency } : minor
}

/** The same where the currency is known; `path` is that of the amount. */
export function readPositive(amount: string, currency: string, path: Path): bigint | Problem {
  const minor = parseMinor(amount, currency)
  if (minor !== null && minor > 0n) return minor
  const most = formatMinor({ minor: MINOR_MAX, currency })
  return invalid(
    path,
    `${amount} is no amount of ${currency} greater than 0, up to ${most}, with at most ${currencyDigits(currency)} decimals`,
  )
}
