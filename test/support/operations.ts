/**
 * Operations made from the schema, so that a field that is added tomorrow is attacked tomorrow: for every root field,
 * values for its arguments, the paths from it to every type, and every place in its arguments that names something.
 */
import {
  getNamedType,
  getNullableType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'
import { full } from './scale.ts'

export type Root = 'Query' | 'Mutation' | 'Subscription'

export type RootField = {
  readonly root: Root
  readonly name: string
  readonly field: GraphQLField<unknown, unknown>
}

export type Variables = Readonly<Record<string, unknown>>

/** A value for an argument (`Query.kpis.metrics`) or an input field (`CreateGoalInput.deadline`); undefined: anything. */
export type Sample = (coordinate: string) => unknown

export const rootFieldsOf = (schema: GraphQLSchema): RootField[] =>
  (['Query', 'Mutation', 'Subscription'] as const).flatMap((root) => {
    const type = schema.getType(root)
    if (!isObjectType(type)) return []
    return Object.values(type.getFields()).map((field) => ({ root, name: field.name, field }))
  })

/** Values for the arguments that `sample` knows and for those that must be given. */
export const variablesOf = ({ root, name, field }: RootField, sample: Sample): Variables =>
  Object.fromEntries(
    field.args.flatMap((argument) => {
      const known = sample(`${root}.${name}.${argument.name}`)
      if (known !== undefined) return [[argument.name, known]]
      return isRequiredArgument(argument) ? [[argument.name, valueOf(argument.type, sample)]] : []
    }),
  )

/** A value of the type: what `sample` knows, and else the plainest there is. */
export const valueOf = (type: GraphQLInputType, sample: Sample): unknown => {
  const bare = getNullableType(type)
  if (isListType(bare)) return [valueOf(bare.ofType, sample)]
  if (isEnumType(bare)) return bare.getValues()[0]?.name
  if (!isInputObjectType(bare)) return PLAIN[bare.name] ?? 'text'
  const fields = Object.values(bare.getFields())
  const given = fields.filter(
    (field, index) =>
      sample(`${bare.name}.${field.name}`) !== undefined ||
      isRequiredInputField(field) ||
      (bare.isOneOf && index === 0),
  )
  return Object.fromEntries(
    (bare.isOneOf ? given.slice(0, 1) : given).map((field) => [
      field.name,
      sample(`${bare.name}.${field.name}`) ?? valueOf(field.type, sample),
    ]),
  )
}

const PLAIN: Readonly<Record<string, unknown>> = {
  Boolean: true,
  Int: 1,
  Float: 1,
  ID: 'customer_0',
  Date: '2026-06-30',
  DateTime: '2026-06-30T12:00:00Z',
  Decimal: '1',
  CurrencyCode: 'USD',
}

/** The text of an operation with one root field, whose arguments are the variables. */
export const documentOf = (
  { root, name, field }: RootField,
  variables: Variables,
  selection: string,
): string => {
  const given = field.args.filter((argument) => argument.name in variables)
  const declared = given.map((argument) => `$${argument.name}: ${argument.type.toString()}`)
  const passed = given.map((argument) => `${argument.name}: $${argument.name}`)
  const parenthesised = (parts: readonly string[]) => (parts.length === 0 ? '' : `(${parts.join(', ')})`)
  return `${root.toLowerCase()} ${parenthesised(declared)} { ${name}${parenthesised(passed)} ${selection} }`
}

/** A field of an object type: where a path leads through. */
export type Step = { readonly type: GraphQLObjectType; readonly field: GraphQLField<unknown, unknown> }

/** A path from a root field over fields of object types; its last field's type is selected with all of its leaves. */
export type Path = {
  readonly from: RootField
  readonly steps: readonly Step[]
  readonly to: GraphQLObjectType
}

/** The shortest path to every field that leads from one type to another, and to the root field's own types. */
export const pathsFrom = (schema: GraphQLSchema, from: RootField): Path[] => {
  const paths: Path[] = []
  const expanded = new Set<string>()
  const waiting = objectsOf(schema, from.field).map((to): Path => ({ from, steps: [], to }))
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    paths.push(path)
    if (expanded.has(path.to.name)) continue
    expanded.add(path.to.name)
    for (const field of Object.values(path.to.getFields())) {
      for (const to of objectsOf(schema, field)) {
        waiting.push({ from, steps: [...path.steps, { type: path.to, field }], to })
      }
    }
  }
  return paths
}

/** The object types that a field may lead to: the members of a union, or the one that it has. */
const objectsOf = (schema: GraphQLSchema, field: GraphQLField<unknown, unknown>): GraphQLObjectType[] => {
  const type = getNamedType(field.type)
  if (isAbstractType(type)) return [...schema.getPossibleTypes(type)]
  return isObjectType(type) ? [type] : []
}

/** The leaves of a type that can be asked for without arguments. */
export const leavesOf = (type: GraphQLObjectType): string[] =>
  Object.values(type.getFields())
    .filter(({ type: leaf }) => isLeafType(getNamedType(leaf)))
    .map(({ name }) => name)

