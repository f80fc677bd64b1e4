/**
 * The queue of jobs (graphile-worker), in a schema of its own beside the tables. Jobs are added in the transaction of what
 * they are about: both are there, or neither.
 */
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { asOwnerWithin, type Tx } from '@tidemark/drizzle/transaction.ts'

/** What is to be told of an alert; the other kind of job is in `policy-mail.ts`. */
export const DELIVERY_TASK = 'alert-delivery'

export type DeliveryJob = { readonly organizationId: string; readonly deliveryId: string }

/** The schema that the queue of this version has: the number of its last migration. */
const QUEUE_VERSION = 20
/** The courier counts attempts and gives up long before; the queue's own count must not. */
const ATTEMPTS_MAX = 10_000
const INSUFFICIENT_PRIVILEGE = '42501'

/** Makes or brings up to date the queue's schema. Costs one query where there is nothing to do. */
export async function prepareQueue(connection: Connection, url: string): Promise<void> {
  if ((await readQueueVersion(connection)) >= QUEUE_VERSION) return
  const { runMigrations, Logger } = await import('graphile-worker')
  try {
    await runMigrations({ connectionString: url, parsedCronItems: [], logger: new Logger(() => () => {}) })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code !== INSUFFICIENT_PRIVILEGE) throw cause
    throw new OperatorError(
      'The database user may not make the schema graphile_worker, in which the queue of deliveries lives. Let an administrator create it and give it to that user, or grant CREATE on the database.',
      { cause },
    )
  }
}

async function readQueueVersion({ sql }: Connection): Promise<number> {
  const [found] = await sql<{ there: boolean }[]>`
    select to_regclass('graphile_worker.migrations') is not null as there`
  if (found?.there !== true) return 0
  const [row] = await sql<
    { version: number | null }[]
  >`select max(id)::int as version from graphile_worker.migrations`
  return row?.version ?? 0
}

/** One to be tried at once, or in so many milliseconds. */
export type Enqueued = { readonly id: string; readonly channelId: string; readonly inMs: number }

/**
 * In the caller's transaction. A job waits by the database's clock, so only the distance to its time is told. Those of a
 * channel run one after the other: what was raised is told before it is over.
 */
export const enqueueDeliveries = (
  tx: Tx,
  organizationId: string,
  deliveries: readonly Enqueued[],
): Promise<void> =>
  asOwnerWithin(tx, async ({ sql }) => {
    for (const { id, channelId, inMs } of deliveries) {
      const job: DeliveryJob = { organizationId, deliveryId: id }
      await sql`
        select from graphile_worker.add_job(${DELIVERY_TASK}, ${JSON.stringify(job)}::text::json, ${channelId},
          now() + make_interval(secs => ${inMs / 1_000}), ${ATTEMPTS_MAX}, ${id})`
    }
  })

/** Adds the jobs of an organization's deliveries that have none, such as after a backup was restored. */
export const enqueueLost = (tx: Tx, organizationId: string): Promise<number> =>
  asOwnerWithin(tx, async ({ sql }) => {
    const { count } = await sql`
      select graphile_worker.add_job(${DELIVERY_TASK},
        json_build_object('organizationId', d.organization_id, 'deliveryId', d.id), d.channel_id::text,
        now(), ${ATTEMPTS_MAX}, d.id::text)
      from alert_delivery d
      where d.organization_id = ${organizationId} and d.state in ('QUEUED', 'FAILED')
        and not exists (select from graphile_worker._private_jobs j where j.key = d.id::text)`
    return count
  })

/** True where something waits to be sent, by any organization. */
export async function hasJobs({ sql }: Connection): Promise<boolean> {
  const [row] = await sql<{ some: boolean }[]>`
    select exists (select from graphile_worker._private_jobs) as some`
  return row?.some === true
}

/** Lets go of jobs that a process took and, since it was killed, never gave back: no try takes that long. */
export async function freeAbandoned({ sql }: Connection, afterSeconds: number): Promise<void> {
  await sql`
    select graphile_worker.force_unlock_workers(array_agg(distinct locked_by))
    from graphile_worker._private_jobs
    where locked_at < now() - make_interval(secs => ${afterSeconds})
    having count(*) > 0`
}
