import { createRequire } from 'node:module'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** `pnpm faults`: everything in its full form, and the tests of test/faults besides. */
const isFull = process.env['TIDEMARK_FAULTS'] === '1'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Vite would take graphql's ES module and Apollo Server, outside of Vite, the other: two realms of types.
  resolve: {
    alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }],
  },
  test: {
    environment: 'node',
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', ...(isFull ? [] : ['faults/**'])],
    globalSetup: './support/global-setup.ts',
    setupFiles: './support/seed.ts',
    // The smallest machine this is built for has two cores, and PostgreSQL needs some of them too.
    maxWorkers: 2,
    testTimeout: isFull ? 600_000 : 30_000,
    hookTimeout: isFull ? 120_000 : 60_000,
    // A subscription or a pool that nobody closed must not keep the run from ending.
    teardownTimeout: 10_000,
  },
})
