import { describe, expect, it } from 'vitest'
import { lengthOf, trailingMonths } from '@tidemark/server/domain/calendar.ts'
import { dateOf, type Day } from '@tidemark/server/domain/day.ts'
import {
  collectionEffectiveness,
  countBack,
  daysOfSales,
  turnover,
} from '@tidemark/server/domain/formulas.ts'
import type { KpiMetric } from '@tidemark/server/domain/kpi.ts'
import { kpiDefinitions } from '@tidemark/server/domain/registry.ts'
import { bookRow } from '@tidemark/server/domain/book.ts'
import { Exact } from '@tidemark/server/domain/money.ts'
import type { ConventionsChoice } from '@tidemark/server/domain/conventions.ts'
import { kpiBooks, day, rowsOf } from '../support/kpi-books.ts'
import {
  expectedBooks,
  hasRealBooks,
  ibmHistories,
  xeroHistories,
  type ExpectedBooks,
} from '../support/real-books.ts'

const exact = (value: number | string) => new Exact(value)
const rounded = (value: Exact | null, digits = 2) => value?.toFixed(digits) ?? null
const months = (...pairs: [amount: number, days: number][]) =>
  pairs.map(([amount, days]) => ({ amount: exact(amount), days }))

describe('published examples', () => {
  it('DSO: JD Edwards, current balance divided by sales', () => {
    expect(rounded(daysOfSales(exact(10_869), exact(5_538 + 4_566 + 7_570), 90).value)).toBe('55.35')
  })

  it('DSO, best possible DSO and average days delinquent: criskco', () => {
    const sales = exact(10_000_000)
    expect(rounded(daysOfSales(exact(1_200_000), sales, 365).value, 1)).toBe('43.8')
    expect(rounded(daysOfSales(exact(800_000), sales, 365).value, 1)).toBe('29.2')
    expect(rounded(daysOfSales(exact(400_000), sales, 365).value, 1)).toBe('14.6')
  })

  it('count-back: Benji Pays, months of 30 days; the calendar alone moves it by two days', () => {
    const countedBack = (...days: [number, number, number]) =>
      rounded(countBack(exact(212), months([100, days[0]], [80, days[1]], [70, days[2]])).value)
    expect(countedBack(30, 30, 30)).toBe('73.71')
    expect(countedBack(31, 28, 31)).toBe('73.17')
    expect(countedBack(31, 30, 31)).toBe('75.17')
  })

  it('count-back: the numbers of Oracle Hyperion give 166.33, not the 179.7 that its manual prints', () => {
    const sales = months([2_500, 30], [1_750, 31], [2_250, 31], [2_500, 30], [2_000, 31], [2_250, 30])
    expect(rounded(countBack(exact(12_000), sales).value)).toBe('166.33')
    // The manual's 26.7 days of April would fit a balance of 13,000.
    expect(rounded(countBack(exact(13_000), sales).value)).toBe('179.67')
  })

  it('count-back says why it has no answer', () => {
    expect(countBack(exact(500), months([100, 31], [200, 30])).reason).toBe('HISTORY_EXHAUSTED')
    expect(countBack(exact(500), months([100, 31], [-1, 30], [900, 31])).reason).toBe('NEGATIVE_SALES')
    expect(countBack(exact(0), []).value?.toNumber()).toBe(0)
    // A month without sales adds its days.
    expect(countBack(exact(50), months([0, 30], [100, 31])).value?.toNumber()).toBe(45.5)
  })

  it('CEI: the same figures of creditguru, read in three ways', () => {
    const cei = (opening: number, sales: number) =>
      rounded(
        collectionEffectiveness({
          opening: exact(opening),
          sales: exact(sales),
          closing: exact(6_340),
          closingCurrent: exact(3_590),
        }).value,
        1,
      )
    expect(cei(6_200, 10_890 / 3)).toBe('55.9')
    expect(cei(6_200, 10_890)).toBe('79.6')
    // Their opening balance is that of the end of January, so the sales that match it are those of February and March.
    expect(cei(6_200, 7_500)).toBe('72.8')
  })

  it('CEI: Gaviti, 980 of 1,000 collected', () => {
    const balances = {
      opening: exact(600),
      sales: exact(900),
      closing: exact(520),
      closingCurrent: exact(500),
    }
    expect(rounded(collectionEffectiveness(balances).value, 1)).toBe('98.0')
  })

  it('days beyond terms: signed as published by Satago, and floored', () => {
    const settledOn = day('2026-03-31')
    const late = [
      [100n, -10n],
      [200n, -5n],
      [300n, 0n],
      [400n, 5n],
      [500n, 10n],
    ] as const
    const rows = late.flatMap(([amount, days]) => {
      const floored = days < 0n ? 0n : days
      const settled = { anchor: settledOn, day: settledOn, amount: amount * 100n, count: 1 }
      return [
        { ...settled, measure: 'SETTLED_LATE' as const, days, amountDays: amount * 100n * days },
        {
          ...settled,
          measure: 'SETTLED_LATE_FLOORED' as const,
          days: floored,
          amountDays: amount * 100n * floored,
        },
      ]
    })
    const books = kpiBooks(
      rows.map((row) => bookRow(row, 'USD')),
      'USD',
    )
    const late2 = (floorDaysLate: boolean) =>
      rounded(books.outcome('AVERAGE_DAYS_LATE', settledOn, { rateBasis: 'AMOUNT', floorDaysLate }).value)
    expect(late2(false)).toBe('3.33')
    expect(late2(true)).toBe('4.67')
    // Counted by invoices, each weighs the same.
    expect(rounded(books.outcome('AVERAGE_DAYS_LATE', settledOn).value)).toBe('0.00')
  })

  it('days late: JD Edwards weighs every invoice alike, which hides the large one', () => {
    const paidOn = day('2026-03-31')
    const rows = [
      [100_000n, 1n],
      [500n, 30n],
    ].map(([amount = 0n, days = 0n]) =>
      bookRow(
        {
          measure: 'SETTLED_LATE',
          anchor: paidOn,
          day: paidOn,
          amount,
          count: 1,
          days,
          amountDays: amount * days,
        },
        'JPY',
      ),
    )
    const books = kpiBooks(rows, 'JPY')
    expect(books.value('AVERAGE_DAYS_LATE', paidOn)).toBe(15.5)
    expect(rounded(books.outcome('AVERAGE_DAYS_LATE', paidOn, { rateBasis: 'AMOUNT' }).value, 3)).toBe(
      '1.144',
    )
  })

  it('turnover divides by the mean of the balances', () => {
    const found = turnover(exact(1_200), [exact(100), exact(200), exact(300)])
    expect(found.value?.toNumber()).toBe(6)
    expect([found.numerator?.toNumber(), found.denominator?.toNumber()]).toEqual([3_600, 600])
  })
})

