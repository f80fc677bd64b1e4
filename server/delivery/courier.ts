/**
 * Sends what is queued. Every process may run one: the queue hands each job to one of them, and what a process that was
 * killed had taken is given to others. The queue's runner is loaded and connected only where something is to be sent.
 */
import type { Runner } from 'graphile-worker'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { organization } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import type { Events, LogError } from '../events.ts'
import type { DeliveryConfig } from './config.ts'
import { deliver, LEASE_SECONDS, type Sender } from './deliver.ts'
import type { Mailer } from './email.ts'
import {
  deliverPolicyMail,
  enqueueLostPolicyMails,
  POLICY_MAIL_TASK,
  type PolicyMailJob,
} from './policy-mail.ts'
import { DELIVERY_TASK, enqueueLost, freeAbandoned, hasJobs, type DeliveryJob } from './queue.ts'

export type CourierServices = {
  readonly connection: Connection
  /** Reaches PostgreSQL itself: the queue listens. */
  readonly listenUrl: string
  readonly events: Events
  readonly clock: () => Temporal.Instant
  readonly config: DeliveryConfig
  readonly logError: LogError
}

export type Courier = {
  /** Waits for what is being sent. */
  close(): Promise<void>
}

const LOOK_MS = 10_000
const SENT_AT_ONCE = 3
/** For what waits for its time; what is to be sent at once comes by a word of the queue. */
const POLL_MS = 2_000
const ABANDONED_SECONDS = 2 * LEASE_SECONDS

export function startCourier({
  connection,
  listenUrl,
  events,
  clock,
  config,
  logError,
}: CourierServices): Courier {
  let closed = false
  let mailer: Promise<Mailer | null> | undefined
  const openMail = () =>
    (mailer ??=
      config.smtp === null
        ? Promise.resolve(null)
        : import('./email.ts').then(({ openMailer }) =>
            config.smtp === null ? null : openMailer(config.smtp),
          ))
  const sender: Sender = { connection, clock, config, mailer: openMail }

  let runner: Promise<Runner> | null = null
  const run = async (): Promise<Runner> => {
    const { run: runQueue, Logger } = await import('graphile-worker')
    return runQueue({
      connectionString: listenUrl,
      concurrency: SENT_AT_ONCE,
      maxPoolSize: SENT_AT_ONCE + 1,
      pollInterval: POLL_MS,
      noHandleSignals: true,
      parsedCronItems: [],
      // What could not be sent is told by the delivery itself.
      logger: new Logger(() => () => {}),
      taskList: {
        [DELIVERY_TASK]: (job) => deliver(sender, job as DeliveryJob),
        [POLICY_MAIL_TASK]: (job) => deliverPolicyMail(sender, job as PolicyMailJob),
      },
    })
  }
  let looking: Promise<void> = Promise.resolve()
  const look = (): void => {
    looking = looking
      .then(async () => {
        if (closed) return
        await freeAbandoned(connection, ABANDONED_SECONDS)
        if (closed || runner !== null || !(await hasJobs(connection))) return
        const started = run()
        runner = started
        await started
      })
      .catch((error: unknown) => {
        runner = null
        if (!closed) logError(error, 'What is to be sent of alerts could not be looked at')
      })
  }
  const findLost = async (): Promise<void> => {
    const organizations = await inTransaction(connection, { organizationId: null, mode: 'read' }, (tx) =>
      tx.select({ id: organization.id }).from(organization),
    )
    for (const { id } of organizations) {
      if (closed) return
      await inTransaction(connection, { organizationId: id, mode: 'write' }, async (tx) => {
        await enqueueLost(tx, id)
        await enqueueLostPolicyMails(tx, id)
      })
    }
  }
  looking = findLost().catch((error: unknown) => {
    if (!closed) logError(error, 'What was left to be sent of alerts could not be found')
  })
  look()
  const stopHearing = events.on('alerted', look)
  const timer = setInterval(look, LOOK_MS)
  return {
    async close() {
      closed = true
      clearInterval(timer)
      stopHearing()
      await looking
      await (await runner)?.stop()
      ;(await mailer)?.close()
    },
  }
}
