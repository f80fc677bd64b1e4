/**
 * GraphQL over WebSocket: graphql-ws speaks the protocol (socket-protocol.ts), this file gives it sockets. It is
 * written out, rather than taken from graphql-ws, for what that adapter leaves open: origin and size, revoked tokens,
 * errors without their text, and a drain that lets mutations finish.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, handleProtocols } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Session } from '../context.ts'
import { LIMITS } from '../limits.ts'
import type { Metrics } from '../metrics.ts'
import { addressOf, placeOf } from './address.ts'
import { createLine } from './line.ts'
import { isSameOrigin } from './origin.ts'
import { endCompleted, endForbidden } from './socket-operations.ts'
import {
  addressOfSocket,
  createProtocol,
  type Extra,
  type Protocol,
  type ProtocolOptions,
  sessionOfSocket,
} from './socket-protocol.ts'

const PING_EVERY_MS = 12_000
/** With the second that an answer may be old, a revoked token has an open socket for two seconds, and the look-up. */
const CHECK_TOKENS_EVERY_MS = 1_000
const DRAIN_MS_MAX = 5_000
/** How long it takes to close many sockets: all at once, their clients would come back at once. */
const SPREAD_MS_MAX = 3_000
const SPREAD_MS_EACH = 2
const CLOSE_MS_MAX = 1_000
const GOING_AWAY = 1001

export type SocketOptions = ProtocolOptions & { readonly path: string }

export type Sockets = {
  /**
   * Takes no more sockets and closes all with 1001, after which clients come back: each once its queries and mutations are
   * done, and not all at the same moment. None is closed for `lingerMs`: who came back before the balancer knows that this
   * process leaves would be sent to it again, and refused.
   */
  drain(lingerMs?: number): Promise<void>
}

/** Answers GraphQL over WebSocket on the upgrade requests of `server`. */
export const attachSockets = (server: Server, options: SocketOptions): Sockets => {
  const { logError } = options
  const protocol = createProtocol(options)
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.messageBytes,
    handleProtocols,
    perMessageDeflate: false,
    clientTracking: true,
  })
  const open = new Set<Extra>()
  const slow = { closes: 0 }
  countSockets(options.services.metrics, protocol, open, slow)
  let draining = false

  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    // Node gives the stream away without a listener of its own: a reset would end the process.
    stream.on('error', () => {})
    const place = placeOf(addressOf(request, options.entrance.isTrusted))
    const refusal = draining
      ? { status: '503 Service Unavailable' }
      : (refusalOf(request, options.path) ?? crowdAt(place, options))
    if (refusal !== null) {
      refuse(stream, refusal)
      return
    }
    sockets.handleUpgrade(request, stream, head, (socket) =>
      openSocket({ socket, stream, request, place, slow }, open, protocol, options),
    )
  })

  const pings = setInterval(() => pingAll(protocol), PING_EVERY_MS)
  let checking: Promise<void> | null = null
  const checks = setInterval(() => {
    checking ??= checkTokens(protocol, options)
      .catch((error: unknown) => logError(error, 'The tokens of open sockets could not be checked'))
      .finally(() => {
        checking = null
      })
  }, CHECK_TOKENS_EVERY_MS)

  return {
    async drain(lingerMs = 0) {
      draining = true
      if (lingerMs > 0) await sleep(lingerMs)
      clearInterval(pings)
      clearInterval(checks)
      await leaveAll([...open])
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
    },
  }
}

/** A status line, and why in words. */
type Refusal = { readonly status: string; readonly reason?: string }

/** Null where the upgrade request is in order. */
const refusalOf = ({ url = '', headers }: IncomingMessage, path: string): Refusal | null => {
  if (url.split('?')[0] !== path) return { status: '404 Not Found' }
  if (!isSameOrigin(headers)) return { status: '403 Forbidden' }
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  return offered.includes(GRAPHQL_TRANSPORT_WS_PROTOCOL)
    ? null
    : { status: '400 Bad Request', reason: `Speak ${GRAPHQL_TRANSPORT_WS_PROTOCOL} here.` }
}

const crowdAt = (place: string, { turnstile }: SocketOptions): Refusal | null => {
  const reason = turnstile.refusalAt(place)
  return reason === null ? null : { status: '429 Too Many Requests\r\nRetry-After: 1', reason }
}

