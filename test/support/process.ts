/** Tidemark as a process of its own, as `pnpm start` and `pnpm tidemark` run it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const START_MS_MAX = 60_000

export type Environment = Readonly<Record<string, string>>

export type RunningServer = {
  /** What its last line says: `ready <url>`. */
  readonly url: string
  readonly pid: number
  /** Both streams so far. */
  output(): string
  /** Sends the signal and waits for the end; the exit code, null where a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

const started = new Set<ChildProcess>()

/** Ends at once whatever a failed test left running. */
export const endAll = (): void => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL')
}

/** Only what is given and the PATH is in its environment, so that nothing of this machine helps it. */
function launch(file: string, args: readonly string[], environment: Environment): ChildProcess {
  const child = spawn(process.execPath, [resolve(root, file), ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.add(child)
  return child
}

/** Starts the server on a free port; rejects with what it said where it ends before it is ready. */
export async function startProcess(
  environment: Environment,
  args: readonly string[] = [],
): Promise<RunningServer> {
  const child = launch('server/main.ts', args, { PORT: '0', ...environment })
  let output = ''
  const ended = once(child, 'close')
  const ready = new Promise<string>((resolveUrl, reject) => {
    const hear = (chunk: Buffer) => {
      output += chunk.toString()
      const url = /^ready (\S+)$/m.exec(output)?.[1]
      if (url !== undefined) resolveUrl(url)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    void ended.then(([code]) => reject(new Error(`The server ended with ${String(code)}: ${output}`)))
    setTimeout(() => reject(new Error(`Not ready after ${START_MS_MAX} ms: ${output}`)), START_MS_MAX).unref()
  })
  const url = await ready.catch((error: unknown) => {
    child.kill('SIGKILL')
    throw error
  })
  return {
    url,
    pid: child.pid ?? 0,
    output: () => output,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const [code] = (await ended) as [number | null]
      return code
    },
  }
}

/** Runs to its end. */
export const runMain = (environment: Environment, args: readonly string[] = []): Promise<Finished> =>
  finish(launch('server/main.ts', args, { PORT: '0', ...environment }))

/** `pnpm tidemark ...` */
export const tidemark = (environment: Environment, ...args: readonly string[]): Promise<Finished> =>
  finish(launch('server/cli/main.ts', args, environment))

async function finish(child: ChildProcess): Promise<Finished> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}
