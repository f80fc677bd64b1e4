import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const api = process.env['TIDEMARK_API'] ?? '127.0.0.1:4000'
const target = `http://${api.replace(/^https?:\/\//, '')}`

// Each colour is one light-dark() pair; older targets would have it rewritten.
const browsers = ['chrome125', 'firefox125', 'safari18']

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss({ optimize: false })],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
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
