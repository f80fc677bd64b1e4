/** A wire to PostgreSQL that loses the answers to some commits: the worst moment for a connection to break. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export type LossyWire = {
  readonly url: string
  /** How many commits were carried out whose answer nobody got. */
  swallowed(): number
  /** From 0 to 1: how many of the commits from now on. */
  setShare(share: number): void
  close(): Promise<void>
}

/** The driver sends `commit` as a statement of its own, in the simple protocol. */
const COMMIT = Buffer.from('commit\0')
const COMMITTED = Buffer.from('COMMIT\0')

/** Between a client and the database of `databaseUrl`. */
export const openLossyWire = async (databaseUrl: string): Promise<LossyWire> => {
  const to = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let share = 0
  let count = 0
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true).on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }
  const listener = createServer((near) => {
    keep(near)
    const far = connect(Number(to.port), to.hostname)
    keep(far)
    let swallowing = false
    near.on('data', (chunk: Buffer) => {
      if (chunk.includes(COMMIT) && Math.random() < share) swallowing = true
      far.write(chunk)
    })
    far.on('data', (chunk: Buffer) => {
      if (swallowing && chunk.includes(COMMITTED)) {
        count += 1
        near.resetAndDestroy()
        far.destroy()
        return
      }
      near.write(chunk)
    })
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('The wire has no port')
  const url = new URL(databaseUrl)
  url.port = String(address.port)
  return {
    url: url.href,
    swallowed: () => count,
    setShare(next) {
      share = next
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}
