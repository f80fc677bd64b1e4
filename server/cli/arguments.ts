/** Arguments as people type them; what cannot be read is told with what would be right. */
import { InvalidArgumentError } from 'commander'
import { parseDay, type Day } from '../domain/day.ts'

export const readDay = (text: string): Day => {
  const day = parseDay(text)
  if (day === null) throw new InvalidArgumentError('Write a day such as 2027-01-31.')
  return day
}

export const readInteger = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Write a whole number.')
  return Number(text)
}

/** The first day of a month such as 2027-01. */
export const readMonth = (text: string): Day => {
  const day = /^\d{4}-\d{2}$/.test(text) ? parseDay(`${text}-01`) : null
  if (day === null) throw new InvalidArgumentError('Write a month such as 2027-01.')
  return day
}

/** One of some words, in small letters or in capitals. */
export const readChoice =
  <Choice extends string>(choices: readonly Choice[]) =>
  (text: string): Choice => {
    const wanted = text.toUpperCase().replaceAll('-', '_')
    const choice = choices.find((one) => one === wanted)
    if (choice === undefined) throw new InvalidArgumentError(`Write one of ${spell(choices).join(', ')}.`)
    return choice
  }

/** As people type them: `approved-in-part` for APPROVED_IN_PART. */
export const spell = (choices: readonly string[]): string[] =>
  choices.map((choice) => choice.toLowerCase().replaceAll('_', '-'))
