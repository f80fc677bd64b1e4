/** A19: the log of a server that logs all it can has no secret in it, whatever happens. */
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { visit } from '../support/people.ts'
import { type RunningProduct, startProduct, tidemark } from '../support/product.ts'
import { openRawSocket } from '../support/raw-socket.ts'

const SECRET = {
  password: 'the-password-zq81',
  wrongPassword: 'the-wrong-password-zq82',
  email: 'zq83@acme.example',
  parameter: 'zq84-parameter',
  literal: 'zq85-literal',
  inAddress: 'zq86-in-the-address',
  header: 'zq87-in-a-header',
  body: 'zq88-in-a-body',
  message: 'zq89-in-a-message',
}

let database: TestDatabase
let outside: Connection
let server: RunningProduct
let credentials: { readonly token: string; readonly invitation: string }
const found: string[] = []
beforeAll(async () => {
  database = await createDatabase()
  outside = await connect(database.url, { max: 1 })
  const environment = { DATABASE_URL: database.url, TIDEMARK_DEMO: '0' }
  const run = async (...parameters: readonly string[]) => {
    const { code, stdout, stderr } = await tidemark(environment, ...parameters)
    if (code !== 0) throw new Error(stderr)
    return stdout.trim()
  }
  const made = 'organization create --slug acme --name Acme --currency USD --time-zone UTC --admin'
  const invited = await run(...made.split(' '), SECRET.email)
  const token = await run('token', 'create', '--organization', 'acme', '--role', 'admin')
  const invitation = /tdi_\w+/.exec(invited)?.[0] ?? ''
  if (invitation === '') throw new Error(`No invitation: ${invited}`)
  found.push(token, invitation)
  server = await startProduct({ ...environment, LOG_LEVEL: 'trace' }, ['--no-dashboard'])
  credentials = { token, invitation }
}, 60_000)
afterAll(async () => {
  await outside.close()
  await database.drop()
})

const useEverything = async (url: string, { token, invitation }: typeof credentials): Promise<void> => {
  const person = visit({ url })
  await person.post('/session/invitation', { token: invitation, name: 'Zoe', password: SECRET.password })
  found.push(...person.jar.values())
  await person.post('/auth/change-password', {
    currentPassword: SECRET.wrongPassword,
    newPassword: SECRET.wrongPassword,
  })
  await visit({ url }).post('/auth/sign-in/email', { email: SECRET.email, password: SECRET.wrongPassword })
  const again = visit({ url })
  await again.post('/auth/sign-in/email', { email: SECRET.email, password: SECRET.password })
  found.push(...again.jar.values())

  const key = { 'x-api-key': token, authorization: `Bearer ${SECRET.header}` }
  const strange = [
    ['GET', `/nothing?token=${SECRET.inAddress}`],
    ['GET', `/graphql?query={${SECRET.inAddress.replaceAll('-', '_')}}`],
    ['POST', '/graphql', `{"query": "${SECRET.body}`],
    ['POST', '/graphql', { query: `{ customer(by: { number: "${SECRET.literal}" }) { name } }` }],
    ['POST', '/session', { token: SECRET.body }],
    ['PUT', `/${SECRET.inAddress}`],
  ] as const
  for (const [method, path, body] of strange)
    await visit({ url }).send(method, path, body, { 'content-type': 'application/json', ...key })

  // Faults of the database, with parameters on their way.
  await outside.sql`alter table customer rename to customer_gone`
  const query = 'query ($by: CustomerBy!) { customer(by: $by) { name } }'
  const variables = { by: { number: SECRET.parameter } }
  const mutation = `mutation ($input: RecordReceiptInput!) { recordReceipt(input: $input) { __typename } }`
  const input = {
    customer: { number: SECRET.parameter },
    amount: { amount: '1', currency: 'USD' },
    receivedOn: '2026-06-30',
    reference: SECRET.parameter,
    allocations: [],
  }
  const headers = { 'x-api-key': token }
  const failed = await visit({ url }).post('/graphql', { query, variables }, headers)
  if (!JSON.stringify(failed.body).includes('Internal error')) throw new Error('Nothing failed')
  await visit({ url }).post('/graphql', { query: mutation, variables: { input } }, headers)
  const socket = await openRawSocket(url, { token })
  socket.send({ id: '1', type: 'subscribe', payload: { query, variables } })
  await expect.poll(() => socket.frames.some(({ id }) => id === '1')).toBe(true)
  await outside.sql`alter table customer_gone rename to customer`
  socket.send(`{ "type": "${SECRET.message}`)
  await socket.closed
  const stranger = await openRawSocket(url)
  stranger.send({ type: 'connection_init', payload: { token: `${token}${SECRET.message}` } })
  await stranger.closed

  const broken = connectTcp(Number(new URL(url).port), '127.0.0.1')
  broken.on('error', () => {}).resume()
  broken.write(`GET / HTTP/9.9\r\ncookie: ${SECRET.header}\r\n\r\n`)
  await once(broken, 'close')
}

describe('the log', () => {
  it(
    'tells of faults, and has no token, cookie, password, address, document or parameter in it',
    { timeout: 60_000 },
    async () => {
      await useEverything(server.url, credentials)
      const { stdout, stderr } = await server.stop()
      const log = stdout + stderr
      expect(log).toMatch(/"level":50.*Internal error/)
      expect(log).toMatch(/customer.+does not exist/)
      const secrets = [...Object.values(SECRET), 'zq86_in_the_address', ...found]
      expect(secrets.filter((secret) => secret.length < 8)).toEqual([])
      expect(secrets.length).toBeGreaterThan(12)
      const lines = log.split('\n')
      const leaks = secrets.flatMap((secret) =>
        lines.filter((line) => line.includes(secret)).map((line) => [secret, line]),
      )
      expect(leaks).toEqual([])
      // A signed cookie is its value and a signature; neither half may be there.
      const halves = found.flatMap((secret) => secret.split(/[.%_]/)).filter((half) => half.length >= 16)
      expect(halves.filter((half) => log.includes(half))).toEqual([])
      expect(log).not.toMatch(/\b(select|insert|update|delete)\b.+\b(from|into|set)\b/i)
    },
  )
})
