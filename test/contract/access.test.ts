/** Every root field has a scope, and every scope is really asked for. */
import { readFileSync } from 'node:fs'
import { buildSchema, type GraphQLObjectType, type GraphQLResolveInfo } from 'graphql'
import { describe, expect, it } from 'vitest'
import type { Scope } from '@tidemark/server/access/actor.ts'
import { neededScope, SCOPES } from '@tidemark/server/access/scopes.ts'
import { createSchema } from '@tidemark/server/schema.ts'

const contract = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'))
const roots = ['Query', 'Mutation', 'Subscription'] as const
const rootFields = roots.flatMap((root) =>
  Object.keys((contract.getType(root) as GraphQLObjectType).getFields()).map((field) => ({ root, field })),
)

describe('the rights', () => {
  it('are stated for every root field and for nothing else', () => {
    for (const root of roots) {
      const fields = rootFields.filter((entry) => entry.root === root).map(({ field }) => field)
      expect(Object.keys(SCOPES[root]).toSorted()).toEqual(fields.toSorted())
    }
  })

  it('let no token that reads change anything', () => {
    expect(Object.values(SCOPES.Mutation)).not.toContain('read')
  })

  const changes = rootFields.filter(({ root }) => root === 'Mutation')

  it.each(changes)('keep $field from a token that reads', ({ root, field }) => {
    const { run, reached } = guardedField(root, field)
    expect(() => run('read')).toThrow(`\`${field}\` needs the scope`)
    expect(reached).toEqual([])
  })

  it.each(rootFields)('let an administrator through to $field', ({ root, field }) => {
    const { run, reached } = guardedField(root, field)
    run('admin')
    expect(reached).toEqual(['resolve', 'subscribe'])
  })

  it('keep a field shut that the table forgot', () => {
    expect(neededScope('Query', 'forgotten')).toBe('admin')
  })
})

/** A root field of the executable schema whose own work is only to say that it was reached. */
const guardedField = (root: (typeof roots)[number], field: string) => {
  const reached: string[] = []
  const spies = { resolve: () => reached.push('resolve'), subscribe: () => reached.push('subscribe') }
  const schema = createSchema({ [root]: { [field]: spies } })
  const guarded = (schema.getType(root) as GraphQLObjectType).getFields()[field]
  const run = (scope: Scope) => {
    const context = { actor: { kind: 'token', tokenId: '', name: '', scope } }
    const info = { parentType: { name: root }, fieldName: field } as GraphQLResolveInfo
    for (const part of [guarded?.resolve, guarded?.subscribe]) part?.({}, {}, context, info)
  }
  return { run, reached }
}
