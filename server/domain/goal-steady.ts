/** What keeps a status from flapping: it changes for what lasts, or for what is large. */
import { isBefore } from './calendar.ts'
import type { Exact } from './money.ts'

/** From good to bad. */
const levels = ['ON_TRACK', 'AT_RISK', 'OFF_TRACK'] as const
export type TrackStatus = (typeof levels)[number]

/** How bad it is, the most at which it is ON_TRACK and AT_RISK, and by how much a line must be passed to count. */
export type Scale = {
  readonly badness: Exact
  readonly lines: readonly [onTrackMax: Exact, atRiskMax: Exact]
  readonly band: Exact
}

/** Another status than is told, and the first day on which it was said. */
export type Leaning = { readonly status: TrackStatus; readonly since: Temporal.PlainDate }

/** What was told last. */
export type Told = { readonly status: string; readonly leaning: Leaning | null }

export type Steady = { readonly status: TrackStatus; readonly leaning: Leaning | null }

/** So many bands beyond a line it is no noise, and counts on the first day. */
const FAR_BANDS = 3

/**
 * What lies within a band of a line changes nothing. What lies beyond changes the status once it is seen on two days,
 * and at once where it lies three bands beyond. Without a status of before, or where that was none of these, the
 * lines alone decide.
 */
export function steady(scale: Scale, before: Told | null, today: Temporal.PlainDate): Steady {
  const told = levelOf(before?.status)
  if (told === null) return { status: statusOf(levelAt(scale, 0)), leaning: null }
  const seen = beyond(scale, told, 1)
  if (seen === told) return { status: statusOf(told), leaning: null }
  const leaning = before?.leaning ?? null
  const leans = leaning === null ? told : (levelOf(leaning.status) ?? told)
  const goesOn = leaning !== null && Math.sign(leans - told) === Math.sign(seen - told)
  const lasting = goesOn && isBefore(leaning.since, today) ? nearer(told, leans, seen) : told
  const next = farther(told, lasting, beyond(scale, told, FAR_BANDS))
  if (next === seen) return { status: statusOf(next), leaning: null }
  const since = goesOn && next === told ? leaning.since : today
  return { status: statusOf(next), leaning: { status: statusOf(seen), since } }
}

/** The plain status: how many lines are passed, each moved by `shift` bands towards the bad. */
const levelAt = ({ badness, lines, band }: Scale, shift: number): number =>
  lines.filter((line) => badness.gt(line.plus(band.times(shift)))).length

/** Where it is from `told` on, if a line must be passed by so many bands. */
function beyond(scale: Scale, told: number, bands: number): number {
  const [worse, better] = [levelAt(scale, bands), levelAt(scale, -bands)]
  return worse > told ? worse : Math.min(better, told)
}

const nearer = (from: number, some: number, other: number): number =>
  Math.abs(some - from) < Math.abs(other - from) ? some : other

const farther = (from: number, some: number, other: number): number =>
  Math.abs(some - from) > Math.abs(other - from) ? some : other

const levelOf = (status: string | undefined): number | null => {
  const level = levels.indexOf(status as TrackStatus)
  return level < 0 ? null : level
}

const statusOf = (level: number): TrackStatus => levels[level] ?? 'OFF_TRACK'

/** As the lines alone have it. */
export const plainStatus = (scale: Scale): TrackStatus => statusOf(levelAt(scale, 0))
