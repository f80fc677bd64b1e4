/** A wire that can be cut: forwards TCP to a server until told to drop everything and refuse what comes. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export type Wire = {
  readonly url: string
  /** Drops every connection without a word and refuses new ones, as when a laptop is closed. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

export async function openWire(serverUrl: string): Promise<Wire> {
  const { hostname, port } = new URL(serverUrl)
  const sockets = new Set<Socket>()
  let isCut = false
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }
  const listener = createServer((near) => {
    keep(near)
    if (isCut) {
      near.resetAndDestroy()
      return
    }
    const far = connect(Number(port), hostname)
    keep(far)
    near.pipe(far).pipe(near)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('The wire has no port')
  const dropAll = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut() {
      isCut = true
      dropAll()
    },
    mend() {
      isCut = false
    },
    async close() {
      dropAll()
      listener.close()
      await once(listener, 'close')
    },
  }
}
