/** Quiet hours: when channels stay silent, where the organization is. */

/** Times as "20:00". Where `to` is not after `from` they end on the next day. */
export type QuietHours = { readonly from: string; readonly to: string; readonly weekends: boolean }

const SATURDAY = 6
/** A weekend with its hours before and after, and then some. */
const STEPS_MAX = 10

/** "20:00" or "7:30"; null for what is no time. */
export function readTime(text: string): string | null {
  const [, hours = '', minutes = ''] = /^(\d{1,2}):(\d\d)$/.exec(text.trim()) ?? []
  return hours !== '' && Number(hours) < 24 && Number(minutes) < 60
    ? `${hours.padStart(2, '0')}:${minutes}`
    : null
}

/**
 * When something may be sent: now, or at the end of the quiet hours in which now lies. Times are those of a clock on the
 * wall there: on the days when clocks change, a night is an hour shorter or longer, and an end that is skipped is the
 * moment at which clocks go on.
 */
export function sendableAt(
  quiet: QuietHours | null,
  now: Temporal.Instant,
  timeZone: string,
): Temporal.Instant {
  if (quiet === null) return now
  let at = now
  for (let step = 0; step < STEPS_MAX; step++) {
    const end = endOfQuiet(quiet, at.toZonedDateTimeISO(timeZone))
    if (end === null) return at
    at = end
  }
  return at
}

/** The end of the quiet span in which the moment lies; null where it lies in none. */
function endOfQuiet(quiet: QuietHours, at: Temporal.ZonedDateTime): Temporal.Instant | null {
  const day = at.toPlainDate()
  const midnightAfter = (date: Temporal.PlainDate) => date.add({ days: 1 }).toZonedDateTime(at.timeZoneId)
  if (quiet.weekends && day.dayOfWeek >= SATURDAY) return midnightAfter(day).toInstant()
  // A span that began yesterday may reach into today.
  for (const begins of [day.subtract({ days: 1 }), day]) {
    const [from, to] = spanOf(quiet, begins, at.timeZoneId)
    const isWithin =
      Temporal.Instant.compare(from, at.toInstant()) <= 0 && Temporal.Instant.compare(at.toInstant(), to) < 0
    if (isWithin) return to
  }
  return null
}

function spanOf(
  { from, to }: QuietHours,
  begins: Temporal.PlainDate,
  timeZone: string,
): readonly [Temporal.Instant, Temporal.Instant] {
  const ends = to > from ? begins : begins.add({ days: 1 })
  const at = (date: Temporal.PlainDate, time: string) =>
    date.toZonedDateTime({ timeZone, plainTime: Temporal.PlainTime.from(time) }).toInstant()
  return [at(begins, from), at(ends, to)]
}
