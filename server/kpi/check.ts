/** Arguments that are out of bounds are refused in words that name the argument. */
import { badUserInput } from '../errors.ts'
import { chooseConventions, type Conventions, type ConventionsChoice } from '../domain/conventions.ts'
import { dayOf, formatDay, type Day } from '../domain/day.ts'
import { isCurrency } from '../domain/money.ts'

/** Throws BAD_USER_INPUT with the sentence where there is one. */
export function refuseIf(problem: string | false | null): void {
  if (problem !== null && problem !== false) throw badUserInput(problem)
}

export function checkConventions(choice: ConventionsChoice | null | undefined): Conventions {
  const conventions = chooseConventions(choice)
  if ('problem' in conventions) throw badUserInput(conventions.problem)
  return conventions
}

/** What is earlier or later is a slip of the pen: no books are so old, no plan reaches so far. */
const EARLIEST_YEAR = 1950
const LATEST_YEAR = 2199

export function checkDay(date: Temporal.PlainDate, argument: string): Day {
  if (date.year < EARLIEST_YEAR || date.year > LATEST_YEAR)
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
