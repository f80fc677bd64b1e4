/** What of a bill or credit note is tax, as its net amount says. */
import { formatMinor, parseMinor } from '../domain/money.ts'
import { invalid, type Problem } from '../problem.ts'

/** The tax in `minor`; null where the net amount was left out, for then nobody knows. */
export function readTax(
  amountNet: string | null | undefined,
  { minor, currency }: { readonly minor: bigint; readonly currency: string },
): bigint | null | Problem {
  if (amountNet === null || amountNet === undefined) return null
  const net = parseMinor(amountNet, currency)
  const path = ['amountNet']
  if (net === null || net <= 0n)
    return invalid(path, `${amountNet} is no amount of ${currency} greater than 0`)
  if (net <= minor) return minor - net
  return invalid(
    path,
    `${amountNet} ${currency} net of tax is more than the amount, ${formatMinor({ minor, currency })}`,
  )
}
