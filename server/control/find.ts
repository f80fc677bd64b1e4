/** Runs a test: reads its population, and draws the sample. */
import { createHash } from 'node:crypto'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { isBefore } from '../domain/calendar.ts'
import { sampleSizeOf, type ControlTestId } from '../domain/control-test.ts'
import { isPlausible } from '../domain/day.ts'
import { implausible, invalid, isProblem, type Problem } from '../problem.ts'
import { POPULATION_MAX, type ControlItem, type ControlPeriod } from './items.ts'
import { readPopulation } from './population.ts'

/** Plain data: it is kept with a working paper. */
export type ControlFound = {
  readonly seed: string
  readonly population: number
  readonly populationDigest: string
  readonly exceptionCount: number
  readonly exceptions: readonly ControlItem[]
  readonly sample: readonly ControlItem[]
}

/** What is run. */
export type ControlChoice = ControlPeriod & {
  readonly test: ControlTestId
  readonly seed: string
  /** Null: by the size of the population. */
  readonly sampleSize: number | null
}

type Given = ControlPeriod & {
  readonly test: ControlTestId
  readonly seed?: string | null | undefined
  readonly sampleSize?: number | null | undefined
}

const DAYS_MAX = 366
const SEED_LENGTH_MAX = 100
const SAMPLE_MAX = 1_000
export const EXCEPTIONS_MAX = 1_000

/** What is asked for, or what is wrong with it. */
export function readChoice(given: Given, today: Temporal.PlainDate): ControlChoice | Problem {
  const { test, from, to, sampleSize = null } = given
  if (!isPlausible(from)) return implausible(['from'], from)
  if (!isPlausible(to)) return implausible(['to'], to)
  if (isBefore(to, from)) return invalid(['to'], `${to.toString()} lies before ${from.toString()}`)
  if (isBefore(today, to))
    return invalid(['to'], `${to.toString()} lies after today: what is to come has not been recorded`)
  if (from.until(to).days >= DAYS_MAX)
    return invalid(['to'], `At most ${DAYS_MAX} days are tested at once: test the years one by one`)
  const seed = given.seed?.trim() || `${test} ${from.toString()} ${to.toString()}`
  if (seed.length > SEED_LENGTH_MAX)
    return invalid(['seed'], `It has ${seed.length} characters; at most ${SEED_LENGTH_MAX} are taken`)
  if (/\p{Cc}/u.test(seed)) return invalid(['seed'], 'It has characters that cannot be seen')
  if (sampleSize !== null && (sampleSize < 0 || sampleSize > SAMPLE_MAX))
    return invalid(['sampleSize'], `From 0 to ${SAMPLE_MAX} items are drawn, not ${sampleSize}`)
  return { test, from, to, seed, sampleSize }
}

/** Reads the books as `tx` sees them. */
export async function runControlTest(
  tx: Tx,
  organization: OrganizationRow,
  { test, seed, sampleSize, ...period }: ControlChoice,
): Promise<ControlFound | Problem> {
  const items = await readPopulation(tx, organization, test, period)
  if (items.length > POPULATION_MAX) {
    const most = `More than ${POPULATION_MAX} items were recorded in the period: test shorter ones`
    return invalid(['to'], most)
  }
  const exceptions = items.filter(({ finding }) => finding !== null)
  return {
    seed,
    population: items.length,
    populationDigest: sha256(
      items
        .map(({ key }) => key)
        .toSorted()
        .join('\n'),
    ),
    exceptionCount: exceptions.length,
    exceptions: exceptions.slice(0, EXCEPTIONS_MAX),
    sample: draw(items, seed, sampleSize ?? sampleSizeOf(items.length)),
  }
}

export const isFound = (found: ControlFound | Problem): found is ControlFound => !isProblem(found)

/** Those whose SHA-256 of seed, colon and key is the lowest: whoever has the population draws the same. */
export const draw = <Item extends { readonly key: string }>(
  items: readonly Item[],
  seed: string,
  size: number,
): readonly Item[] =>
  items
    .map((item) => ({ item, rank: sha256(`${seed}:${item.key}`) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, size)
    .map(({ item }) => item)

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
