/** A20 once more, with what the registry knows today. */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

type Audit = { readonly metadata?: { readonly vulnerabilities?: Readonly<Record<string, number>> } }

it('the registry knows of no hole of high or critical severity in what is installed', async ({ skip }) => {
  const root = resolve(import.meta.dirname, '../..')
  const run = promisify(execFile)('npx', ['-y', 'pnpm@12', 'audit', '--json'], { cwd: root })
  // It ends with 1 where it found anything.
  const { stdout } = await run.catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }))
  const found = /^\s*\{/.test(stdout) ? (JSON.parse(stdout) as Audit).metadata?.vulnerabilities : undefined
  if (found === undefined) {
    console.warn('SKIPPED: this registry answers no audit.')
    skip()
    return
  }
  expect({ high: found['high'] ?? 0, critical: found['critical'] ?? 0 }).toEqual({ high: 0, critical: 0 })
})
