/**
 * A9, second half: nothing of another organization can be reached. Every place in the arguments of every root field
 * that names something is given what the other organization has: it must answer exactly as for what nobody has.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolvers } from '@tidemark/server/resolvers.ts'
import { createSchema } from '@tidemark/server/schema.ts'
import { type Answered, openWays, type Ways } from '../support/attack.ts'
import { idsAt } from '../support/ids-at.ts'
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
import { join } from '../support/people.ts'
import { openRawSocket } from '../support/raw-socket.ts'
import { full } from '../support/scale.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { createTwins, fingerprintOf, marksOf, samplesOf, type Twin, type Twins } from '../support/twins.ts'

const schema = createSchema(resolvers)
const rootFields = rootFieldsOf(schema)

let server: TestServer
let twins: Twins
let ways: Ways
/** What nothing of theirs may look like: ids, names, numbers, amounts. */
let marks: readonly string[]
let before: string
beforeAll(async () => {
  server = await startTestServer()
  twins = await createTwins(server)
  ways = await openWays(server.url, twins.ours.token)
  marks = await marksOf(server, twins.theirs)
  before = await fingerprintOf(server, twins.theirs)
})
afterAll(async () => {
  await ways.close()
  await server.close()
})

const waysFor = ({ root }: RootField) => (root === 'Subscription' ? [ways.socket] : [ways.http, ways.socket])

const ask = async (
  rootField: RootField,
  variables: Variables,
  way = waysFor(rootField)[0],
): Promise<Answered> => {
  const selection = wideSelectionOf(schema, rootField.field, full(3, 2))
  return (way ?? ways.http)({ query: documentOf(rootField, variables, selection), variables })
}

/** A token has no name to sign with; and this server sends no mail. */
const REFUSED_TO_TOKENS = new Set([
  'signGoalReview',
  'signControlPaper',
  'publishCreditPolicyText',
  'reapproveCreditPolicyText',
  'acknowledgeCreditPolicyText',
  'sendCreditPolicyText',
])

/** Whether there was something to be had, and a change would have been made. */
const isDone = ({ root, name }: RootField, { data }: Answered): boolean => {
  const answer = (data as Record<string, { __typename?: string } | null>)[name]
  if (answer == null) return false
  if (REFUSED_TO_TOKENS.has(name)) return answer.__typename === 'InvalidInput'
  return root !== 'Mutation' || answer.__typename?.endsWith('Success') === true
}

const dryRun = (rootField: RootField): Variables => variablesOf(rootField, samplesOf(twins.ours))

/** The marks that an answer has, other than those that the question had itself. */
const found = (answer: Answered, sent: unknown): string[] => {
  const told = JSON.stringify(answer)
  const known = JSON.stringify(sent)
  return marks.filter((mark) => told.includes(mark) && !known.includes(mark))
}

/** Differs from one moment to the next. */
const RESTLESS = new Set(['knownAt', 'recordedAt', 'checkedAt', 'tookMs', 'errorId', 'lastUsedAt'])

/** Say what was asked for. */
const ECHOES = new Set(['message', 'entryId'])

/** An answer, whatever it was that had been asked for. */
const without = (answer: Answered, value: string): unknown =>
  JSON.parse(
    JSON.stringify(answer, (key, part: unknown) => {
      if (RESTLESS.has(key)) return undefined
      return ECHOES.has(key) && typeof part === 'string' ? part.replaceAll(value, '...') : part
    }),
  )

const places = (kind: Place['kind']) =>
  rootFields.flatMap((rootField) =>
    placesOf(rootField)
      .filter((place) => place.kind === kind)
      .map((place) => ({ title: `${rootField.name} ${place.path.join('.')}`, rootField, place })),
  )

const unknownId = (type: string) => `${type}_01990000-0000-7000-8000-${String(type.length).padStart(12, '0')}`

describe('whoever asks for everything of their own', () => {
  it.each(rootFields.map((rootField) => ({ name: rootField.name, rootField })))(
    'gets it, and nothing of others: $name',
    async ({ rootField }) => {
      const variables = dryRun(rootField)
      for (const way of waysFor(rootField)) {
        const answer = await ask(rootField, variables, way)
        expect(answer.errors).toEqual([])
        expect(found(answer, variables)).toEqual([])
        expect([isDone(rootField, answer), answer.data]).toEqual([true, answer.data])
      }
    },
  )
})

