import { readFileSync } from 'node:fs'
import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type GraphQLObjectType,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { resolvers } from '@tidemark/server/resolvers.ts'

const schema = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'))
const own = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__'))
const objects = own.filter(isObjectType)
const withFields = own.filter(
  (type) => isObjectType(type) || isInterfaceType(type) || isInputObjectType(type),
)
const rootOf = (name: 'Query' | 'Mutation' | 'Subscription') =>
  Object.values((schema.getType(name) as GraphQLObjectType).getFields())

describe('the contract', () => {
  it('describes every type, field, argument and enum value', () => {
    const builtIn = new Set(['Int', 'Float', 'String', 'Boolean', 'ID'])
    const bare: string[] = []
    for (const type of own) {
      const empty = type.name === 'Mutation' || type.name === 'Subscription'
      if (!builtIn.has(type.name) && !empty && !type.description) bare.push(type.name)
    }
    for (const type of withFields) {
      for (const field of Object.values(type.getFields())) {
        if (!field.description) bare.push(`${type.name}.${field.name}`)
        for (const argument of 'args' in field ? field.args : []) {
          if (!argument.description) bare.push(`${type.name}.${field.name}(${argument.name})`)
        }
      }
    }
    for (const type of own.filter(isEnumType)) {
      for (const value of type.getValues()) if (!value.description) bare.push(`${type.name}.${value.name}`)
    }
    expect(bare).toEqual([])
  })

  it('lets a BI tool read every list without arguments', () => {
    const lists = rootOf('Query').filter(
      (field) => isNonNullType(field.type) && String(field.type).endsWith('Connection!'),
    )
    expect(lists.length).toBeGreaterThan(2)
    const demanding = lists.filter((field) =>
      field.args.some((argument) => isNonNullType(argument.type) && argument.defaultValue === undefined),
    )
    expect(demanding.map((field) => field.name)).toEqual([])
  })

  it('caps every connection with `first`', () => {
    const uncapped = objects.flatMap((type) =>
      Object.values(type.getFields())
        .filter((field) => String(field.type).endsWith('Connection!'))
        .filter((field) => field.args.find((argument) => argument.name === 'first')?.defaultValue !== 50)
        .map((field) => `${type.name}.${field.name}`),
    )
    expect(uncapped).toEqual([])
  })

  it('gives every mutation one `input` with an idempotency key and a dry run, and a union of success and problems', () => {
    for (const field of rootOf('Mutation')) {
      expect(field.args.map((argument) => argument.name)).toEqual(['input'])
      const input = field.args[0] && isNonNullType(field.args[0].type) ? field.args[0].type.ofType : null
      if (!isInputObjectType(input)) throw new Error(`${field.name} takes no input object`)
      expect(Object.keys(input.getFields())).toEqual(expect.arrayContaining(['dryRun', 'idempotencyKey']))
      const result = isNonNullType(field.type) ? field.type.ofType : null
      if (!isUnionType(result)) throw new Error(`${field.name} answers with no union`)
      const [success, ...others] = result.getTypes().map((type) => type.name)
      // Where many rows are refused there is more to tell than one fault.
      const problems = others.filter((name) => !/Refused$|^ApprovalRequested$/.test(name))
      expect(success).toMatch(/Success$/)
      expect(problems).toEqual(['NotFound', 'InvalidInput', 'Conflict'])
      const audit = result.getTypes()[0]?.getFields()['audit']
      expect(String(audit?.type), `${field.name} gives its audit entry`).toBe('AuditReceipt')
    }
  })

  it('has no list of nullable items and no nullable id', () => {
    const loose = objects.flatMap((type) =>
      Object.values(type.getFields()).flatMap((field) => {
        const inner = isNonNullType(field.type) ? field.type.ofType : field.type
        const looseList = isListType(inner) && !isNonNullType(inner.ofType)
        const looseId = field.name === 'id' && !isNonNullType(field.type)
        return looseList || looseId ? [`${type.name}.${field.name}`] : []
      }),
    )
    expect(loose).toEqual([])
  })

  it('has a resolver for every root field', () => {
    const missing = (['Query', 'Mutation', 'Subscription'] as const).flatMap((root) =>
      rootOf(root)
        .filter((field) => !Object.hasOwn(resolvers[root] ?? {}, field.name))
        .map((field) => `${root}.${field.name}`),
    )
    expect(missing).toEqual([])
  })
})
