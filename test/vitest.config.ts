import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Vite would take graphql's ES module and Apollo Server, outside of Vite, the other: two realms of types.
  resolve: {
    alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }],
  },
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
