/** What is in force of a customer's credit limits. */
import { todayOf, type Context } from '../context.ts'
import { creditLimitOn, type CreditLimit, type DatedLimit } from '../domain/credit-limit.ts'
import { dayOf } from '../domain/day.ts'
import { storedLimitOf } from './limit.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'

export const limitsOf = ({ loaders }: Context, { id }: CustomerRow): Promise<readonly DatedLimit[]> =>
  loaders.creditLimits.load(id)

/** By the customer's own columns as far as they reach. */
export async function limitToday(context: Context, row: CustomerRow): Promise<CreditLimit> {
  const { creditLimitThrough } = row
  const today = todayOf(context)
  if (creditLimitThrough === null || Temporal.PlainDate.compare(creditLimitThrough, today) >= 0)
    return storedLimitOf(row)
  return creditLimitOn(await limitsOf(context, row), dayOf(today))
}
