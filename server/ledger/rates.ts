/** The exchange rates that can be in force on the days from `from` to `to`. */
import { RATE_AGE_DAYS_MAX, ratesOf, type Rates } from '../domain/rates.ts'
import { formatDay, parseDay, type Day } from '../domain/day.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export async function readRates(
  tx: Tx,
  organization: Pick<OrganizationRow, 'id' | 'baseCurrency'>,
  from: Day,
  to: Day,
): Promise<Rates> {
  const rows = await tx.sql<{ currency: string; valid_on: string; rate: string }[]>`
    select currency, valid_on, rate from exchange_rate
    where organization_id = ${organization.id}
      and valid_on between ${formatDay(from - RATE_AGE_DAYS_MAX)} and ${formatDay(to)}`
  const known = rows.flatMap(({ currency, valid_on, rate }) => {
    const validOn = parseDay(valid_on)
    return validOn === null ? [] : [{ currency, validOn, rate }]
  })
  return ratesOf(organization.baseCurrency, known)
}
