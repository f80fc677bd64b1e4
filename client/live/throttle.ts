export type Throttled = {
  /** Asks for a run: now, or as soon as the interval and a run under way allow. */
  readonly request: () => void
  /** Forgets a run that was asked for and takes no more. */
  readonly cancel: () => void
}

/**
 * Runs `run` at most once an interval, and never twice at a time. The first request runs at once; all that come
 * during the interval are one more run at its end, so that the last request is always followed by a run.
 */
export const throttle = (run: () => Promise<unknown>, intervalMs: number): Throttled => {
  let timer: ReturnType<typeof setTimeout> | null = null
  let isWanted = false
  let isRunning = false
  let isCancelled = false

  const start = () => {
    isWanted = false
    isRunning = true
    timer = setTimeout(() => {
      timer = null
      startIfWanted()
    }, intervalMs)
    const settle = () => {
      isRunning = false
      startIfWanted()
    }
    run().then(settle, settle)
  }
  const startIfWanted = () => {
    if (isWanted && !isRunning && timer === null && !isCancelled) start()
  }

  return {
    request: () => {
      isWanted = true
      startIfWanted()
    },
    cancel: () => {
      isCancelled = true
      if (timer !== null) clearTimeout(timer)
    },
  }
}
