import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** A process of the product: `server/main.ts` or `server/cli/main.ts`. */
export type Process = {
  readonly child: ChildProcess
  /** Settles with the first line of standard output that fits; rejects when the process ends without it. */
  line(pattern: RegExp): Promise<string>
  readonly ended: Promise<Ended>
}

const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Starts it with this environment and no other, but for what a process needs to run at all. It does not outlive the
 * test file that starts it.
 */
export const startProcess = (
  file: 'server/main.ts' | 'server/cli/main.ts',
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
  /** Where its standard error goes, such as `/dev/full`; left out, it is collected. */
  errorsTo?: string,
): Process => {
  const path = fileURLToPath(new URL(`../../${file}`, import.meta.url))
  const child = spawn(process.execPath, [path, ...parameters], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    stdio: ['ignore', 'pipe', errorsTo === undefined ? 'pipe' : openSync(errorsTo, 'w')],
  })
  running.add(child)
  const written = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  const collect = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
    written[stream] += chunk.toString()
    for (const look of waiting) look()
  }
  child.stdout?.on('data', collect('stdout'))
  child.stderr?.on('data', collect('stderr'))
  const ended = once(child, 'close').then(([code]): Ended => {
    running.delete(child)
    return { code: code as number | null, ...written }
  })

  const line = async (pattern: RegExp): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const look = () => {
      const found = written.stdout.split('\n').find((text) => pattern.test(text))
      if (found !== undefined) resolve(found)
    }
    waiting.add(look)
    look()
    void ended.then(({ code, stderr }) => reject(new Error(`Ended with ${code}: ${stderr}`)))
    return promise.finally(() => waiting.delete(look))
  }
  return { child, line, ended }
}

/** The resident memory of a process in MB; 0 elsewhere than on Linux. */
export const memoryOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1_024
}
