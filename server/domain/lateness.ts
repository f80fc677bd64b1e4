/**
 * Grace days and the weekend roll. How late a payment came is a pair, its due day and its day, of which the KPI store
 * keeps the sums for every grace that can be chosen: one code says by which of them it came in time.
 */
import type { Conventions } from './conventions.ts'
import type { Period } from './calendar.ts'
import type { Day } from './day.ts'

export type Grace = Pick<Conventions, 'graceDays' | 'weekendRoll'>

export const strict: Grace = { graceDays: 0, weekendRoll: false }

export const GRACE_DAYS_MAX = 60

/**
 * What is past due for more than this many days at the end of a day is past due by the conventions. Grace days move the
 * due date back, and where it then falls on a weekend the next Monday is early enough.
 */
export const daysGranted = (day: Day, { graceDays, weekendRoll }: Grace = strict): number =>
  graceDays + (weekendRoll ? daysSinceWeekendBegan(day) : 0)

// On a Sunday Saturday's dues are not late, nor on the Monday those of Saturday and Sunday. 1970-01-01 was a Thursday.
const daysSinceWeekendBegan = (day: Day): number => {
  const daysSinceMonday = (((day + 3) % 7) + 7) % 7
  return daysSinceMonday === 6 ? 1 : daysSinceMonday === 0 ? 2 : 0
}

/** Of what falls due in the period that of which it is decided by the end of `asOf` whether it was paid in time. */
export function decidedBy({ from, to }: Period, asOf: Day, grace: Grace): Period {
  const last = asOf - daysGranted(asOf + 1, grace)
  return { from, to: Math.max(Math.min(to, last), from - 1) }
}

/** A weekend lets two days more pass at most. */
const ROLLS = 3

/**
 * By which grace what was due on a day was still paid in time; null where it was without any, or by none. The code is
 * three times the grace days that it takes where weekends are rolled, and how many more it takes where they are not.
 */
export function latenessOf(dueOn: Day, paidOn: Day): number | null {
  const strictly = paidOn - dueOn
  if (strictly <= 0) return null
  const rolled = Math.max(0, strictly - daysSinceWeekendBegan(paidOn))
  return rolled > GRACE_DAYS_MAX ? null : ROLLS * rolled + (strictly - rolled)
}

/** The codes of what is in time by this grace and not without; they ascend. */
export function latenessesWithin({ graceDays, weekendRoll }: Grace): number[] {
  const codes: number[] = []
  for (let rolled = 0; rolled <= graceDays; rolled++) {
    for (let more = 0; more < ROLLS; more++) {
      const isInTime = weekendRoll || rolled + more <= graceDays
      if (isInTime && rolled + more > 0) codes.push(ROLLS * rolled + more)
    }
  }
  return codes
}

/** More days than books may span (`isPlausible`), so that a due day and a code make one anchor. */
const SHIFT = 100_000
const BEFORE_ALL_BOOKS = 10_000

/** The anchor of what was due on a day and came so late: in order of the codes, then of the days. */
export const lateAnchor = (dueOn: Day, code: number): Day => dueOn + code * SHIFT

/** The day that an anchor is about: of what came late its due day, of all else the anchor itself. */
export const dayOfAnchor = (anchor: Day): Day =>
  anchor - Math.floor((anchor + BEFORE_ALL_BOOKS) / SHIFT) * SHIFT

/** The anchors of what was due in a period and came so late. */
export const lateAnchors = ({ from, to }: Period, code: number): Period => ({
  from: lateAnchor(from, code),
  to: lateAnchor(to, code),
})
