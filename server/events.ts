/**
 * Who hears of what: a typed map of events by ids, within the process at once and to the other processes through
 * PostgreSQL. An event is a hint that something changed, never the change itself: whoever hears it reads what is
 * stored, so that a lost one costs the next slow poll and nothing else.
 */
import { randomUUID } from 'node:crypto'
import { type Connection, listen } from '@tidemark/drizzle/connect.ts'
import type { GoalProgressRow } from '@tidemark/drizzle/rows.ts'

export type EventMap = {
  /** Something was posted to the organization's books, or a goal of it was created: the evaluator should look. */
  posted: { readonly organizationId: string }
  /** The audit was sealed, so that what was posted has its place: who shows what changed should look. */
  sealed: { readonly organizationId: string }
  /** Progress was recorded: who shows goals should look. */
  progress: {
    readonly organizationId: string
    /** In the process that recorded it, what it was, in its order: who shows it has it already. */
    readonly appended?: readonly GoalProgressRow[]
  }
  /** Something happened to an alert: who shows or sends alerts should look. */
  alerted: { readonly organizationId: string }
  /** Events of other processes may have been missed, of any organization: look at everything. */
  missed: { readonly organizationId: null }
}

export type EventName = keyof EventMap

/** What is told to other processes. */
export type ToldEvent = Exclude<EventName, 'missed'>

export type Events = {
  /** Tells this process now, and the others within 20 ms. Call it after the commit, never inside a transaction. */
  publish<Name extends ToldEvent>(name: Name, payload: EventMap[Name]): void
  /** Calls `listener` at each event; the function returned ends that. A listener that throws stops no other. */
  on<Name extends EventName>(name: Name, listener: (payload: EventMap[Name]) => void): () => void
  /** Sends what waits to be sent and stops listening. */
  close(): Promise<void>
}

const CHANNEL = 'tidemark'
/** NOTIFY takes a lock of the whole database at its commit, so bursts become one of them: at most 50 a second. */
const SEND_EVERY_MS = 20
/** PostgreSQL takes payloads below 8,000 bytes; an event is about 50. */
const EVENTS_PER_MESSAGE_MAX = 100

/** What travels: who sends, and pairs of event and organization. */
type Message = {
  readonly from: string
  readonly events: readonly (readonly [ToldEvent, string])[]
}

export type LogError = (error: unknown, message: string) => void

/** Events that stay in this process. */
export const createLocalEvents = (logError: LogError): Events => {
  const emitter = createEmitter(logError)
  return {
    publish: (name, payload) => emitter.emit(name, payload),
    on: (name, listener) => emitter.on(name, listener),
    close: () => Promise.resolve(),
  }
}

/**
 * Events shared by all processes on the database. `listenUrl` must reach PostgreSQL itself, for LISTEN does not work
 * through a pooler. Throws an OperatorError when it cannot be reached.
 */
export const createEvents = async (
  connection: Connection,
  listenUrl: string,
  logError: LogError,
): Promise<Events> => {
  const emitter = createEmitter(logError)
  const publisher = createPublisher(connection, logError)

  const receive = (text: string) => {
    const message = parseMessage(text)
    if (message === null || message.from === publisher.id) return
    for (const [name, organizationId] of message.events) emitter.emit(name, { organizationId })
  }

  const listener = await listen(listenUrl, CHANNEL, receive, () =>
    emitter.emit('missed', { organizationId: null }),
  )
  return {
    publish(name, payload) {
      emitter.emit(name, payload)
      publisher.publish(name, payload)
    },
    on: (name, listener) => emitter.on(name, listener),
    async close() {
      await publisher.close()
      await listener.close()
    },
  }
}

/** Tells the other processes only: for one that itself hears nothing, such as the command line tool. */
export const createPublisher = (
  connection: Connection,
  logError: LogError,
): Pick<Events, 'publish' | 'close'> & { readonly id: string } => {
  const id = randomUUID()
  const waiting = new Map<string, Message['events'][number]>()
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> = Promise.resolve()

  const send = async () => {
    timer = undefined
    const events = [...waiting.values()]
    waiting.clear()
    try {
      while (events.length > 0) {
        const message: Message = { from: id, events: events.splice(0, EVENTS_PER_MESSAGE_MAX) }
        await connection.sql`select pg_notify(${CHANNEL}, ${JSON.stringify(message)})`
      }
    } catch (error) {
      // The others find out at their next slow poll.
      logError(error, 'Other processes could not be told of an event')
    }
  }
  const sendNext = () => {
    sending = sending.then(send)
  }

  return {
    id,
    publish(name, { organizationId }) {
      waiting.set(`${name} ${organizationId}`, [name, organizationId])
      timer ??= setTimeout(sendNext, SEND_EVERY_MS)
    },
    async close() {
      if (timer !== undefined) {
        clearTimeout(timer)
        sendNext()
      }
      await sending
    },
  }
}

type Emitter = {
  emit<Name extends EventName>(name: Name, payload: EventMap[Name]): void
  on: Events['on']
}

const createEmitter = (logError: LogError): Emitter => {
  const listeners: { [Name in EventName]: Set<(payload: EventMap[Name]) => void> } = {
    posted: new Set(),
    sealed: new Set(),
    progress: new Set(),
    alerted: new Set(),
    missed: new Set(),
  }
  return {
    emit(name, payload) {
      for (const listener of listeners[name]) {
        try {
          listener(payload)
        } catch (error) {
          logError(error, `A listener of "${name}" failed`)
        }
      }
    },
    on(name, listener) {
      // The same function may listen twice, so each registration is a function of its own.
      const registered = (payload: EventMap[typeof name]) => listener(payload)
      listeners[name].add(registered)
      return () => {
        listeners[name].delete(registered)
      }
    },
  }
}

const TOLD: ReadonlySet<string> = new Set<ToldEvent>(['posted', 'sealed', 'progress', 'alerted'])

const parseMessage = (text: string): Message | null => {
  try {
    const message: unknown = JSON.parse(text)
    if (typeof message !== 'object' || message === null) return null
    const { from, events } = message as Partial<Message>
    if (typeof from !== 'string' || !Array.isArray(events)) return null
    const known = events.filter(([name]) => TOLD.has(name))
    return { from, events: known }
  } catch {
    // Somebody else's message on this channel.
    return null
  }
}
