import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { prepareBrowser } from './support/browser.ts'
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: { include: ['**/*.livetest.ts'], provide: { browser: await prepareBrowser() } as never, testTimeout: 60000, bail: 20 },
})
