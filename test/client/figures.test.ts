/** What the pages of KPIs and of aging read out of their address, and what they make of figures. */
import { edgesText, parseAgingChoice, parseEdges } from '@tidemark/client/components/aging-choice.ts'
import { choiceWords, parseConventions, switchesOf } from '@tidemark/client/components/conventions.ts'
import { withoutPrehistory } from '@tidemark/client/components/kpi-series.tsx'
import { byTheme, slugOfMetric } from '@tidemark/client/components/kpi-themes.ts'
import { bookPeriods, untilClosing } from '@tidemark/client/components/reconciliation.tsx'
import {
  carriedSearch,
  isLive,
  parseCutOffs,
  parseFilter,
  parseView,
  withValues,
} from '@tidemark/client/components/question.ts'
import { barRangeOf, ticksOf, waterfallRangeOf } from '@tidemark/client/charts/geometry.ts'
import { clockAt, instantAt } from '@tidemark/client/format/moment.ts'
import { formatDecimal } from '@tidemark/client/format/quantity.ts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const today = '2026-11-22'
const search = (text: string) => new URLSearchParams(text)

describe('the address of figures', () => {
  it('says as of when and as known at when', () => {
    expect(parseCutOffs(search('asOf=2026-10-31&knownAt=2026-11-01T04:00:00Z'), today)).toEqual({
      asOf: '2026-10-31',
      knownAt: '2026-11-01T04:00:00.000Z',
    })
  })

  it.each([
    '',
    'asOf=2026-02-30',
    'asOf=tomorrow',
    'asOf=2026-11-23',
    'knownAt=2026-11-01',
    'knownAt=nonsense',
  ])('is live where it says nothing that can be meant: %s', (text) => {
    expect(isLive(parseCutOffs(search(text), today))).toBe(true)
  })

  it('says which segments, several values of one dimension too', () => {
    expect(parseFilter(search('region=EMEA&region=APAC&currency=EUR&channel='))).toEqual({
      region: ['EMEA', 'APAC'],
      currency: ['EUR'],
    })
    expect(parseFilter(search('asOf=2026-10-31'))).toBeNull()
  })

  it('says whether segments are as they were or as they are', () => {
    expect(parseView(search('segments=AS_IS'))).toBe('AS_IS')
    expect(parseView(search(''))).toBe('AS_WAS')
    expect(parseView(search('segments=AS_IF'))).toBe('AS_WAS')
  })

  it('says which conventions, none that cannot be', () => {
    expect(parseConventions(search('dsoMonths=12&rateBasis=AMOUNT&floorDaysLate=true'))).toEqual({
      dsoMonths: 12,
      rateBasis: 'AMOUNT',
      floorDaysLate: true,
    })
    expect(parseConventions(search('dsoMonths=many&rateBasis=SIZE'))).toBeNull()
  })

  it('keeps the day and the segments on the way to another page, and nothing else', () => {
    expect(carriedSearch(search('series=DAY&asOf=2026-10-31&region=EMEA&segments=AS_IS'))).toBe(
      '?asOf=2026-10-31&region=EMEA&segments=AS_IS',
    )
    expect(carriedSearch(search('series=DAY'))).toBe('')
  })

  it('is changed in one thing and keeps the others', () => {
    expect(withValues(search('a=1&b=2'), { b: null, region: ['EMEA', 'APAC'] }).toString()).toBe(
      'a=1&region=EMEA&region=APAC',
    )
  })
})

