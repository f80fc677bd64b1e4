/**
 * The viewers of `pnpm bench fanout`, in a process of their own: they read no more of WebSocket than they must, so that what
 * they cost is small beside what servers cost.
 */
import { connect, type Socket } from 'node:net'

type Opening = {
  readonly open: number
  readonly port: number
  readonly query: string
  /** Whether all call their subscription the same. */
  readonly sameId: boolean
}
export type ToClients = Opening | { readonly expect: number }
export type FromClients = { readonly opened: number } | { readonly latencies: readonly number[] }

const AT_ONCE = 100
const PING = 9
/** Masked, and empty as the pings of servers are. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])
/** Loopback has 28,000 ports for each source address. */
const PER_ADDRESS = 5_000

const upgrade = [
  'GET /graphql HTTP/1.1',
  'Host: bench',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: graphql-transport-ws',
  '',
  '',
].join('\r\n')

/** A masked text frame; the mask is 0, which is a mask too. */
const frameOf = (message: object): Buffer => {
  const data = Buffer.from(JSON.stringify(message))
  const header = Buffer.from([0x81, 0x80 | 126, data.length >> 8, data.length & 0xff, 0, 0, 0, 0])
  return Buffer.concat([header, data])
}

const now = () => (performance.timeOrigin + performance.now()) * 1_000

let latencies: number[] = []
let wanted = 0
let onAll = () => {}

/** Microseconds between what the event says and now. */
const note = (text: string): void => {
  const told = /"cursor":"(\d{10,})"/.exec(text)
  if (told === null) return
  latencies.push(now() - Number(told[1]))
  if (latencies.length === wanted) onAll()
}

const openOne = (index: number, { port, query, sameId }: Opening): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const host = '127.0.0.1'
    const localAddress = `127.0.0.${2 + Math.floor(index / PER_ADDRESS)}`
    const socket = connect({ port, host, localAddress })
    let rest: Buffer = Buffer.alloc(0)
    let isUpgraded = false
    const read = (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      if (!isUpgraded) {
        const end = rest.indexOf('\r\n\r\n')
        if (end < 0) return
        if (!rest.toString('latin1', 0, 12).endsWith('101'))
          reject(new Error(rest.toString('latin1', 0, 200)))
        isUpgraded = true
        rest = rest.subarray(end + 4)
        socket.write(frameOf({ type: 'connection_init', payload: { token: `t${index % 50}` } }))
      }
      while (rest.length >= 2) {
        const short = (rest[1] ?? 0) & 0x7f
        const header = short < 126 ? 2 : 4
        const length = short < 126 ? short : rest.length < 4 ? Infinity : rest.readUInt16BE(2)
        if (rest.length < header + length) break
        const opcode = (rest[0] ?? 0) & 0x0f
        const text = rest.toString('latin1', header, header + length)
        rest = rest.subarray(header + length)
        if (opcode === 8) reject(new Error(`Closed: ${text}`))
        else if (opcode === PING) socket.write(PONG)
        else if (text.includes('connection_ack')) {
          const id = sameId ? 'DashboardGoalProgress' : `DashboardGoalProgress${10_000 + index}`
          socket.write(frameOf({ id, type: 'subscribe', payload: { query } }))
          resolve(socket)
        } else if (opcode === 1) note(text)
      }
      // A slice would keep the whole chunk.
      if (rest.length > 0) rest = Buffer.from(rest)
    }
    socket.on('data', read)
    socket.on('error', reject)
    socket.on('connect', () => socket.write(upgrade))
  })

process.on('message', (message: ToClients) => {
  if ('expect' in message) {
    latencies = []
    wanted = message.expect
    onAll = () => process.send?.({ latencies })
    return
  }
  const openAll = async () => {
    for (let from = 0; from < message.open; from += AT_ONCE) {
      const count = Math.min(AT_ONCE, message.open - from)
      await Promise.all(Array.from({ length: count }, (_, index) => openOne(from + index, message)))
    }
    process.send?.({ opened: message.open })
  }
  openAll().catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})