const refuse = (stream: Duplex, { status, reason = '' }: Refusal): void => {
  // Not before all is sent, and not only when the other end closes as well.
  stream.once('finish', () => stream.destroy())
  const head = [
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${Buffer.byteLength(reason)}`,
  ]
  stream.end(`HTTP/1.1 ${status}\r\n${head.join('\r\n')}\r\n\r\n${reason}`)
}

type Accepted = Pick<Extra, 'socket' | 'request' | 'place'> & {
  readonly stream: Duplex
  /** Counts those that are closed since they do not read. */
  readonly slow: { closes: number }
}

const openSocket = (
  { socket, stream, request, place, slow }: Accepted,
  open: Set<Extra>,
  { server }: Protocol,
  { turnstile, logError }: SocketOptions,
): void => {
  const extra: Extra = {
    socket,
    request,
    outlet: createLine(socket, stream, { onSlow: () => (slow.closes += 1) }),
    place,
    actor: null,
    credentials: null,
    answersPings: true,
    running: new Set(),
    operations: new Set(),
  }
  turnstile.enter(extra)
  open.add(extra)
  const closed = server.opened(
    {
      protocol: socket.protocol,
      send: (data) => send(socket, data),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) => {
        socket.on('message', (data) => {
          // It could not be answered any more, and who gets no answer asks again elsewhere.
          if (socket.readyState !== socket.OPEN) return
          const message = (data as Buffer).toString()
          endCompleted(extra.operations, message)
          handle(message).catch((error: unknown) => {
            // What only a server may say: the client's fault, though graphql-ws throws it.
            if (error instanceof Error && error.message.startsWith('Unexpected message of type ')) {
              socket.close(CloseCode.BadRequest, 'Unexpected message')
              return
            }
            logError(error, 'A WebSocket message could not be handled')
            socket.close(CloseCode.InternalServerError, 'Internal error')
          })
        })
      },
    },
    extra,
  )
  socket.on('pong', () => {
    extra.answersPings = true
  })
  // A message that is too large, a broken frame, a lost line: ws closes the socket itself.
  socket.on('error', () => {})
  socket.once('close', (code, reason) => {
    open.delete(extra)
    closed(code, String(reason)).catch((error: unknown) => logError(error, 'A socket did not close cleanly'))
  })
}

const countSockets = (
  metrics: Metrics,
  { hub }: Protocol,
  open: ReadonlySet<Extra>,
  slow: { readonly closes: number },
): void => {
  const gauge = (name: string, help: string, read: () => number) =>
    metrics.add('gauge', `tidemark_${name}`, help, read)
  const counter = (name: string, help: string, read: () => number) =>
    metrics.add('counter', `tidemark_${name}`, help, read)
  gauge('sockets', 'Open WebSockets.', () => open.size)
  gauge('subscriptions', 'Subscriptions that share what they are told.', () => hub.counts().subscriptions)
  gauge('distinct_subscriptions', 'How many different ones they are.', () => hub.counts().distinct)
  counter(
    'subscription_events_total',
    'Events executed, once for all who follow them.',
    () => hub.counts().executed,
  )
  counter(
    'subscription_replays_total',
    'Times that what somebody missed was read.',
    () => hub.counts().replays,
  )
  counter('subscription_frames_total', 'Events written to sockets.', () => hub.counts().frames)
  counter('subscription_skips_total', 'Events left out for slow readers.', () => hub.counts().skipped)
  counter('slow_closes_total', 'Sockets closed since nobody read them.', () => slow.closes)
}

/** Resolves when the system has taken the data, so that a slow reader slows its subscriptions and not the memory. */
const send = (socket: WebSocket, data: string): Promise<void> =>
  new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) resolve()
    // An error here means that the socket is closing; its close event ends the subscriptions.
    else socket.send(data, () => resolve())
  })

/** Who did not answer the last ping is gone. */
const pingAll = ({ connected }: Protocol): void => {
  for (const { extra } of connected) {
    if (!extra.answersPings) extra.socket.terminate()
    extra.answersPings = false
    extra.socket.ping()
  }
}

/** Thousands of sockets may share a token: it is looked at once for each address. */
const checkTokens = async ({ connected }: Protocol, { entrance }: SocketOptions): Promise<void> => {
  const looked = new Map<string, Session | null>()
  for (const { extra } of connected) {
    const key = JSON.stringify([extra.credentials, addressOfSocket(extra, entrance)])
    const known = looked.get(key)
    const session = known === undefined ? await sessionOfSocket(extra, entrance) : known
    looked.set(key, session)
    if (session === null) extra.socket.close(CloseCode.Forbidden, 'Forbidden')
    else endForbidden(extra.operations, session.actor)
  }
}

/** In any order: those who came together would else come back together. */
const leaveAll = async (extras: readonly Extra[]): Promise<void> => {
  const late = sleep(DRAIN_MS_MAX, undefined, { ref: false })
  const spreadMs = Math.min(extras.length * SPREAD_MS_EACH, SPREAD_MS_MAX)
  const leaving = extras.map(async (extra) => {
    const closed = new Promise<void>((resolve) => extra.socket.once('close', () => resolve()))
    await sleep(Math.random() * spreadMs)
    await Promise.race([untilIdle(extra), late])
    if (extra.socket.readyState === extra.socket.CLOSED) return
    extra.socket.close(GOING_AWAY, 'Going away')
    await Promise.race([closed, sleep(CLOSE_MS_MAX, undefined, { ref: false })])
    extra.socket.terminate()
  })
  await Promise.all(leaving)
}

const untilIdle = async ({ running }: Extra): Promise<void> => {
  while (running.size > 0) await Promise.allSettled(running)
  // The last answer is on its way out.
  await new Promise((resolve) => setImmediate(resolve))
}
