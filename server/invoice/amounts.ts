/** Amounts of movements: read, and spread over installments. */
import { payInstallments, type InstallmentState } from '../domain/invoice.ts'
import { formatMinor, isCurrency, parseMinor } from '../domain/money.ts'
import { invalid, isProblem, type Path, type Problem } from '../problem.ts'
import type { MoneyInput } from '../schema.generated.ts'
import type { Held, Movement } from './movement.ts'

/** The amount in minor units of the invoice's currency, whatever its sign; a problem where it is in another or is 0. */
export function readAmount(
  { row, item }: Pick<Held, 'row' | 'item'>,
  { amount, currency }: MoneyInput,
  path: Path = ['amount'],
): bigint | Problem {
  if (!isCurrency(currency)) return invalid([...path, 'currency'], `${currency} is no ISO 4217 currency code`)
  if (currency !== item.currency) {
    const message = `Invoice ${row.number} is in ${item.currency}, the amount in ${currency}`
    return invalid([...path, 'currency'], message, 'WRONG_CURRENCY')
  }
  const minor = parseMinor(amount, currency)
  return minor === null || minor === 0n
    ? invalid([...path, 'amount'], `${amount} is no amount of ${currency} other than 0`)
    : minor
}

/** The same, greater than 0 and at most `most`, which is all of it where no amount is given. */
export function readAmountUpTo(
  held: Held,
  input: MoneyInput | null | undefined,
  most: bigint,
  what: string,
): bigint | Problem {
  const { row, item } = held
  const amount = input ? readAmount(held, input) : most
  if (isProblem(amount)) return amount
  if (amount < 0n) return invalid(['amount', 'amount'], 'It must be greater than 0')
  if (amount <= most && most > 0n) return amount
  const there = `${formatMinor({ minor: most < 0n ? 0n : most, currency: item.currency })} ${item.currency}`
  return invalid(['amount'], `Invoice ${row.number} has ${there} ${what}`, 'OVER_ALLOCATION')
}

/** Movements that lower what is owed: what is due first is lowered first. */
export const lower = (
  installments: readonly Pick<InstallmentState, 'number' | 'dueOn' | 'balance'>[],
  amount: bigint,
  movement: Pick<Movement, 'kind' | 'code'>,
): Movement[] =>
  payInstallments(installments, amount).map((part) => ({
    ...movement,
    installment: part.number,
    amount: -part.amount,
  }))

/** Movements that bring back what was taken off the installments, of which `takenOff` is left. The last comes first. */
export function bringBack(
  installments: readonly InstallmentState[],
  amount: bigint,
  takenOff: (part: InstallmentState) => bigint,
  movement: Pick<Movement, 'kind' | 'code'>,
): Movement[] {
  const movements: Movement[] = []
  let left = amount
  for (const part of installments.toReversed()) {
    const off = takenOff(part)
    const back = off < left ? off : left
    if (back <= 0n) continue
    movements.push({ ...movement, installment: part.number, amount: back })
    left -= back
  }
  return movements
}