describe('an id', () => {
  const at = (rootField: RootField, place: Place, id: string) =>
    withValueAt(rootField, dryRun(rootField), place, id, samplesOf(twins.ours))

  it.each(places('id'))(
    'of another organization is one that nobody has: $title',
    async ({ rootField, place }) => {
      for (const [type, ids] of idsAt(twins.theirs, rootField, place, dryRun(rootField))) {
        const foreign = ids[0] ?? ''
        const unknown = unknownId(type)
        for (const way of waysFor(rootField)) {
          const answer = await ask(rootField, at(rootField, place, foreign), way)
          const expected = await ask(rootField, at(rootField, place, unknown), way)
          expect([type, without(answer, foreign)]).toEqual([type, without(expected, unknown)])
          expect(found(answer, foreign)).toEqual([])
        }
      }
    },
  )

  // No alert of the twins is about a customer and no request about an application; what sends no mail, or grants until a day that is over, looks for nobody.
  const silent = new Set([
    'alerts filter.customerId',
    'approvalRequests filter.applicationId',
    'sendCreditPolicyText input.customer.id',
    'decideCreditApplication input.decision.approve.customer.id',
  ])
  const told = places('id').filter(({ title }) => !silent.has(title))
  it.each(told)('of one’s own is found by it: $title', async ({ rootField, place }) => {
    const answers: unknown[] = []
    for (const [type, ids] of Object.entries(twins.ours.ids)) {
      if (answers.length >= full(Infinity, 1)) break
      for (const id of ids.slice(0, full(ids.length, 2))) {
        const answer = await ask(rootField, at(rootField, place, id))
        const expected = await ask(rootField, at(rootField, place, unknownId(type)))
        expect(JSON.stringify(answer)).not.toContain('INTERNAL_SERVER_ERROR')
        const [got, nothing] = [without(answer, id), without(expected, unknownId(type))]
        if (JSON.stringify(got) !== JSON.stringify(nothing)) answers.push(got)
      }
    }
    expect(answers.length).toBeGreaterThan(0)
  })

  // What an audit entry is about may be anything, also without a type.
  const strict = places('id').filter(({ place }) => !place.path.includes('subject'))
  it.each(strict)('that is none is one that nobody has: $title', async ({ rootField, place }) => {
    const type = Object.keys(twins.ours.ids).find((name) => place.path.join().includes(name)) ?? 'goal'
    const unknown = unknownId(type)
    const expected = without(await ask(rootField, at(rootField, place, unknown)), unknown)
    const own = twins.ours.ids[type]?.[0] ?? ''
    const malformed = [
      `${type}_x`,
      own.slice(type.length + 1),
      `${own} `,
      ` ${own}`,
      `${own}'`,
      own.toUpperCase(),
      `${type}_${own}`,
      own.replace('_', '-'),
      `${own}\n`,
      '../../etc/passwd',
      '__proto__',
      'x'.repeat(150),
      'ñ🌊',
    ]
    for (const id of malformed) {
      const answer = await ask(rootField, at(rootField, place, id))
      expect([id, without(answer, id)]).toEqual([id, expected])
      expect(JSON.stringify(answer)).not.toContain('INTERNAL_SERVER_ERROR')
    }
  })
})

describe('a number', () => {
  it.each(places('number'))(
    'of another organization’s books is one that nobody has: $title',
    async ({ rootField, place }) => {
      const at = (number: string) =>
        withValueAt(rootField, dryRun(rootField), place, number, samplesOf(twins.ours))
      for (const number of twins.theirs.numbers) {
        const answer = await ask(rootField, at(number))
        const expected = await ask(rootField, at('nobody-has-this'))
        expect(without(answer, number)).toEqual(without(expected, 'nobody-has-this'))
      }
    },
  )
})

