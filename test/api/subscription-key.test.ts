/** Who shares a subscription with whom: decided by organization, document, values and rights, and never by chance. */
import { buildSchema, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import type { Actor } from '@tidemark/server/access/actor.ts'
import { ROLES } from '@tidemark/server/access/scopes.ts'
import type { Session } from '@tidemark/server/context.ts'
import { anybodyWith, subscriptionKeyOf } from '@tidemark/server/live/subscription-key.ts'

const schema = buildSchema(`
  type Query { a: Int }
  type Person { name: String }
  type Goal { id: ID mine(since: String): Boolean owner: Person }
  input Filter { region: String channel: String }
  type Subscription { goalProgress(ids: [ID!], filter: Filter, since: String): Goal }
`)

const ORGANIZATION = '01990000-0000-7000-8000-000000000000'

const actorOf = (id: string, scopes: readonly (typeof ROLES.admin)[number][] = ROLES.viewer): Actor => ({
  kind: 'member',
  id,
  name: id,
  role: 'viewer',
  scopes: new Set(scopes),
  pointsPerMinute: null,
})

const sessionOf = (actor: Actor, organizationId = ORGANIZATION): Session => ({
  actor,
  organization: { id: organizationId } as Session['organization'],
})

const QUERY = `subscription A($ids: [ID!], $filter: Filter, $after: String) {
  goalProgress(ids: $ids, filter: $filter, since: $after) { id }
}`

type Options = {
  readonly query?: string
  readonly operationName?: string | null
  readonly session?: Session
  readonly personal?: ReadonlySet<string>
}

const keyOf = (variables: Readonly<Record<string, unknown>>, options: Options = {}) => {
  const { query = QUERY, operationName = null, session = sessionOf(actorOf('ann')), personal } = options
  return subscriptionKeyOf(schema, { document: parse(query), operationName, variables }, session, personal)
}

describe('subscriptions are the same', () => {
  it('wherever they continue, and whoever asks with the same rights', () => {
    const one = keyOf({ ids: ['1'], after: 'c1' })
    const other = keyOf({ ids: ['1'] }, { session: sessionOf(actorOf('bob')) })
    expect(one.key).toBe(other.key)
    expect([one.since, other.since]).toEqual(['c1', null])
  })

  it('however their values are written', () => {
    expect(keyOf({ filter: { region: 'N', channel: 'W' }, ids: [] }).key).toBe(
      keyOf({ ids: [], filter: { channel: 'W', region: 'N' } }).key,
    )
  })
})

describe('subscriptions are different', () => {
  const base = keyOf({ ids: ['1'] }).key
  it.each([
    ['with other values', () => keyOf({ ids: ['2'] })],
    ['with a list instead of one', () => keyOf({ ids: [['1']] })],
    ['with other rights', () => keyOf({ ids: ['1'] }, { session: sessionOf(actorOf('ann', ROLES.admin)) })],
    ['in another organization', () => keyOf({ ids: ['1'] }, { session: sessionOf(actorOf('ann'), 'other') })],
    [
      'that ask for something else',
      () => keyOf({ ids: ['1'] }, { query: QUERY.replace('{ id }', '{ id mine }') }),
    ],
  ])('%s', (_case, other) => {
    expect(other().key).not.toBe(base)
  })

  it('by the operation of one document', () => {
    const query = 'subscription A { goalProgress { id } } subscription B { goalProgress { id } }'
    expect(keyOf({}, { query, operationName: 'A' }).key).not.toBe(
      keyOf({}, { query, operationName: 'B' }).key,
    )
  })

  it('where the place is used for something else too, or is written into the document', () => {
    const twice =
      'subscription ($s: String) { goalProgress(since: $s) { ...G } } fragment G on Goal { mine(since: $s) }'
    expect(keyOf({ s: 'c1' }, { query: twice })).toMatchObject({ since: null })
    expect(keyOf({ s: 'c1' }, { query: twice }).key).not.toBe(keyOf({ s: 'c2' }, { query: twice }).key)
    const written = (cursor: string) => `subscription { goalProgress(since: "${cursor}") { id } }`
    expect(keyOf({}, { query: written('c1') }).key).not.toBe(keyOf({}, { query: written('c2') }).key)
  })

  it('where what they ask for depends on who asks, also within a fragment', () => {
    const personal = new Set(['Goal.mine'])
    const ann = sessionOf(actorOf('ann'))
    const bob = sessionOf(actorOf('bob'))
    const query = 'subscription { goalProgress { ...G } } fragment G on Goal { mine }'
    const keys = [ann, bob].map((session) => keyOf({}, { query, session, personal }))
    expect(keys.map(({ isPersonal }) => isPersonal)).toEqual([true, true])
    expect(keys[0]?.key).not.toBe(keys[1]?.key)
    // The same without that field is nobody's.
    const plain = keyOf({}, { query: query.replace('{ mine }', '{ id }'), personal })
    expect(plain.isPersonal).toBe(false)
  })
})

describe('whoever stands for all who have the same rights', () => {
  it('has those rights and is nobody: to ask who it is fails', () => {
    const anybody = anybodyWith(actorOf('ann'))
    expect(anybody.scopes.has('goal:read')).toBe(true)
    for (const part of ['kind', 'id', 'name', 'role'] as const) {
      expect(() => anybody[part]).toThrow(`the ${part} of its actor`)
    }
  })
})