describe('edges of aging', () => {
  it.each(['30, 60, 90', '30/60/90', ' 30 60  90 ', '30-60-90'])(
    'are read as people write them: %s',
    (text) => {
      expect(parseEdges(text, 'DUE_DATE')).toEqual({ edges: [30, 60, 90] })
    },
  )

  it.each([
    ['', 'at least one'],
    ['30, 20', '20 follows 30'],
    ['30, 30', '30 follows 30'],
    ['0, 30', '“0” is no whole number of days from 1'],
    ['30, soon', '“soon”'],
    ['1.5', '“1.5”'],
    [Array.from({ length: 25 }, (_, index) => index + 1).join(' '), 'at most 24'],
  ])('are refused with what would be right: %s', (text, words) => {
    expect(parseEdges(text, 'DUE_DATE')).toEqual({ problem: expect.stringContaining(words) })
  })

  it('begin at 0 by invoice date only', () => {
    expect(parseEdges('0, 30', 'INVOICE_DATE')).toEqual({ edges: [0, 30] })
  })

  it('stand in the address; what cannot be read there is the usual', () => {
    expect(parseAgingChoice(search('edges=10-20&count=invoice-date'))).toEqual({
      by: 'INVOICE_DATE',
      edges: [10, 20],
    })
    expect(parseAgingChoice(search('edges=20-10'))).toEqual({ by: 'DUE_DATE', edges: [30, 60, 90] })
    expect(edgesText([10, 20])).toBe('10, 20')
  })
})

describe('conventions', () => {
  const used = {
    dsoMonths: 3,
    ceiMonths: 4,
    ceiForm: 'FULL_PERIOD',
    periodMonths: 1,
    rateBasis: 'COUNT',
    floorDaysLate: false,
    unappliedCash: 'EXCLUDE',
    taxBasis: 'GROSS',
    graceDays: 0,
    weekendRoll: false,
    deductionsBasis: 'OPENED',
    lossRates: null,
    lateInterestRate: '8.5',
    calendar: { kind: 'WEEKS_4_4_5', yearStartMonth: 2, weekStartsOn: 'SUNDAY' },
  } as const

  it('are each read from what the switch puts into the address', () => {
    for (const { name, options } of switchesOf(Object.keys(used))) {
      for (const { value } of options(used)) {
        expect(Object.keys(parseConventions(search(`${name}=${value}`)) ?? {})).toEqual([name])
      }
    }
  })

  it('have the choice that was made among the choices, an unusual one too', () => {
    for (const { chosenIn, options } of switchesOf(Object.keys(used))) {
      expect(options(used).map(({ value }) => value)).toContain(chosenIn(used))
    }
    expect(choiceWords('ceiMonths', used)).toBe('4 periods')
    expect(choiceWords('calendar', used)).toBe('4, 4 and 5 weeks')
    expect(choiceWords('lossRates', used)).toBe('Not set')
    expect(choiceWords('lateInterestRate', used)).toBe('8.5 % a year')
    expect(choiceWords('somethingNew', used)).toBeNull()
  })

  it('keep where the fiscal year begins when another calendar is chosen', () => {
    expect(parseConventions(search('calendar=PERIODS_13.2.SUNDAY'))).toEqual({
      calendar: { kind: 'PERIODS_13', yearStartMonth: 2, weekStartsOn: 'SUNDAY' },
    })
    expect(parseConventions(search('calendar=PERIODS_13'))).toBeNull()
  })
})

describe('the books of a period', () => {
  it.each([
    ['month', '2026-11-22', '2026-11-01'],
    ['quarter', '2026-11-22', '2026-10-01'],
    ['quarter', '2026-03-31', '2026-01-01'],
    ['year', '2026-11-22', '2026-01-01'],
  ])('of a %s hold %s from %s on', (period, day, from) => {
    expect(bookPeriods.find(({ id }) => id === period)?.from(day)).toBe(from)
  })

  it('end with the closing balance: what comes after it is the aging', () => {
    const line = (kind: 'OPENING' | 'CLOSING' | 'CURRENT') => ({
      kind,
      name: kind,
      amount: { amount: '0.00', currency: 'EUR' },
    })
    const lines = [line('OPENING'), line('CLOSING'), line('CURRENT')]
    expect(untilClosing(lines).map(({ kind }) => kind)).toEqual(['OPENING', 'CLOSING'])
  })
})

describe('KPIs by theme', () => {
  it('come in the order of the themes, then of the catalog', () => {
    const definitions = [
      { metric: 'DSO', theme: 'DAYS_SALES' },
      { metric: 'PAST_DUE', theme: 'RECEIVABLES' },
      { metric: 'DSO_COUNT_BACK', theme: 'DAYS_SALES' },
    ] as const
    expect(
      byTheme(definitions).map(({ theme, definitions: of }) => [theme, of.map(({ metric }) => metric)]),
    ).toEqual([
      ['RECEIVABLES', ['PAST_DUE']],
      ['DAYS_SALES', ['DSO', 'DSO_COUNT_BACK']],
    ])
  })

  it('have addresses of small letters', () => {
    expect(slugOfMetric('BEST_POSSIBLE_DSO')).toBe('best-possible-dso')
  })
})

