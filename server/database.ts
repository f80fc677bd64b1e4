/** Opens the database of the configuration, whichever it is, and brings its tables up to date. */
import { type Connection, connect } from '@tidemark/drizzle/connect.ts'
import { isFlowStale, migrate } from '@tidemark/drizzle/migrate.ts'
import type { DatabaseConfig } from './config.ts'

const CONNECTIONS_MAX = 20

export type OpenDatabase = {
  readonly connection: Connection
  /** Reaches PostgreSQL itself. Holds the password: never print it. */
  readonly listenUrl: string
  /** Closes the connections, and stops the embedded database if nobody else uses it. */
  close(): Promise<void>
}

export type OpenOptions = {
  /** True for the one server of an embedded database: a second one is refused. */
  readonly asServer: boolean
  /** False leaves the tables as they are, even where there are none. */
  readonly upToDate?: boolean
}

/** Throws an OperatorError where the database cannot be had. */
export const openDatabase = async (
  config: DatabaseConfig,
  { asServer, upToDate = true }: OpenOptions,
): Promise<OpenDatabase> => {
  await using opened = new AsyncDisposableStack()
  let url: string
  let listenUrl: string
  if (config.kind === 'embedded') {
    // Imported here, so that who brings a database of their own does not load it.
    const { claimServer, openEmbedded } = await import('@tidemark/drizzle/embedded.ts')
    if (asServer) {
      const claim = await claimServer(config.dataDir)
      opened.defer(() => claim.release())
    }
    const embedded = await openEmbedded(config.dataDir)
    opened.defer(() => embedded.close())
    url = listenUrl = embedded.url
  } else {
    ;({ url, listenUrl } = config)
  }

  const connection = await connect(url, { max: CONNECTIONS_MAX })
  opened.defer(() => connection.close())
  if (upToDate) {
    await migrate(connection)
    if (await isFlowStale(connection.sql)) {
      const { replayStale } = await import('./ledger/replay.ts')
      await replayStale(connection)
    }
  }

  const kept = opened.move()
  return { connection, listenUrl, close: () => kept.disposeAsync() }
}
