/** What two subscriptions have in common that are told the same, as their documents say. */
import {
  type DocumentNode,
  getOperationAST,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { actorName, type Actor } from '../access/actor.ts'
import type { Session } from '../context.ts'

export type SubscriptionKey = {
  /** Equal for those who are told the same. */
  readonly key: string
  /** Where this one continues; null where it begins, and where that is part of the key. */
  readonly since: string | null
  /** Whether it is told to this person or program alone. */
  readonly isPersonal: boolean
}

export type RequestedSubscription = {
  readonly document: DocumentNode
  readonly operationName: string | null | undefined
  readonly variables: Readonly<Record<string, unknown>>
}

/**
 * Fields whose answer depends on who asks and not on their rights alone. What asks for one of them is shared with nobody.
 * A field that is missing here finds nobody: see `anybodyWith`.
 */
export const PERSONAL_FIELDS: ReadonlySet<string> = new Set(['Query.viewer'])

/** By organization, document, values and rights; `since` is where somebody continues, and no part of what they follow. */
export function subscriptionKeyOf(
  schema: GraphQLSchema,
  { document, operationName, variables }: RequestedSubscription,
  { actor, organization }: Session,
  personalFields: ReadonlySet<string> = PERSONAL_FIELDS,
): SubscriptionKey {
  const { text, sinceVariable, isPersonal } = factsOf(schema, document, operationName ?? '', personalFields)
  const value = sinceVariable === null ? null : (variables[sinceVariable] ?? null)
  // What is no text is refused, and is refused to all who say the same.
  const isPlace = value === null || typeof value === 'string'
  const others = isPlace
    ? Object.entries(variables).filter(([name]) => name !== sinceVariable)
    : Object.entries(variables)
  const who = isPersonal ? actorName(actor) : ''
  const key = JSON.stringify([
    organization.id,
    who,
    [...actor.scopes].toSorted(),
    operationName ?? '',
    text,
    ordered(Object.fromEntries(others)),
  ])
  return { key, since: isPlace ? value : null, isPersonal }
}

/**
 * Stands for everybody who has these rights: whatever asks it who it is fails, rather than show one what is another's.
 */
export const anybodyWith = ({ scopes }: Pick<Actor, 'scopes'>): Actor => {
  const nobody = (part: string) => () => {
    throw new Error(
      `A shared subscription asked for the ${part} of its actor: name its field in PERSONAL_FIELDS`,
    )
  }
  const actor = { scopes, pointsPerMinute: null }
  for (const part of ['kind', 'id', 'name', 'role']) {
    Object.defineProperty(actor, part, { get: nobody(part), enumerable: false })
  }
  return actor as Actor
}

type Facts = {
  readonly text: string
  readonly sinceVariable: string | null
  readonly isPersonal: boolean
}

const known = new WeakMap<DocumentNode, Map<string, Facts>>()

function factsOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  name: string,
  personalFields: ReadonlySet<string>,
): Facts {
  const ofDocument = known.get(document) ?? new Map<string, Facts>()
  known.set(document, ofDocument)
  const facts = ofDocument.get(name) ?? findFacts(schema, document, name, personalFields)
  ofDocument.set(name, facts)
  return facts
}

function findFacts(
  schema: GraphQLSchema,
  document: DocumentNode,
  name: string,
  personalFields: ReadonlySet<string>,
): Facts {
  const operations = separateOperations(document)
  const own = (name === '' ? Object.values(operations)[0] : operations[name]) ?? document
  const operation = getOperationAST(own, name === '' ? null : name)
  let isPersonal = false
  const types = new TypeInfo(schema)
  visit(
    own,
    visitWithTypeInfo(types, {
      Field: ({ name: { value: field } }) => {
        isPersonal ||= personalFields.has(`${types.getParentType()?.name ?? ''}.${field}`)
      },
    }),
  )
  const candidate = operation == null ? null : sinceVariableOf(operation)
  return {
    text: document.loc?.source.body ?? '',
    sinceVariable: candidate !== null && countUses(own, candidate) === 1 ? candidate : null,
    isPersonal,
  }
}

/** Of its only root field. Within a fragment it is not looked for: then a place is a value like others. */
const sinceVariableOf = ({ selectionSet }: OperationDefinitionNode): string | null => {
  const [root] = selectionSet.selections
  const since =
    root?.kind === Kind.FIELD ? root.arguments?.find(({ name }) => name.value === 'since') : undefined
  return since?.value.kind === Kind.VARIABLE ? since.value.name.value : null
}

const countUses = (document: DocumentNode, variable: string): number => {
  let uses = 0
  visit(document, {
    // Its definition is no use of it.
    VariableDefinition: () => false,
    Variable: ({ name }) => {
      uses += name.value === variable ? 1 : 0
    },
  })
  return uses
}

/** The same text for the same value, however its parts are ordered. */
const ordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  // No list looks like it.
  return { fields: entries.map(([name, inner]) => [name, ordered(inner)]) }
}
