import { type AnyColumn, inArray } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Page } from '../connection.ts'
import type { Context } from '../context.ts'
import { listDated, type DatedTable } from '../dated-list.ts'
import type { QueryExchangeRatesArgs } from '../schema.generated.ts'
import type { ExchangeRateRow } from '@tidemark/drizzle/rows.ts'
import { exchangeRate } from '@tidemark/drizzle/tables/kpi.ts'

type Columns = Readonly<Record<'organizationId' | 'currency' | 'validOn' | 'recordedAt', AnyColumn>>

const columnsOf = ({ organizationId, currency: subject, validOn: day, recordedAt }: Columns) => ({
  organizationId,
  subject,
  day,
  recordedAt,
})

const rates: DatedTable<ExchangeRateRow> = {
  table: exchangeRate,
  columns: columnsOf(exchangeRate),
  later: columnsOf(alias(exchangeRate, 'later')),
  name: 'CURRENCY',
  subjectOf: ({ currency }) => currency,
  dayOf: ({ validOn }) => validOn,
}

/** Of each day the row that was recorded last, by `knownAt`. */
export const listRates = (
  context: Pick<Context, 'reader' | 'organization'>,
  { currencies, ...args }: QueryExchangeRatesArgs,
): Promise<Page<ExchangeRateRow>> =>
  listDated(context, rates, args, currencies ? inArray(exchangeRate.currency, [...currencies]) : undefined)
