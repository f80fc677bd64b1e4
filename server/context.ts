/** What every resolver gets: who asks, for which organization, and one consistent view of the data. */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { AlertTransitionRow, GoalProgressRow, OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { openReader, type Reader } from '@tidemark/drizzle/transaction.ts'
import type { Actor } from './access/actor.ts'
import type { Spending } from './access/budget.ts'
import type { Events } from './events.ts'
import { dateAt } from './domain/calendar.ts'
import { readSettledAt } from './ledger/settled.ts'
import { LIMITS } from './limits.ts'
import type { DeliveryConfig } from './delivery/config.ts'
import type { CustomerChange } from './live/customer-changes.ts'
import type { Feed } from './live/feed.ts'
import type { KpiWatch } from './live/kpi-watch.ts'
import { createLoaders, type Loaders } from './loaders.ts'
import type { Metrics } from './metrics.ts'

/** What all operations of a process share. */
export type Services = {
  readonly connection: Connection
  readonly events: Events
  /** New progress of goals. */
  readonly feed: Feed<GoalProgressRow>
  /** What happens to alerts. */
  readonly alertFeed: Feed<AlertTransitionRow>
  /** Which customers changed. */
  readonly customerFeed: Feed<CustomerChange>
  /** KPI values that somebody watches. */
  readonly kpiWatch: KpiWatch
  /** How alerts are sent. */
  readonly delivery: DeliveryConfig
  /** What the process counts of itself. */
  readonly metrics: Metrics
  /** The only clock. */
  readonly clock: () => Temporal.Instant
  /** The address that people open, such as https://tidemark.example. */
  readonly publicUrl: () => string
}

/** Who asks, and for which organization. */
export type Session = { readonly actor: Actor; readonly organization: OrganizationRow }

/** Where a request comes from. */
export type Caller = {
  /** Of the request, as its answer and the log name it. */
  readonly requestId: string
  /** The network address. */
  readonly address: string | null
  /** The program, as it names itself. */
  readonly agent: string | null
  /** The key that came with the request, for the one command in it that has none of its own. */
  readonly idempotencyKey?: string | null
}

/** What holds an operation within its limits. */
export type Bounds = {
  /** Aborted where whoever asks leaves before the answer; null where nobody can tell. */
  readonly left: AbortSignal | null
  /** What it costs; null where that was paid before, or by nobody. */
  readonly spending: Spending | null
}

/** The part of a context that shows the data as they are at one moment. */
type View = {
  readonly now: Temporal.Instant
  /** One snapshot, opened at the first read. */
  readonly reader: Reader
  /** The moment until which nothing can be recorded any more that the snapshot does not have. */
  readonly settledAt: () => Promise<Temporal.Instant>
  readonly loaders: Loaders
}

export type Context = Services &
  Session & { readonly caller: Caller; readonly bounds: Bounds } & {
    // Replaced together by `renewView`, after a mutation: graphql-js keeps one context for a whole operation.
    -readonly [Part in keyof View]: View[Part]
  }

/** A context for one operation, or for one event of a subscription. `closeContext` it when the answer is made. */
export const createContext = (
  services: Services,
  session: Session,
  caller: Caller,
  bounds: Bounds = { left: null, spending: null },
): Context => ({
  connection: services.connection,
  events: services.events,
  feed: services.feed,
  alertFeed: services.alertFeed,
  customerFeed: services.customerFeed,
  kpiWatch: services.kpiWatch,
  delivery: services.delivery,
  metrics: services.metrics,
  clock: services.clock,
  publicUrl: services.publicUrl,
  actor: session.actor,
  organization: session.organization,
  caller,
  bounds,
  ...openView(services, session),
})

/** Ends what is being read for it, in the database too, and lets go of the snapshot. Never rejects. */
export const cancelContext = (context: Context): Promise<void> => {
  over.add(context)
  return context.reader.cancel()
}

/** Lets go of the snapshot. Never rejects; reads that come later do. */
export const closeContext = (context: Context): Promise<void> => {
  over.add(context)
  return context.reader.close()
}

/** Those whose answer is made, or that nobody waits for: what of them still goes on may read nothing any more. */
const over = new WeakSet<Context>()

export const isOver = (context: Context): boolean => over.has(context)

/** Shows the data anew: what was read before stays as it was. */
export const renewView = (context: Context): void => {
  void context.reader.close()
  Object.assign(context, openView(context, context))
  if (over.has(context)) void context.reader.close()
}

/** The civil date that it is for the organization. */
export const todayOf = ({ now, organization }: Pick<Context, 'now' | 'organization'>): Temporal.PlainDate =>
  dateAt(now, organization.timeZone)

/** Of the answer of a mutation, which has no deadline; the deadline of everything else comes first. */
const READ_MS_MAX = LIMITS.operationMs + 1_000

const openView = ({ connection, clock }: Services, { organization }: Session): View => {
  let settled: Promise<Temporal.Instant> | undefined
  const settledAt = () => (settled ??= readSettledAt(connection, organization.id))
  const reader = openReader(connection, organization.id, { before: settledAt, timeoutMs: READ_MS_MAX })
  const now = clock()
  return {
    now,
    reader,
    settledAt,
    loaders: createLoaders(reader, organization, { now, today: todayOf({ now, organization }) }),
  }
}
