/**
 * Plans that a migration made useless: where the type of a column changed, PostgreSQL refuses a prepared statement once on
 * every connection that keeps it, and ends the transaction that sent it. postgres.js forgets the statement then, so the same
 * transaction, begun anew, goes through.
 */
import type { Connection } from './connect.ts'

export const isStalePlan = (error: unknown): boolean =>
  causes(error).some(({ code, routine }) => code === '0A000' && routine === 'RevalidateCachedQuery')

/** Of a statement after one that failed. */
export const isAborted = (error: unknown): boolean => causes(error).some(({ code }) => code === '25P02')

/** Each connection of the pool may keep a plan of its own, and gives up one plan at a time. */
export const mayRenew = ({ sql }: Connection, renewals: number): boolean => renewals < 2 * sql.options.max

/** Runs `run` again where a plan was stale: it must leave nothing behind when it fails. */
export const withFreshPlans = async <T>(connection: Connection, run: () => Promise<T>): Promise<T> => {
  for (let renewals = 0; ; renewals++) {
    try {
      return await run()
    } catch (error) {
      if (!isStalePlan(error) || !mayRenew(connection, renewals)) throw error
    }
  }
}

/** drizzle wraps the driver's error. */
const causes = (error: unknown): (Error & { readonly code?: unknown; readonly routine?: unknown })[] => {
  const found: Error[] = []
  for (let cause = error; cause instanceof Error; cause = cause.cause) found.push(cause)
  return found
}
