/**
 * A19: nonsense of every kind, on every way in: to every operation, every route, every frame of a socket. The server
 * never answers that the fault is its own, never tells of its insides, lives, and keeps quiet about it in its log.
 */
import * as fc from 'fast-check'
import { readFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolvers } from '@tidemark/server/resolvers.ts'
import { createSchema } from '@tidemark/server/schema.ts'
import { type DatabaseErrors, watchErrors } from '../support/database-log.ts'
import { anyJson, LEAK, MARK, slipsOf } from '../support/fuzz.ts'
import {
  documentOf,
  placesOf,
  rootFieldsOf,
  variablesOf,
  wideSelectionOf,
  withValueAt,
} from '../support/operations.ts'
import { join, type Visitor } from '../support/people.ts'
import { type Process, startProcess } from '../support/process.ts'
import { openRawSocket } from '../support/raw-socket.ts'
import { full } from '../support/scale.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { createTwins, samplesOf, type Twins } from '../support/twins.ts'

const schema = createSchema(resolvers)
const rootFields = rootFieldsOf(schema)
const TIMEOUT_MS = full(1_200_000, 120_000)

let server: TestServer
let twins: Twins
let person: Visitor
let errors: DatabaseErrors
/** Its log is looked at in the end. */
let product: Process
let url: string
beforeAll(async () => {
  server = await startTestServer()
  twins = await createTwins(server)
  person = await join(server, twins.ours.organization, 'fuzz@alpha.example', 'admin')
  errors = await watchErrors(server.connection)
  product = startProcess('server/main.ts', ['--no-dashboard'], {
    PORT: '0',
    DATABASE_URL: server.databaseUrl,
    TIDEMARK_DEMO: '0',
    LOG_LEVEL: 'debug',
  })
  url = (await product.line(/^ready /)).slice('ready '.length)
})
afterAll(async () => {
  product.child.kill()
  await product.ended
  await server.close()
})

type Sent = {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** The whole answer, head and all; null where the connection was closed without one. */
const send = ({
  method,
  path,
  headers = {},
  body,
}: Sent): Promise<{ status: number; text: string } | null> => {
  const { promise, resolve } = Promise.withResolvers<{ status: number; text: string } | null>()
  try {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const sent = httpRequest(url + path, { method, headers: { ...length, ...headers } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => resolve(null))
      response.on('end', () => {
        const head = JSON.stringify(response.headers)
        resolve({ status: response.statusCode ?? 0, text: head + Buffer.concat(chunks).toString() })
      })
    })
    sent.once('error', () => resolve(null))
    sent.end(body)
  } catch {
    // What cannot even be sent.
    resolve(null)
  }
  return promise
}

/** Null where the answer is in order; else what is wrong with it. What was sent may come back in it. */
const fault = (answer: { status: number; text: string } | null, sent: string): string | null => {
  if (answer === null) return null
  const { status, text } = answer
  if (status >= 500 && status !== 503) return `${status}: ${text.slice(0, 500)}`
  if (text.includes('INTERNAL_SERVER_ERROR')) return text.slice(0, 500)
  const leak = LEAK.exec(text)?.[0]
  return leak === undefined || sent.includes(leak) ? null : `tells ${leak}: ${text.slice(0, 500)}`
}

const asJson = () => ({ 'content-type': 'application/json', 'x-api-key': twins.ours.token })

const post = async (body: string): Promise<string | null> =>
  fault(await send({ method: 'POST', path: '/graphql', headers: asJson(), body }), body)

/** Null where none of many cases fails; else which, with the seed to see it again. */
const failureOf = async <T>(
  cases: fc.Arbitrary<T>,
  runs: number,
  fails: (one: T) => Promise<string | null>,
) => {
  const property = fc.asyncProperty(cases, async (one) => {
    const found = await fails(one)
    if (found !== null) throw new Error(found)
  })
  const result = await fc.check(property, { numRuns: runs })
  return result.failed ? fc.defaultReportMessage(result) : null
}

const anyRootField = fc.constantFrom(...rootFields)

/** An operation that is right in everything, as the body of a request. */
const rightBody = (
  rootField: (typeof rootFields)[number],
  variables = variablesOf(rootField, samplesOf(twins.ours)),
) => {
  const query = documentOf(rootField, variables, wideSelectionOf(schema, rootField.field, 1))
  return { query, variables }
}

const alive = async (): Promise<boolean> =>
  product.child.exitCode === null && (await send({ method: 'GET', path: '/readyz' }))?.status === 200

