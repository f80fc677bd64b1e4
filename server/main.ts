/** `pnpm start`. */
import './boot.ts'

const { start } = await import('./start.ts')
const { messageForOperator } = await import('./operator-message.ts')
try {
  await start(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${messageForOperator(error)}\n`)
  if (process.env['LOG_LEVEL'] === 'debug') console.error(error)
  process.exitCode = 1
}
// Whatever may still hold the process, such as a build under way, is not worth waiting for.
process.exit()
