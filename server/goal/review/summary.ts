/** A review's findings in a few sentences. */
import { Exact } from '../../domain/money.ts'
import { driverTexts } from '../../domain/explain-drivers.ts'
import { formatDifference, inWords } from '../../domain/goal-words.ts'
import type { JudgedGoal } from '../../domain/goal-trajectory.ts'
import type { Findings, FoundPart } from './findings.ts'

/** How it moved, what did most of that, what of it is none, how it ended, what was done, and what was changed. */
export const summaryOf = (found: Omit<Findings, 'summary'>, judged: JudgedGoal): string[] =>
  [
    movement(found, judged),
    mainDriver(found),
    ...found.guards,
    ending(found),
    work(found),
    targets(found),
  ].filter((sentence) => sentence !== null)

function movement(
  { begin, end, change, measured }: Omit<Findings, 'summary'>,
  { subject }: JudgedGoal,
): string {
  const on = (date: string) => inWords(Temporal.PlainDate.from(date))
  const asked = end.expectedShown === null ? '' : `; the way to the target asked for ${end.expectedShown}`
  if (change === null) {
    return `${measured} had ${begin.value === null ? 'no value' : begin.shown} on ${on(begin.date)} and ${end.value === null ? 'no value' : end.shown} on ${on(end.date)}${asked}.`
  }
  const way = new Exact(change)
  const by = way.isZero()
    ? 'as before'
    : `${formatDifference(way.abs(), subject)} ${way.isNegative() ? 'down' : 'up'}`
  return `${measured} went from ${begin.shown} on ${on(begin.date)} to ${end.shown} on ${on(end.date)}, ${by}${asked}.`
}

function mainDriver({ explanation }: Pick<Findings, 'explanation'>): string | null {
  const sizeOf = ({ change }: { readonly change: string }) => new Exact(change).abs()
  const largest = explanation.reduce<FoundPart | null>(
    (most, part) => (most === null || sizeOf(part).gt(sizeOf(most)) ? part : most),
    null,
  )
  if (largest === null || sizeOf(largest).isZero()) return null
  const [first] = largest.customers
  const who = first === undefined || sizeOf(first).isZero() ? null : `${first.name} (${first.shown})`
  // Of a sum there is but one part, which is the change itself.
  if (largest.driver === 'AMOUNT') return who === null ? null : `Above all it was ${who}.`
  const above = who === null ? '' : `, above all ${who}`
  return `The largest part of it is ${driverWords(largest.driver)} (${largest.shown})${above}.`
}

/** Quotients of other things are not known by the names of their parts. */
function driverWords(driver: FoundPart['driver']): string {
  if (driver === 'NUMERATOR') return 'what is divided'
  if (driver === 'DENOMINATOR') return 'what it is divided by'
  return driverTexts[driver].name.toLowerCase()
}

function ending({ statuses, probability }: Pick<Findings, 'statuses' | 'probability'>): string | null {
  const last = statuses.at(-1)
  if (last === undefined) return null
  const name = last.status.toLowerCase().replaceAll('_', ' ')
  const likely =
    probability === null ? '' : ` By then it was ${Math.round(probability)} % likely to be reached.`
  return statuses.length === 1
    ? `It was ${name} all the time.${likely}`
    : `It ended ${name}, which it was from ${inWords(Temporal.PlainDate.from(last.date))} on.${likely}`
}

function work(found: Omit<Findings, 'summary'>): string | null {
  const done = found.actionsDone.length + found.milestonesDone.length
  const missed = found.actionsNotDone.length + found.milestonesNotDone.length
  if (done + missed === 0) return null
  return `Of the plan ${done} ${done === 1 ? 'thing was' : 'things were'} done, and ${missed} that ${missed === 1 ? 'was' : 'were'} due ${missed === 1 ? 'was' : 'were'} not.`
}

/** A moved target is the first thing to know about a figure that is measured against it. */
function targets({ changes }: Pick<Findings, 'changes'>): string | null {
  const aims = changes.filter(({ field }) => field === 'TARGET' || field === 'BAND' || field === 'DEADLINE')
  if (aims.length === 0) return null
  const told = aims.map(
    ({ field, from, to }) => `the ${field.toLowerCase()} from ${from ?? 'nothing'} to ${to ?? 'nothing'}`,
  )
  return `Meanwhile somebody changed ${told.join(' and ')}.`
}