describe('to every operation', { timeout: TIMEOUT_MS }, () => {
  const PLACEHOLDER = '"placeholder of a fuzz"'

  it('values that are anything but what is asked for', async () => {
    const cases = fc.tuple(anyRootField, fc.nat(), anyJson)
    const failure = await failureOf(cases, full(10_000, 250), ([rootField, index, json]) => {
      const places = placesOf(rootField)
      const place = places[index % Math.max(places.length, 1)]
      const sample = samplesOf(twins.ours)
      const variables = variablesOf(rootField, sample)
      const spoilt =
        place === undefined
          ? { [MARK]: JSON.parse(PLACEHOLDER) as unknown }
          : withValueAt(rootField, variables, place, JSON.parse(PLACEHOLDER), sample)
      const body = JSON.stringify(rightBody(rootField, spoilt))
      return post(body.replace(PLACEHOLDER, () => json))
    })
    expect(failure).toBeNull()
  })

  it('variables that are no variables', async () => {
    const failure = await failureOf(fc.tuple(anyRootField, anyJson), full(2_000, 60), ([rootField, json]) => {
      const { query } = rightBody(rootField)
      return post(`{"query":${JSON.stringify(query)},"variables":${json}}`)
    })
    expect(failure).toBeNull()
  })

  it('documents with slips of the pen', async () => {
    const cases = anyRootField.chain((rootField) => {
      const { query, variables } = rightBody(rootField)
      return slipsOf(query).map((text) => JSON.stringify({ query: text, variables }))
    })
    const failure = await failureOf(cases, full(10_000, 250), post)
    expect(failure).toBeNull()
  })

  it('literals of any kind in the document', async () => {
    const name = fc.constantFrom('search', 'first', 'filter', 'orderBy', 'after', '__proto__', 'constructor')
    const failure = await failureOf(fc.tuple(name, anyJson), full(3_000, 80), ([argument, json]) => {
      const literal = json.replaceAll(
        /"((?:[^"\\]|\\.)*)":/g,
        (_, key: string) => `${key.replaceAll(/\W/g, '_') || 'a'}:`,
      )
      return post(JSON.stringify({ query: `{ customers(${argument}: ${literal}) { totalCount } }` }))
    })
    expect(failure).toBeNull()
  })

  it('bodies with slips of the pen, and bodies of anything', async () => {
    const right = anyRootField.chain((rootField) => slipsOf(JSON.stringify(rightBody(rootField))))
    const failure = await failureOf(
      fc.oneof(right, anyJson, fc.string({ unit: 'binary' })),
      full(5_000, 150),
      post,
    )
    expect(failure).toBeNull()
  })
})

describe('to every route', { timeout: TIMEOUT_MS }, () => {
  const ROUTES = [
    '/',
    '/graphql',
    '/graphiql',
    '/healthz',
    '/readyz',
    '/schema.graphql',
    '/session',
    '/session/demo',
    '/session/invitation',
    '/session/invitation/facts',
    '/auth/sign-in/email',
    '/auth/sign-in/oidc',
    '/auth/callback/oidc',
    '/auth/two-factor/enable',
    '/auth/two-factor/disable',
    '/auth/two-factor/verify-totp',
    '/auth/two-factor/verify-backup-code',
    '/auth/two-factor/backup-codes',
    '/auth/change-password',
    '/auth/reset-password',
    '/auth/sessions',
    '/auth/sessions/revoke',
    '/auth/sessions/revoke-others',
    '/auth/sign-up/email',
    '/auth/get-session',
    '/export/audit.csv',
    '/export/audit.ndjson',
    '/assets/index.js',
    '/nothing',
  ]
  const FIELDS = [
    'email',
    'password',
    'code',
    'token',
    'id',
    'name',
    'newPassword',
    'currentPassword',
    'to',
    'invitation',
  ]

  const path = fc.tuple(
    fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...ROUTES) }, { weight: 1, arbitrary: fc.webPath() }),
    fc.oneof(
      fc.constantFrom(
        '',
        '/',
        '//',
        '/../..',
        '/%2e%2e/%2e%2e/etc/passwd',
        '/%00',
        '%',
        '?',
        '?query={__typename}',
      ),
      fc.webQueryParameters().map((query) => `?${query}`),
      fc.constantFrom(
        '?from=x',
        '?first=-1',
        '?organization=__proto__',
        '?action[]=a&action[]=b',
        '?filter={"a":1}',
      ),
    ),
  )
  const header = fc.constantFrom<Readonly<Record<string, string>>>(
    {},
    { 'content-type': 'application/json' },
    { 'content-type': 'application/json; charset=utf-16' },
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'multipart/form-data; boundary=x' },
    { 'content-type': 'x' },
    { 'content-encoding': 'gzip', 'content-type': 'application/json' },
    { accept: 'text/event-stream', 'content-type': 'application/json' },
    { accept: '*/*;q=x', 'accept-encoding': 'br;q=9, nothing', 'content-type': 'application/json' },
    { origin: 'null', 'content-type': 'application/json' },
    { 'x-forwarded-for': '1.2.3.4, x, ::1', 'content-type': 'application/json' },
    { 'x-tidemark-organization': '__proto__', 'content-type': 'application/json' },
    { 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' },
    { authorization: 'Bearer x', 'content-type': 'application/json' },
    { cookie: 'tidemark_session=x; =; a', 'content-type': 'application/json' },
    { range: 'bytes=9-1', 'if-none-match': '"x"', 'if-modified-since': 'never' },
  )
  const body = fc.oneof(
    fc.constant(undefined),
    anyJson,
    fc
      .array(fc.tuple(fc.constantFrom(...FIELDS), anyJson), { maxLength: 4 })
      .map((entries) => `{${entries.map(([name, json]) => `"${name}":${json}`).join()}}`),
    fc.uint8Array({ maxLength: 200 }),
  )
  const method = fc.constantFrom(
    'GET',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'HEAD',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
  )
  const who = fc.constantFrom('nobody', 'token', 'person')

  it('any method, path, header and body, from nobody, a token and a person', async () => {
    const cases = fc.record({ method, path, header, body, who })
    const failure = await failureOf(cases, full(10_000, 300), async ({ method, path, header, body, who }) => {
      const credentials =
        who === 'token'
          ? { 'x-api-key': twins.ours.token }
          : who === 'person'
            ? { cookie: person.cookie() }
            : {}
      const target = path.join('').replaceAll(/[^\x21-\x7e]/g, '_')
      const headers = { ...credentials, ...header }
      const sent = { method, path: target.startsWith('/') ? target : `/${target}`, headers }
      const answer = await send(body === undefined ? sent : { ...sent, body })
      // The page of GraphiQL is a program of its own.
      return target.startsWith('/graphiql') ? null : fault(answer, target)
    })
    expect(failure).toBeNull()
  })
})

