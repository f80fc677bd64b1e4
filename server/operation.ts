/** Whether an operation may run with these values: asked before it does, the same over HTTP and WebSocket. */
import { type DocumentNode, type GraphQLError, type GraphQLSchema, Kind, visit } from 'graphql'
import type { Actor } from './access/actor.ts'
import { authorizationError } from './access/authorize.ts'
import { badUserInput, tooMuch } from './errors.ts'
import { costError, LIMITS } from './limits.ts'

export type RequestedOperation = {
  readonly document: DocumentNode
  readonly operationName: string | null | undefined
  readonly variables: Readonly<Record<string, unknown>>
}

/**
 * Null, or why the operation may not run: the actor lacks a scope, its values hold a text that PostgreSQL cannot
 * keep, its variables hold too much, or its answer would. `today` is where a series without an end ends.
 */
export const operationError = (
  schema: GraphQLSchema,
  { document, operationName, variables }: RequestedOperation,
  actor: Actor,
  today: Temporal.PlainDate,
): GraphQLError | null =>
  authorizationError(schema, document, operationName, actor) ??
  variablesError(variables) ??
  literalsError(document) ??
  costError(schema, document, operationName, variables, today)

const variablesError = (variables: Readonly<Record<string, unknown>>): GraphQLError | null => {
  for (const [name, value] of Object.entries(variables)) {
    const error = valueError(value, `Variable "$${name}"`, name, 1)
    if (error !== null) return error
  }
  return null
}

const valueError = (value: unknown, holder: string, path: string, depth: number): GraphQLError | null => {
  if (typeof value === 'string') return isKeepable(value) ? null : unkeepable(holder, path)
  if (typeof value !== 'object' || value === null) return null
  if (depth > LIMITS.depth) {
    return tooMuch(`${holder} is more than ${LIMITS.depth} levels deep.`)
  }
  if (Array.isArray(value) && value.length > LIMITS.listItems) {
    return tooMuch(`A list in the variables may have at most ${LIMITS.listItems} items.`)
  }
  for (const [key, inner] of Object.entries(value)) {
    const error = valueError(inner, holder, `${path}.${key}`, depth + 1)
    if (error !== null) return error
  }
  return null
}

/** What is written into the document: arguments, and defaults of variables. */
const literalsError = (document: DocumentNode): GraphQLError | null => {
  const source = document.loc?.source.body
  // Most documents have none of these, and are not looked through any further.
  if (source !== undefined && !/\\u|\0/.test(source)) return null
  let holder = ''
  const path: string[] = []
  let error: GraphQLError | null = null
  visit(document, {
    enter: (node) => {
      if (error !== null) return false
      if (node.kind === Kind.ARGUMENT) holder = `Argument "${node.name.value}"`
      if (node.kind === Kind.VARIABLE_DEFINITION) holder = `Variable "$${node.variable.name.value}"`
      if (node.kind === Kind.STRING && !isKeepable(node.value)) error = unkeepable(holder, path.join('.'))
      if (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) path.push(node.name.value)
      return undefined
    },
    leave: (node) => {
      if (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) path.pop()
    },
  })
  return error
}

/** PostgreSQL takes no NUL into a text, and no half of a surrogate pair into JSON. */
const isKeepable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

const unkeepable = (holder: string, path: string): GraphQLError =>
  badUserInput(
    `${holder} has a text that cannot be kept${path.includes('.') ? ` at "${path}"` : ''}: ` +
      'it holds the character NUL or half of a surrogate pair.',
  )
