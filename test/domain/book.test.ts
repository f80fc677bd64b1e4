import { describe, expect, it } from 'vitest'
import { bookOf, bookRow } from '@tidemark/server/domain/book.ts'
import type { FlowRow, Measure } from '@tidemark/server/domain/measures.ts'
import { kpiDefinitions } from '@tidemark/server/domain/registry.ts'
import { evaluate } from '@tidemark/server/domain/evaluate.ts'
import { readFileSync } from 'node:fs'
import { buildSchema, isEnumType } from 'graphql'
import type { ExchangeRate } from '@tidemark/server/domain/rates.ts'
import { conventionsOf, day, entry, kpiBooks, rowsOf } from '../support/kpi-books.ts'

const row = (measure: Measure, on: number, anchor: number, amount: bigint, count = 1): FlowRow => ({
  measure,
  day: on,
  anchor,
  amount,
  count,
  days: 0n,
  amountDays: 0n,
})

describe('a book', () => {
  const book = bookOf(
    [
      row('OPEN_BY_DUE', 10, 40, 100n),
      row('OPEN_BY_DUE', 20, 30, 50n),
      row('OPEN_BY_DUE', 35, 40, -100n, -1),
      row('BILLED', 10, 10, 100n),
      row('BILLED', 20, 20, 50n),
      row('DUE', 40, 40, 100n),
      row('DUE', 50, 40, -100n, -1),
    ].map((one) => bookRow(one, 'USD')),
  )

  it('has the balance of the end of a day', () => {
    const at = (on: number) => book.balance('OPEN_BY_DUE', 'USD', on, null).amount
    expect([at(9), at(10), at(19), at(20), at(34), at(35), at(999)]).toEqual([
      0n,
      100n,
      100n,
      150n,
      150n,
      50n,
      50n,
    ])
  })

  it('has what is older than some days, from the day on which it is', () => {
    const late = (on: number, days: number) => book.balance('OPEN_BY_DUE', 'USD', on, days).amount
    expect([late(30, 0), late(31, 0), late(40, 0), late(41, 0)]).toEqual([0n, 50n, 50n, 50n])
    expect([late(60, 30), late(61, 30)]).toEqual([0n, 50n])
  })

  it('keeps the age of what is open', () => {
    const { amount, anchorAmount } = book.balance('OPEN_BY_DUE', 'USD', 41, 0)
    expect(41n * amount - anchorAmount).toBe(550n)
  })

  it('has what happened in a period, both its ends included', () => {
    expect(book.movement('BILLED', 'USD', { from: 10, to: 20 }).amount).toBe(150n)
    expect(book.movement('BILLED', 'USD', { from: 11, to: 19 }).count).toBe(0)
  })

  it('has what became of the things of a period by a later day', () => {
    const due = (asOf: number) => book.cohort('DUE', 'USD', { from: 40, to: 40 }, asOf).count
    expect([due(39), due(40), due(49), due(50)]).toEqual([0, 1, 1, 0])
  })

  it('knows nothing of other currencies and measures', () => {
    expect(book.balance('OPEN_BY_DUE', 'EUR', 30, null).amount).toBe(0n)
    expect(book.balance('UNAPPLIED_CASH', 'USD', 30, null).amount).toBe(0n)
    expect(book.currencies).toEqual(['USD'])
  })
})

describe('the registry', () => {
  const contract = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'))
  const valuesOf = (name: string) => {
    const type = contract.getType(name)
    return isEnumType(type) ? type.getValues().map((value) => value.name) : []
  }

  it('has exactly the metrics of the contract, each once', () => {
    const metrics = kpiDefinitions.map((definition) => definition.metric)
    expect(metrics.toSorted()).toEqual(valuesOf('KpiMetric').toSorted())
    expect(new Set(metrics).size).toBe(metrics.length)
  })

  it('uses the units and directions of the contract, and tells readers what they need', () => {
    for (const definition of kpiDefinitions) {
      expect(valuesOf('KpiUnit')).toContain(definition.unit)
      expect(valuesOf('BetterDirection')).toContain(definition.better)
      for (const text of [definition.name, definition.description, definition.formula, definition.source])
        expect(text.length).toBeGreaterThan(2)
    }
  })
})

