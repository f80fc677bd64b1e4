/** The time of what has to be known before an operation, and its own time, begins: who asks, and what they have left. */
import { timedOut } from './errors.ts'
import { LIMITS } from './limits.ts'

/** What is looked up, or TIMEOUT thrown: a database that is there and says nothing would else hold requests for ever. */
export const inTime = async <T>(lookedUp: Promise<T>): Promise<T> => {
  const { operationMs } = LIMITS
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(timedOut(operationMs)), operationMs)
  try {
    return await Promise.race([lookedUp, late])
  } finally {
    clearTimeout(timer)
  }
}
