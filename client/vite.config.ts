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

const documentsFile = join(import.meta.dirname, 'documents.generated.ts')
const documentPrefix = 'virtual:document/'

/**
 * Gives each GraphQL document a module of its own, so that a page brings its own documents and the first file has only
 * those that it needs: a module is never split between files, and the generated one holds all of them.
 */
const splitDocuments = (): Plugin => {
  const bodies = new Map<string, string>()
  return {
    name: 'split-documents',
    apply: 'build',
    enforce: 'pre',
    resolveId: (id) => (id.startsWith(documentPrefix) ? `\0${id}` : null),
    load: (id) => {
      const body = bodies.get(id.replace(`\0${documentPrefix}`, ''))
      return body === undefined ? null : { code: body, moduleSideEffects: false }
    },
    transform(code, id) {
      if (id !== documentsFile) return null
      for (const [, name = '', document = ''] of code.matchAll(
        /^export const (\w+) = (.*?) as unknown as DocumentNode<.*>;?$/gm,
      ))
        bodies.set(name, `export const ${name} = ${document}`)
      const names = [...bodies.keys()]
      return {
        code: names.map((name) => `export { ${name} } from '${documentPrefix}${name}'`).join('\n'),
        moduleSideEffects: false,
        map: null,
      }
    },
  }
}

type GetModule = (id: string) => { readonly importedIds: readonly string[] } | null

/** Found through a list of all of them, which says nothing of who uses which. */
const isOneOfMany = (id: string): boolean =>
  id.includes(documentPrefix) || /lucide-react.*[/\\]icons[/\\]/.test(id)

/** All that the first page needs in one file: what is in pieces compresses worse. */
const inFirstFile = (): ((id: string, getModule: GetModule) => boolean) => {
  const first = new Set<string>()
  return (id, getModule) => {
    if (first.size === 0) {
      const waiting = [join(import.meta.dirname, 'main.tsx')]
      for (const next of waiting) {
        if (first.has(next) || isOneOfMany(next)) continue
        first.add(next)
        waiting.push(...(getModule(next)?.importedIds ?? []))
      }
    }
    return first.has(id)
  }
}
const isFirst = inFirstFile()

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss({ optimize: false }), splitDocuments(), keepEarlierFiles()],
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    target: browsers,
    cssTarget: browsers,
    // A strict content policy forbids data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              name: (id, context) => (isFirst(id, (other) => context.getModuleInfo(other)) ? 'first' : null),
              debugName: 'first',
            },
          ],
        },
      },
    },
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
