import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const api = process.env['TIDEMARK_API'] ?? '127.0.0.1:4000'
const target = `http://${api.replace(/^https?:\/\//, '')}`

// Each colour is one light-dark() pair; older targets would have it rewritten.
const browsers = ['chrome125', 'firefox125', 'safari18']

const keptMs = 7 * 86_400_000

/**
 * Files of earlier builds stay for a week: a page that is open loads its parts by their old names, and two servers that
 * build at the same time take nothing from each other.
 */
const keepEarlierFiles = (): Plugin => ({
  name: 'keep-earlier-files',
  async writeBundle({ dir }) {
    const assets = join(dir ?? '', 'assets')
    const oldest = Date.now() - keptMs
    for (const name of await readdir(assets)) {
      const path = join(assets, name)
      const file = await stat(path).catch(() => null)
      if (file !== null && file.mtimeMs < oldest) await rm(path, { force: true })
    }
  },
})

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss({ optimize: false }), keepEarlierFiles()],
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    target: browsers,
    cssTarget: browsers,
    // A strict content policy forbids data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '^/graphql$': { target, ws: true },
      '^/graphiql': { target },
      // With their slashes: a module or a page may begin the same.
      '^/session(/|$)': { target },
      '^/auth/': { target },
      '^/export/': { target },
    },
  },
})
