/** `pnpm bench NAME [options]`: runs NAME.ts beside this file, which exports `run(args)`. Without a name it lists them. */
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'

export type Bench = { readonly run: (args: readonly string[]) => Promise<void> }

const [name, ...args] = process.argv.slice(2)
const names = readdirSync(import.meta.dirname)
  .map((file) => basename(file, '.ts'))
  .filter((file) => file !== 'main' && !file.includes('-'))

if (name === undefined || !names.includes(name)) {
  console.error(`Usage: pnpm bench ${names.join('|')} [options]`)
  process.exitCode = 1
} else {
  const bench = (await import(`./${name}.ts`)) as Bench
  await bench.run(args)
}
