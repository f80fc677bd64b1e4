/** One step of `pnpm bench backup`, alone so that its memory can be measured: `backup|check|restore URL FILE`. */
import '@tidemark/server/boot.ts'

// As the entries of the product do: boot.ts makes loading the rest of it quick.
const { backUp } = await import('@tidemark/drizzle/backup.ts')
const { connect } = await import('@tidemark/drizzle/connect.ts')
const { checkBackup, restore } = await import('@tidemark/drizzle/restore.ts')

const [step, url = '', path = ''] = process.argv.slice(2)
const connection = await connect(url, { max: 2 })
const started = performance.now()
if (step === 'backup') await backUp(connection, path)
else if (step === 'check') await checkBackup(path)
else await restore(connection, path)
const seconds = (performance.now() - started) / 1000
await connection.close()
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
// The kernel counts in kilobytes and microseconds.
const figures = { seconds, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: maxRSS * 1024 }
console.log(JSON.stringify(figures))
