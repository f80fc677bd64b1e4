/** Exchange rates of the demo company: a daily random walk that stays near where it began. */
import { and, desc, eq } from 'drizzle-orm'
import { dateOf, dayOf, type Day } from '../domain/day.ts'
import { seededRandom } from './random.ts'
import { exchangeRate } from '@tidemark/drizzle/tables/kpi.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Each with the rate around which it walks, in US dollars. */
const currencies = [
  { currency: 'EUR', home: 1.09, seed: 3_001 },
  { currency: 'GBP', home: 1.27, seed: 5_003 },
] as const

const SOURCE = 'demo'
const DEVIATION = 0.0035
/** The share of its distance from home that a rate comes back each day. */
const RETURN = 0.012

/** Adds the rates that are missing up to `today`, beginning on `firstDay` where there are none. */
export async function extendRates(tx: Tx, organizationId: string, firstDay: Day, today: Day): Promise<void> {
  for (const { currency, home, seed } of currencies) {
    const [last] = await tx
      .select({ validOn: exchangeRate.validOn, rate: exchangeRate.rate })
      .from(exchangeRate)
      .where(and(eq(exchangeRate.organizationId, organizationId), eq(exchangeRate.currency, currency)))
      .orderBy(desc(exchangeRate.validOn))
      .limit(1)
    let rate = last === undefined ? home : Number(last.rate)
    const rows: (typeof exchangeRate.$inferInsert)[] = []
    for (let day = last === undefined ? firstDay : dayOf(last.validOn) + 1; day <= today; day++) {
      rate = nextRate(rate, home, seed, day)
      rows.push({ organizationId, currency, validOn: dateOf(day), rate: rate.toFixed(6), source: SOURCE })
    }
    // Another process may add the same.
    if (rows.length > 0) await tx.insert(exchangeRate).values(rows).onConflictDoNothing()
  }
}

/** On weekends the markets are closed. */
function nextRate(rate: number, home: number, seed: number, day: Day): number {
  if (dateOf(day).dayOfWeek > 5) return rate
  // Each day has a chance of its own, so that a walk that is taken up again goes on as if it had never stopped.
  const step = seededRandom(seed + day * 7_919).normal(0, DEVIATION)
  return rate * Math.exp(step) + RETURN * (home - rate)
}