const lastDay = (month: string): Day => {
  const date = dateOf(day(`${month}-01`))
  return day(date.with({ day: date.daysInMonth }).toString())
}

/** What each printed figure of a month is called here. */
const monthly: [
  path: [string] | [string, string],
  metric: KpiMetric,
  choice: ConventionsChoice,
  scale: number,
][] = [
  [['sales'], 'SALES', {}, 1],
  [['collections'], 'CASH_COLLECTED', {}, 1],
  [['collections'], 'CASH_APPLIED', {}, 1],
  [['ar_end'], 'TOTAL_RECEIVABLES', {}, 1],
  [['ar_end_current'], 'CURRENT_RECEIVABLES', {}, 1],
  [['ar_end_past_due'], 'PAST_DUE', {}, 1],
  ...[1, 3, 12].flatMap((dsoMonths): typeof monthly => [
    [[`dso_${dsoMonths}m`], 'DSO', { dsoMonths }, 1],
    [[`bpdso_${dsoMonths}m`], 'BEST_POSSIBLE_DSO', { dsoMonths }, 1],
    [[`add_${dsoMonths}m`], 'AVERAGE_DAYS_DELINQUENT', { dsoMonths }, 1],
  ]),
  [['dso_countback'], 'DSO_COUNT_BACK', {}, 1],
  [['cei'], 'COLLECTION_EFFECTIVENESS_INDEX', {}, 1],
  [['cei_3m'], 'COLLECTION_EFFECTIVENESS_INDEX', { ceiMonths: 3 }, 1],
  [['turnover_12m'], 'RECEIVABLES_TURNOVER', {}, 1],
  [['due', 'on_time_rate'], 'ON_TIME_RATE', {}, 100],
  [['due', 'on_time_rate_amount'], 'ON_TIME_RATE', { rateBasis: 'AMOUNT' }, 100],
  [['invoiced', 'count'], 'INVOICES_SENT', {}, 1],
  [['invoiced', 'dispute_rate'], 'DISPUTE_RATE', {}, 100],
  [['invoiced', 'dispute_rate_amount'], 'DISPUTE_RATE', { rateBasis: 'AMOUNT' }, 100],
  [['settled', 'count'], 'INVOICES_SETTLED', {}, 1],
  [['settled', 'on_time_rate'], 'ON_TIME_RATE_SETTLED', {}, 100],
  [['settled', 'on_time_rate_amount'], 'ON_TIME_RATE_SETTLED', { rateBasis: 'AMOUNT' }, 100],
  [['settled', 'avg_days_to_settle'], 'AVERAGE_DAYS_TO_PAY', {}, 1],
  [['settled', 'avg_days_to_settle_weighted'], 'AVERAGE_DAYS_TO_PAY', { rateBasis: 'AMOUNT' }, 1],
  [['settled', 'avg_days_late_signed'], 'AVERAGE_DAYS_LATE', {}, 1],
  [['settled', 'avg_days_late_signed_weighted'], 'AVERAGE_DAYS_LATE', { rateBasis: 'AMOUNT' }, 1],
  [['settled', 'avg_days_late_clamped'], 'AVERAGE_DAYS_LATE', { floorDaysLate: true }, 1],
  [
    ['settled', 'avg_days_late_clamped_weighted'],
    'AVERAGE_DAYS_LATE',
    { floorDaysLate: true, rateBasis: 'AMOUNT' },
    1,
  ],
]

