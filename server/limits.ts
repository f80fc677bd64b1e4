/**
 * What one operation may ask for, checked before it runs and the same over HTTP and WebSocket. Every measure is taken
 * fragment by fragment and remembered, so that fragments which double each other cost no more than their text.
 */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  getArgumentValues,
  getNamedType,
  getNullableType,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  isCompositeType,
  isListType,
  isObjectType,
  isUnionType,
  Kind,
  type ParseOptions,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql'
import { PAGE_SIZE_MAX } from './connection.ts'
import { tooMuch } from './errors.ts'

export const LIMITS = {
  tokens: 2_000,
  /** Of a document, and of a variable's value. */
  depth: 12,
  aliases: 30,
  rootFields: 20,
  directives: 25,
  /** Fields, counted as often as fragments repeat them. */
  selections: 10_000,
  /** Points: see `createCost`. */
  cost: 10_000,
  /** Items of a list in the variables. */
  listItems: 1_000,
  /** A request's body, and a WebSocket message. */
  messageBytes: 256 * 1024,
  subscriptionsPerSocket: 100,
} as const

export const parseOptions: ParseOptions = { maxTokens: LIMITS.tokens }

type Measures = { depth: number; fields: number; aliases: number; directives: number; selections: number }

/** Refuses documents that are too deep, too wide or too repetitive. */
const structureRule: ValidationRule = (context) => ({
  Document: (document: DocumentNode) => {
    const measure = createMeasure(fragmentsOf(document))
    for (const definition of document.definitions) {
      if (definition.kind !== Kind.OPERATION_DEFINITION) continue
      const problem = excessOf(measure(definition.selectionSet))
      if (problem !== null) context.reportError(new GraphQLError(problem, { nodes: definition }))
    }
    return false
  },
})

/** To be run besides GraphQL's own rules. */
export const limitRules: readonly ValidationRule[] = [structureRule]

const excessOf = ({ depth, fields, aliases, directives, selections }: Measures): string | null => {
  const count = (value: number) => (value > LIMITS.selections ? 'more than 10,000' : String(value))
  if (selections > LIMITS.selections) {
    return `This operation selects ${count(selections)} fields, fragments counted as often as they are spread. Spread them less often.`
  }
  if (depth > LIMITS.depth) {
    return `This operation is ${count(depth)} levels deep; at most ${LIMITS.depth} are allowed. Ask for the inner levels in an operation of their own.`
  }
  if (aliases > LIMITS.aliases) {
    return `This operation has ${count(aliases)} aliases; at most ${LIMITS.aliases} are allowed. Split it in two.`
  }
  if (fields > LIMITS.rootFields) {
    return `This operation has ${count(fields)} root fields; at most ${LIMITS.rootFields} are allowed. Split it in two.`
  }
  if (directives > LIMITS.directives) {
    return `This operation has ${count(directives)} directives; at most ${LIMITS.directives} are allowed.`
  }
  return null
}

const fragmentsOf = (document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> =>
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

type Arguments = Readonly<Record<string, unknown>>

/**
 * How many objects a list holds that takes no `first`. Where the number is not known beforehand it is what is usual
 * and not the most there can be: an invoice may have 120 installments, and a receipt 1,000 allocations. Such lists are
 * loaded for all their parents at once, so a rare long one costs its rows and no more statements.
 */
const LIST_SIZES: Readonly<Record<string, (args: Arguments, today: Temporal.PlainDate) => number>> = {
  'Query.kpis': (args, today) => kpiRows(args, today),
  'Query.kpiCatalog': () => 40,
  'Aging.buckets': () => 25,
  'Goal.history': ({ days }) => 1 + Math.min(Math.max(Number(days), 0), 400),
  'Customer.balances': () => 3,
  'Customer.unapplied': () => 3,
  'Invoice.installments': () => 3,
  'Receipt.allocations': () => 10,
}
const LIST_SIZE_UNKNOWN = 10
/** A page is read by a statement of its own for each object that has it. */
const NESTED_LIST_COST = 20

const DAYS_PER_POINT: Readonly<Record<string, number>> = {
  DAY: 1,
  WEEK: 7,
  MONTH: 28,
  QUARTER: 90,
  YEAR: 365,
}
const POINTS_MAX = 800
/** Regions, business units, ...: a grouping makes about this many rows of one. */
const GROUPS_USUAL = 10

const kpiRows = (args: Arguments, today: Temporal.PlainDate): number => {
  const { metrics, groupBy, from, to, asOf, granularity } = args
  const groups = Array.isArray(groupBy) && groupBy.length > 0 ? GROUPS_USUAL : 1
  const points =
    from instanceof Temporal.PlainDate ? pointsBetween(from, to ?? asOf ?? today, granularity) : 1
  return (Array.isArray(metrics) ? metrics.length : 1) * groups * points
}

const pointsBetween = (from: Temporal.PlainDate, to: unknown, granularity: unknown): number => {
  const days = to instanceof Temporal.PlainDate ? from.until(to, { largestUnit: 'day' }).days : 0
  return Math.min(Math.ceil(Math.max(days, 0) / (DAYS_PER_POINT[String(granularity)] ?? 1)) + 1, POINTS_MAX)
}

/**
 * Null, or that the operation costs more than 10,000 points. `today` is where a series without an end ends. Variables
 * that do not fit their types are left for the execution to report.
 */
export const costError = (
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Readonly<Record<string, unknown>>,
  today: Temporal.PlainDate,
): GraphQLError | null => {
  const operation = getOperationAST(document, operationName)
  const root = operation && schema.getRootType(operation.operation)
  if (operation == null || root == null) return null
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables)
  if (coerced === undefined) return null

  const costOf = createCost(schema, fragmentsOf(document), coerced, today)
  const cost = costOf(operation.selectionSet, root, 1)
  if (cost <= LIMITS.cost) return null
  const amount = Number.isFinite(cost) ? Math.ceil(cost).toLocaleString('en') : 'countless'
  return tooMuch(
    `This operation costs ${amount} points; at most ${LIMITS.cost.toLocaleString('en')} may be asked for at once. ` +
      `An object of the answer is one point, and a list within a list ${NESTED_LIST_COST} for each that has it. ` +
      'Ask for less: a smaller `first` (and the rest with `after`), a shorter series, or fewer lists within lists.',
  )
}

