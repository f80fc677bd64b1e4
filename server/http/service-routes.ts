/** Health, metrics, the contract as text, and GraphiQL. */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { forbidden } from '../errors.ts'
import { readSchemaText } from '../schema.ts'
import type { Metrics } from '../metrics.ts'
import { requireSession } from './apollo.ts'
import { callerOf, credentialsOf, type Entrance } from './credentials.ts'
import { isLocal } from './origin.ts'
import { exampleQuery } from './graphiql-example.ts'
import { GRAPHIQL_POLICY } from './security-headers.ts'

const READY_MS_MAX = 2_000

export type ServiceOptions = {
  readonly connection: Connection
  readonly entrance: Entrance
  readonly graphqlPath: string
  /** The address that the server listens on. */
  readonly host: string
  /** False where people may send the dashboard's documents only: GraphiQL is of no use to them. */
  readonly graphiqlForPeople: boolean
  readonly clock: () => Temporal.Instant
  /** Whether the server is about to close. */
  readonly isLeaving: () => boolean
  readonly metrics: Metrics
}

/** GET /healthz, /readyz, /metrics, /schema.graphql and /graphiql. */
export const registerServiceRoutes = (app: FastifyInstance, options: ServiceOptions): void => {
  const { connection, entrance, graphqlPath, host, graphiqlForPeople, clock, isLeaving, metrics } = options

  app.get('/healthz', () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    if (isLeaving()) return reply.code(503).send({ status: 'stopping' })
    const reachable = await isReachable(connection)
    return reply.code(reachable ? 200 : 503).send({ status: reachable ? 'ok' : 'no database' })
  })

  app.get('/metrics', async (request, reply) => {
    // They tell of all organizations together, so no token of one of them leads here.
    if (!isLocal(host, request.headers)) return reply.callNotFound()
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.text())
  })

  app.get('/schema.graphql', async (request, reply) => {
    const { actor } = await requireSession(request, entrance)
    if (!actor.scopes.has('schema:read')) throw forbidden('The schema needs the scope `schema:read`.')
    return reply.type('text/plain; charset=utf-8').send(readSchemaText())
  })

  app.get('/graphiql', async (request, reply) => {
    if (!graphiqlForPeople && request.cookies[entrance.sessionCookie] !== undefined) {
      throw forbidden('Here people who signed in may use the dashboard only. For GraphiQL, use an API token.')
    }
    // Strangers need not know that there is one.
    if (!isLocal(host, request.headers) && !(await mayReadSchema(request, entrance))) {
      return reply.callNotFound()
    }
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', GRAPHIQL_POLICY)
      .header('cache-control', 'no-cache')
      .send(await renderGraphiql(graphqlPath, exampleQuery(clock())))
  })
}

const mayReadSchema = async (request: FastifyRequest, entrance: Entrance): Promise<boolean> => {
  const credentials = credentialsOf(request.headers, request.cookies[entrance.sessionCookie])
  const session =
    credentials && (await entrance.authenticate(credentials, callerOf(request, entrance).address))
  return session?.actor.scopes.has('schema:read') === true
}

const isReachable = async (connection: Connection): Promise<boolean> => {
  const answer = connection.sql`select 1`.then(
    () => true,
    () => false,
  )
  const timeout = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => timeout.resolve(false), READY_MS_MAX)
  try {
    return await Promise.race([answer, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The page is 9 MB, so it is loaded when it is first asked for. Whoever is signed in to the dashboard needs nothing
 * more; others put a token into its headers.
 */
const renderGraphiql = async (endpoint: string, defaultQuery: string): Promise<string> => {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const page = renderGraphiQL({
    endpoint,
    defaultQuery,
    subscriptionsProtocol: 'WS',
    title: 'Tidemark GraphiQL',
    isHeadersEditorEnabled: true,
  })
  return page.replace('<div id="root">', () => `${HEADERS_FOR_SOCKETS}<div id="root">`)
}

/** GraphiQL gives its headers to fetch alone; a subscription needs the token in its connection_init. */
const HEADERS_FOR_SOCKETS = `<script>
  {
    let headers = {}
    const { fetch, WebSocket } = window
    window.fetch = (url, options) => {
      headers = options?.headers ?? headers
      return fetch(url, options)
    }
    window.WebSocket = class extends WebSocket {
      send(data) {
        const message = JSON.parse(data)
        if (message.type === 'connection_init') message.payload = Object.fromEntries(new Headers(headers))
        super.send(JSON.stringify(message))
      }
    }
  }
</script>`
