/** One step of a rule, and many: what the evaluator does live is what a replay does with the past. */
import { figureOf, readCondition, type AlertCondition, type AlertSight } from './alert-rule.ts'
import {
  freshMemory,
  stepAlert,
  type AlertMemory,
  type AlertStep,
  type AlertTiming,
  type Silence,
} from './alert-state.ts'
import { daysBetween } from './goal-trajectory.ts'
import type { Exact } from './money.ts'

/** All of a rule that decides when it fires. */
export type AlertRuleTerms = AlertTiming & {
  readonly version: number
  readonly condition: AlertCondition
  readonly recovery: string | null
}

/** What was known on a day. */
export type SightOfDay = { readonly day: Temporal.PlainDate; readonly sight: AlertSight }

export const stepRule = (
  rule: AlertRuleTerms,
  memory: AlertMemory,
  { day, sight }: SightOfDay,
  silence: Silence = 'NONE',
): AlertStep =>
  stepAlert(
    rule,
    memory,
    {
      day,
      key: keyOf(rule.version, day, sight),
      reading: readCondition(rule.condition, rule.recovery, sight),
    },
    silence,
  )

/** Equal where a further look says nothing new. */
const keyOf = (
  version: number,
  day: Temporal.PlainDate,
  { value, before, status, probability, overdueReviews }: AlertSight,
): string =>
  [version, day, value?.toFixed(), before?.toFixed(), status, probability?.toFixed(), overdueReviews]
    .map((part) => String(part ?? ''))
    .join(' ')

/** An alert that a rule would have raised. */
export type Episode = {
  readonly raisedOn: Temporal.PlainDate
  readonly raised: AlertSight
  /** Null where it still lasted at the end. */
  readonly endedOn: Temporal.PlainDate | null
  /** To the end of the replay where it was not over. */
  readonly days: number
}

/** The alerts of a rule on what was seen, in the order of days; of a day there may be more than one sight. */
export function replayRule(rule: AlertRuleTerms, seen: readonly SightOfDay[]): Episode[] {
  const episodes: Episode[] = []
  let memory = freshMemory
  for (const one of seen) {
    const step = stepRule(rule, memory, one)
    ;({ memory } = step)
    for (const { kind } of step.transitions) {
      if (kind === 'RAISED') episodes.push({ raisedOn: one.day, raised: one.sight, endedOn: null, days: 0 })
      if (kind === 'RECOVERED') endLast(episodes, one.day)
    }
  }
  const last = seen.at(-1)?.day
  return episodes.map((episode) =>
    last === undefined
      ? episode
      : { ...episode, days: daysBetween(episode.raisedOn, episode.endedOn ?? last) },
  )
}

const endLast = (episodes: Episode[], endedOn: Temporal.PlainDate): void => {
  const last = episodes.pop()
  if (last !== undefined) episodes.push({ ...last, endedOn })
}

/** After so many days it is known whether an alert on a KPI was for nothing. */
export const VERDICT_DAYS = 30

/**
 * Whether an alert on a KPI was for nothing: it was over within 30 days, and 30 days after it was raised the figure was no
 * worse than on the day it was raised. Null where that day has not come or has no value.
 */
export function isFalseAlarm(
  condition: AlertCondition,
  { raisedOn, raised, endedOn, days }: Episode,
  sightOn: (day: Temporal.PlainDate) => AlertSight | null,
): boolean | null {
  const later = sightOn(raisedOn.add({ days: VERDICT_DAYS }))
  const then = figureOf(condition, raised)
  const now = later === null ? null : figureOf(condition, later)
  if (then === null || now === null) return null
  return endedOn !== null && days <= VERDICT_DAYS && !isWorse(condition, now, then)
}

const isWorse = ({ kind }: AlertCondition, value: Exact, other: Exact): boolean =>
  kind === 'BELOW' || kind === 'PROBABILITY_BELOW' ? value.lt(other) : value.gt(other)

/** The middle one, or the mean of the two in the middle; null of none. */
export function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]]
  return low === undefined || high === undefined ? null : (low + high) / 2
}
