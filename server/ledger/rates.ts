/**
 * The exchange rates that can be in force on the days from `from` to `to`. `knownAt`: rates that were corrected later are
 * as they were then; a rate that was recorded later for the first time is what the market had all the same.
 */
import { RATE_AGE_DAYS_MAX, ratesOf, type Rates } from '../domain/rates.ts'
import { formatDay, parseDay, type Day } from '../domain/day.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export async function readRates(
  tx: Tx,
  organization: Pick<OrganizationRow, 'id' | 'baseCurrency'>,
  from: Day,
  to: Day,
  knownAt: Temporal.Instant | null = null,
): Promise<Rates> {
  const rows = await tx.sql<{ currency: string; valid_on: string; rate: string }[]>`
    select distinct on (currency, valid_on) currency, valid_on, rate
    from exchange_rate cross join lateral (
      select recorded_at <= coalesce(${knownAt?.toString() ?? null}::timestamptz, 'infinity') as is_known
    ) known
    where organization_id = ${organization.id}
      and valid_on between ${formatDay(from - RATE_AGE_DAYS_MAX)} and ${formatDay(to)}
    order by currency, valid_on, is_known desc, case when is_known then recorded_at end desc, recorded_at`
  const known = rows.flatMap(({ currency, valid_on, rate }) => {
    const validOn = parseDay(valid_on)
    return validOn === null ? [] : [{ currency, validOn, rate }]
  })
  return ratesOf(organization.baseCurrency, known)
}
