/** What a customer owes by age, as the API shows it. */
import { todayOf, type Context } from '../context.ts'
import { bucketBounds, bucketsOf, type AgingBucket } from '../domain/aging.ts'
import { dayOf } from '../domain/day.ts'
import { Exact, majorOf, type Money } from '../domain/money.ts'
import { isMissing } from '../domain/rates.ts'
import { USUAL_EDGES } from '../ledger/dues.ts'

/** In the base currency, youngest first; null where an exchange rate of today is missing. */
export async function agesOf(context: Context, customerId: string): Promise<readonly AgingBucket[] | null> {
  const { loaders, organization } = context
  const { baseCurrency } = organization
  const today = dayOf(todayOf(context))
  const [dues, rates] = await Promise.all([loaders.dues.load(customerId), loaders.ratesToday()])
  // Each bucket with all older ones, as buckets are rounded.
  const older = USUAL_EDGES.map(() => new Exact(0)).concat(new Exact(0))
  const counts = older.map(() => 0)
  for (const { bucket, minor, count, currency } of dues) {
    const rate = rates.between(currency, baseCurrency, today)
    if (isMissing(rate)) return null
    const amount = majorOf({ minor, currency }).times(rate)
    for (let index = 0; index <= bucket; index++) {
      older[index] = (older[index] ?? new Exact(0)).plus(amount)
      counts[index] = (counts[index] ?? 0) + count
    }
  }
  return bucketsOf(bucketBounds('DUE_DATE', USUAL_EDGES.slice(1)), older, counts, baseCurrency)
}

/** All buckets but the first. */
export const overdueIn = (buckets: readonly AgingBucket[] | null, currency: string): Money | null =>
  buckets && {
    minor: buckets.slice(1).reduce((sum, { amount }) => sum + amount.minor, 0n),
    currency,
  }
