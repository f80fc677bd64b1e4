/**
 * A subscriber that writes down every event, and through every loss of its connection comes back with the cursor of the
 * last one. It is written on a bare WebSocket, so that thousands fit beside each other and nothing hides what came.
 */
import { WebSocket } from 'ws'

export type Seen = {
  readonly kind: string
  readonly cursor: string
  readonly goalId: string
  /** Null where the goal was not evaluated yet. */
  readonly sequence: number | null
  readonly value: string | null
  /** How many connections it had before. */
  readonly connection: number
}

export type Follower = {
  readonly seen: readonly Seen[]
  /** With which codes its connections ended; 1006 without a word. */
  readonly closes: readonly number[]
  /** What it was told instead of events, and that no client would come back from. */
  readonly refusals: readonly string[]
  /** Its subscription has been answered on the connection that it has now. */
  isLive(): boolean
  /** The connection that it has now. */
  socket(): WebSocket | null
  /** Cuts its connection without a word; it comes back after `awayMs`. */
  drop(awayMs?: number): void
  stop(): void
}

export type FollowOptions = {
  /** The source address of its connections. */
  readonly localAddress?: string
  /** The longest wait before it comes back; it doubles from 50 ms, each time with jitter. */
  readonly backOffMsMax?: number
}

/** As graphql-ws has it: with these a client does not come back. */
const FATAL = new Set([4400, 4401, 4403, 4406, 4409, 4429])

/** What a subscription may be told where the database cannot be had just now. */
const TEMPORARY = /"code":"(INTERNAL_SERVER_ERROR|TIMEOUT|RETRY)"/

const QUERY = `subscription ($since: String) {
  goalProgress(since: $since) { kind cursor goal { id progress { sequence valueExact } } }
}`

type Progress = {
  readonly kind: string
  readonly cursor: string
  readonly goal: {
    readonly id: string
    readonly progress: { readonly sequence: string; readonly valueExact: string | null } | null
  }
}

type Frame = {
  readonly type: string
  readonly payload?: { readonly data?: { readonly goalProgress: Progress } | null; readonly errors?: unknown }
}

export const follow = (
  url: () => string,
  token: string,
  { localAddress, backOffMsMax = 1_000 }: FollowOptions = {},
): Follower => {
  const seen: Seen[] = []
  const closes: number[] = []
  const refusals: string[] = []
  const state: { socket: WebSocket | null; live: boolean; tries: number; stopped: boolean; since?: string } =
    {
      socket: null,
      live: false,
      tries: 0,
      stopped: false,
    }
  let connections = 0
  let awayMs: number | null = null

  const write = ({ kind, cursor, goal }: Progress) => {
    state.since = cursor
    const { progress } = goal
    seen.push({
      kind,
      cursor,
      goalId: goal.id,
      sequence: progress === null ? null : Number(progress.sequence),
      value: plain(progress?.valueExact ?? null),
      connection: connections,
    })
  }

  const connectOnce = () => {
    if (state.stopped) return
    connections += 1
    const socket = new WebSocket(`${url().replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws', {
      ...(localAddress === undefined ? {} : { localAddress }),
      perMessageDeflate: false,
    })
    state.socket = socket
    const say = (frame: object) => socket.send(JSON.stringify(frame))
    socket.on('open', () => say({ type: 'connection_init', payload: { token } }))
    socket.on('error', () => {})
    let left = false
    const leave = () => {
      left = true
      socket.close(1000)
    }
    socket.on('message', (bytes: Buffer) => {
      // What still comes after it said that it leaves was said to nobody.
      if (left) return
      const { type, payload } = JSON.parse(bytes.toString()) as Frame
      if (type === 'connection_ack') {
        const variables = state.since === undefined ? {} : { since: state.since }
        say({ id: '1', type: 'subscribe', payload: { query: QUERY, variables } })
        // Where nothing was missed nothing comes; so it is asked whether it was taken.
        say({ type: 'ping' })
      } else if (type === 'pong') {
        state.live = true
        state.tries = 0
      } else if (type === 'ping') {
        say({ type: 'pong' })
      } else if (type === 'next') {
        // An event that could not be told was not seen: it comes again after the last cursor.
        if (payload?.data == null || payload.errors !== undefined) leave()
        else write(payload.data.goalProgress)
      } else {
        const told = JSON.stringify(payload ?? type)
        if (!TEMPORARY.test(told)) refusals.push(told)
        leave()
      }
    })
    socket.once('close', (code: number) => {
      closes.push(code)
      state.live = false
      state.socket = null
      if (FATAL.has(code)) {
        refusals.push(String(code))
        return
      }
      const wait = awayMs ?? Math.min(50 * 2 ** state.tries++, backOffMsMax) * (0.5 + Math.random())
      awayMs = null
      if (!state.stopped) setTimeout(connectOnce, wait)
    })
  }
  connectOnce()
  return {
    seen,
    closes,
    refusals,
    isLive: () => state.live,
    socket: () => state.socket,
    drop(ms) {
      awayMs = ms ?? null
      state.live = false
      state.socket?.terminate()
    },
    stop() {
      state.stopped = true
      state.socket?.terminate()
    },
  }
}

/** Digits alone decide: 10.00 is 10. */
export const plain = (value: string | null): string | null =>
  value === null || !value.includes('.') ? value : value.replace(/\.?0+$/, '')

/** `count` of them, once all are live. */
export const followAll = async (
  count: number,
  url: () => string,
  token: string,
  options: FollowOptions = {},
): Promise<Follower[]> => {
  const followers = Array.from({ length: count }, () => follow(url, token, options))
  await untilLive(followers, 60_000)
  return followers
}

/** Settles with how long it took, in milliseconds. Rejects where one is not live in time. */
export const untilLive = async (followers: readonly Follower[], withinMs: number): Promise<number> => {
  const began = performance.now()
  for (;;) {
    const waiting = followers.filter((follower) => !follower.isLive())
    if (waiting.length === 0) return performance.now() - began
    if (performance.now() - began > withinMs) {
      const told = waiting[0]?.refusals.at(-1) ?? waiting[0]?.closes.join(' ')
      throw new Error(
        `${waiting.length} of ${followers.length} subscribers are not live; one was told: ${told}`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
