/**
 * Imported by every entry before anything else, which the entry then imports dynamically: what makes loading the
 * rest of it quick. It changes nothing of what is loaded.
 */
import { enableCompileCache, registerHooks } from 'node:module'

// What was compiled at the last start is taken from the system's folder for temporary files.
enableCompileCache()

// To find the format of a module Node 26 parses the package.json around it, each time anew, and drizzle-orm's lists
// 179 kB of exports: a second for its 106 modules. They are all ES modules.
registerHooks({
  resolve(specifier, context, next) {
    const { parentURL } = context
    if (parentURL?.includes('/node_modules/drizzle-orm/') === true && specifier.startsWith('.')) {
      return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true }
    }
    return next(specifier, context)
  },
})
