/** Whether an actor may run an operation: decided from the document alone, before anything of it runs. */
import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  isObjectType,
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { forbidden } from '../errors.ts'
import type { Actor } from './actor.ts'
import { FIELD_SCOPES, ROOT_SCOPES, type Scope, TYPE_SCOPES } from './scopes.ts'

/** A scope, and the first field of the operation that needs it. */
type Need = { readonly scope: Scope; readonly field: string }

/** By document and operation: dashboards and scripts send the same few over and over. */
const known = new WeakMap<DocumentNode, Map<string, readonly Need[]>>()

/** Null, or that the actor lacks a scope. The document must be valid. */
export const authorizationError = (
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  actor: Pick<Actor, 'kind' | 'scopes' | 'role'>,
): GraphQLError | null => {
  const missing = needsOf(schema, document, operationName ?? '').find(({ scope }) => !actor.scopes.has(scope))
  if (missing === undefined) return null
  const who = actor.kind === 'token' ? 'this token' : `the role ${actor.role}`
  return forbidden(`\`${missing.field}\` needs the scope \`${missing.scope}\`, which ${who} does not have.`)
}

const needsOf = (schema: GraphQLSchema, document: DocumentNode, name: string): readonly Need[] => {
  let ofDocument = known.get(document)
  if (ofDocument === undefined) known.set(document, (ofDocument = new Map()))
  let needs = ofDocument.get(name)
  if (needs === undefined) ofDocument.set(name, (needs = findNeeds(schema, document, name)))
  return needs
}

const findNeeds = (schema: GraphQLSchema, document: DocumentNode, name: string): readonly Need[] => {
  const operations = separateOperations(document)
  const operation = name === '' ? Object.values(operations)[0] : operations[name]
  if (operation === undefined) return []
  const needs = new Map<Scope, Need>()
  const types = new TypeInfo(schema)
  visit(
    operation,
    visitWithTypeInfo(types, {
      Field: ({ name: { value: field } }) => {
        const type = types.getParentType()?.name ?? ''
        for (const scope of scopesOfField(type, field)) {
          if (!needs.has(scope)) needs.set(scope, { scope, field: `${type}.${field}` })
        }
      },
    }),
  )
  return [...needs.values()]
}

/** What a field of an object type needs. */
export const scopesOfField = (type: string, field: string): readonly Scope[] => {
  const roots: Readonly<Record<string, Readonly<Record<string, Scope>>>> = ROOT_SCOPES
  const needed = [roots[type]?.[field], TYPE_SCOPES[nodeTypeOf(type)]].concat(
    FIELD_SCOPES[`${type}.${field}`] ?? [],
  )
  return needed.filter((scope) => scope != null)
}

const nodeTypeOf = (type: string): string => type.replace(/(Connection|Edge)$/, '')

/** Throws where the tables forgot a type or a root field of the schema, or name one that it does not have. */
export const checkScopeTables = (schema: GraphQLSchema): void => {
  const roots = new Set<unknown>([
    schema.getQueryType(),
    schema.getMutationType(),
    schema.getSubscriptionType(),
  ])
  const objects = Object.values(schema.getTypeMap()).filter(
    (type) => isObjectType(type) && !type.name.startsWith('__'),
  )
  const stated = new Set([
    ...Object.keys(TYPE_SCOPES),
    ...Object.entries(ROOT_SCOPES).flatMap(([root, fields]) =>
      Object.keys(fields).map((field) => `${root}.${field}`),
    ),
  ])
  const needed = new Set(
    objects.flatMap((type) =>
      isObjectType(type) && roots.has(type)
        ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`)
        : [nodeTypeOf(type.name)],
    ),
  )
  const wrong = stated.symmetricDifference(needed)
  if (wrong.size > 0) throw new Error(`access/scopes.ts and the schema differ in ${[...wrong].join(', ')}`)
}
