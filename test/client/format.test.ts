import {
  addDays,
  addMonths,
  dayIn,
  daysBetween,
  firstOfMonth,
  formatDay,
  formatDaysLeft,
} from '@tidemark/client/format/day.ts'
import { localeOfWords } from '@tidemark/client/format/intl.ts'
import { formatMoment, formatTime, formatZone } from '@tidemark/client/format/moment.ts'
import {
  formatChange,
  formatFigure,
  formatMoney,
  formatQuantity,
  formatShare,
  formatWay,
} from '@tidemark/client/format/quantity.ts'
import { afterEach, describe, expect, it } from 'vitest'

const usd = { unit: 'MONEY', currency: 'USD' } as const
const jpy = { unit: 'MONEY', currency: 'JPY' } as const
const days = { unit: 'DAYS', currency: 'USD' } as const
const percent = { unit: 'PERCENT', currency: 'USD' } as const
const count = { unit: 'COUNT', currency: 'USD' } as const
const ratio = { unit: 'RATIO', currency: 'USD' } as const

/** Locales disagree about which space is the narrow one; what matters is that none of them breaks a line. */
const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ')

describe('a quantity', () => {
  it.each([
    [4_837_210.45, usd, 'compact', '$4.84M'],
    [48_210, usd, 'compact', '$48.2K'],
    [950, usd, 'compact', '$950'],
    [0, usd, 'compact', '$0'],
    [1_108_455.1, usd, 'whole', '$1,108,455'],
    [1_108_455.1, usd, 'exact', '$1,108,455.10'],
    [-12_900.5, usd, 'exact', '−$12,900.50'],
    [1250, jpy, 'exact', '¥1,250'],
    [44.26, days, 'whole', '44.3 days'],
    [44, days, 'whole', '44.0 days'],
    [84.64, percent, 'whole', '84.6%'],
    [1204, count, 'whole', '1,204'],
    [7.125, ratio, 'whole', '7.13 ×'],
    [0.0049, ratio, 'whole', '0.0049 ×'],
  ] as const)('of %s %o in detail %s reads %s', (value, of, detail, text) => {
    expect(plain(formatQuantity(value, of, detail, 'en-US'))).toBe(text)
  })

  it('takes the figure and the unit apart, so that the unit can be small', () => {
    expect(formatFigure(44.3, days, 'whole', 'en-US')).toEqual({ figure: '44.3', unit: 'days' })
    expect(formatFigure(84.6, percent, 'whole', 'en-US')).toEqual({ figure: '84.6', unit: '%' })
    expect(formatFigure(900_000, usd, 'whole', 'en-US')).toEqual({ figure: '$900,000', unit: '' })
  })

  it('follows the locale of the viewer, never that of the currency', () => {
    expect(plain(formatQuantity(1_108_455.1, usd, 'exact', 'de-DE'))).toBe('1.108.455,10 $')
    expect(plain(formatQuantity(84.64, percent, 'whole', 'de-DE'))).toBe('84,6 %')
    expect(plain(formatQuantity(44.3, days, 'whole', 'fr-FR'))).toBe('44,3 days')
    expect(plain(formatQuantity(1_108_455, usd, 'exact', 'en-IN'))).toBe('$11,08,455.00')
  })
})

describe('a change', () => {
  it.each([
    [1.26, percent, 'whole', '+1.3 pts', 1],
    [-0.6, days, 'whole', '−0.6 days', -1],
    [-3400, usd, 'compact', '−$3.40K', -1],
    [0, usd, 'compact', '$0', 0],
  ] as const)('of %s %o in detail %s reads %s', (change, of, detail, text, sign) => {
    const formatted = formatChange(change, of, detail, 'en-US')
    expect({ ...formatted, text: plain(formatted.text) }).toEqual({ text, sign })
  })

  it('that rounds to nothing has no sign, so that no arrow contradicts the figure', () => {
    expect(plain(formatChange(-0.04, days, 'whole', 'en-US').text)).toBe('0.0 days')
    expect(formatChange(-0.04, days, 'whole', 'en-US').sign).toBe(0)
    expect(formatChange(0.04, percent, 'whole', 'en-US').sign).toBe(0)
  })
})

