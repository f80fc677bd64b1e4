/**
 * A16: whatever fails below a resolver, its caller hears that it failed and an id, and nothing else; the others and
 * the process go on. Over HTTP and WebSocket, in queries, mutations, subscriptions and beside GraphQL.
 */
import process from 'node:process'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { resolvers } from '@tidemark/server/resolvers.ts'
import { createSchema } from '@tidemark/server/schema.ts'
import { openWays, type Ways } from '../support/attack.ts'
import { documentOf, rootFieldsOf, variablesOf, wideSelectionOf } from '../support/operations.ts'
import { visit } from '../support/people.ts'
import { openRawSocket } from '../support/raw-socket.ts'
import { type Rewrite, rewriteInPlace } from '../support/rewrite.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { createTwins, samplesOf, type Twins } from '../support/twins.ts'

const schema = createSchema(resolvers)
const rootFields = rootFieldsOf(schema)

let server: TestServer
let twins: Twins
let ways: Ways
beforeAll(async () => {
  server = await startTestServer()
  twins = await createTwins(server)
  ways = await openWays(server.url, twins.ours.token)
})
afterAll(async () => {
  await ways.close()
  await server.close()
})

const uncaught: unknown[] = []
const note = (error: unknown) => void uncaught.push(error)
beforeEach(() => {
  process.prependListener('uncaughtException', note).prependListener('unhandledRejection', note)
})
afterEach(() => {
  process.off('uncaughtException', note).off('unhandledRejection', note)
  const [first] = uncaught.splice(0)
  if (first !== undefined) throw new Error('The process would have ended', { cause: first })
})

const SECRET = 'a secret of /etc/tidemark'

/** Setting a transaction up still works, and who asks is known already: what fails is what was asked for. */
const isAbout = (statement: string): boolean => !/set_config|"?api_token"?\.|from "?api_token/.test(statement)

/** How a statement can fail, and what of it nobody may see. */
const FAILURES: Readonly<Record<string, Rewrite>> = {
  'a table that is not there': (statement) =>
    isAbout(statement) ? 'select secret_column from secret_table' : statement,
  'a statement that is wrong': (statement) => (isAbout(statement) ? `selec '${SECRET}'` : statement),
  'rows of another shape': (statement) => (isAbout(statement) ? `select '${SECRET}' as other` : statement),
  'a division by zero': (statement) => (isAbout(statement) ? 'select 1 / 0' : statement),
  'an error of the driver': (statement) => {
    if (isAbout(statement))
      throw Object.assign(new Error(SECRET), { code: 'CONNECTION_CLOSED', path: SECRET })
    return statement
  },
  'what is no error': (statement) => {
    // oxlint-disable-next-line typescript/only-throw-error -- that is what is tried
    if (isAbout(statement)) throw SECRET
    return statement
  },
}

