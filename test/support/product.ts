/** Tidemark as its users run it: `pnpm start` and `pnpm tidemark`, in processes of their own. */
import { startProcess, type Ended } from './process.ts'

export type Environment = Readonly<Record<string, string>>

export type RunningProduct = {
  /** What its last line says: `ready <url>`. */
  readonly url: string
  /** Sends the signal and waits for the end; the exit code is null where a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<Ended>
}

/** Starts the server on a free port and waits until it is ready; rejects with what it said where it ends before. */
export async function startProduct(
  environment: Environment,
  options: readonly string[] = [],
): Promise<RunningProduct> {
  const server = startProcess('server/main.ts', options, { PORT: '0', ...environment })
  const ready = await server.line(/^ready /)
  return {
    url: ready.slice('ready '.length),
    stop(signal = 'SIGTERM') {
      server.child.kill(signal)
      return server.ended
    },
  }
}

/** `pnpm tidemark ...` */
export const tidemark = (environment: Environment, ...parameters: readonly string[]): Promise<Ended> =>
  startProcess('server/cli/main.ts', parameters, environment).ended
