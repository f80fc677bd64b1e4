/** A WebSocket without a library's manners: it sends what it is told to, and tells how it was closed. */
import { once } from 'node:events'
import { WebSocket } from 'ws'

export type Frame = { readonly id?: string; readonly type: string; readonly payload?: unknown }

export type Closed = { readonly code: number; readonly reason: string }

export type RawSocket = {
  readonly socket: WebSocket
  /** All that came, in order. */
  readonly frames: readonly Frame[]
  /** Called with every frame from now on. */
  onFrame(handle: (frame: Frame) => void): void
  /** JSON of what is given; text and bytes as they are. */
  send(message: object | string | Uint8Array): void
  readonly closed: Promise<Closed>
  /** Ends it and waits for its end. */
  close(): Promise<void>
}

export type RawSocketOptions = {
  /** Sent in a `connection_init` whose answer is awaited; null or left out: nothing is sent. */
  readonly token?: string | null
  /** The same for a person: their cookies, and the organization that they want to act in. */
  readonly person?: { readonly cookie: string; readonly organization?: string }
  readonly protocol?: string | readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** Rejects where the upgrade is refused, saying with which status. */
export const openRawSocket = async (
  url: string,
  { token = null, person, protocol = 'graphql-transport-ws', headers = {} }: RawSocketOptions = {},
): Promise<RawSocket> => {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, [protocol].flat(), {
    headers: { ...headers, ...(person === undefined ? {} : { cookie: person.cookie }) },
  })
  const frames: Frame[] = []
  const handlers = new Set<(frame: Frame) => void>()
  socket.on('message', (data) => {
    const frame = JSON.parse((data as Buffer).toString()) as Frame
    frames.push(frame)
    for (const handle of handlers) handle(frame)
  })
  const closed = new Promise<Closed>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
  )
  await once(socket, 'open')
  // A reset is a close to whoever waits for it.
  socket.on('error', () => {})

  const raw: RawSocket = {
    socket,
    frames,
    onFrame: (handle) => void handlers.add(handle),
    send(message) {
      if (socket.readyState !== WebSocket.OPEN) return
      const plain = typeof message === 'string' || message instanceof Uint8Array
      socket.send(plain ? message : JSON.stringify(message))
    },
    closed,
    async close() {
      socket.terminate()
      await closed
    },
  }
  if (token !== null) await initialise(raw, { token })
  if (person !== undefined) await initialise(raw, { organization: person.organization })
  return raw
}

const initialise = async (raw: RawSocket, payload: object): Promise<void> => {
  const acknowledged = new Promise<void>((resolve) =>
    raw.onFrame(({ type }) => type === 'connection_ack' && resolve()),
  )
  raw.send({ type: 'connection_init', payload })
  const refused = raw.closed.then(({ code, reason }) => {
    throw new Error(`Not let in: ${code} ${reason}`)
  })
  // Whoever is let in is closed one day, and that is no error.
  refused.catch(() => {})
  await Promise.race([acknowledged, refused])
}
