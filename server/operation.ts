/** Whether an operation may run, with these values and at its price: asked before it does, over HTTP and WebSocket alike. */
import {
  type DocumentNode,
  getOperationAST,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  Kind,
  visit,
} from 'graphql'
import type { Actor } from './access/actor.ts'
import { authorizationError } from './access/authorize.ts'
import type { Spending } from './access/budget.ts'
import { ASK_FOR_LESS, type Cost, costError, costOf } from './cost.ts'
import { tooMuch, tooOften, unacceptable } from './errors.ts'
import { inTime } from './in-time.ts'
import { isBulk, LIMITS } from './limits.ts'

export type RequestedOperation = {
  readonly document: DocumentNode
  readonly operationName: string | null | undefined
  readonly variables: Readonly<Record<string, unknown>>
}

/** What every operation costs before it is read: one that is wrong is work too. */
const ENTRY_POINTS = 1

/** Null, or that the actor has no points left: asked before a document is even read. */
export const enterOperation = (spending: Spending): Promise<GraphQLError | null> =>
  pay(spending, { points: ENTRY_POINTS, isBound: true })

/**
 * Null, and its price is paid; or why the operation may not run: the actor lacks a scope, its values hold a text that
 * PostgreSQL cannot keep, its variables hold too much, or its answer would, or more than the actor has left. The
 * document must be valid. `today` is where a series without an end ends.
 */
export const admitOperation = async (
  schema: GraphQLSchema,
  operation: RequestedOperation,
  actor: Actor,
  spending: Spending,
  today: Temporal.PlainDate,
): Promise<GraphQLError | null> => {
  const { document, operationName, variables } = operation
  const forbidden = rightsError(schema, operation, actor)
  if (forbidden !== null) return forbidden
  const wrong = variablesError(document, variables) ?? literalsError(document)
  if (wrong !== null) return wrong
  const cost = costOf(schema, document, operationName, variables, today)
  if (cost === null) return null
  return costError(cost, spending.report()) ?? pay(spending, { ...cost, points: cost.points - ENTRY_POINTS })
}

/** Null, or that the actor may not run the operation; asked again of those that run for long. */
export const rightsError = (
  schema: GraphQLSchema,
  operation: Pick<RequestedOperation, 'document' | 'operationName'>,
  actor: Actor,
): GraphQLError | null =>
  mayReadSchema(actor)
    ? authorizationError(schema, operation.document, operation.operationName, actor)
    : secrecyError(schema, operation, actor)

/**
 * For whoever may not read the schema: neither an operation that does not run, beside one that does, nor one that is not
 * there may tell of a document that it is valid.
 */
const secrecyError = (
  schema: GraphQLSchema,
  { document, operationName }: Pick<RequestedOperation, 'document' | 'operationName'>,
  actor: Actor,
): GraphQLError | null => {
  const names = document.definitions.flatMap((node) =>
    node.kind === Kind.OPERATION_DEFINITION ? [node.name?.value] : [],
  )
  const isForbidden = names.some((name) => authorizationError(schema, document, name, actor) !== null)
  return isForbidden || getOperationAST(document, operationName) == null ? notHere() : null
}

const pay = async (spending: Spending, { points, isBound }: Cost): Promise<GraphQLError | null> => {
  const refused = await inTime(spending.spend(points, { isBound }))
  if (refused === null) return null
  const { retryAfterSeconds } = refused
  const cost = spending.report()
  const price = `This operation costs ${cost.requested.toLocaleString('en')} points`
  const maximum = `${cost.maximum.toLocaleString('en')} points that you have in a minute`
  if (retryAfterSeconds === null) {
    return tooMuch(`${price}, more than the ${maximum}. ${ASK_FOR_LESS}`, { cost })
  }
  return tooOften(
    `${price}, and ${cost.available.toLocaleString('en')} of the ${maximum} are left. ` +
      `Ask again in ${retryAfterSeconds} ${retryAfterSeconds === 1 ? 'second' : 'seconds'}. ${ASK_FOR_LESS}`,
    retryAfterSeconds,
    { cost },
  )
}

export const mayReadSchema = ({ scopes }: Pick<Actor, 'scopes'>): boolean => scopes.has('schema:read')

/** One answer for what is not there and for what is not for the actor: they would tell the one from the other by it. */
const notHere = (): GraphQLError =>
  new GraphQLError(
    'This document asks for something that is not there, or that you may not ask for. ' +
      'Whoever has the scope `schema:read` is told what it is.',
    { extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { status: 400 } } },
  )

/**
 * Why a document is no valid one, as an actor may be told it: who may not read the schema learns no name of it from
 * its errors. What is said of a document's shape (`limit`) names nothing.
 */
export const tellableErrors = <Told extends Pick<GraphQLFormattedError, 'extensions'>>(
  errors: readonly Told[],
  actor: Pick<Actor, 'scopes'>,
  asTold: (error: GraphQLError) => Told,
): readonly Told[] => {
  const isSecret = ({ extensions }: Told) => extensions?.['code'] === 'GRAPHQL_VALIDATION_FAILED'
  if (mayReadSchema(actor) || !errors.some(isSecret)) return errors
  const ofShape = errors.filter(({ extensions }) => extensions?.['limit'] !== undefined)
  return ofShape.length > 0 ? ofShape : [asTold(notHere())]
}

const variablesError = (
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
): GraphQLError | null => {
  const itemsMax = isBulk(document.loc?.source.body ?? '') ? LIMITS.bulkItems : LIMITS.listItems
  for (const [name, value] of Object.entries(variables)) {
    const error = valueError(value, { holder: `Variable "$${name}"`, itemsMax }, name, 1)
    if (error !== null) return error
  }
  return null
}

type Held = { readonly holder: string; readonly itemsMax: number }

const valueError = (value: unknown, held: Held, path: string, depth: number): GraphQLError | null => {
  const { holder, itemsMax } = held
  if (typeof value === 'string') return isKeepable(value) ? null : unkeepable(holder, path)
  if (typeof value !== 'object' || value === null) return null
  if (depth > LIMITS.depth) {
    return tooMuch(`${holder} is more than ${LIMITS.depth} levels deep.`)
  }
  if (Array.isArray(value) && value.length > itemsMax) {
    return tooMuch(`A list in the variables may have at most ${itemsMax} items.`)
  }
  for (const [key, inner] of Object.entries(value)) {
    const error = valueError(inner, held, `${path}.${key}`, depth + 1)
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
  unacceptable(
    `${holder} has a text that cannot be kept${path.includes('.') ? ` at "${path}"` : ''}: ` +
      'it holds the character NUL or half of a surrogate pair.',
  )
