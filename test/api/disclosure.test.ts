/**
 * A6, A7: what the API tells of itself to whoever may not read its schema. A field is found out where a question that
 * names it is answered differently from one that names what does not exist.
 */
import {
  getIntrospectionQuery,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SCOPES } from '@tidemark/server/access/scopes.ts'
import { resolvers } from '@tidemark/server/resolvers.ts'
import { createSchema } from '@tidemark/server/schema.ts'
import { type Ask, askBoth, openWays, type Ways } from '../support/attack.ts'
import { join, visit, type Visitor } from '../support/people.ts'
import { full, isFull } from '../support/scale.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { tokenWith } from '../support/twins.ts'

let server: TestServer
let token: string
/** May do everything but read the schema. */
let ways: Ways
beforeAll(async () => {
  server = await startTestServer()
  const organization = await server.createOrganization()
  token = await tokenWith(
    server,
    organization,
    SCOPES.filter((scope) => scope !== 'schema:read'),
  )
  ways = await openWays(server.url, token)
})
afterAll(async () => {
  await ways.close()
  await server.close()
})

const schema = createSchema(resolvers)

/** Every name that there is to be found out. */
const names: readonly string[] = [
  ...new Set(
    Object.values(schema.getTypeMap())
      .filter(({ name }) => !name.startsWith('__'))
      .flatMap((type) => {
        if (isObjectType(type)) {
          const fields = Object.values(type.getFields())
          return [type.name, ...fields.flatMap(({ name, args }) => [name, ...args.map((arg) => arg.name)])]
        }
        if (isInputObjectType(type)) return [type.name, ...Object.keys(type.getFields())]
        return isEnumType(type) ? [type.name, ...type.getValues().map(({ name }) => name)] : [type.name]
      }),
  ),
]

/** What is a whole question by its name alone: whoever may ask it gets the answer, as to any question that is right. */
const answered: readonly string[] = Object.values(schema.getQueryType()?.getFields() ?? {})
  .filter(({ type, args }) => isLeafType(getNamedType(type)) && !args.some(isRequiredArgument))
  .map(({ name }) => name)

/** Words of a dictionary that has the names of most APIs in it, and many near misses. */
const words: readonly string[] = [
  ...names,
  ...(isFull ? names.flatMap((name) => [`${name}s`, `my${name}`]) : []),
  ...Array.from({ length: full(20_000, 50) }, (_, index) => `word${index.toString(36)}`),
]

/** An answer without the words that were asked for, where it repeats them, and without the place where they stood. */
const shape = async (ask: Ask, query: string, asked: string): Promise<string> => {
  const { data, errors } = await ask({ query })
  const told = errors.map(({ message, extensions }) => [message.replaceAll(`"${asked}"`, '""'), extensions])
  return JSON.stringify([data, told])
}

/** Whatever it was: what is not there and what one may not ask for are the same. */
const REFUSAL = {
  message: expect.stringMatching(/^This document asks for something that is not there, or that you may not/),
  extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
}

describe('A6: without the right to read the schema', () => {
  it.each([
    ['introspection', getIntrospectionQuery()],
    ['a type by its name', '{ __type(name: "Customer") { name fields { name } } }'],
    ['the schema beside other fields', '{ organization { slug } __schema { queryType { name } } }'],
    ['the schema in a fragment', '{ ...A } fragment A on Query { x: __schema { types { name } } }'],
  ])('%s is refused', async (_what, query) => {
    const { data, errors } = await askBoth(ways, { query })
    expect([data, errors]).toEqual([null, [REFUSAL]])
  })

  it('the schema as a file is refused', async () => {
    const { status, body } = await visit(server).get('/schema.graphql', { 'x-api-key': token })
    expect([status, JSON.stringify(body)]).toEqual([403, expect.not.stringMatching(/type Query/)])
  })

  it('a word that names a field is answered as one that does not', async () => {
    const expected = await shape(ways.http, '{ nothing }', 'nothing')
    const found: string[] = []
    for (const [index, word] of words.entries()) {
      const ask = index % 10 === 0 ? ways.http : ways.socket
      if ((await shape(ask, `{ ${word} }`, word)) !== expected) found.push(word)
    }
    expect(found).toEqual(answered)
  })

  it.each([
    ['a subfield', (word: string) => `{ customers { nodes { ${word} { x } } } }`],
    ['an argument', (word: string) => `{ organization(${word}: 1) { slug } }`],
    [
      'an argument beside others',
      (word: string) => `{ customers(first: 1, ${word}: {}) { nodes { number(x: 1) } } }`,
    ],
    ['a type', (word: string) => `{ organization { slug } } fragment A on ${word} { x }`],
    ['a type of a variable', (word: string) => `query ($a: ${word}!) { organization { slug x } }`],
    ['an input field', (word: string) => `{ customers(filter: { ${word}: { y: 1 } }) { totalCount x } }`],
    [
      'a value of an enum',
      (word: string) => `{ customers(orderBy: { field: ${word}, z: 1 }) { totalCount } }`,
    ],
    ['a directive', (word: string) => `{ organization @${word} { slug } }`],
    ['a mutation', (word: string) => `mutation { ${word} }`],
    ['a subscription', (word: string) => `subscription { ${word} }`],
  ])('nor is %s found out by a wrong use of it', async (_what, query) => {
    const expected = await shape(ways.socket, query('nothing'), 'nothing')
    const found: string[] = []
    for (const name of names) {
      if ((await shape(ways.socket, query(name), name)) !== expected) found.push(name)
    }
    expect(found).toEqual([])
  })

  it('nor by an operation that does not run, beside one that does or under a name that nobody has', async () => {
    const bare = await openWays(server.url, await tokenWith(server, await server.createOrganization(), []))
    const asked = (word: string) => [
      { query: `query A { __typename } query B { ${word} }`, operationName: 'A' },
      { query: `query A { ${word} }`, operationName: 'B' },
      { query: `query A { ${word} } query B { __typename }` },
    ]
    for (const [index, operation] of asked('nothing').entries()) {
      const expected = await bare.socket(operation)
      expect(expected.errors).toEqual([REFUSAL])
      for (const word of ['kpiCatalog { metric }', 'organization { slug }', 'auditHead { hash }']) {
        expect(await bare.socket(asked(word)[index] ?? operation)).toEqual(expected)
      }
    }
    await bare.close()
  })

  it('nor by variables that do not fit', async () => {
    const query = 'query ($filter: CustomerFilter) { customers(filter: $filter) { totalCount } }'
    for (const name of [...names.slice(0, full(names.length, 100)), 'regio', 'ownerI']) {
      const { errors } = await ways.socket({ query, variables: { filter: { [name]: { [name]: 1 } } } })
      expect(JSON.stringify(errors)).not.toMatch(/Did you mean|businessUnit|TextFilter/)
    }
  })
})

