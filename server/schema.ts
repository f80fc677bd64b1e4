/** The executable schema: the contract's text with the resolvers put onto it, and the root fields guarded. */
import { readFileSync } from 'node:fs'
import {
  buildSchema,
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isObjectType,
  isScalarType,
} from 'graphql'
import { requireScope } from './access/scopes.ts'
import type { Context } from './context.ts'
import type { TypeFunctions } from './resolvers.ts'

const SCHEMA_FILE = new URL('../schema/schema.graphql', import.meta.url)

export const readSchemaText = (): string => readFileSync(SCHEMA_FILE, 'utf8')

/** Throws where the resolvers name something that the contract does not have. */
export const createSchema = (resolvers: Readonly<Record<string, TypeFunctions>>): GraphQLSchema => {
  const schema = buildSchema(readSchemaText())
  for (const [typeName, functions] of Object.entries(resolvers)) attach(schema, typeName, functions)
  for (const root of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
    for (const field of Object.values(root?.getFields() ?? {})) guard(field)
  }
  return schema
}

const attach = (schema: GraphQLSchema, typeName: string, functions: TypeFunctions): void => {
  const type = schema.getType(typeName)
  if (isScalarType(type)) {
    Object.assign(type, functions)
    return
  }
  if (!isObjectType(type)) throw new Error(`The contract has no object type or scalar ${typeName}`)
  const fields = type.getFields()
  for (const [name, value] of Object.entries(functions)) {
    const field = fields[name]
    if (field === undefined) throw new Error(`The contract has no field ${typeName}.${name}`)
    if (typeof value === 'function') field.resolve = value as GraphQLFieldResolver<unknown, Context>
    else Object.assign(field, value)
  }
}

/** No root field is reached without its scope, neither over HTTP nor over WebSocket. */
const guard = (field: GraphQLField<unknown, Context>): void => {
  const { resolve = defaultFieldResolver, subscribe } = field
  const guarded =
    (inner: GraphQLFieldResolver<unknown, Context>): GraphQLFieldResolver<unknown, Context> =>
    (source, args, context, info) => {
      requireScope(context.actor, info)
      return inner(source, args, context, info)
    }
  field.resolve = guarded(resolve)
  if (subscribe !== undefined) field.subscribe = guarded(subscribe)
}