describe('a chart', () => {
  it.each([
    [[32.1, 42.4], 4, [30, 35, 40, 45]],
    [[0, 1], 4, [0, 0.5, 1]],
    [[-3, 7], 5, [-4, -2, 0, 2, 4, 6, 8]],
    [[231_000, 612_000], 4, [200_000, 300_000, 400_000, 500_000, 600_000, 700_000]],
    [[5, 5], 4, [5]],
  ] as const)('has round values on its axis: %j', (range, count, ticks) => {
    expect(ticksOf(range, count)).toEqual(ticks)
  })

  it('has ticks around whatever there is, few and ascending', () => {
    const number = fc.double({ min: -1e12, max: 1e12, noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(number, number, (a, b) => {
        const low = Math.min(a, b)
        const high = Math.max(a, b)
        fc.pre(high - low > Math.max(Math.abs(low), Math.abs(high), 1) * 1e-6)
        const ticks = ticksOf([low, high], 4)
        const slack = (high - low) * 1e-6
        expect(ticks.length).toBeLessThanOrEqual(12)
        expect(ticks[0] ?? 0).toBeLessThanOrEqual(low + slack)
        expect(ticks.at(-1) ?? 0).toBeGreaterThanOrEqual(high - slack)
        expect(ticks.toSorted((x, y) => x - y)).toEqual(ticks)
      }),
    )
  })

  it('of bars has 0 in it, and is never without width', () => {
    expect(barRangeOf([3, 8])).toEqual([0, 8])
    expect(barRangeOf([-2, 5])).toEqual([-2, 5])
    expect(barRangeOf([])).toEqual([0, 1])
  })

  it('of steps begins at 0, unless the steps would be too short to be seen', () => {
    expect(waterfallRangeOf([10, 4, 7])).toEqual({ range: [0, 10], isCut: false })
    expect(waterfallRangeOf([38, 34, 36])).toEqual({ range: [33, 38], isCut: true })
    expect(waterfallRangeOf([-38, -34])).toEqual({ range: [-38, -33], isCut: true })
    expect(waterfallRangeOf([-2, 3])).toEqual({ range: [-2, 3], isCut: false })
    expect(waterfallRangeOf([5, 5])).toEqual({ range: [0, 5], isCut: false })
  })

  it('begins where the books do', () => {
    expect(withoutPrehistory([{ value: null }, { value: 1 }, { value: null }])).toEqual([
      { value: 1 },
      { value: null },
    ])
    expect(withoutPrehistory([{ value: null }])).toEqual([])
  })
})

describe('a clock of the organization', () => {
  it.each([
    ['2026-11-01T00:00', 'America/New_York', '2026-11-01T04:00:00.000Z'],
    ['2026-11-22T14:03', 'Asia/Kolkata', '2026-11-22T08:33:00.000Z'],
    ['2026-06-30T12:00', 'UTC', '2026-06-30T12:00:00.000Z'],
  ])('shows %s in %s at one instant, and back', (clock, zone, instant) => {
    expect(instantAt(clock, zone)).toBe(instant)
    expect(clockAt(instant, zone)).toBe(clock)
  })

  it('takes the first of two where it is put back, and goes on where it skips', () => {
    expect(instantAt('2026-11-01T01:30', 'America/New_York')).toBe('2026-11-01T05:30:00.000Z')
    expect(instantAt('2026-03-08T02:30', 'America/New_York')).toBe('2026-03-08T07:30:00.000Z')
  })
})

it('shows decimals with all of their digits', () => {
  expect(formatDecimal('536629888.72967488', 'en-US')).toBe('536,629,888.72967488')
  expect(formatDecimal('-0.5', 'en-US')).toBe('\u22120.5')
})
