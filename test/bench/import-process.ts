/** The importing process of `pnpm bench import`, alone so that its memory can be measured. Prints one line of JSON. */
import '@tidemark/server/boot.ts'

// As the entries of the product do: boot.ts makes loading the rest of it quick.
const { connect } = await import('@tidemark/drizzle/connect.ts')
const { createOrganization } = await import('@tidemark/server/organization/commands.ts')
const { isProblem } = await import('@tidemark/server/problem.ts')
const { importInvoices } = await import('@tidemark/server/imports/commands.ts')
const { loadMapping } = await import('@tidemark/server/imports/mapping.ts')

const [url = '', path = ''] = process.argv.slice(2)
const connection = await connect(url, { max: 2 })
const books = { slug: 'bench', name: 'Bench', baseCurrency: 'USD', timeZone: 'UTC', demo: false }
const organization = await createOrganization(connection, books, 'bench')
if (isProblem(organization)) throw new Error(organization.message)

const started = performance.now()
const phases: Record<string, number> = {}
const context = {
  connection,
  organization,
  actor: 'bench',
  now: Temporal.Now.instant(),
  posted: () => {},
}
const report = await importInvoices(context, path, {
  mapping: await loadMapping('generic'),
  partial: false,
  dryRun: false,
  onProgress: ({ phase }) => {
    phases[phase] = (performance.now() - started) / 1000
  },
})
const seconds = (performance.now() - started) / 1000
await connection.close()
// The kernel counts in kilobytes.
const peakBytes = process.resourceUsage().maxRSS * 1024
console.log(JSON.stringify({ seconds, phases, peakBytes, outcome: report.outcome, rows: report.rows }))
