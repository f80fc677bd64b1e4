import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  currencyDigits,
  Exact,
  formatMajor,
  formatMinor,
  isCurrency,
  majorOf,
  parseMinor,
} from '@tidemark/server/domain/money.ts'

describe('money', () => {
  it.each([
    ['USD', 2],
    ['JPY', 0],
    ['KWD', 3],
    ['CLF', 4],
  ])('%s has %i digits', (currency, digits) => {
    expect(currencyDigits(currency)).toBe(digits)
  })

  it.each([
    [123_450n, 'USD', '1234.50'],
    [-5n, 'USD', '-0.05'],
    [0n, 'USD', '0.00'],
    [1_250n, 'JPY', '1250'],
    [-1n, 'KWD', '-0.001'],
    [1_000_000_000_000_000n, 'USD', '10000000000000.00'],
  ])('%s minor %s are %s', (minor, currency, text) => {
    expect(formatMinor({ minor, currency })).toBe(text)
    expect(parseMinor(text, currency)).toBe(minor)
  })

  it('writes sums beyond what a float holds, and reads no amount beyond all reason', () => {
    expect(formatMinor({ minor: 9_007_199_254_740_993n, currency: 'USD' })).toBe('90071992547409.93')
    expect(parseMinor('10000000000000.01', 'USD')).toBeNull()
  })

  it('reads back what it writes', () => {
    const minors = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n })
    fc.assert(
      fc.property(minors, fc.constantFrom('USD', 'JPY', 'KWD'), (minor, currency) => {
        expect(parseMinor(formatMinor({ minor, currency }), currency)).toBe(minor)
        expect(formatMajor(majorOf({ minor, currency }), currency)).toBe(formatMinor({ minor, currency }))
      }),
    )
  })

  it.each(['1.234', '1,5', '', '.5', '1.', '+1', '1e3', 'NaN', ' 1', '12345678901234567'])(
    'refuses %o of USD instead of guessing',
    (text) => {
      expect(parseMinor(text, 'USD')).toBeNull()
    },
  )

  it('takes digits beyond the currency only where they are 0', () => {
    expect(parseMinor('1.500', 'USD')).toBe(150n)
    expect(parseMinor('1250.0', 'JPY')).toBe(1250n)
    expect(parseMinor('1250.5', 'JPY')).toBeNull()
  })

  it('rounds half to even, once, at display', () => {
    expect(formatMajor(new Exact('0.125'), 'USD')).toBe('0.12')
    expect(formatMajor(new Exact('0.135'), 'USD')).toBe('0.14')
    expect(formatMajor(new Exact('2.5'), 'JPY')).toBe('2')
  })

  it('knows which codes are currencies', () => {
    expect(isCurrency('EUR')).toBe(true)
    expect(isCurrency('EURO')).toBe(false)
    expect(isCurrency('eur')).toBe(false)
  })
})
