/**
 * A9, with the first wall taken down: what is left of the separation of organizations where the application forgot
 * it altogether. Row-level security alone must then show nothing and change nothing.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolvers } from '@tidemark/server/resolvers.ts'
import { createSchema } from '@tidemark/server/schema.ts'
import type { Answered, Ask } from '../support/attack.ts'
import { idsAt } from '../support/ids-at.ts'
import { askInProcess } from '../support/in-process.ts'
import {
  documentOf,
  type Place,
  placesOf,
  type RootField,
  rootFieldsOf,
  type Variables,
  variablesOf,
  wideSelectionOf,
  withValueAt,
} from '../support/operations.ts'
import { rewriteStatements, withoutOrganization } from '../support/rewrite.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { createTwins, fingerprintOf, marksOf, samplesOf, type Twin, type Twins } from '../support/twins.ts'

const schema = createSchema(resolvers)
const rootFields = rootFieldsOf(schema).map((rootField) => ({ name: rootField.name, rootField }))
const mutations = rootFields.filter(({ rootField: { root } }) => root === 'Mutation')

/** A field with many places is asked hundreds of times. */
const LONG = { timeout: 300_000 }

let server: TestServer
let twins: Twins
let before: { readonly ours: string; readonly theirs: string }
const fingerprints = async () => ({
  ours: await fingerprintOf(server, twins.ours),
  theirs: await fingerprintOf(server, twins.theirs),
})
beforeAll(async () => {
  server = await startTestServer()
  twins = await createTwins(server)
  before = await fingerprints()
})
afterAll(() => server.close())

const operationOf = (rootField: RootField, variables: Variables) => ({
  query: documentOf(rootField, variables, wideSelectionOf(schema, rootField.field, 2)),
  variables,
})

const samples = (rootField: RootField, twin: Twin) => variablesOf(rootField, samplesOf(twin))

/** To be carried out, and not only tried. */
const forReal = (variables: Variables): Variables =>
  'input' in variables ? { input: { ...(variables['input'] as object), dryRun: false } } : variables

/** Differs from one moment to the next. */
const RESTLESS = new Set([
  'knownAt',
  'recordedAt',
  'checkedAt',
  'tookMs',
  'createdAt',
  'decidedAt',
  'hours',
  'expiresAt',
  'lastUsedAt',
])

const told = (answer: Answered): string =>
  JSON.stringify(answer, (key, value: unknown) => (RESTLESS.has(key) ? undefined : value))

/** Without the ids of what was made on trial. */
const tried = (answer: Answered): string => {
  const known = new Set(Object.values(twins.ours.ids).flat())
  return told(answer).replaceAll(/[a-z]+_[\da-f-]{36}/g, (id) => (known.has(id) ? id : 'a new one'))
}

const isSuccess = (answer: Answered): boolean => /"__typename":"\w+Success"/.test(told(answer))

describe('an application that takes one organization for another', () => {
  /** PostgreSQL knows that it is ours that asks; every line of the application believes that it is theirs. */
  const mistaken = (): Ask => {
    const { ours, theirs } = twins
    const connection = rewriteStatements(server.connection, (statement) =>
      statement.includes('tidemark.organization_id')
        ? statement.replaceAll(theirs.organization.id, ours.organization.id)
        : statement,
    )
    return askInProcess(schema, server, theirs, connection)
  }

  it.each(rootFields)('finds nothing, neither theirs nor ours: $name', async ({ rootField }) => {
    const { ours, theirs } = twins
    const variables = forReal(samples(rootField, theirs))
    const answer = await mistaken()(operationOf(rootField, variables))
    // Who it believes to be is in its hands already.
    const itself = new Set([theirs.mark, theirs.mark.toLowerCase(), `organization_${theirs.organization.id}`])
    const marks = [...(await marksOf(server, theirs)).filter((mark) => !itself.has(mark)), ours.mark]
    const sent = JSON.stringify(variables)
    const seen = marks.filter((mark) => told(answer).includes(mark) && !sent.includes(mark))
    expect({ seen, changed: isSuccess(answer) }).toEqual({ seen: [], changed: false })
  })

  it('has changed nothing, neither of theirs nor of ours', async () => {
    expect(await fingerprints()).toEqual(before)
  })
})

describe('an application whose statements forget the organization', () => {
  let stripped = 0
  const forgetful = (): Ask => {
    const connection = rewriteStatements(server.connection, (statement) => {
      const without = withoutOrganization(statement)
      if (without !== statement) stripped += 1
      return without
    })
    return askInProcess(schema, server, twins.ours, connection)
  }
  const careful = (): Ask => askInProcess(schema, server, twins.ours, server.connection)

  /** Every place that names something, with what the other organization has there. */
  const theirsWithin = (rootField: RootField): { place: Place; value: string }[] =>
    placesOf(rootField).flatMap((place) => {
      const { theirs } = twins
      const ids = () => [...idsAt(theirs, rootField, place, samples(rootField, twins.ours)).values()].flat()
      const values = place.kind === 'id' ? ids() : place.kind === 'number' ? theirs.numbers : []
      return values.map((value) => ({ place, value }))
    })

  it.each(rootFields)('answers as if it had not: $name', async ({ rootField }) => {
    const operation = operationOf(rootField, samples(rootField, twins.ours))
    const answer = await forgetful()(operation)
    expect(answer.errors).toEqual([])
    expect(tried(answer)).toBe(tried(await careful()(operation)))
  })

  it.each(rootFields)('does not find by its id what is theirs: $name', LONG, async ({ rootField }) => {
    const sample = samplesOf(twins.ours)
    for (const { place, value } of theirsWithin(rootField)) {
      const variables = withValueAt(rootField, samples(rootField, twins.ours), place, value, sample)
      const operation = operationOf(rootField, variables)
      expect(tried(await forgetful()(operation))).toBe(tried(await careful()(operation)))
    }
  })

  it.each(mutations)('changes nothing of theirs: $name', LONG, async ({ rootField }) => {
    const sample = samplesOf(twins.ours)
    for (const { place, value } of theirsWithin(rootField)) {
      const variables = withValueAt(rootField, samples(rootField, twins.ours), place, value, sample)
      await forgetful()(operationOf(rootField, forReal(variables)))
    }
    expect(await fingerprintOf(server, twins.theirs)).toBe(before.theirs)
  })

  it('was one: its statements had their conditions taken away, and without the second wall it shows what is theirs', async () => {
    expect(stripped).toBeGreaterThan(200)
    const { sql } = server.connection
    const tables = await sql<{ name: string }[]>`
      select relname as name from pg_class where relrowsecurity and relnamespace = 'public'::regnamespace`
    const secure = async (state: 'enable' | 'disable') => {
      for (const { name } of tables) await sql.unsafe(`alter table ${name} ${state} row level security`)
    }
    await secure('disable')
    try {
      const shown = await Promise.all(
        ['customers', 'invoices', 'goals', 'tokens', 'kpis'].map(async (wanted) => {
          const rootField = rootFields.find(({ name }) => name === wanted)?.rootField
          if (rootField === undefined) return wanted
          const answer = await forgetful()(operationOf(rootField, samples(rootField, twins.ours)))
          return told(answer).includes(twins.theirs.mark) ? wanted : null
        }),
      )
      expect(shown).toEqual(['customers', 'invoices', 'goals', 'tokens', 'kpis'])
    } finally {
      await secure('enable')
    }
  })
})
