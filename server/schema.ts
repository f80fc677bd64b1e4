/** The executable schema: the contract's text with the resolvers put onto it. Who may ask for what is access/authorize.ts. */
import { readFileSync } from 'node:fs'
import {
  buildSchema,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isObjectType,
  isScalarType,
} from 'graphql'
import { checkScopeTables } from './access/authorize.ts'
import type { Context } from './context.ts'
import type { TypeFunctions } from './resolvers.ts'

const SCHEMA_FILE = new URL('../schema/schema.graphql', import.meta.url)

export const readSchemaText = (): string => readFileSync(SCHEMA_FILE, 'utf8')

/** Throws where the resolvers name something that the contract does not have, or where rights are not stated. */
export const createSchema = (resolvers: Readonly<Record<string, TypeFunctions>>): GraphQLSchema => {
  const schema = buildSchema(readSchemaText())
  for (const [typeName, functions] of Object.entries(resolvers)) attach(schema, typeName, functions)
  checkScopeTables(schema)
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
