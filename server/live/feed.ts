/**
 * New rows of a sequence, such as the progress of goals, read once per organization and process however many follow them,
 * and handed to all in their order. Woken by events, and each second as long as somebody follows, should a word get lost.
 */
import { readTransitionPosition, readTransitionsAfter } from './alert-events.ts'
import { readChainPosition, readCustomerChangesAfter, type CustomerChange } from './customer-changes.ts'
import { readProgressAfter, readSequence } from './progress.ts'
import type { EventMap, Events, LogError, ToldEvent } from '../events.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { AlertTransitionRow, GoalProgressRow } from '@tidemark/drizzle/rows.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

export type Feed<Row> = {
  /**
   * Once it settles, `onRow` gets every row that was not committed by then, in order and once each. It may get some
   * that were. The function returned ends that.
   */
  follow(organizationId: string, onRow: (row: Row) => void): Promise<() => void>
  /** Hands out nothing any more. */
  close(): Promise<void>
}

export type FeedServices = {
  readonly connection: Connection
  readonly events: Events
  readonly logError: LogError
}

const POLL_MS = 1_000
const ROWS_PER_READ = 500

/** What is followed, and where it is read. */
type Source<Row> = {
  readonly name: string
  /** Told when there are new rows. */
  readonly event: ToldEvent
  /** The new rows, where the process that wrote them is this one. */
  readonly told?: (payload: EventMap[ToldEvent]) => readonly Row[]
  readonly readAfter: (
    tx: Tx,
    organizationId: string,
    after: { sequence: bigint; limit: number },
  ) => Promise<Row[]>
  /** The number of the last row. */
  readonly readPosition: (tx: Tx, organizationId: string) => Promise<bigint>
}

export type FeedOptions = { readonly pollMs?: number }

/** New progress of goals. */
export const openFeed = (services: FeedServices, options: FeedOptions = {}): Feed<GoalProgressRow> =>
  openSequence(
    services,
    {
      name: 'progress',
      event: 'progress',
      told: (payload) => ('appended' in payload && payload.appended) || [],
      readAfter: (tx, id, after) => readProgressAfter(tx, id, { ...after, goalIds: null }),
      readPosition: readSequence,
    },
    options,
  )

/** All that happens to alerts and their rules. */
export const openAlertFeed = (services: FeedServices, options: FeedOptions = {}): Feed<AlertTransitionRow> =>
  openSequence(
    services,
    {
      name: 'alerts',
      event: 'alerted',
      readAfter: readTransitionsAfter,
      readPosition: readTransitionPosition,
    },
    options,
  )

/** Which customers changed, command by command. */
export const openCustomerFeed = (services: FeedServices, options: FeedOptions = {}): Feed<CustomerChange> =>
  openSequence(
    services,
    {
      name: 'customers',
      event: 'sealed',
      readAfter: readCustomerChangesAfter,
      readPosition: readChainPosition,
    },
    options,
  )

function openSequence<Row extends { readonly sequence: bigint }>(
  { connection, events, logError }: FeedServices,
  { name, event, told, readAfter, readPosition }: Source<Row>,
  options: FeedOptions,
): Feed<Row> {
  const channels = new Map<string, Channel<Row>>()

  const read = (organizationId: string, channel: Channel<Row>): Promise<void> => {
    channel.again = true
    channel.reading ??= readOn(organizationId, channel).finally(() => {
      channel.reading = null
    })
    return channel.reading
  }

  const readOn = async (organizationId: string, channel: Channel<Row>): Promise<void> => {
    try {
      while (channel.again && channel.followers.size > 0) {
        channel.again = false
        const rows = await inTransaction(connection, { organizationId, mode: 'read' }, (tx) =>
          readAfter(tx, organizationId, { sequence: channel.position, limit: ROWS_PER_READ }),
        )
        channel.position = rows.at(-1)?.sequence ?? channel.position
        for (const row of rows) hand(channel, row)
        if (rows.length === ROWS_PER_READ) channel.again = true
      }
    } catch (error) {
      // What was not read is read at the next word or second.
      logError(error, `The ${name} of organization ${organizationId} could not be read`)
    }
  }

  const hand = (channel: Channel<Row>, row: Row): void => {
    for (const follower of channel.followers) {
      try {
        follower.onRow(row)
      } catch (error) {
        logError(error, `A follower of ${name} failed`)
      }
    }
  }

  const open = async (organizationId: string): Promise<bigint> =>
    inTransaction(connection, { organizationId, mode: 'read' }, (tx) => readPosition(tx, organizationId))

  const wake = (organizationId: string, rows: readonly Row[] = []): void => {
    const channel = channels.get(organizationId)
    if (channel?.opened !== true) return
    const [first] = rows
    // Only what comes right after the last one: what is being read now may hold the same.
    if (channel.reading === null && first?.sequence === channel.position + 1n) {
      channel.position = rows.at(-1)?.sequence ?? channel.position
      for (const row of rows) hand(channel, row)
    } else void read(organizationId, channel)
  }
  const wakeAll = (): void => {
    for (const organizationId of channels.keys()) wake(organizationId)
  }
  const stopHearing = [
    events.on(event, (payload) => wake(payload.organizationId, told?.(payload))),
    events.on('missed', wakeAll),
  ]
  const timer = setInterval(wakeAll, options.pollMs ?? POLL_MS)

  return {
    async follow(organizationId, onRow) {
      const channel = channels.get(organizationId) ?? newChannel<Row>()
      channels.set(organizationId, channel)
      const follower = { onRow }
      channel.followers.add(follower)
      const stop = () => {
        channel.followers.delete(follower)
        if (channel.followers.size === 0 && channels.get(organizationId) === channel) {
          channels.delete(organizationId)
        }
      }
      try {
        channel.opening ??= open(organizationId).then((position) => {
          channel.position = position
          channel.opened = true
        })
        await channel.opening
      } catch (error) {
        channel.opening = null
        stop()
        throw error
      }
      return stop
    },
    async close() {
      clearInterval(timer)
      for (const stop of stopHearing) stop()
      const reading = [...channels.values()].flatMap((channel) => channel.reading ?? [])
      channels.clear()
      await Promise.all(reading)
    },
  }
}

type Channel<Row> = {
  readonly followers: Set<{ readonly onRow: (row: Row) => void }>
  /** The sequence of the last row that was handed out. */
  position: bigint
  opening: Promise<void> | null
  opened: boolean
  reading: Promise<void> | null
  again: boolean
}

const newChannel = <Row>(): Channel<Row> => ({
  followers: new Set(),
  position: 0n,
  opening: null,
  opened: false,
  reading: null,
  again: false,
})
