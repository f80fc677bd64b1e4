/**
 * KPI values that somebody watches, computed once per process for all who ask for the same, and told where they changed.
 * They are a state: what happens while they are computed is looked at afterwards, and a word that got lost costs a second.
 */
import { dateAt } from '../domain/calendar.ts'
import { tooMuch } from '../errors.ts'
import type { Events, LogError } from '../events.ts'
import { readKpis, type KpiQuery, type KpiRow } from '../kpi/queries.ts'
import type { KpiOrganization } from '../kpi/source.ts'
import { hasNew, sinceColumns, type Since } from '../ledger/news.ts'
import { readSettledAt } from '../ledger/settled.ts'
import { createPace, createTurns } from './turns.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'

/** What is watched, of today. */
export type KpiAsk = Pick<KpiQuery, 'metrics' | 'filter' | 'segments' | 'currency' | 'conventions'>

/** The values at one moment; the same object for all who watch the same. */
export type KpiState = {
  readonly kpis: readonly KpiRow[]
  /** Later ones have greater numbers. */
  readonly sequence: bigint
}

export type KpiWatch = {
  /**
   * Calls `onState` with the values as they are, and again whenever one of them changed. Settles once it was called first.
   * Rejects where they cannot be computed: with BAD_USER_INPUT as `kpis` does, and where too much is watched already. The
   * function returned ends it.
   */
  follow(organization: KpiOrganization, ask: KpiAsk, onState: (state: KpiState) => void): Promise<() => void>
  /** Tells nothing any more. */
  close(): Promise<void>
}

export type KpiWatchServices = {
  readonly connection: Connection
  readonly events: Events
  readonly clock: () => Temporal.Instant
  readonly logError: LogError
}

export type KpiWatchOptions = {
  readonly pollMs?: number
  /** The least time between two looks at one organization. */
  readonly everyMs?: number
}

const POLL_MS = 1_000
const EVERY_MS = 250
/** Different asks of one organization: each is computed anew with every posting. */
const WATCHES_MAX = 100
/** Organizations that are looked at at the same time: each takes a connection, and there are others who read. */
const LOOKS_AT_ONCE = 2

type Follower = {
  readonly onState: (state: KpiState) => void
  /** What it was told last. */
  told: KpiState | null
}

/** One ask, and who wants to know. */
type Watch = {
  readonly ask: KpiAsk
  readonly followers: Set<Follower>
  state: KpiState | null
  /** The state without what changes all the time. */
  known: string
  /** True where it has to be computed anew. */
  isStale: boolean
  /** Why it could not be computed the last time; null where it could. */
  failure: { readonly error: unknown } | null
}

type Channel = {
  readonly organization: KpiOrganization
  readonly watches: Map<string, Watch>
  /** What had been committed when the books were looked at last; null before. */
  seen: string | null
  /** For which day. */
  day: string
}

