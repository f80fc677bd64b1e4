/** Whether an error says that the database could not be reached, or left in the middle of it: that passes. */

/** Of the system, of the driver, and of PostgreSQL while it stops, starts, or has no connection left. */
const CODES: ReadonlySet<unknown> = new Set(
  [
    ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT'],
    ['CONNECT_TIMEOUT', 'CONNECTION_CLOSED'],
    ['57P01', '57P02', '57P03', '53300', '08006', '08003', '08001'],
  ].flat(),
)

/** Of the error itself, or of what caused it: drizzle wraps the driver's. */
export const isUnreachable = (error: unknown): boolean => {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && CODES.has(cause.code)) return true
  }
  return false
}
