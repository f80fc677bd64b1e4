/**
 * Nobody's operations take every connection to the database: of one actor so many run at once, and the others of that
 * actor wait for those, within their own time limits, while everybody else is answered.
 */
import { actorName } from './access/actor.ts'
import type { Context } from './context.ts'
import { limitTo } from './live/turns.ts'

/** Of the 20 connections of a process (database.ts). */
const AT_ONCE = 8

type Queue = { readonly inTurn: ReturnType<typeof limitTo>; users: number }

/** Of this process; nobody's who has nothing under way. */
const queues = new Map<string, Queue>()

/** Runs it when it is its actor's turn. */
export const inTurn = async <T>(
  { organization, actor }: Pick<Context, 'organization' | 'actor'>,
  run: () => Promise<T>,
): Promise<T> => {
  const key = `${organization.id} ${actorName(actor)}`
  const queue = queues.get(key) ?? { inTurn: limitTo(AT_ONCE), users: 0 }
  queues.set(key, queue)
  queue.users += 1
  try {
    return await queue.inTurn(run)
  } finally {
    queue.users -= 1
    if (queue.users === 0) queues.delete(key)
  }
}
