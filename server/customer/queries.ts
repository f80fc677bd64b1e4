import { todayOf, type Context } from '../context.ts'
import { dayOf } from '../domain/day.ts'
import { Exact, minorOf, type Money } from '../domain/money.ts'
import { isMissing } from '../domain/rates.ts'
import { selectCustomer, type By } from '../ledger/find.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'

export const findCustomerBy = ({ reader, organization }: Context, by: By): Promise<CustomerRow | null> =>
  reader.read((tx) => selectCustomer(tx, organization.id, by))

/** The sum in the base currency at today's rates; null where one is missing. */
export async function inBaseCurrency(context: Context, amounts: readonly Money[]): Promise<Money | null> {
  const { baseCurrency } = context.organization
  const today = dayOf(todayOf(context))
  const rates = await context.loaders.ratesToday()
  let sum = new Exact(0)
  for (const { minor, currency } of amounts) {
    const rate = rates.perMinorUnit(currency, baseCurrency, today)
    if (isMissing(rate)) return null
    sum = sum.plus(rate.times(minor.toString()))
  }
  return { minor: minorOf(sum, baseCurrency), currency: baseCurrency }
}
