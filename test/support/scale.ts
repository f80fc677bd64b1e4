/**
 * `pnpm test` takes minutes, so attacks and faults have a form of seconds there. `pnpm faults` runs the same tests in
 * full, and those of test/faults besides.
 */
import process from 'node:process'

export const isFull = process.env['TIDEMARK_FAULTS'] === '1'

/** How many, how long, which: the first in `pnpm faults`, the second in `pnpm test`. */
export const full = <T>(forFaults: T, forTest: T): T => (isFull ? forFaults : forTest)
