/** A4: what an operation costs, told with its answer, and never less than what it gets. */
import { asyncProperty, assert, gen } from 'fast-check'
import { type GraphQLSchema, parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CostReport } from '@tidemark/server/access/budget.ts'
import { SCOPES } from '@tidemark/server/access/scopes.ts'
import { costOf } from '@tidemark/server/cost.ts'
import { loadDemo } from '@tidemark/server/demo/load.ts'
import { resolvers } from '@tidemark/server/resolvers.ts'
import { createSchema } from '@tidemark/server/schema.ts'
import { kpiDefinitions } from '@tidemark/server/domain/registry.ts'
import { execute } from '../support/graphql.ts'
import type { Sample } from '../support/operations.ts'
import { randomQuery } from '../support/random-operations.ts'
import { openRawSocket } from '../support/raw-socket.ts'
import { full, isFull } from '../support/scale.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { createTwins, samplesOf, tokenWith } from '../support/twins.ts'

const LOAD_MS_MAX = 300_000

let server: TestServer
let schema: GraphQLSchema
let token: string
let sample: Sample
beforeAll(async () => {
  server = await startTestServer()
  schema = createSchema(resolvers)
  if (isFull) {
    await loadDemo(server.connection, { now: Temporal.Now.instant(), besideOthers: false })
    const [demo] = await server.connection.sql<{ id: string }[]>`select id from organization where demo`
    if (demo === undefined) throw new Error('There is no demo')
    const organization = await server.createOrganization()
    token = await tokenWith(server, { ...organization, id: demo.id }, SCOPES)
    sample = await samplesOfDemo()
  } else {
    const { ours } = await createTwins(server)
    token = await tokenWith(server, ours.organization, SCOPES)
    sample = samplesOf(ours)
  }
}, LOAD_MS_MAX)
afterAll(() => server.close())

const samplesOfDemo = async (): Promise<Sample> => {
  type Nodes = { readonly nodes: readonly { readonly id: string }[] }
  const found = await execute<Record<'goals' | 'customers' | 'invoices' | 'auditEntries', Nodes>>(
    server.url,
    token,
    '{ goals(first: 1) { nodes { id } } customers(first: 1) { nodes { id } } invoices(first: 1) { nodes { id } } auditEntries(first: 1) { nodes { id } } }',
  )
  const values: Readonly<Record<string, unknown>> = {
    'Query.goal.id': found.goals.nodes[0]?.id,
    'Query.auditEntry.id': found.auditEntries.nodes[0]?.id,
    'CustomerBy.id': found.customers.nodes[0]?.id,
    'InvoiceBy.id': found.invoices.nodes[0]?.id,
  }
  return (coordinate) => values[coordinate]
}

type Body = {
  readonly data?: unknown
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[]
  readonly extensions?: { readonly cost: CostReport }
}

const post = async (query: string, variables = {}): Promise<Body & { readonly status: number }> => {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': token },
    body: JSON.stringify({ query, variables }),
  })
  return { ...((await response.json()) as Body), status: response.status }
}

/** Counted in another way than the server does it; the outermost is the answer itself. */
const objectsIn = (data: unknown): number => {
  let count = -1
  JSON.stringify(data, (_name, value: unknown) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) count += 1
    return value
  })
  return count
}

