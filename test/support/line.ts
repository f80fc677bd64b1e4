/**
 * A wire between clients and what they talk to, over which a test has power: it delays, loses, falls silent, breaks. To
 * whoever speaks TCP a lost packet is a pause until it is sent again, with all that follows waiting behind it; so is it
 * here.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export type Place = { readonly host: string; readonly port: number }

export type Line = {
  readonly port: number
  /** Connections that were made so far. */
  opened(): number
  /** Each way. */
  setDelay(ms: number): void
  /** From 0 to 1: how many packets are lost, each time that they are sent. */
  setLoss(share: number): void
  /** While it is silent nothing arrives, on either side, and nobody is told. */
  setSilent(isSilent: boolean): void
  /** Resets every connection. */
  cut(): void
  /** New connections are reset too, until they are not. */
  setCut(isCut: boolean): void
  close(): Promise<void>
}

/** After so long TCP sends again; twice as long after each further loss. */
const SENT_AGAIN_MS = 200
const SENT_AGAIN_TIMES_MAX = 5
const PACKET_BYTES = 1_448
const WAITING_BYTES_MAX = 1_000_000
const SILENCE_POLL_MS = 20

/** `places` are taken in turns, as a load balancer does; one that refuses is passed over. */
export const openLine = async (places: () => readonly Place[]): Promise<Line> => {
  const state = { delayMs: 0, loss: 0, silent: false, cut: false, opened: 0 }
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true).on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  }

  const timeOnTheWay = (bytes: number): number => {
    let ms = state.delayMs
    for (let packet = 0; packet * PACKET_BYTES < bytes; packet++) {
      for (let lost = 0; lost < SENT_AGAIN_TIMES_MAX && Math.random() < state.loss; lost++) {
        ms += SENT_AGAIN_MS * 2 ** lost
      }
    }
    return ms
  }

  /** In order: what is delayed holds up what follows. */
  const carry = (from: Socket, to: Socket): void => {
    const waiting: { readonly bytes: Buffer; readonly at: number }[] = []
    let waitingBytes = 0
    let isTimed = false
    const deliver = () => {
      isTimed = false
      for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
        const left = state.silent ? SILENCE_POLL_MS : first.at - performance.now()
        if (left > 0) {
          isTimed = true
          setTimeout(deliver, left)
          return
        }
        waiting.shift()
        waitingBytes -= first.bytes.length
        if (!to.destroyed) to.write(first.bytes)
      }
      if (waitingBytes < WAITING_BYTES_MAX && from.isPaused()) from.resume()
      if (from.readableEnded && !to.destroyed) to.end()
    }
    from.on('data', (bytes: Buffer) => {
      const last = waiting.at(-1)?.at ?? 0
      waiting.push({ bytes, at: Math.max(last, performance.now() + timeOnTheWay(bytes.length)) })
      waitingBytes += bytes.length
      if (waitingBytes > WAITING_BYTES_MAX || to.writableNeedDrain) {
        from.pause()
        to.once('drain', () => from.resume())
      }
      if (!isTimed) deliver()
    })
    from.on('end', () => {
      if (!isTimed) deliver()
    })
    from.on('close', () => setTimeout(() => to.destroy(), state.delayMs))
  }

  let turn = 0
  const reach = async (): Promise<Socket | null> => {
    const all = places()
    for (let tries = 0; tries < all.length; tries++) {
      const place = all[turn++ % all.length]
      if (place === undefined) continue
      const far = connect(place.port, place.host)
      const reached = await Promise.race([
        once(far, 'connect').then(() => true),
        once(far, 'close').then(() => false),
      ]).catch(() => false)
      if (reached) return far
    }
    return null
  }

  const listener = createServer({ pauseOnConnect: true }, (near) => {
    keep(near)
    state.opened += 1
    if (state.cut) {
      near.resetAndDestroy()
      return
    }
    void (async () => {
      while (state.silent && !near.destroyed)
        await new Promise((resolve) => setTimeout(resolve, SILENCE_POLL_MS))
      const far = await reach()
      if (far === null || near.destroyed) {
        near.resetAndDestroy()
        far?.destroy()
        return
      }
      keep(far)
      carry(near, far)
      carry(far, near)
      near.resume()
    })()
  }).listen({ port: 0, host: '127.0.0.1', backlog: 4_096 })
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('The line has no port')
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    port: address.port,
    opened: () => state.opened,
    setDelay: (ms) => void (state.delayMs = ms),
    setLoss: (share) => void (state.loss = share),
    setSilent: (isSilent) => void (state.silent = isSilent),
    cut,
    setCut(isCut) {
      state.cut = isCut
      if (isCut) cut()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}

/** Where a server or a database listens. */
export const placeOf = (url: string): Place => {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}

/** The same address by way of the line. */
export const through = (line: Line, url: string): string => {
  const by = new URL(url)
  by.hostname = '127.0.0.1'
  by.port = String(line.port)
  return by.href.replace(/\/$/, '')
}