/**
 * One point for each object that is to be expected, and more for a connection that is no root field: each costs a
 * statement. Connections count as many objects as they are asked for, other lists as many as is usual for them. Where
 * a field is selected twice it is counted twice, and so is every branch of a union.
 */
const createCost = (
  schema: GraphQLSchema,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  variables: Arguments,
  today: Temporal.PlainDate,
) => {
  const known = new Map<string, number>()

  const ofFragment = (name: string, pageSize: number): number => {
    const key = `${name} ${pageSize}`
    const cost = known.get(key)
    if (cost !== undefined) return cost
    known.set(key, 0)
    const fragment = fragments.get(name)
    const type = fragment && schema.getType(fragment.typeCondition.name.value)
    const found =
      fragment !== undefined && isCompositeType(type)
        ? ofSelections(fragment.selectionSet, type, pageSize)
        : 0
    known.set(key, found)
    return found
  }

  const ofSelection = (selection: SelectionNode, type: GraphQLCompositeType, pageSize: number): number => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value, pageSize)
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const named = selection.typeCondition && schema.getType(selection.typeCondition.name.value)
      return ofSelections(selection.selectionSet, isCompositeType(named) ? named : type, pageSize)
    }
    const field = isUnionType(type) ? undefined : type.getFields()[selection.name.value]
    const inner = field && getNamedType(field.type)
    if (field === undefined || !isCompositeType(inner) || selection.selectionSet === undefined) return 0
    const args = readArguments(field, selection, variables)
    const many = listSize(type, field, args, pageSize, today)
    const own = isConnection(inner) && type !== schema.getQueryType() ? NESTED_LIST_COST : 1
    return many * (own + ofSelections(selection.selectionSet, inner, pageSizeOf(args)))
  }

  const ofSelections = (
    { selections }: SelectionSetNode,
    type: GraphQLCompositeType,
    pageSize: number,
  ): number => {
    let sum = 0
    for (const selection of selections) sum += ofSelection(selection, type, pageSize)
    return sum
  }
  return ofSelections
}

/** A connection's `nodes` and `edges` hold as many objects as were asked for with `first`. */
const listSize = (
  type: GraphQLCompositeType,
  field: GraphQLField<unknown, unknown>,
  args: Arguments,
  pageSize: number,
  today: Temporal.PlainDate,
): number => {
  if (!isListType(getNullableType(field.type))) return 1
  if (isConnection(type)) return pageSize
  return LIST_SIZES[`${type.name}.${field.name}`]?.(args, today) ?? LIST_SIZE_UNKNOWN
}

const isConnection = (type: GraphQLCompositeType): boolean =>
  isObjectType(type) && type.name.endsWith('Connection')

const pageSizeOf = ({ first }: Arguments): number =>
  typeof first === 'number' ? Math.min(Math.max(first, 0), PAGE_SIZE_MAX) : 1

const readArguments = (
  field: GraphQLField<unknown, unknown>,
  node: Parameters<typeof getArgumentValues>[1],
  variables: Arguments,
): Arguments => {
  try {
    return getArgumentValues(field, node, variables)
  } catch {
    // They do not fit, so the field will not run.
    return {}
  }
}
