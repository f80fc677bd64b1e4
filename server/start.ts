/** Everything on one port, until it is told to stop. */
import { readConfig, USAGE } from './config.ts'
import { ensureDashboard } from './dashboard.ts'
import { openDatabase } from './database.ts'
import { createLog } from './log.ts'
import { listenForStop } from './stop.ts'
import { readTrustedDocuments } from './trusted-documents.ts'

const DEMO_RATES_MS = 6 * 3_600_000
/** Within it a load balancer sees that this process takes no more, and sends it nothing that would be cut off. */
const LAME_DUCK_MS = 2_000

export const start = async (options: readonly string[]): Promise<void> => {
  if (options.includes('--help')) {
    process.stdout.write(USAGE)
    return
  }
  const config = readConfig(process.env, options)
  const log = createLog(config.logLevel)
  const stop = listenForStop((error) => log.logger.fatal({ err: error }, 'The server stops'))
  await using running = new AsyncDisposableStack()

  // The dashboard and the code of the server load while the database starts.
  const building = config.dashboard ? ensureDashboard(stop.signal, log) : Promise.resolve(null)
  const loading = Promise.all([import('./server.ts'), import('./services.ts')])
  const database = await openDatabase(config.database, { asServer: true })
  running.defer(() => database.close())
  const [{ startServer }, { openServices }] = await loading

  if (config.demo) {
    const { loadDemo } = await import('./demo/load.ts')
    const besideOthers = config.database.kind === 'embedded'
    const load = () => loadDemo(database.connection, { now: Temporal.Now.instant(), besideOthers })
    await load()
    // Of a demo that exists it adds the exchange rates of the days since: a server may run for weeks.
    const adding = setInterval(
      () => void load().catch((error: unknown) => log.failure(error, 'The demo got no new exchange rates')),
      DEMO_RATES_MS,
    )
    running.defer(() => clearInterval(adding))
  }

  const clock = () => Temporal.Now.instant()
  const shared = await openServices(database, log, clock, config.delivery)
  running.defer(() => shared.close())
  if (config.live) {
    const { playPayments } = await import('./demo/live.ts')
    const playing = playPayments({ ...shared.services, logError: log.failure })
    running.defer(() => playing.close())
  }

  if (config.backups !== null && config.database.kind === 'embedded') {
    const { backUpEmbedded, startBackups } = await import('./backups.ts')
    const backUp = backUpEmbedded(config.database.dataDir)
    const backups = await startBackups(config.backups, { backUp, clock, logError: log.failure })
    running.defer(() => backups.close())
  }

  const dashboard = await building
  if (stop.signal.aborted) return
  const { host, port, demo, identity, trustedProxies, connections } = config
  const trustedDocuments = config.trustedDocuments ? readTrustedDocuments() : null
  const listening = { host, port, dashboard, demo, identity, trustedProxies, trustedDocuments, connections }
  const server = await startServer({ ...listening, services: shared.services, log })
  // Who presses Ctrl-C has no load balancer.
  running.defer(() => server.close({ lameDuckMs: stop.signal.reason === 'SIGTERM' ? LAME_DUCK_MS : 0 }))
  process.stdout.write(`ready ${server.url}\n`)
  await stop.requested
}
