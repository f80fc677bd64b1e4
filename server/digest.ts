/** What people put their names to, as one number that changes with each of its letters. */
import { createHash } from 'node:crypto'

/** SHA-256 in hexadecimal digits of the parts as JSON; the order of keys within them does not matter. */
export const digestOfParts = (parts: readonly unknown[]): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(parts)))
    .digest('hex')

/** PostgreSQL orders the keys of jsonb by its own rules. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)])
}
