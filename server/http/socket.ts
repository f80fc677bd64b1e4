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
import type { LogError } from '../events.ts'
import { LIMITS } from '../limits.ts'
import { addressOf, placeOf } from './address.ts'
import { isSameOrigin } from './origin.ts'
import { endCompleted } from './socket-operations.ts'
import {
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
const CLOSE_MS_MAX = 1_000
const GOING_AWAY = 1001

export type SocketOptions = ProtocolOptions & { readonly path: string; readonly logError: LogError }

export type Sockets = {
  /** Takes no more sockets, lets running queries and mutations finish, and closes all sockets with 1001. */
  drain(): Promise<void>
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
      openSocket(socket, request, place, protocol, options),
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
    async drain() {
      draining = true
      clearInterval(pings)
      clearInterval(checks)
      const running = Promise.allSettled(protocol.running)
      await Promise.race([running, sleep(DRAIN_MS_MAX, undefined, { ref: false })])
      await closeAll([...sockets.clients])
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

const openSocket = (
  socket: WebSocket,
  request: IncomingMessage,
  place: string,
  { server }: Protocol,
  { turnstile, logError }: SocketOptions,
): void => {
  const extra: Extra = {
    socket,
    request,
    place,
    actor: null,
    credentials: null,
    answersPings: true,
    operations: new Set(),
  }
  turnstile.enter(extra)
  const closed = server.opened(
    {
      protocol: socket.protocol,
      send: (data) => send(socket, data),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) => {
        socket.on('message', (data) => {
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
    closed(code, String(reason)).catch((error: unknown) => logError(error, 'A socket did not close cleanly'))
  })
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

/** The authenticator remembers what it found, so this is one query per token, however many sockets it has. */
const checkTokens = async ({ connected }: Protocol, { entrance }: SocketOptions): Promise<void> => {
  for (const { extra } of connected) {
    const session = await sessionOfSocket(extra, entrance)
    if (session === null) extra.socket.close(CloseCode.Forbidden, 'Forbidden')
  }
}

const closeAll = async (sockets: readonly WebSocket[]): Promise<void> => {
  const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
  for (const socket of sockets) socket.close(GOING_AWAY, 'Going away')
  await Promise.race([Promise.all(closed), sleep(CLOSE_MS_MAX, undefined, { ref: false })])
  for (const socket of sockets) socket.terminate()
}
