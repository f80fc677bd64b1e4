/**
 * A process full of viewers, for `pnpm bench live`: each has a socket and follows the progress of goals as the dashboard
 * does. It speaks the protocol by hand, for the client of graphql-ws would take longer than the server to serve it.
 */
import { WebSocket } from 'ws'

/** What the parent asks for. */
export type ViewersOrder =
  | {
      readonly kind: 'open'
      /** Viewers take turns at them. */
      readonly urls: readonly string[]
      /** Viewers take turns at them as well: a token has a limited allowance. */
      readonly tokens: readonly string[]
      readonly query: string
      readonly variables: Readonly<Record<string, unknown>>
      readonly sockets: number
    }
  | { readonly kind: 'forget' }
  | {
      readonly kind: 'report'
      /** For each number in the sequence when the payments were committed that it tells first, in ms since 1970. */
      readonly commits: readonly (readonly [sequence: number, at: readonly number[]])[]
    }

export type ViewersAnswer =
  | { readonly kind: 'opened'; readonly frameBytes: number }
  | { readonly kind: 'forgotten' }
  | {
      readonly kind: 'report'
      /** From commit to frame, over all payments and all viewers, in ms; null where nothing was measured. */
      readonly lags: { readonly p50: number; readonly p99: number; readonly max: number } | null
      /** The viewers that got most and fewest frames. */
      readonly frames: { readonly least: number; readonly most: number }
      /** Frames whose number in the sequence was not beyond the one before. */
      readonly repeats: number
      readonly closed: number
      readonly errors: number
      /** What the viewers saw last, each once, by goal. */
      readonly last: Readonly<Record<string, readonly string[]>>
    }

type Viewer = {
  sequence: number
  frames: number
  readonly last: Map<string, string>
  /** When which number came. */
  readonly arrivals: Map<number, number>
}

const OPENING_AT_ONCE = 50
/** One loopback address has some 28,000 ports to connect from. */
const VIEWERS_PER_ADDRESS = 5_000

const viewers: Viewer[] = []
let repeats = 0
let closed = 0
let errors = 0
let frameBytes = 0

const now = (): number => performance.timeOrigin + performance.now()

const take = (viewer: Viewer, text: string): void => {
  const at = now()
  const sequence = Number(/"sequence":"(\d+)"/.exec(text)?.[1] ?? Number.NaN)
  if (Number.isNaN(sequence)) {
    errors += 1
    console.error(text.slice(0, 300))
    return
  }
  frameBytes = text.length
  if (sequence <= viewer.sequence) repeats += 1
  viewer.sequence = sequence
  viewer.frames += 1
  viewer.arrivals.set(sequence, at)
  viewer.last.set(/"goal":\{"id":"(\w+)"/.exec(text)?.[1] ?? '', /"value":"([^"]*)"/.exec(text)?.[1] ?? '')
}

/** Settles with the first event. */
const open = (index: number, { urls, tokens, query, variables }: ViewersOrder & { kind: 'open' }) =>
  new Promise<void>((resolve, reject) => {
    const url = `${(urls[index % urls.length] ?? '').replace('http', 'ws')}/graphql`
    const localAddress = `127.0.0.${2 + Math.floor(index / VIEWERS_PER_ADDRESS)}`
    const socket = new WebSocket(url, 'graphql-transport-ws', { localAddress, perMessageDeflate: false })
    const viewer: Viewer = { sequence: 0, frames: 0, last: new Map(), arrivals: new Map() }
    const say = (message: object) => socket.send(JSON.stringify(message))
    socket.on('open', () =>
      say({ type: 'connection_init', payload: { token: tokens[index % tokens.length] } }),
    )
    socket.on('error', reject)
    socket.on('close', (code, reason) => {
      closed += 1
      reject(new Error(`Closed with ${code} ${String(reason)}`))
    })
    socket.on('message', (data) => {
      const text = (data as Buffer).toString()
      if (text.includes('"type":"next"')) {
        take(viewer, text)
        resolve()
      } else if (text.includes('"type":"connection_ack"')) {
        say({ id: 'live', type: 'subscribe', payload: { query, variables } })
      } else if (text.includes('"type":"ping"')) {
        say({ type: 'pong' })
      } else {
        errors += 1
        reject(new Error(text.slice(0, 300)))
      }
    })
    viewers.push(viewer)
  })

const openAll = async (order: ViewersOrder & { kind: 'open' }): Promise<void> => {
  let next = viewers.length
  const end = next + order.sockets
  const opener = async () => {
    while (next < end) await open(next++, order)
  }
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, opener))
}

/** What came before the payments, such as where things stood, is not part of the measure. */
const forget = (): void => {
  repeats = 0
  for (const viewer of viewers) {
    viewer.frames = 0
    viewer.arrivals.clear()
  }
}

const lagsOf = (commits: readonly (readonly [number, readonly number[]])[]) => {
  const lags: number[] = []
  const known = commits.toSorted(([a], [b]) => a - b)
  for (const { arrivals } of viewers) {
    // Where a number was skipped, the next one that came told its payments.
    const came = [...arrivals].toSorted(([a], [b]) => a - b)
    let place = 0
    for (const [sequence, committed] of known) {
      while ((came[place]?.[0] ?? Infinity) < sequence) place += 1
      const at = came[place]?.[1] ?? Infinity
      for (const one of committed) lags.push(at - one)
    }
  }
  if (lags.length === 0) return null
  const sorted = Float64Array.from(lags).sort()
  const quantile = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50: quantile(0.5), p99: quantile(0.99), max: sorted.at(-1) ?? 0 }
}

const lastOfAll = (): Record<string, string[]> => {
  const last = new Map<string, Set<string>>()
  for (const viewer of viewers) {
    for (const [goal, value] of viewer.last) {
      const values = last.get(goal) ?? new Set()
      last.set(goal, values.add(value))
    }
  }
  return Object.fromEntries([...last].map(([goal, values]) => [goal, [...values]]))
}

const answer = async (order: ViewersOrder): Promise<ViewersAnswer> => {
  if (order.kind === 'open') {
    await openAll(order)
    return { kind: 'opened', frameBytes }
  }
  if (order.kind === 'forget') {
    forget()
    return { kind: 'forgotten' }
  }
  const frames = viewers.map((viewer) => viewer.frames)
  const most = frames.reduce((a, b) => Math.max(a, b), 0)
  const least = frames.reduce((a, b) => Math.min(a, b), most)
  const lags = lagsOf(order.commits)
  return { kind: 'report', lags, frames: { least, most }, repeats, closed, errors, last: lastOfAll() }
}

process.on('message', (order: ViewersOrder) => {
  answer(order).then(
    (told) => process.send?.(told),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => process.exit())
