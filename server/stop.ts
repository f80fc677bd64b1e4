/** When a process is to stop. */

/** A terminal sends Ctrl-C to pnpm and to its child, and pnpm hands it on: within this time it is one. */
const SAME_SIGNAL_MS = 500
const STOP_MS_MAX = 20_000
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

export type Stop = {
  /** Resolves at the first Ctrl-C, SIGTERM or SIGHUP, or after an error that nobody caught. */
  readonly requested: Promise<void>
  /** Aborted at the same moment; its reason is the signal, where there was one. */
  readonly signal: AbortSignal
}

/** A second Ctrl-C ends the process at once, and so does a stop that takes longer than 20 s. */
export const listenForStop = (onUncaught: (error: unknown) => void): Stop => {
  const controller = new AbortController()
  const { promise, resolve } = Promise.withResolvers<void>()
  let askedAt: number | undefined
  const stop = (reason?: string) => {
    askedAt = performance.now()
    controller.abort(reason)
    setTimeout(() => process.exit(1), STOP_MS_MAX).unref()
    resolve()
  }
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (askedAt === undefined) stop(signal)
      else if (performance.now() - askedAt > SAME_SIGNAL_MS) process.exit(128 + number)
    })
  }
  process.on('uncaughtException', (error) => {
    onUncaught(error)
    process.exitCode = 1
    if (askedAt === undefined) stop()
  })
  return { requested: promise, signal: controller.signal }
}