describe('to a socket', { timeout: TIMEOUT_MS }, () => {
  const subscribe = (id: unknown, payload: unknown) => JSON.stringify({ id, type: 'subscribe', payload })
  const frame: fc.Arbitrary<string | Uint8Array> = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    anyJson,
    anyJson.map((json) => `{"type":"subscribe","id":"1","payload":${json}}`),
    anyJson.map((json) => `{"type":"connection_init","payload":${json}}`),
    anyJson.map((json) => `{"type":"subscribe","id":${json},"payload":{"query":"{ __typename }"}}`),
    anyJson.map((json) => `{"type":${json},"id":"1"}`),
    anyJson.map(
      (json) => `{"type":"subscribe","id":"2","payload":{"query":"{ __typename }","operationName":${json}}}`,
    ),
    anyRootField.chain((rootField) => slipsOf(subscribe('3', rightBody(rootField)))),
    fc.constantFrom('1', '2', '3', '__proto__').map((id) => JSON.stringify({ id, type: 'complete' })),
    fc
      .constantFrom('ping', 'pong', 'next', 'error', 'connection_ack', 'start', 'stop')
      .map((type) => JSON.stringify({ type })),
    anyRootField.map((rootField) => subscribe('4', rightBody(rootField))),
  )

  it('any frames in any order, before it is let in and after', async () => {
    const cases = fc.tuple(fc.boolean(), fc.array(frame, { minLength: 1, maxLength: 8 }))
    const failure = await failureOf(cases, full(3_000, 100), async ([isLetIn, frames]) => {
      const raw = await openRawSocket(url, { token: isLetIn ? twins.ours.token : null }).catch(() => null)
      // Too many were opened in this second.
      if (raw === null) return sleep(1_000).then(() => null)
      for (const one of frames) raw.send(one)
      await Promise.race([raw.closed, sleep(full(50, 15))])
      const told = JSON.stringify(raw.frames)
      const isOwnFault = raw.socket.readyState !== raw.socket.OPEN && (await raw.closed).code === 1011
      await raw.close()
      return isOwnFault ? 'closed with 1011' : fault({ status: 200, text: told }, frames.join())
    })
    expect(failure).toBeNull()
  })
})

describe('after all that', () => {
  it('the server lives, in memory that is bounded, and PostgreSQL has seen no wrong statement', async () => {
    await expect.poll(alive, { timeout: 20_000 }).toBe(true)
    const status = await readFile(`/proc/${product.child.pid}/status`, 'utf8').catch(() => '')
    expect(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0)).toBeLessThan(1_000_000)
    // Whoever leaves has their statement cancelled.
    expect((await errors.read()).filter((found) => !found.startsWith('57014'))).toEqual([])
  })

  it('its log has no fault, no token, no value and no statement in it', async () => {
    product.child.kill()
    const { code, stderr } = await product.ended
    expect(code).toBe(0)
    const lines = stderr.split('\n').filter((line) => line !== '')
    const faults = lines.filter((line) => /"level":(50|60)/.test(line))
    expect(faults.slice(0, 3)).toEqual([])
    const secret = twins.ours.token.slice(30)
    for (const word of [
      secret,
      MARK,
      'placeholder of a fuzz',
      person.cookie(),
      'select ',
      'insert into',
      '__typename',
    ]) {
      expect([word, lines.find((line) => line.includes(word))]).toEqual([word, undefined])
    }
  })
})