describe('money from its exact text', () => {
  it('keeps every digit, also beyond those of a floating-point number', () => {
    expect(formatMoney({ amount: '9007199254740993.27', currency: 'USD' }, 'exact', 'en-US')).toBe(
      '$9,007,199,254,740,993.27',
    )
  })

  it('has the digits of its currency', () => {
    expect(formatMoney({ amount: '1250', currency: 'JPY' }, 'exact', 'en-US')).toBe('¥1,250')
    expect(plain(formatMoney({ amount: '-12.500', currency: 'KWD' }, 'exact', 'en-US'))).toBe('−KWD 12.500')
  })
})

describe('a share', () => {
  it('has one digit, and a way none', () => {
    expect(formatShare(22.94, 'en-US')).toBe('22.9%')
    expect(formatWay(71.4, 'en-US')).toBe('71%')
    expect(formatWay(-7.2, 'en-US')).toBe('−7%')
    expect(plain(formatWay(107, 'de-DE'))).toBe('107 %')
  })
})

describe('a civil date', () => {
  const zone = process.env['TZ']
  afterEach(() => {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  })

  it.each(['Pacific/Pago_Pago', 'UTC', 'Pacific/Kiritimati'])(
    'is the same day for a viewer in %s',
    (zone) => {
      process.env['TZ'] = zone
      expect(formatDay('2026-11-22', 'full', 'en-US')).toBe('Sunday, November 22, 2026')
      expect(formatDay('2026-01-01', 'medium', 'en-GB')).toBe('1 Jan 2026')
      expect(addDays('2026-03-29', 1)).toBe('2026-03-30')
    },
  )

  it('adds days and months over the ends of months and years', () => {
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29')
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31')
    expect(addMonths('2026-03-31', -1)).toBe('2026-02-28')
    expect(addMonths('2028-03-31', -1)).toBe('2028-02-29')
    expect(addMonths('2026-01-15', -12)).toBe('2025-01-15')
    expect(addMonths('2026-08-31', 6)).toBe('2027-02-28')
    expect(firstOfMonth('2026-11-22')).toBe('2026-11-01')
    expect(daysBetween('2026-11-22', '2026-12-31')).toBe(39)
    expect(daysBetween('2026-11-22', '2026-11-20')).toBe(-2)
  })

  it('is today where the organization is, not where the viewer is', () => {
    const now = Date.parse('2026-11-22T03:30:00Z')
    expect(dayIn('America/New_York', now)).toBe('2026-11-21')
    expect(dayIn('Asia/Tokyo', now)).toBe('2026-11-22')
  })

  it.each([
    [39, '39 days left'],
    [1, '1 day left'],
    [0, 'last day today'],
    [-1, 'ended 1 day ago'],
    [-12, 'ended 12 days ago'],
  ])('%i days away is "%s"', (daysLeft, text) => {
    expect(plain(formatDaysLeft(daysLeft))).toBe(text)
  })
})

describe('a moment', () => {
  it('is told on the clock of the organization', () => {
    expect(formatTime('2026-11-22T23:03:00Z', 'Europe/Berlin', 'en-GB')).toBe('00:03')
    expect(formatMoment('2026-11-22T23:03:00Z', 'Europe/Berlin', 'en-GB')).toBe('23 Nov, 00:03')
    expect(formatZone('America/Argentina/Buenos_Aires')).toBe('Buenos Aires')
    expect(formatZone('UTC')).toBe('UTC')
  })

  it('is told in the language of the page', () => {
    expect(localeOfWords('en-US')).toBe('en-US')
    expect(localeOfWords('en')).toBe('en')
    expect(localeOfWords('de-DE')).toBe('en-GB')
  })
})