describe('the cost', () => {
  it(
    'is never less than the objects of the answer, whatever is asked',
    { timeout: full(3_600_000, 60_000) },
    async () => {
      const runs = full(10_000, 250)
      const seen = { answered: 0, objects: 0, bound: 0, beyond: 0, refused: 0 }
      const today = Temporal.Now.plainDateISO('UTC')
      const check = async (query: string): Promise<string | null> => {
        const price = costOf(schema, parse(query), null, {}, today)
        const { data, errors, extensions } = await post(query)
        if (data == null) {
          // Too deep, too wide, too dear, or a field that cannot be null failed.
          seen.refused += 1
          return errors?.[0]?.extensions['code'] === 'INTERNAL_SERVER_ERROR' ? errors[0].message : null
        }
        const objects = objectsIn(data)
        const requested = extensions?.cost.requested ?? 0
        const { points, isBound } = price ?? { points: Infinity, isBound: true }
        seen.answered += 1
        seen.objects += objects
        seen.bound += isBound ? 1 : 0
        seen.beyond += requested > points ? 1 : 0
        // Where its lists have bounds, what was known beforehand must be enough.
        const enough = requested >= objects && requested >= points && (!isBound || points >= objects)
        return enough ? null : `${objects} objects, ${points} points, ${requested} requested`
      }
      const queries = asyncProperty(gen(), async (g) => {
        const query = randomQuery(schema, g, { sample, depthMax: 5 })
        const problem = await check(query)
        if (problem !== null) throw new Error(`${problem}: ${query}`)
      })
      await assert(queries, { numRuns: runs })
      expect(seen.answered).toBeGreaterThan(runs * 0.8)
      expect(seen.objects).toBeGreaterThan(runs)
      expect(seen.bound).toBeGreaterThan(runs * 0.1)
    },
  )

  it('comes with every answer, over HTTP and WebSocket alike', async () => {
    const report = (requested: number) => ({
      requested,
      limit: 10_000,
      available: expect.any(Number),
      maximum: 1_000_000_000,
      restorePerSecond: expect.any(Number),
    })
    const socket = await openRawSocket(server.url, { token })
    for (const [index, [query, requested]] of (
      [
        ['{ __typename }', 1],
        ['{ organization { slug } }', 1],
        ['{ customers(first: 2) { nodes { number } } }', 3],
        ['{ customers(first: 2) { nodes { invoices(first: 3) { edges { node { number } } } } } }', 55],
        ['{ kpiCatalog { metric } aging(edges: [30]) { buckets { count } } }', kpiDefinitions.length + 4],
      ] as const
    ).entries()) {
      expect([query, (await post(query)).extensions?.cost]).toEqual([query, report(requested)])
      socket.send({ id: `${index}`, type: 'subscribe', payload: { query } })
      await expect
        .poll(() => socket.frames.find(({ id }) => id === `${index}`)?.payload)
        .toMatchObject({ extensions: { cost: report(requested) } })
    }
    await socket.close()
  })

  it('is what was found, where a list turns out longer than is usual', async () => {
    const day = Temporal.Now.plainDateISO('UTC')
    const installments = Array.from({ length: 30 }, (_, index) => ({
      dueOn: day.add({ days: index }).toString(),
      amount: '1',
    }))
    const input = {
      customer: { id: sample('CustomerBy.id') },
      number: `many ${crypto.randomUUID()}`,
      amount: { amount: '30', currency: 'USD' },
      issuedOn: day.toString(),
      installments,
    }
    const mutation = `mutation ($input: RecordInvoiceInput!) {
      recordInvoice(input: $input) { ... on RecordInvoiceSuccess { invoice { id installments { dueOn } } } }
    }`
    const { data, extensions } = await post(mutation, { input })
    expect(objectsIn(data)).toBe(32)
    expect(extensions?.cost.requested).toBe(32)
    const usual = 'query ($by: InvoiceBy!) { invoice(by: $by) { installments { dueOn } } }'
    const short = await post(usual, { by: { id: sample('InvoiceBy.id') } })
    expect(short.extensions?.cost.requested).toBe(4)
  })

  it('comes with what is refused too: one point for what is wrong, and its price for what is too dear', async () => {
    const wrong = await post('{ nothing }')
    expect(wrong.extensions?.cost).toMatchObject({ requested: 1 })
    expect((await post('{')).extensions?.cost).toMatchObject({ requested: 1 })
    const dear = await post('{ customers(first: 1000) { nodes { invoices(first: 1000) { nodes { id } } } } }')
    expect(dear.status).toBe(400)
    expect(dear.extensions?.cost).toMatchObject({ requested: 1_021_001, limit: 10_000 })
    expect(dear.errors?.[0]?.extensions).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      cost: { requested: 1_021_001 },
    })
  })

  it('of a subscription is told with its first event, and is that of all that it announces', async () => {
    const { goals } = await execute<{ goals: { totalCount: number } }>(
      server.url,
      token,
      '{ goals(state: ACTIVE) { totalCount } }',
    )
    expect(goals.totalCount).toBeGreaterThan(1)
    const socket = await openRawSocket(server.url, { token })
    const query = 'subscription { goalProgress { cursor goal { name owner { name } } } }'
    socket.send({ id: '1', type: 'subscribe', payload: { query } })
    await expect
      .poll(() => socket.frames.filter(({ id }) => id === '1').length)
      .toBeGreaterThanOrEqual(goals.totalCount)
    const costs = socket.frames.flatMap(({ id, payload }) =>
      id === '1' ? [(payload as Body).extensions?.cost.requested] : [],
    )
    expect(costs).toEqual([3 * goals.totalCount, ...costs.slice(1).map(() => undefined)])
    await socket.close()
  })
})