const LEAKS =
  /secret|select|from |syntax|relation|column|zero|postgres|drizzle|node_modules|\.ts\b|\bat \w+ \(|Error:/i

const whileBroken = async <T>(how: Rewrite, run: () => Promise<T>): Promise<T> => {
  const mend = rewriteInPlace(server.connection, how)
  try {
    return await run()
  } finally {
    mend()
  }
}

describe('where the database fails with', () => {
  it.each(Object.entries(FAILURES))('%s, no caller learns more than that', async (_name, how) => {
    const wrong: unknown[] = []
    let failed = 0
    for (const rootField of rootFields) {
      const sample = samplesOf(twins.ours)
      const variables = variablesOf(rootField, sample)
      const query = documentOf(rootField, variables, wideSelectionOf(schema, rootField.field, 1))
      const both = rootField.root === 'Subscription' ? [ways.socket] : [ways.http, ways.socket]
      for (const ask of both) {
        const { errors } = await whileBroken(how, () => ask({ query, variables }))
        for (const error of errors) {
          failed += 1
          const { locations: _locations, path: _path, ...told } = error
          const id = error.extensions?.['errorId']
          const masked = error.message === `Internal error ${String(id)}`
          if (!masked || LEAKS.test(JSON.stringify(told).replace('INTERNAL_SERVER_ERROR', '')))
            wrong.push(told)
        }
      }
    }
    expect(wrong.slice(0, 3)).toEqual([])
    // All that reads or writes: the others have nothing that could fail.
    expect(failed).toBeGreaterThan(rootFields.length)
  })

  it('anything, all goes on as soon as it works again', async () => {
    const query = '{ customers { totalCount } }'
    expect((await ways.http({ query })).errors).toEqual([])
    expect((await ways.socket({ query })).errors).toEqual([])
  })
})

describe('where nobody can be looked up', () => {
  const broken: Rewrite = () => `selec '${SECRET}'`
  const fresh = () => server.createToken(twins.ours.organization)

  it('HTTP answers 500 with an id, on every route', async () => {
    const token = await fresh()
    for (const [method, path, body] of [
      ['POST', '/graphql', '{"query":"{ organization { slug } }"}'],
      ['GET', '/schema.graphql', undefined],
      ['GET', '/export/audit.csv', undefined],
      ['POST', '/auth/sign-in/email', '{"email":"a@b.example","password":"four random words"}'],
      ['POST', '/session/invitation/facts', '{"token":"tdi_x"}'],
    ] as const) {
      const headers = {
        'x-api-key': token,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      }
      const reply = await whileBroken(broken, () => visit(server).send(method, path, body, headers))
      expect([path, JSON.stringify(reply.body)]).toEqual([
        path,
        expect.not.stringMatching(/secret|selec|syntax/),
      ])
    }
  })

  it('a socket is told to come again, and the next one is let in', async () => {
    const token = await fresh()
    const refused = whileBroken(broken, () => openRawSocket(server.url, { token }))
    await expect(refused).rejects.toThrow(/^Not let in: 1013 Try again later$/)
    await (await openRawSocket(server.url, { token })).close()
  })
})

describe('a subscription', () => {
  const query = 'subscription { goalProgress { cursor goal { name owner { name } } } }'

  it('whose events cannot be read says so in each, and lives', async () => {
    const raw = await openRawSocket(server.url, { token: twins.ours.token })
    let broken = false
    const mend = rewriteInPlace(server.connection, (statement) => {
      if (broken && /from "goal"/.test(statement)) throw new Error(SECRET)
      return statement
    })
    try {
      raw.onFrame(() => {
        broken = true
      })
      raw.send({ id: '1', type: 'subscribe', payload: { query } })
      await expect.poll(() => raw.frames.length).toBeGreaterThan(1)
      const told = JSON.stringify(raw.frames)
      expect(told).not.toContain(SECRET)
      raw.send({ type: 'ping' })
      await expect.poll(() => raw.frames.some(({ type }) => type === 'pong')).toBe(true)
    } finally {
      mend()
      await raw.close()
    }
  })

  it('whose source fails, at its beginning or later, ends with an id, and the process lives', async () => {
    const { feed } = server.services
    const follow = feed.follow.bind(feed)
    for (const later of [false, true]) {
      Object.assign(feed, {
        follow: async (...args: Parameters<typeof follow>) => {
          if (!later) throw new Error(SECRET)
          const stop = await follow(...args)
          // Of a goal that there is not: the books contradict themselves.
          const row = { goalId: crypto.randomUUID(), sequence: 1_000_000n, organizationId: args[0] }
          setTimeout(() => args[1](row as Parameters<(typeof args)[1]>[0]), 100)
          return stop
        },
      })
      const raw = await openRawSocket(server.url, { token: twins.ours.token })
      raw.send({ id: '1', type: 'subscribe', payload: { query } })
      const told = () => JSON.stringify(raw.frames)
      await expect.poll(told).toMatch(/Internal error [\da-f-]{36}/)
      expect(told()).not.toContain(SECRET)
      Object.assign(feed, { follow })
      await raw.close()
    }
    expect((await ways.socket({ query: '{ customers { totalCount } }' })).errors).toEqual([])
  })
})
