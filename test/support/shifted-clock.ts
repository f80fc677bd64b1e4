/**
 * Loaded into a server before anything else (`node --import`), it shifts the clock of its machine by the milliseconds that
 * stand in the file SHIFT_FILE, from one call to the next: Date and Temporal alike, while timers and the database's clock
 * go on, as where an administrator, or NTP, sets the time.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'

const file = process.env['SHIFT_FILE'] ?? ''
const shiftMs = (): number => {
  try {
    return Number(readFileSync(file, 'utf8')) || 0
  } catch {
    return 0
  }
}

const RealDate = Date
const realNow = RealDate.now.bind(RealDate)
const realInstant = Temporal.Now.instant.bind(Temporal.Now)

const now = () => realNow() + shiftMs()
globalThis.Date = new Proxy(RealDate, {
  construct: (target, parameters: []) =>
    parameters.length === 0 ? new target(now()) : Reflect.construct(target, parameters),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
})

const instant = () => realInstant().add({ milliseconds: shiftMs() })
const zoned = (zone: string) => instant().toZonedDateTimeISO(zone)
const here = () => Temporal.Now.timeZoneId()
Object.assign(Temporal.Now, {
  instant,
  zonedDateTimeISO: (zone = here()) => zoned(zone),
  plainDateISO: (zone = here()) => zoned(zone).toPlainDate(),
  plainDateTimeISO: (zone = here()) => zoned(zone).toPlainDateTime(),
  plainTimeISO: (zone = here()) => zoned(zone).toPlainTime(),
})
