/**
 * Where an alert rule stands, and what happens to it at an observation. Pure: the same observations give the same
 * transitions, whether they come one by one over months or all at once in a replay.
 */
import { daysBetween } from './goal-trajectory.ts'

/**
 * OK: the condition does not hold. PENDING: it does, but not for long enough. FIRING: an alert is open. NO_DATA: one is
 * open since there is no value. RECOVERING: one is open, and what it is about has been well, but not for long enough.
 */
export type AlertPhase = 'OK' | 'PENDING' | 'FIRING' | 'RECOVERING' | 'NO_DATA'

export type NoDataPolicy = 'KEEP_LAST' | 'ALERT' | 'OK'

/** How long and how often; what a rule decides beside its condition. */
export type AlertTiming = {
  /** It fires on the day that is so many after the first on which the condition held. */
  readonly forDays: number
  /** And at the so many-th observation in a row of which the condition held. */
  readonly forEvaluations: number
  readonly keepFiringDays: number
  readonly noData: NoDataPolicy
  /** Null: told once. */
  readonly repeatDays: number | null
}

/**
 * What the condition says at an observation. Between the threshold and the recovery threshold neither is true. A level,
 * such as how much of a checklist is done, is beyond where it is higher than it ever was.
 */
export type AlertReading =
  | { readonly kind: 'FIGURE'; readonly isBeyond: boolean; readonly isWell: boolean }
  | { readonly kind: 'LEVEL'; readonly level: number }
  | { readonly kind: 'NO_DATA' }

export type AlertObservation = {
  readonly day: Temporal.PlainDate
  /** Equal for what is looked at again: value, status and day are the same. It then says nothing new. */
  readonly key: string
  readonly reading: AlertReading
}

/** What keeps an open alert from being told again: ENDED is a snooze whose time is up. */
export type Silence = 'NONE' | 'ACKNOWLEDGED' | 'SNOOZED' | 'SNOOZE_ENDED'

/** All that has to be kept of a rule between two observations: plain data, days as ISO text. */
export type AlertMemory = {
  readonly phase: AlertPhase
  /** In PENDING and RECOVERING: since when. */
  readonly since: string | null
  /** In PENDING: how many observations in a row. */
  readonly evaluations: number
  readonly key: string | null
  /** How many alerts there were so far. */
  readonly episode: number
  /** The day on which the open alert was told last. */
  readonly toldOn: string | null
  /** The highest level so far. */
  readonly level: number | null
}

export const freshMemory: AlertMemory = {
  phase: 'OK',
  since: null,
  evaluations: 0,
  key: null,
  episode: 0,
  toldOn: null,
  level: null,
}

export type AlertTransitionKind =
  | 'PENDING'
  | 'CLEARED'
  | 'RAISED'
  | 'REPEATED'
  | 'RECOVERING'
  | 'REFIRED'
  | 'RECOVERED'

export type AlertTransition = {
  readonly kind: AlertTransitionKind
  readonly from: AlertPhase
  readonly to: AlertPhase
}

export type AlertStep = { readonly memory: AlertMemory; readonly transitions: readonly AlertTransition[] }

const OPEN: ReadonlySet<AlertPhase> = new Set(['FIRING', 'RECOVERING', 'NO_DATA'])

/** Whether an alert is open. */
export const isOpen = (phase: AlertPhase): boolean => OPEN.has(phase)

/** What an observation does to a rule. Observations come in the order of their days. */
export function stepAlert(
  timing: AlertTiming,
  memory: AlertMemory,
  observation: AlertObservation,
  silence: Silence = 'NONE',
): AlertStep {
  // What is looked at again changes nothing: evaluations may run as often as they like.
  if (observation.key === memory.key && silence !== 'SNOOZE_ENDED') return { memory, transitions: [] }
  const seen = seeLevel(memory, observation)
  const verdict = verdictOf(timing, memory, observation.reading)
  if (observation.reading.kind === 'LEVEL' && verdict === 'BEYOND' && isOpen(seen.phase)) {
    // Each level is news of its own.
    const over = go(seen, 'RECOVERED', 'OK')
    const next = move(timing, over.memory, { verdict, day: observation.day })
    return { memory: next.memory, transitions: [...over.transitions, ...next.transitions] }
  }
  const moved = verdict === 'NONE' ? still(seen) : move(timing, seen, { verdict, day: observation.day })
  return tellAgain(timing, moved, observation.day, silence)
}

/** What it comes to once the rule's policy is applied; NONE: as if there had been no observation. */
type Verdict = 'BEYOND' | 'WITHIN' | 'WELL' | 'LOST' | 'NONE'

