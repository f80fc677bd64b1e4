/** Arguments that are out of bounds are refused in words that name the argument. */
import { GraphQLError } from 'graphql'
import { badUserInput } from '../errors.ts'
import { chooseConventions, type Conventions, type ConventionsChoice } from '../domain/conventions.ts'
import { dayOf, EARLIEST_YEAR, formatDay, isPlausible, LATEST_YEAR, type Day } from '../domain/day.ts'
import { isCurrency } from '../domain/money.ts'
import { rateInWords, type MissingRate } from '../domain/rates.ts'

/** Throws BAD_USER_INPUT with the sentence where there is one. */
export function refuseIf(problem: string | false | null): void {
  if (problem !== null && problem !== false) throw badUserInput(problem)
}

/** `usual`: the organization's own, where they are to stand in for what is left out. */
export function checkConventions(
  choice: ConventionsChoice | null | undefined,
  usual?: Conventions,
): Conventions {
  const conventions = chooseConventions(choice, usual)
  if ('problem' in conventions) throw badUserInput(conventions.problem)
  return conventions
}

export function checkDay(date: Temporal.PlainDate, argument: string): Day {
  if (!isPlausible(date))
    throw badUserInput(
      `${argument} must lie between ${EARLIEST_YEAR} and ${LATEST_YEAR}, not on ${date.toString()}.`,
    )
  return dayOf(date)
}

export function checkCurrency(currency: string | null | undefined, base: string): string {
  if (currency != null && !isCurrency(currency))
    throw badUserInput(`currency must be a currency code of ISO 4217, not ${currency}.`)
  return currency ?? base
}

export const checkOrder = (from: Day, to: Day): void =>
  refuseIf(from > to && `from (${formatDay(from)}) must not lie after to (${formatDay(to)}).`)

/** Thrown where an answer would take a rate that there is none of. */
export const noRate = (missing: MissingRate): GraphQLError =>
  new GraphQLError(rateInWords(missing), {
    extensions: { code: 'MISSING_RATE', currency: missing.currency, day: formatDay(missing.day) },
  })