describe('a cursor', () => {
  const cursorsOf = async ({ token }: Twin): Promise<readonly string[]> => {
    const theirWays = await openWays(server.url, token)
    const cursors: string[] = []
    for (const rootField of rootFields.filter(({ root }) => root !== 'Mutation')) {
      const query = documentOf(rootField, {}, wideSelectionOf(schema, rootField.field, 2))
      if (!/\b(cursor|endCursor|progressCursor)\b/.test(query) || query.includes('kpis')) continue
      const way = rootField.root === 'Subscription' ? theirWays.socket : theirWays.http
      const text = JSON.stringify(await way({ query }))
      cursors.push(
        ...[...text.matchAll(/"(?:cursor|endCursor|progressCursor)":"([^"]+)"/g)].map(([, one]) => one ?? ''),
      )
    }
    await theirWays.close()
    return [...new Set(cursors)]
  }

  it.each(places('cursor'))(
    'of another organization shows nothing of it: $title',
    async ({ rootField, place }) => {
      const cursors = await cursorsOf(twins.theirs)
      expect(cursors.length).toBeGreaterThan(5)
      for (const cursor of cursors) {
        const variables = withValueAt(rootField, dryRun(rootField), place, cursor, samplesOf(twins.ours))
        const answer = await ask(rootField, variables)
        expect(found(answer, cursor)).toEqual([])
        expect(answer.errors.map(({ extensions }) => extensions?.['code'])).toEqual(
          answer.errors.length === 0 ? [] : ['BAD_USER_INPUT'],
        )
      }
    },
  )
})

describe('a change', () => {
  const mutations = rootFields.filter(({ root }) => root === 'Mutation')
  it.each(mutations.map((rootField) => ({ name: rootField.name, rootField })))(
    'of what another organization has changes nothing there: $name',
    async ({ rootField }) => {
      const sample = samplesOf(twins.ours)
      for (const place of placesOf(rootField).filter(({ kind }) => kind === 'id' || kind === 'number')) {
        const ids = () => [...idsAt(twins.theirs, rootField, place, dryRun(rootField)).values()].flat()
        for (const value of place.kind === 'id' ? ids() : twins.theirs.numbers) {
          const variables = withValueAt(rootField, dryRun(rootField), place, value, sample)
          const real = { input: { ...(variables['input'] as object), dryRun: false } }
          const answer = await ask(rootField, real)
          expect(found(answer, real)).toEqual([])
          expect(answer.errors).toEqual([])
        }
      }
    },
  )

  it('was there none, in no table', async () => {
    expect(await fingerprintOf(server, twins.theirs)).toBe(before)
  })
})

describe('a member of one organization', () => {
  it('acts in that one alone: another that there is, is as little there as one that there is not', async () => {
    const { ours, theirs } = twins
    const member = await join(server, ours.organization, 'ada2@alpha.example', 'admin')
    const query = '{ viewer { name role scopes } organization { id name } }'
    const askAs = async (organization?: string) => {
      const headers = organization === undefined ? {} : { 'x-tidemark-organization': organization }
      const { status, body } = await member.post('/graphql', { query }, headers)
      const socket = await openRawSocket(server.url, {
        person: { cookie: member.cookie(), ...(organization === undefined ? {} : { organization }) },
      }).catch((error: Error) => error.message)
      if (typeof socket !== 'string') await socket.close()
      const { data, errors } = body
      return { status, data, errors, socket: typeof socket === 'string' ? socket : 'let in' }
    }
    const own = await askAs(ours.organization.slug)
    expect(own).toMatchObject({ status: 200, socket: 'let in', data: { viewer: { role: 'ADMIN' } } })
    expect(await askAs()).toEqual(own)
    const foreign = await askAs(theirs.organization.slug)
    expect(foreign).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    expect(foreign).toEqual(await askAs('nothing-of-this-name'))
    for (const odd of [
      '',
      '__proto__',
      theirs.organization.id,
      `${ours.organization.slug}, ${theirs.organization.slug}`,
    ]) {
      const answer = JSON.stringify(await askAs(odd))
      expect(answer).not.toContain(theirs.mark)
    }
  })

  it('cannot take what is theirs along by signing in elsewhere: a token beside the cookie decides', async () => {
    const { ours, theirs } = twins
    const member = await join(server, theirs.organization, 'eve@zweitbuch.example', 'admin')
    const query = '{ organization { slug } }'
    const headers = { 'x-api-key': ours.token, 'x-tidemark-organization': theirs.organization.slug }
    const { body } = await member.post('/graphql', { query }, headers)
    expect(body.data).toEqual({ organization: { slug: ours.organization.slug } })
  })
})
