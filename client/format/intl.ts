/**
 * The one door to `Intl`. Formatters are costly to make, so each is made once. A `locale` left out is the browser's
 * own; a currency never decides the locale.
 */

/** The page speaks English, so the names of months and days do too, in the viewer's own English if it has one. */
export const localeOfWords = (locale: string): string => (/^en\b/.test(locale) ? locale : 'en-GB')

const browserLocale = new Intl.NumberFormat().resolvedOptions().locale
const numberFormats = new Map<string, Intl.NumberFormat>()
const dateFormats = new Map<string, Intl.DateTimeFormat>()

export const numberFormat = (
  options: Intl.NumberFormatOptions,
  locale: string = browserLocale,
): Intl.NumberFormat => {
  const key = `${locale} ${JSON.stringify(options)}`
  const known = numberFormats.get(key)
  if (known) return known
  const made = new Intl.NumberFormat(locale, options)
  numberFormats.set(key, made)
  return made
}

export const dateFormat = (
  options: Intl.DateTimeFormatOptions,
  locale: string = localeOfWords(browserLocale),
): Intl.DateTimeFormat => {
  const key = `${locale} ${JSON.stringify(options)}`
  const known = dateFormats.get(key)
  if (known) return known
  const made = new Intl.DateTimeFormat(locale, options)
  dateFormats.set(key, made)
  return made
}

const relativeFormats = new Map<string, Intl.RelativeTimeFormat>()

export const relativeFormat = (locale: string = localeOfWords(browserLocale)): Intl.RelativeTimeFormat => {
  const known = relativeFormats.get(locale)
  if (known) return known
  const made = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  relativeFormats.set(locale, made)
  return made
}

/** A true minus sign is as wide as a plus sign, so that signed figures stand in line. */
export const withMinusSign = (text: string): string => text.replace('-', '\u2212')
