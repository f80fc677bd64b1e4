/** How dates, amounts and flags are written in other people's files. Pure. */
import { dayFromParts, type Day } from '../domain/day.ts'

/** Null where the text is no date of that form and of the calendar. */
export type ParseDate = (text: string) => Day | null

// Dates repeat: two years are 730 texts, however many invoices there are.
const REMEMBERED_DATES_MAX = 20_000

/**
 * A parser of dates such as `M/D/YYYY`: YYYY, MM or M, and DD or D, each once, with or without `/ - .` between them.
 * Without separators a date may have come out of a spreadsheet as a number with a fraction (20200210.0). A time of
 * midnight behind the date is ignored. Null where the format is none.
 */
export function compileDateFormat(format: string): ParseDate | null {
  const tokens = format.match(/Y+|M+|D+|[^YMD]+/g) ?? []
  const parts = tokens.filter((token) => /^[YMD]/.test(token))
  if (parts.length !== 3 || !['Y', 'M', 'D'].every((letter) => parts.some((part) => part[0] === letter))) {
    return null
  }
  const separated = /^[YMD]+[-/. ]+[YMD]+[-/. ]+[YMD]+$/.test(format)
  if (!separated && tokens.length !== parts.length) return null
  const valid = (part: string) => part === 'YYYY' || (separated ? /^(MM?|DD?)$/ : /^(MM|DD)$/).test(part)
  if (!parts.every(valid)) return null

  const pattern = tokens.map((token) => {
    if (token[0] === 'Y') return String.raw`(?<year>\d{4})`
    if (token[0] === 'M') return separated ? String.raw`(?<month>\d{1,2})` : String.raw`(?<month>\d\d)`
    if (token[0] === 'D') return separated ? String.raw`(?<day>\d{1,2})` : String.raw`(?<day>\d\d)`
    return RegExp.escape(token)
  })
  const tail = separated ? String.raw`(?:[ T]00:00(?::00(?:\.0+)?)?(?: ?Z| ?UTC)?)?` : String.raw`(?:\.0+)?`
  const expression = new RegExp(`^${pattern.join('')}${tail}$`)

  return remembering((text) => {
    const groups = expression.exec(text)?.groups
    if (groups === undefined) return null
    return dayFromParts(Number(groups['year']), Number(groups['month']), Number(groups['day']))
  })
}

function remembering(parse: ParseDate): ParseDate {
  const known = new Map<string, Day | null>()
  return (text) => {
    let day = known.get(text)
    if (day === undefined) {
      day = parse(text)
      if (known.size < REMEMBERED_DATES_MAX) known.set(ownText(text), day)
    }
    return day
  }
}

/**
 * A copy of a text that is to be kept. A cell may be a mere view of the piece of the file that it stands in, and
 * would keep all of that in memory.
 */
export const ownText = (cell: string): string => Buffer.from(cell).toString()

/** Which of point and comma parts the thousands, and which the decimals. */
export const decimalStyles = ['1,234.50', '1.234,50'] as const
export type DecimalStyle = (typeof decimalStyles)[number]

const GROUPED = { '1,234.50': /^-?\d{1,3}(?:,\d{3})+(?:\.|$)/, '1.234,50': /^-?\d{1,3}(?:\.\d{3})+(?:,|$)/ }
const PLAIN = /^-?\d+(?:\.\d+)?$/

/** "1.234,50" -> "1234.50": the plain form. Null where it is no number of that style, such as 1,50 in the style 1,234.50. */
export function plainDecimal(text: string, style: DecimalStyle): string | null {
  if (style === '1,234.50' && PLAIN.test(text)) return text
  const [thousands, point] = style === '1,234.50' ? [',', '.'] : ['.', ',']
  const ungrouped = GROUPED[style].test(text) ? text.replaceAll(thousands, '') : text
  if (ungrouped.includes(thousands)) return null
  const plain = ungrouped.replace(point, '.')
  return PLAIN.test(plain) ? plain : null
}

/** The key by which numbers are compared whose leading zeros mean nothing. */
export const withoutLeadingZeros = (number: string): string => number.replace(/^0+/, '')
