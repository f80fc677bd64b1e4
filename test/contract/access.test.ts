/** Rights are stated for all that the schema has, and are really asked for. */
import { type GraphQLObjectType, isObjectType, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { authorizationError, scopesOfField } from '@tidemark/server/access/authorize.ts'
import {
  FIELD_SCOPES,
  ROLES,
  ROOT_SCOPES,
  type Scope,
  SCOPES,
  TYPE_SCOPES,
} from '@tidemark/server/access/scopes.ts'
import { resolvers } from '@tidemark/server/resolvers.ts'
import { createSchema } from '@tidemark/server/schema.ts'

const schema = createSchema(resolvers)
const objects = Object.values(schema.getTypeMap()).filter(
  (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'),
)
const roots = ['Query', 'Mutation', 'Subscription'] as const
const rootFields = roots.flatMap((root) =>
  Object.keys((schema.getType(root) as GraphQLObjectType).getFields()).map((field) => ({ root, field })),
)

describe('the rights', () => {
  it('are stated for every root field and for nothing else', () => {
    for (const root of roots) {
      const fields = rootFields.filter((entry) => entry.root === root).map(({ field }) => field)
      expect(Object.keys(ROOT_SCOPES[root]).toSorted()).toEqual(fields.toSorted())
    }
  })

  it('are stated for every type, and for no field that there is not', () => {
    const named = objects
      .map(({ name }) => name)
      .filter((name) => !(roots as readonly string[]).includes(name))
    const nodes = new Set(named.map((name) => name.replace(/(Connection|Edge)$/, '')))
    expect(Object.keys(TYPE_SCOPES).toSorted()).toEqual([...nodes].toSorted())
    const fields = new Set(
      objects.flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`)),
    )
    const beyond = Object.keys(FIELD_SCOPES).filter(
      (name) => !fields.has(name) && !name.startsWith('Query.__'),
    )
    expect(beyond).toEqual([])
  })

  it('let no scope that reads change anything', () => {
    expect(Object.values(ROOT_SCOPES.Mutation).filter((scope) => scope.endsWith(':read'))).toEqual([])
  })

  it('give every role what a viewer has, and the administrator everything', () => {
    for (const scopes of Object.values(ROLES))
      expect(scopes).toEqual(expect.arrayContaining([...ROLES.viewer]))
    expect(new Set(ROLES.admin)).toEqual(new Set(SCOPES))
  })

  it.each(rootFields)('keep $root.$field from whoever has every scope but its own', ({ root, field }) => {
    const needed = scopesOfField(root, field)
    expect(needed.length).toBeGreaterThan(0)
    const document = parse(`${root.toLowerCase()} { ${field} }`)
    const without = actorWith(SCOPES.filter((scope) => !needed.includes(scope)))
    expect(authorizationError(schema, document, null, without)?.message).toContain(
      `\`${root}.${field}\` needs the scope`,
    )
    expect(authorizationError(schema, document, null, actorWith(needed))).toBeNull()
  })

  it('follow an object wherever it is reached, through fragments, aliases and unions', () => {
    const documents = [
      '{ customers { nodes { invoices { nodes { id } } } } }',
      '{ c: customers { edges { ...Deep } } } fragment Deep on CustomerEdge { node { x: invoices { totalCount } } }',
      'mutation { recordReceipt(input: {}) { ... on RecordReceiptSuccess { receipt { allocations { invoice { id } } } } } }',
    ]
    for (const text of documents) {
      const actor = actorWith(SCOPES.filter((scope) => scope !== 'invoice:read'))
      expect(authorizationError(schema, parse(text), null, actor)?.extensions['code']).toBe('FORBIDDEN')
      expect(authorizationError(schema, parse(text), null, actorWith(SCOPES))).toBeNull()
    }
  })

  it('look at the operation that is asked for, not at its neighbours', () => {
    const document = parse(
      'query a { organization { id } } mutation b { createGoal(input: {}) { __typename } }',
    )
    const viewer = actorWith(ROLES.viewer)
    expect(authorizationError(schema, document, 'a', viewer)).toBeNull()
    expect(authorizationError(schema, document, 'b', viewer)).not.toBeNull()
  })
})

const actorWith = (scopes: readonly Scope[]) =>
  ({ kind: 'token', role: null, scopes: new Set(scopes) }) as const