describe.skipIf(!hasRealBooks)(
  'real books, against an independent program, to the last printed digit',
  () => {
    const cases: [name: string, books: () => [ReturnType<typeof kpiBooks>, ExpectedBooks]][] = [
      ['IBM', () => [kpiBooks(rowsOf(ibmHistories(), 'USD'), 'USD'), expectedBooks().ibm_ar]],
      ...['GBP', 'USD'].map((currency): (typeof cases)[number] => [
        `Xero ${currency}`,
        () => {
          const expected = expectedBooks().xero[currency]
          if (expected === undefined) throw new Error(`No ${currency} is expected`)
          return [kpiBooks(rowsOf(xeroHistories(currency), currency), currency), expected]
        },
      ]),
    ]

    it.each(cases)('%s: every month', (_name, load) => {
      const [books, expected] = load()
      let compared = 0
      for (const [month, figures] of Object.entries(expected.monthly)) {
        for (const [[group, name], metric, choice, scale] of monthly) {
          const found = name === undefined ? figures[group] : (figures as never as Groups)[group]?.[name]
          // What the other program could not print for want of history or of anything to divide by, it left out.
          if (found === undefined && !isOptional(group, name)) continue
          const wanted = found == null ? null : found
          const value = books.outcome(metric, lastDay(month), choice).value?.div(scale)
          const printed = value?.toDecimalPlaces(6).toNumber() ?? null
          expect({ month, metric, choice, value: printed }).toEqual({ month, metric, choice, value: wanted })
          compared++
        }
      }
      expect(compared).toBeGreaterThan(Object.keys(expected.monthly).length * 25)
    })

    it.each(cases)('%s: every day asked for', (_name, load) => {
      const [books, expected] = load()
      for (const [date, figures] of Object.entries(expected.as_of)) {
        const on = (metric: KpiMetric) => books.value(metric, day(date))
        expect({
          total: on('TOTAL_RECEIVABLES'),
          pastDue: on('PAST_DUE'),
          pastDueShare: on('PAST_DUE_SHARE'),
          invoices: on('OPEN_INVOICE_COUNT'),
          age: on('AVERAGE_AGE'),
          daysPastDue: on('WEIGHTED_DAYS_PAST_DUE'),
        }).toEqual({
          total: figures.total_ar,
          pastDue: figures.past_due,
          pastDueShare: figures.past_due_pct,
          invoices: figures.open_invoices,
          age: figures.avg_age_open,
          daysPastDue: figures.weighted_avg_days_past_due,
        })
      }
    })
  },
)

type Groups = { readonly [group: string]: { readonly [name: string]: number | null } | undefined }

/** Left out of a month's figures where there is none; disputes are not in every file. */
const isOptional = (group: string, name: string | undefined) =>
  name === undefined && ['cei_3m', 'turnover_12m'].includes(group)

describe('the catalog', () => {
  const readers = kpiDefinitions.filter(
    ({ theme, metric }) => theme === 'DAYS_SALES' && /SALES|DSO|INDEX|TURNOVER/.test(metric),
  )

  it('says that receivables and sales include tax wherever one is set against the other', () => {
    const sets = readers.filter(({ metric }) => metric !== 'DSO_BY_LEDGER')
    const says = /both include tax|Receivables include tax, and so do sales unless taxBasis is NET/
    expect(sets.length).toBeGreaterThan(5)
    expect(sets.filter(({ formula }) => !says.test(formula)).map(({ metric }) => metric)).toEqual([])
  })

  it('offers grace days for on-time rates, and says what they do', () => {
    const onTime = kpiDefinitions.filter(({ metric }) => metric.startsWith('ON_TIME_RATE'))
    expect(onTime.map(({ conventions }) => conventions.includes('graceDays'))).toEqual([true, true])
    expect(onTime.every(({ formula }) => formula.includes('graceDays'))).toBe(true)
  })
})

describe('windows', () => {
  it('are calendar months at month ends, whatever their lengths', () => {
    expect(lengthOf(trailingMonths(day('2026-02-28'), 3))).toBe(90)
  })
})
