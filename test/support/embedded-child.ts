/**
 * A process that holds an embedded database open, for tests of several processes and of their deaths:
 * `node embedded-child.ts <data folder> [options as JSON]`. It prints one line of JSON when the database is open, or
 * why it is not, and closes it when its input ends.
 */
import process from 'node:process'
import { claimServer, type EmbeddedOptions, openEmbedded } from '@tidemark/drizzle/embedded.ts'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'

const [dataDir = '', options = '{}'] = process.argv.slice(2)
const { claim = false, ...embedded } = JSON.parse(options) as EmbeddedOptions & { claim?: boolean }
const print = (answer: object) => console.log(JSON.stringify(answer))

process.on('SIGINT', () => {})
try {
  if (claim) await claimServer(dataDir)
  const started = performance.now()
  const database = await openEmbedded(dataDir, embedded)
  print({ url: database.url, openMs: performance.now() - started })
  for await (const _ of process.stdin) continue
  await database.close()
} catch (error) {
  if (!(error instanceof OperatorError)) throw error
  print({ refusal: error.message })
}
