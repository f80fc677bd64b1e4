import { type Client, createClient } from 'graphql-ws'
import {
  comeBackDelayMs,
  type Connection,
  type ConnectionFacts,
  describeConnection,
  hasSlept,
  isIdleClose,
  isSignedOutClose,
  pingEveryMs,
  pongWithinMs,
} from './connection.ts'

export type LiveSocket = {
  readonly client: Client
  readonly subscribeToConnection: (listener: () => void) => () => void
  /** The same object until it changes. */
  readonly readConnection: () => Connection
  readonly setPaused: (isPaused: boolean) => void
  /** Ends a wait for the next attempt, and a socket that slept so long that it may be dead. */
  readonly wake: () => void
  readonly end: () => void
}

export type LiveSocketEvents = {
  /** The socket is back after it was lost: what cannot resume has to be fetched. */
  readonly onReconnected: () => void
  /** The server closed it because the session is over. */
  readonly onSignedOut: () => void
  /** An attempt failed before the socket opened; the browser does not say why. */
  readonly onRefused: () => void
  /** The machine slept while the page was seen: the socket may be dead, and much may have been missed. */
  readonly onSlept: () => void
}

const socketUrl = () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`

/** A wait that `wake` can cut short. */
const makeWait = () => {
  let wakeUp = () => {}
  return {
    wait: (ms: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        wakeUp = () => {
          clearTimeout(timer)
          resolve()
        }
      }),
    wake: () => wakeUp(),
  }
}

/** What is known of the socket, and who wants to hear when its description changes. */
const makeConnectionStore = (onSlept: () => void) => {
  let facts: ConnectionFacts = { isOpen: false, isPaused: false, heardAt: null }
  let connection = describeConnection(facts, Date.now())
  const listeners = new Set<() => void>()
  const publish = () => {
    const next = describeConnection(facts, Date.now())
    if (JSON.stringify(next) === JSON.stringify(connection)) return
    connection = next
    for (const listener of listeners) listener()
  }
  let lastLook = Date.now()
  // Reconnecting turns into stale by the mere passing of time.
  const timer = setInterval(() => {
    const before = lastLook
    lastLook = Date.now()
    // A laptop that was closed tells no page of it. A hidden tab, whose timers are slow, hears when it is seen again.
    if (hasSlept(before, lastLook) && document.visibilityState === 'visible') onSlept()
    publish()
  }, 1000)
  return {
    facts: () => facts,
    learn: (news: Partial<ConnectionFacts>) => {
      facts = { ...facts, ...news }
      publish()
    },
    read: () => connection,
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    end: () => clearInterval(timer),
  }
}

/** A WebSocket that comes back for ever, asks every ten seconds whether the other side is there, and says how it is. */
export const openLiveSocket = (
  organization: string,
  { onReconnected, onSignedOut, onRefused, onSlept }: LiveSocketEvents,
): LiveSocket => {
  const store = makeConnectionStore(onSlept)
  const { wait, wake } = makeWait()
  let pongTimer: ReturnType<typeof setTimeout> | undefined
  let wasOpened = false
  let lastClose: unknown = null

  const client: Client = createClient({
    url: socketUrl,
    connectionParams: { organization },
    keepAlive: pingEveryMs,
    lazyCloseTimeout: 2000,
    connectionAckWaitTimeout: 10_000,
    retryAttempts: Infinity,
    shouldRetry: (event) => !isSignedOutClose(event),
    retryWait: (attempt) => wait(comeBackDelayMs(lastClose, attempt, Math.random())),
    // The same id on every viewer's socket lets the server share the whole frame; one subscription, so its name will do.
    generateID: ({ operationName }) => operationName ?? 'live',
    on: {
      connecting: () => {
        wasOpened = false
      },
      opened: () => {
        wasOpened = true
      },
      connected: (_socket, _payload, wasRetry) => {
        store.learn({ isOpen: true, heardAt: Date.now() })
        if (wasRetry) onReconnected()
      },
      message: () => store.learn({ heardAt: Date.now() }),
      ping: (isReceived) => {
        if (isReceived) return
        clearTimeout(pongTimer)
        pongTimer = setTimeout(() => client.terminate(), pongWithinMs)
      },
      pong: (isReceived) => {
        if (isReceived) clearTimeout(pongTimer)
      },
      closed: (event) => {
        clearTimeout(pongTimer)
        lastClose = event
        // Nobody subscribes any more, as when another page is shown: what comes next is a first connection.
        if (isIdleClose(event)) return store.learn({ isOpen: false, heardAt: null })
        store.learn({ isOpen: false })
        if (isSignedOutClose(event)) onSignedOut()
        else if (!wasOpened) onRefused()
      },
    },
  })

  return {
    client,
    subscribeToConnection: store.subscribe,
    readConnection: store.read,
    setPaused: (isPaused) => store.learn({ isPaused }),
    wake: () => {
      const { isOpen, heardAt } = store.facts()
      const isSilent = heardAt !== null && Date.now() - heardAt > pingEveryMs + pongWithinMs
      if (isOpen && isSilent) client.terminate()
      wake()
    },
    end: () => {
      store.end()
      clearTimeout(pongTimer)
      // One that is being opened may be refused just now; nobody waits for it any more.
      Promise.resolve(client.dispose()).catch(() => {})
    },
  }
}
