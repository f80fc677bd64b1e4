/**
 * What one operation may ask for, checked before it runs and the same over HTTP and WebSocket; its price is cost.ts.
 * Every measure is taken fragment by fragment and remembered, so that fragments which double each other cost no more
 * than their text.
 */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type ParseOptions,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationRule,
  visit,
} from 'graphql'
import type { Scope } from './access/scopes.ts'

export const LIMITS = {
  tokens: 2_000,
  /** Of a document, and of a variable's value. */
  depth: 12,
  aliases: 30,
  rootFields: 20,
  directives: 25,
  /** Fields, counted as often as fragments repeat them. */
  selections: 10_000,
  /** Points: see cost.ts. */
  cost: 10_000,
  /** Points that a token or member may spend in a minute, where a token has no number of its own. */
  pointsPerMinute: 100_000,
  /** How long a query may take, and a subscription to begin or to answer with one event. */
  operationMs: 5_000,
  /** The same of a query that has a field of SLOW_FIELDS; below the minute after which a still connection is closed. */
  slowOperationMs: 50_000,
  /** After so long without a word of the database, nobody knows what became of a mutation; below that minute too. */
  mutationMs: 50_000,
  /** Items of a list in the variables. */
  listItems: 1_000,
  /** A request's body, and a WebSocket message: a receipt with 1,000 allocations needs some 100 kB. */
  messageBytes: 256 * 1024,
  /** The same over HTTP for the fields of BULK_FIELDS. */
  bulkBytes: 4 * 1024 * 1024,
  /** Items of a list in their variables. */
  bulkItems: 10_000,
  subscriptionsPerSocket: 100,
} as const

/** What takes thousands of rows at once, and the scopes that it needs. */
const BULK_FIELDS =
  /\b(?:recordReceipts|setCreditLimits|importCreditLimits|importOrders|setSalesPlan|importSalesPlan)\b/
/** One of these: which field it is for is known only once the body is read. */
export const BULK_SCOPES: readonly Scope[] = ['credit:write', 'order:write', 'receipt:write']

/** Whether a document has such a field, for all that its text tells. */
export const isBulk = (text: string): boolean => BULK_FIELDS.test(text)

/** What may take long, since it reads everything that there is. */
const SLOW_FIELDS = new Set(['verifyAuditLog', 'simulateCreditPolicy'])

const timesAllowed = new WeakMap<DocumentNode, number>()

/** How long an operation of this document may take, in milliseconds. */
export const timeAllowed = (document: DocumentNode): number => {
  const known = timesAllowed.get(document)
  if (known !== undefined) return known
  let isSlow = false
  visit(document, {
    Field: ({ name }) => {
      isSlow ||= SLOW_FIELDS.has(name.value)
    },
  })
  const allowed = isSlow ? LIMITS.slowOperationMs : LIMITS.operationMs
  timesAllowed.set(document, allowed)
  return allowed
}

export const parseOptions: ParseOptions = { maxTokens: LIMITS.tokens }

type Measures = { depth: number; fields: number; aliases: number; directives: number; selections: number }

/** Refuses documents that are too deep, too wide or too repetitive. */
const structureRule: ValidationRule = (context) => ({
  Document: (document: DocumentNode) => {
    const measure = createMeasure(fragmentsOf(document))
    for (const definition of document.definitions) {
      if (definition.kind !== Kind.OPERATION_DEFINITION) continue
      const excess = excessOf(measure(definition.selectionSet))
      if (excess === null) continue
      const { limit, message } = excess
      context.reportError(new GraphQLError(message, { nodes: definition, extensions: { limit } }))
    }
    return false
  },
})

/** To be run besides GraphQL's own rules. */
export const limitRules: readonly ValidationRule[] = [structureRule]

/** What is too much, in a word for programs and in a sentence. It tells nothing of the schema. */
type Excess = { readonly limit: keyof Measures; readonly message: string }

const excessOf = ({ depth, fields, aliases, directives, selections }: Measures): Excess | null => {
  const count = (value: number) => (value > LIMITS.selections ? 'more than 10,000' : String(value))
  const excess = (limit: keyof Measures, message: string): Excess => ({ limit, message })
  if (selections > LIMITS.selections) {
    return excess(
      'selections',
      `This operation selects ${count(selections)} fields, fragments counted as often as they are spread. Spread them less often.`,
    )
  }
  if (depth > LIMITS.depth) {
    return excess(
      'depth',
      `This operation is ${count(depth)} levels deep; at most ${LIMITS.depth} are allowed. Ask for the inner levels in an operation of their own.`,
    )
  }
  if (aliases > LIMITS.aliases) {
    return excess(
      'aliases',
      `This operation has ${count(aliases)} aliases; at most ${LIMITS.aliases} are allowed. Split it in two.`,
    )
  }
  if (fields > LIMITS.rootFields) {
    return excess(
      'fields',
      `This operation has ${count(fields)} root fields; at most ${LIMITS.rootFields} are allowed. Split it in two.`,
    )
  }
  if (directives > LIMITS.directives) {
    return excess(
      'directives',
      `This operation has ${count(directives)} directives; at most ${LIMITS.directives} are allowed.`,
    )
  }
  return null
}

export const fragmentsOf = (document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> =>
  new Map(
    document.definitions
      .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  )

const NOTHING: Measures = { depth: 0, fields: 0, aliases: 0, directives: 0, selections: 0 }

const isIntrospection = (name: string): boolean => name.startsWith('__')

/** Measures selection sets; `fields` counts those of the outermost level only. */
const createMeasure = (fragments: ReadonlyMap<string, FragmentDefinitionNode>) => {
  const known = new Map<string, Measures>()

  const ofFragment = (name: string): Measures => {
    const measures = known.get(name)
    if (measures !== undefined) return measures
    // A fragment within itself counts nothing: GraphQL's own rules refuse it.
    known.set(name, NOTHING)
    const fragment = fragments.get(name)
    const found = fragment === undefined ? NOTHING : ofSelections(fragment.selectionSet)
    known.set(name, found)
    return found
  }

  const ofSelection = (selection: SelectionNode): Measures => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value)
    if (selection.kind === Kind.INLINE_FRAGMENT) return ofSelections(selection.selectionSet)
    const aliases = selection.alias === undefined ? 0 : 1
    // The depth of introspection is limited by a rule of GraphQL's own.
    if (selection.selectionSet === undefined || isIntrospection(selection.name.value)) {
      return { depth: 1, fields: 1, aliases, directives: 0, selections: 0 }
    }
    const inner = ofSelections(selection.selectionSet)
    return { ...inner, depth: inner.depth + 1, fields: 1, aliases: inner.aliases + aliases }
  }

  const ofSelections = ({ selections }: SelectionSetNode): Measures => {
    const sum = { ...NOTHING }
    for (const selection of selections) {
      const part = ofSelection(selection)
      sum.depth = Math.max(sum.depth, part.depth)
      sum.fields += part.fields
      sum.aliases += part.aliases
      sum.directives += part.directives + (selection.directives?.length ?? 0)
      sum.selections += part.selections + 1
    }
    return sum
  }
  return ofSelections
}
