/**
 * SQL in every text that the API takes. It must be answered like all other texts, at once though some of it would have
 * PostgreSQL wait, and PostgreSQL must not find an error in a single statement: not one of class 42 in its own log.
 */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolvers } from '@tidemark/server/resolvers.ts'
import { createSchema } from '@tidemark/server/schema.ts'
import { type Answered, openWays, type Ways } from '../support/attack.ts'
import { type DatabaseErrors, watchErrors } from '../support/database-log.ts'
import {
  documentOf,
  type Place,
  placesOf,
  type RootField,
  rootFieldsOf,
  variablesOf,
  withValueAt,
} from '../support/operations.ts'
import { full } from '../support/scale.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { createTwins, fingerprintOf, samplesOf, type Twins } from '../support/twins.ts'

const schema = createSchema(resolvers)
/** What a payload asks PostgreSQL to sleep: one that did shows, however busy the machine. */
const WORST_DELAY_MS = 20_000

const PAYLOADS = [
  "'",
  "''",
  '"',
  '`',
  '\\',
  "\\'",
  "' or '1'='1",
  "' and '1'='2",
  "') or ('1'='1",
  "')) or 1=1 --",
  '1 or 1=1',
  '1); select 1; --',
  "'; drop table audit; --",
  "'; select pg_sleep(20); --",
  "' || pg_sleep(20) || '",
  "' and (select 1 from pg_sleep(20)) is not null --",
  '(select pg_sleep(20))',
  "' union select secret_hash, 1 from api_token --",
  "'||(select current_user)||'",
  "'; reset role; --",
  "'; set role tidemark; --",
  "' or organization_id is not null --",
  '$1',
  '$$; select 1; $$',
  '%',
  '_',
  '%27 or 1=1',
  'ʼ or 1=1 --',
  '＇ or 1=1 --',
  "\u00bf' or 1=1 --",
  "/* */' /*",
  '\u2028; select 1',
  "E'\\047 or 1=1'",
  '{"$ne": null}',
  '0x27',
  '1e1000',
  '-1',
  '{}',
] as const

/** As harmless as a text can be that is none of the things that the API knows; `key`s are made of few signs only. */
const harmlessAt = ({ path }: Place): string => (path.at(-1) === 'key' ? 'no key' : 'zzzz')

let server: TestServer
let twins: Twins
let ways: Ways
let errors: DatabaseErrors
let before: string
beforeAll(async () => {
  server = await startTestServer()
  twins = await createTwins(server)
  errors = await watchErrors(server.connection)
  ways = await openWays(server.url, twins.ours.token)
  before = await fingerprintOf(server, twins.ours)
})
afterAll(async () => {
  await ways.close()
  await server.close()
})

/** Ids, numbers, cursors and texts, dates and decimals: whatever is written as a text. */
const targets = rootFieldsOf(schema).flatMap((rootField) =>
  placesOf(rootField)
    .filter(({ type }) => !['Int', 'Float', 'Boolean'].includes(type))
    .map((place) => ({ title: `${rootField.name} ${place.path.join('.')}`, rootField, place })),
)

const ask = (rootField: RootField, place: Place, value: string): Promise<Answered> => {
  const sample = samplesOf(twins.ours)
  const variables = withValueAt(rootField, variablesOf(rootField, sample), place, value, sample)
  const selection = SELECTIONS[rootField.name] ?? '{ __typename }'
  const query = documentOf(rootField, variables, selection)
  return (rootField.root === 'Subscription' ? ways.socket : ways.http)({ query, variables })
}

/** What shows whether other rows were found; elsewhere the type of the answer does. */
const SELECTIONS: Readonly<Record<string, string>> = {
  customers: '{ totalCount nodes { number } }',
  invoices: '{ totalCount nodes { number } }',
  goals: '{ totalCount nodes { name } }',
  tokens: '{ totalCount }',
  members: '{ totalCount }',
  invitations: '{ totalCount }',
  customer: '{ number }',
  invoice: '{ number }',
  goal: '{ name }',
  kpis: '{ metric valueExact region }',
  aging: '{ total { amount } }',
  goalProgress: '{ kind goal { name } }',
}

/** An answer without the text that it repeats. */
const told = (answer: Answered, value: string): string => {
  const known = JSON.stringify(value).slice(1, -1)
  // In a message a text may stand within quotes of its own, escaped once more.
  const twice = JSON.stringify(known).slice(1, -1)
  const errors = answer.errors.map(({ locations: _locations, ...error }) => error)
  return JSON.stringify([answer.data, errors]).replaceAll(twice, '...').replaceAll(known, '...')
}

/** Its code, the type of its answer, its rows: what a text may not change. */
const outcomeOf = ({ data, errors }: Answered): unknown => [
  data,
  errors.map(({ extensions }) => extensions?.['code']),
]

describe('SQL', () => {
  it.each(targets)('is a text like any other: $title', async ({ rootField, place }) => {
    const harmless = outcomeOf(await ask(rootField, place, harmlessAt(place)))
    const mine = PAYLOADS.filter((_, index) => full(true, (index + place.path.join().length) % 6 === 0))
    const started = performance.now()
    const answers = await Promise.all(
      mine.map(async (payload) => {
        const answer = await ask(rootField, place, payload)
        expect(told(answer, payload)).not.toMatch(/INTERNAL_SERVER_ERROR|syntax|relation|column|TIMEOUT/)
        return [payload, outcomeOf(answer)]
      }),
    )
    // Numbers are numbers, also where they stand for a text.
    const comparable = answers.filter(
      ([payload]) => place.type !== 'Decimal' || !/^-?\d/.test(String(payload)),
    )
    expect(comparable).toEqual(comparable.map(([payload]) => [payload, harmless]))
    expect(performance.now() - started).toBeLessThan(WORST_DELAY_MS)
  })

  it('by the thousands, made up at random, is that too', { timeout: 120_000 }, async () => {
    const piece = fc.oneof(
      fc.constantFrom(...PAYLOADS),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.constantFrom("'", '"', '\\', ';', '--', '/*', '$$', '$1', '%', '_', '(', ')', ',', ' or ', ' and '),
    )
    const payload = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''))
    await fc.assert(
      fc.asyncProperty(payload, fc.nat(targets.length - 1), async (text, index) => {
        const target = targets[index]
        if (target === undefined) return
        const answer = await ask(target.rootField, target.place, text)
        expect(told(answer, text)).not.toMatch(/INTERNAL_SERVER_ERROR|TIMEOUT/)
      }),
      { numRuns: full(10_000, 150) },
    )
  })

  it('was never found to be any by PostgreSQL, and changed nothing', async () => {
    const found = await errors.read()
    expect(found.filter((text) => text.startsWith('42'))).toEqual([])
    expect(found).toEqual([])
    expect(await fingerprintOf(server, twins.ours)).toBe(before)
  })

  it('would have been found: a statement that is wrong is in the log', async () => {
    await server.connection.sql.unsafe("select '").catch(() => {})
    await expect.poll(() => errors.read()).toEqual([expect.stringMatching(/^42601: /)])
  })
})
