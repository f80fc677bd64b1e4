import { createRequire } from 'node:module'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { createFaultReport } from './support/fault-report.ts'

/** `pnpm faults`: everything in its full form, and besides what has no form of seconds. */
const isFull = process.env['TIDEMARK_FAULTS'] === '1'
const FULL_ONLY = ['drain', 'packages', 'pgbouncer', 'sockets'].map((name) => `faults/${name}.test.ts`)
const folder = fileURLToPath(new URL('faults', import.meta.url))

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Vite would take graphql's ES module and Apollo Server, outside of Vite, the other: two realms of types.
  resolve: {
    alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }],
  },
  test: {
    environment: 'node',
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', ...(isFull ? [] : FULL_ONLY)],
    globalSetup: './support/global-setup.ts',
    reporters: ['default', createFaultReport(folder, isFull)],
    setupFiles: './support/seed.ts',
    // The smallest machine this is built for has two cores, and PostgreSQL needs some of them too.
    maxWorkers: 2,
    // Against what hangs, not a measure of speed: on a machine with much else to do everything takes many times as long.
    testTimeout: isFull ? 900_000 : 120_000,
    hookTimeout: 120_000,
    // Servers, databases and browsers of their own on two cores: what fails twice is broken; what failed once is named.
    retry: isFull ? 0 : 1,
    // A subscription or a pool that nobody closed must not keep the run from ending.
    teardownTimeout: 10_000,
  },
})