function verdictOf({ noData }: AlertTiming, memory: AlertMemory, reading: AlertReading): Verdict {
  switch (reading.kind) {
    case 'FIGURE':
      return reading.isBeyond ? 'BEYOND' : reading.isWell ? 'WELL' : 'WITHIN'
    case 'LEVEL':
      // The first one seen is where things stand, and no news.
      return memory.level !== null && reading.level > memory.level ? 'BEYOND' : 'WELL'
    case 'NO_DATA':
      return noData === 'ALERT' ? 'LOST' : noData === 'OK' ? 'WELL' : 'NONE'
  }
}

const seeLevel = (memory: AlertMemory, { key, reading }: AlertObservation): AlertMemory => ({
  ...memory,
  key,
  level: reading.kind === 'LEVEL' ? Math.max(memory.level ?? reading.level, reading.level) : memory.level,
})

type Seen = { readonly verdict: Exclude<Verdict, 'NONE'>; readonly day: Temporal.PlainDate }

function move(timing: AlertTiming, memory: AlertMemory, seen: Seen): AlertStep {
  const isBad = seen.verdict === 'BEYOND' || seen.verdict === 'LOST'
  switch (memory.phase) {
    case 'OK':
      return isBad
        ? hold(timing, { ...memory, since: seen.day.toString(), evaluations: 1 }, seen)
        : still(memory)
    case 'PENDING':
      return isBad
        ? hold(timing, { ...memory, evaluations: memory.evaluations + 1 }, seen)
        : go(memory, 'CLEARED', 'OK')
    case 'FIRING':
      return seen.verdict === 'WELL' ? recover(timing, memory, seen) : still(memory)
    case 'NO_DATA':
      // What it was about is that there was no value: any that is not beyond is well.
      if (seen.verdict === 'LOST') return still(memory)
      return seen.verdict === 'BEYOND' ? go(memory, 'REFIRED', 'FIRING') : recover(timing, memory, seen)
    case 'RECOVERING':
      if (seen.verdict === 'WELL') return recover(timing, memory, seen)
      return go(memory, 'REFIRED', seen.verdict === 'LOST' ? 'NO_DATA' : 'FIRING')
  }
}

/** The condition holds: it fires where it has for long enough. */
function hold(timing: AlertTiming, memory: AlertMemory, { verdict, day }: Seen): AlertStep {
  const isLong =
    daysBetween(Temporal.PlainDate.from(memory.since ?? day.toString()), day) >= timing.forDays &&
    memory.evaluations >= timing.forEvaluations
  if (isLong) {
    const raised = { ...memory, episode: memory.episode + 1, toldOn: day.toString() }
    return go(raised, 'RAISED', verdict === 'LOST' ? 'NO_DATA' : 'FIRING')
  }
  if (memory.phase === 'PENDING') return still(memory)
  const transitions = [{ kind: 'PENDING', from: memory.phase, to: 'PENDING' } as const]
  return { memory: { ...memory, phase: 'PENDING' }, transitions }
}

/** It is well: the alert is over where it has been for long enough. */
function recover({ keepFiringDays }: AlertTiming, memory: AlertMemory, { day }: Seen): AlertStep {
  const since = memory.phase === 'RECOVERING' && memory.since !== null ? memory.since : day.toString()
  if (daysBetween(Temporal.PlainDate.from(since), day) >= keepFiringDays) return go(memory, 'RECOVERED', 'OK')
  if (memory.phase === 'RECOVERING') return still(memory)
  const transitions = [{ kind: 'RECOVERING', from: memory.phase, to: 'RECOVERING' } as const]
  return { memory: { ...memory, phase: 'RECOVERING', since }, transitions }
}

/** An open alert is told again after so many days, unless somebody looks after it, and when a snooze is over. */
function tellAgain(
  { repeatDays }: AlertTiming,
  { memory, transitions }: AlertStep,
  day: Temporal.PlainDate,
  silence: Silence,
): AlertStep {
  const { phase, toldOn } = memory
  if (transitions.length > 0 || (phase !== 'FIRING' && phase !== 'NO_DATA')) return { memory, transitions }
  const isDue =
    silence === 'SNOOZE_ENDED' ||
    (silence === 'NONE' &&
      repeatDays !== null &&
      toldOn !== null &&
      daysBetween(Temporal.PlainDate.from(toldOn), day) >= repeatDays)
  if (!isDue) return { memory, transitions }
  return {
    memory: { ...memory, toldOn: day.toString() },
    transitions: [{ kind: 'REPEATED', from: phase, to: phase }],
  }
}

const still = (memory: AlertMemory): AlertStep => ({ memory, transitions: [] })

const go = (memory: AlertMemory, kind: AlertTransitionKind, to: AlertPhase): AlertStep => ({
  memory: { ...memory, phase: to, since: null, evaluations: 0, toldOn: isOpen(to) ? memory.toldOn : null },
  transitions: [{ kind, from: memory.phase, to }],
})

/** The memory of a rule whose alert ended otherwise, or that was changed: it begins anew, but counts on. */
export const rearmed = ({ episode, level }: AlertMemory): AlertMemory => ({ ...freshMemory, episode, level })