describe('with it', () => {
  it('a slip of the pen is told by name, but nothing is suggested', async () => {
    const organization = await server.createOrganization()
    const full = await openWays(server.url, await tokenWith(server, organization, SCOPES))
    const { errors } = await askBoth(full, { query: '{ custmers { totalCount } organization { slgu } }' })
    expect(errors.map(({ message }) => message)).toEqual([
      'Cannot query field "custmers" on type "Query".',
      'Cannot query field "slgu" on type "Organization".',
    ])
    await full.close()
  })
})

describe('GraphiQL', () => {
  it('is there at the machine itself, and elsewhere for who may read the schema', async () => {
    const organization = await server.createOrganization()
    const person = await join(server, organization, 'ide@example.com')
    const statusOf = async (visitor: Visitor, headers = {}) =>
      (await visitor.get('/graphiql', headers)).status
    expect(await statusOf(visit(server))).toBe(200)
    expect(await statusOf(visit(server), { host: ELSEWHERE })).toBe(404)
    expect(await statusOf(visit(server), { 'x-forwarded-for': '192.0.2.1' })).toBe(404)
    expect(await statusOf(visit(server), { host: ELSEWHERE, 'x-api-key': token })).toBe(404)
    expect(await statusOf(person, { host: ELSEWHERE })).toBe(200)
  })
})

/** The twelve checks that graphql-cop's README lists, written anew. Each answers whether it found something. */
type Check = (
  send: (query: string) => Promise<string>,
  headers: Readonly<Record<string, string>>,
) => Promise<boolean>

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ')

/** The server as others know it, who do not sit at its machine. */
const ELSEWHERE = 'tidemark.example'

const CHECKS: Readonly<Record<string, Check>> = {
  'alias overloading': async (send) =>
    (await send(`{ ${times(101, (i) => `a${i}: __typename`)} }`)).includes('a100'),
  'batch queries': async (_send, headers) => {
    const body = JSON.stringify(Array.from({ length: 10 }, () => ({ query: '{ __typename }' })))
    const reply = await visit(server).post('/graphql', body, headers)
    return Array.isArray(reply.body) && reply.body.length === 10
  },
  'GET based queries': async (_send, headers) =>
    JSON.stringify((await visit(server).get('/graphql?query={__typename}', headers)).body).includes(
      '"Query"',
    ),
  'POST based queries of a form': async (_send, headers) => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    const reply = await visit(server).send('POST', '/graphql', 'query={__typename}', { ...headers, ...type })
    return JSON.stringify(reply.body).includes('"Query"')
  },
  'tracing and debug modes': async (send) => /tracing|stacktrace|debug/i.test(await send('{ __typename }')),
  'field duplication': async (send) => {
    const answer = await send(`{ ${times(500, () => '__typename')} }`)
    return answer.includes('"Query"')
  },
  'field suggestions': async (send) =>
    (await Promise.all(['{ __schema { directive } }', '{ organizatio { id } }'].map(send))).some((answer) =>
      /did you mean/i.test(answer),
    ),
  'an IDE': async (_send, headers) => {
    const pages = ['/graphiql', '/playground', '/console', '/graphql']
    const replies = await Promise.all(
      pages.map((page) => visit(server).get(page, { ...headers, host: ELSEWHERE })),
    )
    return replies.some(({ body }) =>
      /graphiql\.min\.css|GraphQL Playground|GraphiQL|graphql-playground/.test(String(body)),
    )
  },
  introspection: async (send) =>
    (await send('{ __schema { types { name } } }')).includes('CustomerConnection'),
  'directive overloading': async (send) =>
    (await send(`{ __typename ${'@aa'.repeat(50)} }`)).split('Unknown directive').length > 20,
  'circular introspection': async (send) =>
    (
      await send(
        `{ __schema { types { ${'fields { type { '.repeat(5)} fields { name } ${'} } '.repeat(5)} } } }`,
      )
    ).includes('"fields"'),
  'mutations by GET': async (_send, headers) =>
    JSON.stringify((await visit(server).get('/graphql?query=mutation{__typename}', headers)).body).includes(
      '"Mutation"',
    ),
}

describe('A7: the checks of graphql-cop', () => {
  it.each(Object.entries(CHECKS))('find nothing, with a token and without: %s', async (_name, check) => {
    for (const headers of [{}, { authorization: `Bearer ${token}` }] as Readonly<Record<string, string>>[]) {
      const send = async (query: string) =>
        JSON.stringify((await visit(server).post('/graphql', { query }, headers)).body)
      expect(await check(send, headers)).toBe(false)
    }
  })
})