/** The selection that walks a path and takes `leaves` at its end. */
export const selectionOf = ({ from, steps, to }: Path, leaves: readonly string[]): string => {
  const taken = ['__typename', ...leaves].join(' ')
  let selection = `{ ${onType(steps.at(-1)?.field ?? from.field, to, taken)} }`
  for (const [index, { type, field }] of [...steps.entries()].toReversed()) {
    const before = steps[index - 1]?.field ?? from.field
    selection = `{ ${onType(before, type, `${field.name}${pageOf(field)} ${selection}`)} }`
  }
  return selection
}

/** Within a union what belongs to one of its types stands in a fragment. */
const onType = (field: GraphQLField<unknown, unknown>, type: GraphQLObjectType, selection: string): string =>
  isAbstractType(getNamedType(field.type)) ? `__typename ... on ${type.name} { ${selection} }` : selection

/** Lists within an answer are asked for in small pages; what else they must be told is the first that there is. */
const pageOf = (field: GraphQLField<unknown, unknown>): string => {
  const given = field.args.flatMap((argument) => {
    if (argument.name === 'first') return ['first: 2']
    const type = getNamedType(argument.type)
    return isRequiredArgument(argument) && isEnumType(type)
      ? [`${argument.name}: ${type.getValues()[0]?.name}`]
      : []
  })
  return given.length === 0 ? '' : `(${given.join(', ')})`
}

/** All that can be selected below a field, down to `depth` types below its own. */
export const wideSelectionOf = (
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
  depth: number,
): string => {
  const inner = objectsOf(schema, field).map((type) => {
    const composite = Object.values(type.getFields()).filter((one) => isCompositeType(getNamedType(one.type)))
    const below = depth === 0 ? [] : composite
    const parts = below.map((one) => `${one.name}${pageOf(one)} ${wideSelectionOf(schema, one, depth - 1)}`)
    return onType(field, type, ['__typename', ...leavesOf(type), ...parts].join(' '))
  })
  return inner.length === 0 ? '' : `{ ${inner.join(' ')} }`
}

/** A place in the variables of a root field, such as ['input', 'allocations', 0, 'invoice', 'id']. */
export type Place = {
  readonly path: readonly (string | number)[]
  /** What stands there: an id, the cursor of a page or of a stream, a number of the books, or any other leaf. */
  readonly kind: 'id' | 'cursor' | 'number' | 'text' | 'leaf'
  /** Of the leaf. */
  readonly type: string
}

/** Filters that may stand within each other on the way to a place. */
const FILTERS_MAX = full(2, 1)

/** Every leaf in the arguments of a root field; into filters within filters it goes in full only. */
export const placesOf = ({ field }: RootField): Place[] =>
  field.args.flatMap((argument) => placesWithin(argument.type, [argument.name], []))

const placesWithin = (
  type: GraphQLInputType,
  path: readonly (string | number)[],
  within: readonly string[],
): Place[] => {
  const bare = getNullableType(type)
  if (isListType(bare)) return placesWithin(bare.ofType, [...path, 0], within)
  if (!isInputObjectType(bare)) return [{ path, kind: kindOf(bare.name, path, within), type: bare.name }]
  if (within.filter((name) => name === bare.name).length >= FILTERS_MAX) return []
  return Object.values(bare.getFields()).flatMap((field) =>
    placesWithin(field.type, [...path, field.name], [...within, bare.name]),
  )
}

const kindOf = (
  type: string,
  path: readonly (string | number)[],
  within: readonly string[],
): Place['kind'] => {
  const name = path.findLast((part) => typeof part === 'string')
  if (type === 'ID') return 'id'
  if (type !== 'String') return 'leaf'
  if (name === 'after' || name === 'since') return 'cursor'
  return name === 'number' && (within.at(-1) ?? '').endsWith('By') ? 'number' : 'text'
}

/** The variables with `value` at a place; what must stand around it is added. */
export const withValueAt = (
  rootField: RootField,
  variables: Variables,
  { path }: Place,
  value: unknown,
  sample: Sample,
): Variables => {
  const [argument, ...rest] = path
  const type = rootField.field.args.find(({ name }) => name === argument)?.type
  if (type === undefined) throw new Error(`${rootField.name} has no argument ${argument}`)
  return { ...variables, [String(argument)]: placed(type, variables[String(argument)], rest, value, sample) }
}

const placed = (
  type: GraphQLInputType,
  present: unknown,
  path: readonly (string | number)[],
  value: unknown,
  sample: Sample,
): unknown => {
  const [part, ...rest] = path
  if (part === undefined) return value
  const bare = isNonNullType(type) ? type.ofType : type
  if (isListType(bare)) return [placed(bare.ofType, asArray(present)[0], rest, value, sample)]
  if (!isInputObjectType(bare)) throw new Error(`There is no ${part} in ${bare.toString()}`)
  const field = bare.getFields()[part]
  if (field === undefined) throw new Error(`${bare.name} has no field ${part}`)
  const around = bare.isOneOf ? {} : ((present ?? valueOf(bare, sample)) as Record<string, unknown>)
  return { ...around, [part]: placed(field.type, around[part as keyof typeof around], rest, value, sample) }
}

const asArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
