/** GraphQL over the same HTTP and the same resolvers as the product, without what stands around them. */
import type { AddressInfo } from 'node:net'
import { ApolloServer } from '@apollo/server'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import Fastify from 'fastify'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Reader, Tx } from '@tidemark/drizzle/transaction.ts'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import {
  closeContext,
  type Context,
  createContext,
  type Services,
  type Session,
} from '@tidemark/server/context.ts'
import { createLoaders } from '@tidemark/server/loaders.ts'
import { resolvers } from '@tidemark/server/resolvers.ts'
import { createSchema } from '@tidemark/server/schema.ts'

type BareOptions = {
  readonly services: Services
  readonly organization: OrganizationRow
  /** With tenant, role and snapshot, as the product reads; else each statement by itself, as the owner. */
  readonly isolated: boolean
}

export const startBareServer = async ({ services, organization, isolated }: BareOptions) => {
  const actor = {
    kind: 'token',
    id: '',
    name: 'bench',
    role: null,
    scopes: new Set(ROLES.admin),
    pointsPerMinute: null,
  } as const
  const session: Session = { actor, organization }
  const caller = { requestId: '', address: null, agent: null }
  const reader = readerWithoutTransaction(services)
  const contextOf = (): Context => {
    const context = createContext(services, session, caller)
    if (isolated) return context
    const { now } = context
    const today = now.toZonedDateTimeISO(organization.timeZone).toPlainDate()
    return { ...context, reader, loaders: createLoaders(reader, organization, { now, today }) }
  }
  const apollo = new ApolloServer<Context>({
    schema: createSchema(resolvers),
    plugins: [
      {
        requestDidStart: () =>
          Promise.resolve({
            willSendResponse: ({ contextValue }) => {
              void closeContext(contextValue)
              return Promise.resolve()
            },
          }),
      },
    ],
  })
  await apollo.start()
  const app = Fastify()
  app.post('/graphql', fastifyApolloHandler(apollo, { context: () => Promise.resolve(contextOf()) }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    async close() {
      await app.close()
      await apollo.stop()
    },
  }
}

const readerWithoutTransaction = ({ connection }: Services): Reader => ({
  // No transaction at all, which the type of what reads cannot say.
  read: (run) => run(Object.assign(connection.db, { sql: connection.sql }) as unknown as Tx),
  close: () => Promise.resolve(),
  cancel: () => Promise.resolve(),
})
