/** What a command does at the terminal that takes its time: it shows how far it is, and Ctrl-C undoes it. */
import type { CliSession } from './session.ts'

export type TakingTime = {
  /** On a terminal only. `share` is from 0 to 1; null where nobody knows how much there is. */
  readonly show: (text: string, share: number | null) => void
  /** Aborted by the first Ctrl-C: whoever insists is not asked to wait. */
  readonly signal: AbortSignal
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** As a shell counts a command that was interrupted. */
const INTERRUPTED = 130

/** Null where it was interrupted, which the terminal has been told. */
export const takeTime = async <T>(
  session: CliSession,
  run: (taking: TakingTime) => Promise<T>,
): Promise<T | null> => {
  const interrupt = new AbortController()
  const stop = () => interrupt.abort()
  for (const signal of SIGNALS) process.once(signal, stop)
  const line = createLine(process.stderr)
  try {
    return await run({ show: line.show, signal: interrupt.signal })
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    line.clear()
    session.note('Interrupted: nothing was written.')
    process.exitCode = INTERRUPTED
    return null
  } finally {
    line.clear()
    for (const signal of SIGNALS) process.off(signal, stop)
  }
}

const BAR_WIDTH = 40
const REDRAW_EVERY_MS = 100

const createLine = (stream: NodeJS.WriteStream): { show: TakingTime['show']; clear(): void } => {
  let drawnAt = -Infinity
  return {
    show(text, share) {
      if (!stream.isTTY || performance.now() - drawnAt < REDRAW_EVERY_MS) return
      drawnAt = performance.now()
      stream.write(`\r${text}${share === null ? '' : ` ${barOf(share)}`}\u001B[K`)
    },
    clear() {
      if (drawnAt > -Infinity) stream.write('\r\u001B[K')
      drawnAt = -Infinity
    },
  }
}

const barOf = (share: number): string => {
  const filled = Math.round(share * BAR_WIDTH)
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${Math.floor(share * 100)} %`
}
