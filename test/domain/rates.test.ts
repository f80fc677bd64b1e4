import { describe, expect, it } from 'vitest'
import { formatDay } from '@tidemark/server/domain/day.ts'
import { isMissing, ratesOf } from '@tidemark/server/domain/rates.ts'
import { day } from '../support/kpi-books.ts'

const rates = ratesOf('USD', [
  { currency: 'EUR', validOn: day('2026-06-29'), rate: '1.10' },
  { currency: 'EUR', validOn: day('2026-06-01'), rate: '1.05' },
  { currency: 'JPY', validOn: day('2026-06-30'), rate: '0.0062' },
])

const between = (from: string, to: string, on: string) => {
  const rate = rates.between(from, to, day(on))
  return isMissing(rate) ? `no ${rate.currency} on ${formatDay(rate.day)}` : rate.toFixed()
}

describe('the rate in force', () => {
  it('is the latest on or before the day, seven days old at most', () => {
    expect(between('EUR', 'USD', '2026-06-29')).toBe('1.1')
    expect(between('EUR', 'USD', '2026-07-06')).toBe('1.1')
    expect(between('EUR', 'USD', '2026-07-07')).toBe('no EUR on 2026-07-07')
    expect(between('EUR', 'USD', '2026-06-28')).toBe('no EUR on 2026-06-28')
    expect(between('EUR', 'USD', '2026-06-08')).toBe('1.05')
    expect(between('EUR', 'USD', '2026-05-31')).toBe('no EUR on 2026-05-31')
  })

  it('needs none from a currency to itself, nor for the base', () => {
    expect(between('CHF', 'CHF', '2026-06-30')).toBe('1')
    expect(between('USD', 'USD', '1999-01-01')).toBe('1')
  })

  it('goes through the base, and names the side that is missing', () => {
    expect(between('USD', 'EUR', '2026-06-30')).toBe('0.90909090909090909091')
    expect(between('EUR', 'JPY', '2026-06-30')).toBe('177.41935483870967742')
    expect(between('EUR', 'JPY', '2026-06-29')).toBe('no JPY on 2026-06-29')
    expect(between('CHF', 'JPY', '2026-06-30')).toBe('no CHF on 2026-06-30')
  })

  it('makes converted amounts add up to the converted sum', () => {
    const rate = rates.between('EUR', 'JPY', day('2026-06-30'))
    if (isMissing(rate)) throw new Error('There is a rate')
    expect(rate.times(17).minus(rate).toFixed()).toBe(rate.times(16).toFixed())
  })
})