describe('an unknown is told apart from a 0', () => {
  const issuedOn = day('2026-01-05')
  const rows = rowsOf(
    [
      {
        kind: 'INVOICE',
        startsOn: issuedOn,
        entries: [entry('INVOICED', 1_000n, issuedOn, { dueOn: issuedOn + 30 })],
      },
    ],
    'USD',
  )
  const books = kpiBooks(rows, 'USD')
  const reason = (metric: Parameters<typeof books.outcome>[0], on: string, choice = {}) =>
    books.outcome(metric, day(on), choice).reason

  it('before the books, and where a window begins before them', () => {
    expect(reason('TOTAL_RECEIVABLES', '2025-12-31')).toBe('INSUFFICIENT_HISTORY')
    expect(reason('DSO', '2026-02-28')).toBe('INSUFFICIENT_HISTORY')
    // January counts as a full month although its first invoice is of the 5th.
    expect(reason('DSO', '2026-03-31')).toBeNull()
    expect(reason('DSO', '2026-01-31', { dsoMonths: 1 })).toBeNull()
    expect(reason('RECEIVABLES_TURNOVER', '2026-11-30')).toBe('INSUFFICIENT_HISTORY')
    expect(reason('RECEIVABLES_TURNOVER', '2026-12-31')).toBeNull()
  })

  it('in books without entries', () => {
    expect(kpiBooks([], 'USD').outcome('PAST_DUE', day('2026-01-31')).reason).toBe('INSUFFICIENT_HISTORY')
  })

  it('where there is nothing to divide by', () => {
    expect(reason('DSO', '2026-06-30', { dsoMonths: 1 })).toBe('NO_SALES')
    expect(reason('ON_TIME_RATE', '2026-06-30')).toBe('NOTHING_IN_PERIOD')
    expect(reason('AVERAGE_DAYS_TO_PAY', '2026-01-31')).toBe('NOTHING_IN_PERIOD')
    // All that was billed is still current: there was nothing to collect.
    expect(reason('COLLECTION_EFFECTIVENESS_INDEX', '2026-01-31')).toBe('NOTHING_IN_PERIOD')
    expect(reason('CURRENT_SHARE', '2026-01-04')).toBe('NO_RECEIVABLES')
  })

  it('on a day that has not come', () => {
    const point = {
      day: day('2026-02-01'),
      period: { from: day('2026-02-01'), to: day('2026-02-01') },
      asOf: day('2026-01-31'),
    }
    expect(books.evaluate('TOTAL_RECEIVABLES', point).outcome?.reason).toBe('IN_THE_FUTURE')
  })

  it('but nothing owed is 0', () => {
    expect(books.value('PAST_DUE', day('2026-01-31'))).toBe(0)
    expect(books.value('CASH_COLLECTED', day('2026-01-31'))).toBe(0)
  })
})

describe('currencies', () => {
  const issuedOn = day('2026-01-05')
  const paidOn = day('2026-01-20')
  const rows = rowsOf(
    [
      {
        kind: 'INVOICE',
        startsOn: issuedOn,
        entries: [
          entry('INVOICED', 10_000n, issuedOn, { dueOn: issuedOn }),
          entry('PAYMENT_APPLIED', -4_000n, paidOn, { counterpartId: 'r' }),
        ],
      },
      {
        kind: 'RECEIPT',
        startsOn: paidOn,
        entries: [entry('RECEIVED', 4_000n, paidOn), entry('APPLIED', -4_000n, paidOn)],
      },
    ],
    'EUR',
  )
  const rate = (on: string, value: string): ExchangeRate => ({
    currency: 'EUR',
    validOn: day(on),
    rate: value,
  })
  const quoted = [rate('2026-01-05', '1.00'), rate('2026-01-20', '1.20'), rate('2026-01-31', '1.50')]
  const books = kpiBooks(rows, 'USD', { baseCurrency: 'USD', rates: quoted })

  it('value balances at the closing rate and movements at the rate of their day', () => {
    const end = day('2026-01-31')
    expect(books.value('TOTAL_RECEIVABLES', end)).toBe(90)
    expect(books.value('SALES', end)).toBe(100)
    expect(books.value('CASH_COLLECTED', end)).toBe(48)
  })

  it('leave ratios at constant currency, so that a moving rate is neither cash nor collection', () => {
    const inEuro = kpiBooks(rows, 'EUR')
    for (const metric of [
      'DSO',
      'COLLECTION_EFFECTIVENESS_INDEX',
      'PAST_DUE_SHARE',
      'DSO_COUNT_BACK',
    ] as const) {
      const choice = { dsoMonths: 1 }
      expect(books.value(metric, day('2026-01-31'), choice)).toBe(
        inEuro.value(metric, day('2026-01-31'), choice),
      )
    }
  })

  it('name the rate that is missing, but ask for none that changes nothing', () => {
    const poor = kpiBooks(rows, 'USD', { baseCurrency: 'USD', rates: [] })
    const point = { day: paidOn, period: { from: issuedOn, to: paidOn }, asOf: paidOn }
    const definition = kpiDefinitions.find(({ metric }) => metric === 'TOTAL_RECEIVABLES')
    if (definition === undefined) throw new Error('There is one')
    expect(evaluate(definition, point, conventionsOf(), poor.view).missingRate).toEqual({
      currency: 'EUR',
      day: paidOn,
    })
    expect(poor.value('OPEN_INVOICE_COUNT', paidOn)).toBe(1)
    expect(poor.value('WRITTEN_OFF', paidOn)).toBe(0)
  })
})
