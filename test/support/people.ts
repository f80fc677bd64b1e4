/** People in front of a browser: requests with node:http, since fetch sets Host and Sec-Fetch-Site by itself. */
import { createHmac } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { createInvitation } from '@tidemark/server/access/invitations.ts'
import type { Role } from '@tidemark/server/access/scopes.ts'
import { isProblem } from '@tidemark/server/problem.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { TestServer } from './server.ts'

export type Reply = {
  readonly status: number
  readonly headers: NodeJS.Dict<string[]>
  // oxlint-disable-next-line typescript/no-explicit-any -- a test says what it expects of it
  readonly body: any
  /** As they came: `name=value; Max-Age=...`. */
  readonly cookies: readonly string[]
}

type Headers = Readonly<Record<string, string>>

export type Visitor = {
  /** What the browser keeps. */
  readonly jar: Map<string, string>
  /** The cookies as a request has them. */
  cookie(): string
  send(method: string, path: string, body?: unknown, headers?: Headers): Promise<Reply>
  post(path: string, body: unknown, headers?: Headers): Promise<Reply>
  get(path: string, headers?: Headers): Promise<Reply>
  /** A query of GraphQL in the organization of this slug. */
  graphql(query: string, organization?: string): Promise<unknown>
}

/** A browser without cookies. */
export const visit = (server: Pick<TestServer, 'url'>): Visitor => {
  const jar = new Map<string, string>()
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const send: Visitor['send'] = async (method, path, body, headers = {}) => {
    const own: Headers = jar.size === 0 ? {} : { cookie: cookie() }
    const reply = await sendOnce(server.url, method, path, body, { ...own, ...headers })
    for (const set of reply.cookies) keep(jar, set)
    return reply
  }
  const post: Visitor['post'] = (path, body, headers = {}) =>
    send('POST', path, body, { 'content-type': 'application/json', ...headers })
  return {
    jar,
    cookie,
    send,
    post,
    get: (path, headers) => send('GET', path, undefined, headers),
    async graphql(query, organization) {
      const wished: Headers = organization === undefined ? {} : { 'x-tidemark-organization': organization }
      return (await post('/graphql', { query }, wished)).body
    },
  }
}

const keep = (jar: Map<string, string>, set: string): void => {
  const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(set) ?? []
  if (value === '' || /max-age=0(;|$)/i.test(set)) jar.delete(name)
  else jar.set(name, value)
}

const sendOnce = (
  url: string,
  method: string,
  path: string,
  body: unknown,
  headers: Headers,
): Promise<Reply> => {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const sent = httpRequest(url + path, { method, headers }, (response) => {
    let text = ''
    response.on('data', (chunk: Buffer) => (text += chunk.toString()))
    response.on('end', () => {
      const { statusCode: status = 0, headersDistinct } = response
      const json = headersDistinct['content-type']?.[0]?.includes('json') === true
      resolve({
        status,
        headers: headersDistinct,
        body: json && text !== '' ? JSON.parse(text) : text,
        cookies: headersDistinct['set-cookie'] ?? [],
      })
    })
  })
  sent.once('error', reject)
  sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
  return promise
}

export const PASSWORD = 'four random words here'

/** The secret of a new invitation. */
export const invite = async (
  { connection }: TestServer,
  organization: OrganizationRow,
  email: string,
  role: Role = 'viewer',
): Promise<string> => {
  const made = await createInvitation({ connection, organization, actor: 'test' }, { email, role })
  if (isProblem(made)) throw new Error(made.message)
  return made.secret
}

/** Somebody who has accepted an invitation just now, and is signed in. */
export const join = async (
  server: TestServer,
  organization: OrganizationRow,
  email: string,
  role: Role = 'viewer',
): Promise<Visitor> => {
  const visitor = visit(server)
  const token = await invite(server, organization, email, role)
  const name = `Person ${email}`
  const reply = await visitor.post('/session/invitation', { token, name, password: PASSWORD })
  if (reply.status !== 200) throw new Error(JSON.stringify(reply.body))
  return visitor
}

/** Somebody who signs in with a password, in a browser of their own. */
export const signIn = async (
  server: Pick<TestServer, 'url'>,
  email: string,
  password = PASSWORD,
): Promise<Visitor> => {
  const visitor = visit(server)
  const reply = await visitor.post('/auth/sign-in/email', { email, password })
  if (reply.status !== 200) throw new Error(JSON.stringify(reply.body))
  return visitor
}

/** The code that an authenticator shows, by RFC 6238. */
export const totpOf = (secret: string, at = Date.now()): string => {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)))
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

const fromBase32 = (text: string): Buffer => {
  const bits = text
    .replace(/=+$/, '')
    .split('')
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