export function openKpiWatch(
  { connection, events, clock, logError }: KpiWatchServices,
  { pollMs = POLL_MS, everyMs = EVERY_MS }: KpiWatchOptions = {},
): KpiWatch {
  const channels = new Map<string, Channel>()
  let sequence = 0n

  const look = async ({
    organization,
    watches,
    ...before
  }: Channel): Promise<Pick<Channel, 'seen' | 'day'>> => {
    const day = dateAt(clock(), organization.timeZone).toString()
    const { isNew, seen, at } = await readNews(connection, organization.id, before.seen)
    if (isNew || day !== before.day) for (const watch of watches.values()) watch.isStale = true
    for (const watch of watches.values()) {
      if (watch.isStale) await compute(organization, watch, at)
      tell(watch)
    }
    return { seen, day }
  }

  /** `at`, in microseconds: what was committed by then should be known. */
  const compute = async (organization: KpiOrganization, watch: Watch, at: bigint): Promise<void> => {
    try {
      const settledAt = await readSettledAt(connection, organization.id)
      const kpis = await inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
        readKpis(tx, organization, { ...watch.ask, now: clock(), settledAt }),
      )
      const known = JSON.stringify(kpis.map(({ knownAt: _knownAt, ...told }) => told))
      if (known !== watch.known) Object.assign(watch, { known, state: { kpis, sequence: (sequence += 1n) } })
      // A posting still under way holds back what others committed meanwhile: it is looked at once that one is over.
      watch.isStale = settledAt.epochNanoseconds / 1_000n < at
      watch.failure = null
    } catch (error) {
      // Tried again at the next look. Whoever asked for what cannot be is told so, and nobody else.
      if (watch.failure === null && watch.state !== null)
        logError(error, 'A watched KPI could not be computed')
      watch.failure = { error }
      watch.isStale = true
    }
  }

  const tell = ({ state, followers }: Watch): void => {
    for (const follower of followers) {
      if (state === null || follower.told === state) continue
      follower.told = state
      try {
        follower.onState(state)
      } catch (error) {
        logError(error, 'A follower of KPIs failed')
      }
    }
  }

  const looks = createTurns(
    LOOKS_AT_ONCE,
    async (organizationId) => {
      const channel = channels.get(organizationId)
      if (channel !== undefined) Object.assign(channel, await look(channel))
    },
    (error, organizationId) =>
      logError(error, `The KPIs that are watched of organization ${organizationId} could not be read`),
  )
  const pace = createPace(everyMs, (organizationId) => void looks.take(organizationId))
  const wakeAll = (): void => {
    for (const organizationId of channels.keys()) pace.ask(organizationId)
  }
  const stopHearing = [
    events.on('posted', ({ organizationId }) => {
      if (channels.has(organizationId)) pace.ask(organizationId)
    }),
    events.on('missed', wakeAll),
  ]
  const timer = setInterval(wakeAll, pollMs)

  const leave = (channel: Channel, key: string, follower: Follower): void => {
    const { organization, watches } = channel
    const watch = watches.get(key)
    watch?.followers.delete(follower)
    if (watch?.followers.size === 0) watches.delete(key)
    if (watches.size === 0 && channels.get(organization.id) === channel) channels.delete(organization.id)
  }

  return {
    async follow(organization, ask, onState) {
      const channel = channels.get(organization.id) ?? {
        organization,
        watches: new Map(),
        seen: null,
        day: '',
      }
      const key = JSON.stringify(ask)
      const watch = channel.watches.get(key) ?? newWatch(ask)
      if (channel.watches.size >= WATCHES_MAX && !channel.watches.has(key)) {
        throw tooMuch(
          `At most ${WATCHES_MAX} different choices of KPIs are watched at once in an organization: join one of them.`,
        )
      }
      channels.set(organization.id, channel)
      channel.watches.set(key, watch)
      const follower: Follower = { onState, told: null }
      watch.followers.add(follower)
      const stop = () => leave(channel, key, follower)
      // Also where others watch it already: what they were told last may be a moment old.
      await looks.take(organization.id)
      if (follower.told !== null) return stop
      stop()
      throw watch.failure?.error ?? new Error('The KPIs could not be read')
    },
    async close() {
      clearInterval(timer)
      for (const stop of stopHearing) stop()
      pace.close()
      channels.clear()
      await looks.close()
    },
  }
}

const newWatch = (ask: KpiAsk): Watch => ({
  ask,
  followers: new Set(),
  state: null,
  known: '',
  isStale: true,
  failure: null,
})

/**
 * Whether anything was committed since `seen`; nothing of an organization changes without its row in the audit. `at` is
 * the moment of the look, in microseconds.
 */
const readNews = (
  connection: Connection,
  organizationId: string,
  seen: string | null,
): Promise<{ readonly isNew: boolean; readonly seen: string; readonly at: bigint }> =>
  inTransaction(connection, { organizationId, mode: 'read' }, async (tx) => {
    const since = seen === null ? null : sinceColumns(tx, `'${seen}'::pg_snapshot`)
    const [row] = await tx.sql<(Since & { readonly seen: string; readonly at: bigint })[]>`
      select pg_current_snapshot()::text as seen,
        (extract(epoch from statement_timestamp()) * 1000000)::bigint as at
        ${since === null ? tx.sql`` : tx.sql`, ${since}`}`
    if (row === undefined) throw new Error('PostgreSQL gave no snapshot')
    return { ...row, isNew: since === null || (await hasNew(tx, organizationId, row)) }
  })
