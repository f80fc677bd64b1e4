/** What all operations of a process share, started and stopped together. */
import type { Services } from './context.ts'
import type { OpenDatabase } from './database.ts'
import { type DeliveryConfig, NO_DELIVERY } from './delivery/config.ts'
import { startCourier } from './delivery/courier.ts'
import { prepareQueue } from './delivery/queue.ts'
import { createEvents } from './events.ts'
import { startHousekeeping } from './housekeeping.ts'
import { startCompactor } from './live/compactor.ts'
import { startEvaluator } from './live/evaluator.ts'
import { openAlertFeed, openCustomerFeed, openFeed } from './live/feed.ts'
import { openKpiWatch } from './live/kpi-watch.ts'
import { startReviewer } from './live/reviewer.ts'
import type { Log } from './log.ts'
import { createMetrics } from './metrics.ts'

export type RunningServices = {
  /** What knows of no server yet. */
  readonly services: Omit<Services, 'publicUrl'>
  /** Stops evaluating, folding, sending and listening. Close it before the database. */
  close(): Promise<void>
}

export const openServices = async (
  { connection, listenUrl }: Pick<OpenDatabase, 'connection' | 'listenUrl'>,
  log: Log,
  clock: () => Temporal.Instant = () => Temporal.Now.instant(),
  delivery: DeliveryConfig = NO_DELIVERY,
): Promise<RunningServices> => {
  const logError = log.failure
  await prepareQueue(connection, listenUrl)
  const events = await createEvents(connection, listenUrl, logError)
  const feed = openFeed({ connection, events, logError })
  const alertFeed = openAlertFeed({ connection, events, logError })
  const customerFeed = openCustomerFeed({ connection, events, logError })
  const kpiWatch = openKpiWatch({ connection, events, clock, logError })
  const logProgress = (message: string): void => log.logger.info(message)
  const metrics = createMetrics()
  const evaluator = startEvaluator({ connection, events, clock, logError, logProgress, metrics })
  const compactor = startCompactor({ connection, events, clock, logError })
  const courier = startCourier({ connection, listenUrl, events, clock, config: delivery, logError })
  const reviewer = startReviewer({ connection, clock, logError })
  const housekeeping = startHousekeeping(connection, clock, logError)
  return {
    services: { connection, events, feed, alertFeed, customerFeed, kpiWatch, delivery, metrics, clock },
    async close() {
      await housekeeping.close()
      await reviewer.close()
      await compactor.close()
      await evaluator.close()
      await courier.close()
      await kpiWatch.close()
      await customerFeed.close()
      await alertFeed.close()
      await feed.close()
      await events.close()
    },
  }
}
