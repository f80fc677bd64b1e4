/** Exchange rates as the books keep them: appended, never changed. */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { RATE_AGE_DAYS_MAX, ratesOf, type ExchangeRate, type Rates } from '../domain/rates.ts'
import { formatDay, parseDay, type Day } from '../domain/day.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { announcement } from './settled.ts'

/**
 * The exchange rates that can be in force on the days from `from` to `to`. `knownAt`: rates that were corrected later are
 * as they were then; a rate that was recorded later for the first time is what the market had all the same.
 */
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
      select recorded_at <= coalesce(${knownAt === null ? null : microseconds(knownAt)}::timestamptz, 'infinity') as is_known
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

export type NewRate = ExchangeRate & { readonly source: string }

export type RatesAppended = { readonly inserted: number; readonly updated: number }

/**
 * A rate that differs from the one known is a further row: what was computed with the old one can be computed again. All
 * of one call become known at the same moment.
 */
export async function appendRates(
  tx: Tx,
  organizationId: string,
  rates: readonly NewRate[],
): Promise<RatesAppended> {
  await announcement(tx, organizationId)
  const [row] = await tx.sql<RatesAppended[]>`
    with posting as materialized (select clock_timestamp() as recorded_at), given as (
      select * from unnest(
        ${arrayOf(rates.map(({ currency }) => currency))}::text[],
        ${arrayOf(rates.map(({ validOn }) => formatDay(validOn)))}::date[],
        ${arrayOf(rates.map(({ rate }) => rate))}::numeric[],
        ${arrayOf(rates.map(({ source }) => source))}::text[]) as given (currency, valid_on, rate, source)
    ), added as (
      select given.*, known.rate is null as is_new
      from given left join lateral (
        select rate from exchange_rate
        where organization_id = ${organizationId} and currency = given.currency and valid_on = given.valid_on
        order by recorded_at desc limit 1
      ) known on true
      where known.rate is distinct from given.rate
    ), appended as (
      insert into exchange_rate (organization_id, currency, valid_on, recorded_at, rate, source)
      select ${organizationId}, currency, valid_on, recorded_at, rate, source from added cross join posting
    )
    select count(*) filter (where is_new)::int as inserted, count(*) filter (where not is_new)::int as updated
    from added`
  return row ?? { inserted: 0, updated: 0 }
}
