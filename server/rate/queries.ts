import { and, eq, gt, gte, inArray, lte, notExists } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { assemblePage, requestPage, type Page, type SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import type { QueryExchangeRatesArgs } from '../schema.generated.ts'
import type { ExchangeRateRow } from '@tidemark/drizzle/rows.ts'
import { exchangeRate } from '@tidemark/drizzle/tables.ts'

const byCurrencyAndDay: SortKey<ExchangeRateRow>[] = [
  {
    name: 'CURRENCY',
    column: exchangeRate.currency,
    direction: 'ASC',
    type: 'text',
    valueOf: ({ currency }) => currency,
  },
  {
    name: 'DATE',
    column: exchangeRate.validOn,
    direction: 'ASC',
    type: 'date',
    valueOf: ({ validOn }) => validOn.toString(),
  },
]

/** Of each day the row that was recorded last, by `knownAt`. */
export async function listRates(
  { reader, organization }: Pick<Context, 'reader' | 'organization'>,
  { currencies, from, to, knownAt, ...args }: QueryExchangeRatesArgs,
): Promise<Page<ExchangeRateRow>> {
  const request = requestPage(args, byCurrencyAndDay)
  const later = alias(exchangeRate, 'later')
  return reader.read(async (tx) => {
    const where = and(
      eq(exchangeRate.organizationId, organization.id),
      currencies ? inArray(exchangeRate.currency, [...currencies]) : undefined,
      from ? gte(exchangeRate.validOn, from) : undefined,
      to ? lte(exchangeRate.validOn, to) : undefined,
      knownAt ? lte(exchangeRate.recordedAt, knownAt) : undefined,
      notExists(
        tx
          .select({ currency: later.currency })
          .from(later)
          .where(
            and(
              eq(later.organizationId, exchangeRate.organizationId),
              eq(later.currency, exchangeRate.currency),
              eq(later.validOn, exchangeRate.validOn),
              gt(later.recordedAt, exchangeRate.recordedAt),
              knownAt ? lte(later.recordedAt, knownAt) : undefined,
            ),
          ),
      ),
    )
    const rows = await tx
      .select()
      .from(exchangeRate)
      .where(and(where, request.after))
      .orderBy(...request.orderBy)
      .limit(request.limit)
    return assemblePage(request, rows, (limit) =>
      reader.read((again) =>
        again.$count(
          again
            .select({ currency: exchangeRate.currency })
            .from(exchangeRate)
            .where(where)
            .limit(limit)
            .as('limited'),
        ),
      ),
    )
  })
}
