/** Random valid queries, made from the schema: any fields, arguments, aliases, fragments and directives. */
import { type GeneratorValue, integer } from 'fast-check'
import {
  getNamedType,
  getNullableType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
} from 'graphql'
import { type Sample, valueOf } from './operations.ts'

export type RandomOperations = {
  /** Of the values that an argument may have; those of arguments that must be given. */
  readonly sample: Sample
  /** Types below a root field. */
  readonly depthMax: number
}

/** The text of one query. */
export const randomQuery = (schema: GraphQLSchema, g: GeneratorValue, options: RandomOperations): string => {
  const query = schema.getQueryType()
  if (query == null) throw new Error('The schema has no queries')
  const made: Made = { schema, g, options, fragments: [], names: 0 }
  const body = selection(made, query, 0)
  return `query ${body} ${made.fragments.join(' ')}`
}

type Made = {
  readonly schema: GraphQLSchema
  readonly g: GeneratorValue
  readonly options: RandomOperations
  readonly fragments: string[]
  names: number
}

type Field = GraphQLField<unknown, unknown>

const below = ({ g }: Made, max: number): number => g(integer, { min: 0, max: max - 1 })
const chance = (made: Made, outOf: number): boolean => below(made, outOf) === 0
const oneOf = <T>(made: Made, values: readonly T[]): T => {
  const value = values[below(made, values.length)]
  if (value === undefined) throw new Error('There is nothing to choose from')
  return value
}

const selection = (made: Made, type: GraphQLObjectType, depth: number): string => {
  const fields = Object.values(type.getFields()).filter((field) => isAllowed(made, field, depth))
  const count = depth === 0 ? 1 + below(made, 2) : 1 + below(made, 4)
  const parts = Array.from({ length: count }, () => {
    if (fields.length === 0 || chance(made, 12)) return `${alias(made, true)}__typename`
    return fieldOf(made, type, oneOf(made, fields), depth)
  })
  return `{ ${parts.map((part) => wrapped(made, type, part)).join(' ')} }`
}

/** What reads everything there is would make a test of hours. */
const isAllowed = ({ options }: Made, { name, type }: Field, depth: number): boolean =>
  name !== 'verifyAuditLog' && (depth < options.depthMax || isLeafType(getNamedType(type)))

const fieldOf = (made: Made, parent: GraphQLObjectType, field: Field, depth: number): string => {
  const args = argumentsOf(made, parent, field)
  const directive = chance(made, 10) ? oneOf(made, [' @include(if: true)', ' @skip(if: true)']) : ''
  // Two selections of one field with other arguments do not merge, so whatever has arguments has a name of its own.
  const head = `${alias(made, field.args.length > 0)}${field.name}${args}${directive}`
  const inner = getNamedType(field.type)
  if (isLeafType(inner)) return head
  if (isObjectType(inner)) return `${head} ${selection(made, inner, depth + 1)}`
  if (!isAbstractType(inner)) throw new Error(`Cannot select from ${field.name}`)
  const members = made.schema.getPossibleTypes(inner)
  const some = members.filter(() => chance(made, 2))
  return `${head} { __typename ${some.map((type) => `... on ${type.name} ${selection(made, type, depth + 1)}`).join(' ')} }`
}

const alias = (made: Made, must: boolean): string => {
  if (!must && !chance(made, 8)) return ''
  made.names += 1
  return `a${made.names}: `
}

const wrapped = (made: Made, type: GraphQLObjectType, part: string): string => {
  if (chance(made, 8)) return `... on ${type.name} { ${part} }`
  if (!chance(made, 8)) return part
  made.names += 1
  const name = `F${made.names}`
  made.fragments.push(`fragment ${name} on ${type.name} { ${part} }`)
  // The same twice is the same once.
  return chance(made, 3) ? `...${name} ...${name}` : `...${name}`
}

const argumentsOf = (made: Made, parent: GraphQLObjectType, field: Field): string => {
  const given = field.args.flatMap((argument) => {
    const text = argumentOf(made, `${parent.name}.${field.name}.${argument.name}`, argument)
    return text === null ? [] : [`${argument.name}: ${text}`]
  })
  return given.length === 0 ? '' : `(${given.join(', ')})`
}

const argumentOf = (made: Made, coordinate: string, argument: GraphQLArgument): string | null => {
  const known = KNOWN[argument.name]?.(made)
  if (known !== undefined && (isRequiredArgument(argument) || chance(made, 2))) return known
  const sampled = made.options.sample(coordinate)
  if (isRequiredArgument(argument)) {
    return literal(sampled ?? valueOf(argument.type, made.options.sample), argument.type)
  }
  const type = getNamedType(argument.type)
  if (!isEnumType(type) || isListType(getNullableType(argument.type)) || !chance(made, 2)) return null
  return oneOf(made, type.getValues()).name
}

const daysAgo = (days: number): string => Temporal.Now.plainDateISO('UTC').subtract({ days }).toString()

const someOf = <T>(made: Made, values: readonly T[], max: number): readonly T[] => {
  const start = below(made, values.length)
  return [...values, ...values].slice(start, start + below(made, max + 1))
}

/** The arguments by which the size of an answer goes, by their names. */
const KNOWN: Readonly<Record<string, (made: Made) => string | undefined>> = {
  first: (made) => String(oneOf(made, [1, 1, 2, 3, 10, 100])),
  days: (made) => String(oneOf(made, [0, 1, 7, 90, 400])),
  edges: (made) => {
    const count = oneOf(made, [0, 1, 3, 24])
    return `[${Array.from({ length: count }, (_, index) => 10 * (index + 1)).join(', ')}]`
  },
  metrics: (made) => {
    const type = made.schema.getType('KpiMetric')
    const all = isEnumType(type) ? type.getValues().map(({ name }) => name) : []
    return `[${[oneOf(made, all), ...someOf(made, all, 3)].join(', ')}]`
  },
  groupBy: (made) => `[${someOf(made, ['REGION', 'COLLECTOR', 'CURRENCY', 'CHANNEL'], 2).join(', ')}]`,
  from: (made) => JSON.stringify(daysAgo(oneOf(made, [0, 1, 6, 29, 40]))),
  asOf: (made) => JSON.stringify(daysAgo(oneOf(made, [-1, 0, 1, 30]))),
}

const literal = (value: unknown, type: GraphQLInputType): string => {
  const bare = getNullableType(type)
  if (value === null || value === undefined) return 'null'
  if (isListType(bare)) {
    return `[${(Array.isArray(value) ? value : [value]).map((item) => literal(item, bare.ofType)).join(', ')}]`
  }
  if (isInputObjectType(bare)) {
    const fields = bare.getFields()
    const parts = Object.entries(value).flatMap(([name, inner]) => {
      const field = fields[name]
      return field === undefined ? [] : [`${name}: ${literal(inner, field.type)}`]
    })
    return `{ ${parts.join(', ')} }`
  }
  return isEnumType(bare) && typeof value === 'string' ? value : JSON.stringify(value)
}
