/** What the demo company knows from outside its books: what collecting costs, who does it, what was planned. */
import { metricValue } from '@tidemark/drizzle/tables/kpi.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { endOfMonth } from '../domain/calendar.ts'
import { dateOf, type Day } from '../domain/day.ts'
import type { ExternalMetric } from '../domain/external.ts'
import { seededRandom } from './random.ts'

const SEED = 41_117
const SOURCE = 'demo'
/** Controllers close a month some days after it is over. */
const CLOSED_AFTER_DAYS = 4

export type OutsideOptions = {
  readonly firstDay: Day
  readonly today: Day
  readonly currency: string
  /** The evening of a day, or now where that has not come. */
  readonly momentOf: (day: Day) => Temporal.Instant
}

/** A value of each metric for every month that is closed. */
export async function recordOutside(
  tx: Tx,
  organizationId: string,
  { firstDay, today, currency, momentOf }: OutsideOptions,
): Promise<void> {
  const random = seededRandom(SEED)
  const rows: (typeof metricValue.$inferInsert)[] = []
  for (
    let day = endOfMonth(firstDay), month = 0;
    day + CLOSED_AFTER_DAYS <= today;
    day = endOfMonth(day + 1), month++
  ) {
    const money = { SALES_PLAN: 3_500_000 * 1.011 ** month, COLLECTION_COST: 21_000 + 90 * month }
    const add = (metric: ExternalMetric, value: string, isMoney: boolean) =>
      rows.push({
        organizationId,
        metric,
        day: dateOf(day),
        recordedAt: momentOf(day + CLOSED_AFTER_DAYS),
        value,
        currency: isMoney ? currency : null,
        source: SOURCE,
      })
    add('SALES_PLAN', `${Math.round(money.SALES_PLAN / 10_000) * 10_000}`, true)
    add('CASH_PLAN', `${Math.round((money.SALES_PLAN * 0.97) / 10_000) * 10_000}`, true)
    add('COLLECTION_COST', `${Math.round(money.COLLECTION_COST + random.normal(0, 700))}.00`, true)
    add('COLLECTION_STAFF', month < 14 ? '4.5' : '5', false)
    add('CUSTOMER_SATISFACTION', (74 + month * 0.25 + random.normal(0, 0.8)).toFixed(1), false)
  }
  if (rows.length > 0) await tx.insert(metricValue).values(rows)
}
