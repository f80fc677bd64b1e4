import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    environment: 'node',
    include: ['**/*.test.ts'],
    globalSetup: './support/global-setup.ts',
    // The smallest machine this is built for has two cores, and PostgreSQL needs some of them too.
    maxWorkers: 2,
    testTimeout: 15_000,
    hookTimeout: 30_000,
    // A subscription or a pool that nobody closed must not keep the run from ending.
    teardownTimeout: 10_000,
  },
})
