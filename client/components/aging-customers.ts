import type { AgingCustomers_InvoiceFragment } from '../documents.generated.ts'

/** A customer and what was open of it in one currency: nothing of different currencies is ever added. */
export type CustomerBalance = {
  readonly id: string
  readonly number: string
  readonly name: string
  readonly balance: { readonly amount: string; readonly currency: string }
}

/** Decimal text as an integer of its smallest unit, with its number of digits: no digit passes through a float. */
const unitsOf = (amount: string): { readonly units: bigint; readonly digits: number } => {
  const [whole = '0', fraction = ''] = amount.split('.')
  return { units: BigInt(whole + fraction), digits: fraction.length }
}

const amountOf = (units: bigint, digits: number): string => {
  const sign = units < 0n ? '-' : ''
  const text = String(units < 0n ? -units : units).padStart(digits + 1, '0')
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/** The exact sum of two amounts of one currency. */
export const plus = (a: string, b: string): string => {
  const left = unitsOf(a)
  const right = unitsOf(b)
  const digits = Math.max(left.digits, right.digits)
  const scaled = ({ units, digits: own }: typeof left) => units * 10n ** BigInt(digits - own)
  return amountOf(scaled(left) + scaled(right), digits)
}

/** What customers owed, out of the invoices that were open: by currency in the order given, each the largest first. */
export const balancesOf = (
  invoices: readonly AgingCustomers_InvoiceFragment[],
  currencies: readonly string[],
): { readonly currency: string; readonly rows: readonly CustomerBalance[] }[] => {
  const sums = new Map<string, CustomerBalance>()
  for (const { customer, balance } of invoices) {
    const key = `${customer.id} ${balance.currency}`
    const before = sums.get(key)
    sums.set(key, {
      id: customer.id,
      number: customer.number,
      name: customer.name,
      balance: before ? { ...balance, amount: plus(before.balance.amount, balance.amount) } : balance,
    })
  }
  const all = [...sums.values()].toSorted(
    (a, b) => Number(b.balance.amount) - Number(a.balance.amount) || a.number.localeCompare(b.number, 'en'),
  )
  const known = new Set([...currencies, ...all.map(({ balance }) => balance.currency)])
  return [...known].flatMap((currency) => {
    const rows = all.filter(({ balance }) => balance.currency === currency)
    return rows.length === 0 ? [] : [{ currency, rows }]
  })
}
