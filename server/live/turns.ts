/** One piece of work per key at a time, and of all keys no more than so many: bursts become one more run. */
import { setTimeout as sleep } from 'node:timers/promises'

export type Turns = {
  /** Runs the work for `key`; while it runs, once more afterwards however often it is asked for. Never rejects. */
  take(key: string): Promise<void>
  /** Settles when the work that runs for `key` is done; null where none runs. */
  running(key: string): Promise<void> | null
  /** Takes no more turns and waits for what runs. */
  close(): Promise<void>
}

/** Runs the work of a key and gives what it gives, or null where it fails. */
export type Attempt = <Value>(key: string, work: () => Promise<Value>) => Promise<Value | null>

/** `onFailure` hears of the first failure of a key, then of none until it has succeeded. */
export function createAttempts(onFailure: (error: unknown, key: string) => void): Attempt {
  const failing = new Set<string>()
  return async (key, work) => {
    try {
      const value = await work()
      failing.delete(key)
      return value
    } catch (error) {
      if (!failing.has(key)) onFailure(error, key)
      failing.add(key)
      return null
    }
  }
}

/** `onFailure` as of `createAttempts`. */
export function createTurns(
  max: number,
  work: (key: string) => Promise<void>,
  onFailure: (error: unknown, key: string) => void,
  /** In a burst: how long to wait after a run that took so long, before the third in a row and all that follow. */
  restAfter: (tookMs: number, key: string) => number = () => 0,
): Turns {
  const closing = new AbortController()
  const turns = new Map<string, { again: boolean; done: Promise<void> }>()
  const attempt = createAttempts(onFailure)
  const inPlace = limitTo(max)
  let closed = false

  const run = (key: string): Promise<void | null> =>
    attempt(key, () => inPlace(() => (closed ? Promise.resolve() : work(key))))

  const rest = async (ms: number): Promise<void> => {
    if (ms > 0 && !closed) await sleep(ms, undefined, { signal: closing.signal }).catch(() => {})
  }

  const begin = (key: string): Promise<void> => {
    const turn = { again: false, done: Promise.resolve() }
    turns.set(key, turn)
    const runAll = async () => {
      for (let runs = 1; runs === 1 || turn.again; runs += 1) {
        turn.again = false
        const began = performance.now()
        await run(key)
        if (runs > 1 && turn.again) await rest(restAfter(performance.now() - began, key))
      }
      turns.delete(key)
    }
    turn.done = runAll()
    return turn.done
  }

  return {
    take(key) {
      if (closed) return Promise.resolve()
      const turn = turns.get(key)
      if (turn === undefined) return begin(key)
      turn.again = true
      return turn.done
    },
    running: (key) => turns.get(key)?.done ?? null,
    async close() {
      closed = true
      closing.abort()
      await Promise.all([...turns.values()].map((turn) => turn.done))
    },
  }
}

export type Pace = {
  /** Calls for the key at once, or as soon as its last call is long enough ago; in between, asking again adds nothing. */
  ask(key: string): void
  /** Calls no more. */
  close(): void
}

/** Calls at most every `everyMs` for each key. */
export function createPace(everyMs: number, call: (key: string) => void): Pace {
  const resting = new Map<string, { asked: boolean; readonly timer: NodeJS.Timeout }>()
  const begin = (key: string): void => {
    const rest = { asked: false, timer: setTimeout(() => end(key, rest), everyMs) }
    resting.set(key, rest)
    call(key)
  }
  const end = (key: string, { asked }: { readonly asked: boolean }): void => {
    if (asked) begin(key)
    else resting.delete(key)
  }
  return {
    ask(key) {
      const rest = resting.get(key)
      if (rest === undefined) begin(key)
      else rest.asked = true
    },
    close() {
      for (const { timer } of resting.values()) clearTimeout(timer)
      resting.clear()
    },
  }
}

/** Runs at most `max` at once; the others wait in the order in which they came. */
export const limitTo = (max: number) => {
  const waiting: (() => void)[] = []
  let running = 0
  return async <Value>(run: () => Promise<Value>): Promise<Value> => {
    if (running === max) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await run()
    } finally {
      // Whoever waits takes over this place.
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
