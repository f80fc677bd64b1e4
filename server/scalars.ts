/** How the scalars of the contract are read and written. A value that does not fit is refused, never guessed. */
import { GraphQLError, type GraphQLScalarTypeConfig, Kind, type ValueNode } from 'graphql'
import { isCurrency } from './domain/money.ts'

type ScalarFunctions<T> = Required<
  Pick<GraphQLScalarTypeConfig<T, string>, 'serialize' | 'parseValue' | 'parseLiteral'>
>

const DATE = /^\d{4}-\d\d-\d\d$/
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/
const DECIMAL = /^-?\d{1,40}(\.\d{1,40})?$/

/** Beyond these no date makes sense here, and Temporal knows years that PostgreSQL does not. */
const FIRST_YEAR = 1900
const LAST_YEAR = 2999

const isWithin = ({ year }: { readonly year: number }): boolean => year >= FIRST_YEAR && year <= LAST_YEAR

/** A scalar that is text on the wire: `parse` gives null for a text that does not fit. */
const textScalar = <T>(
  write: (value: T) => string,
  parse: (text: string) => T | null,
  expected: string,
): ScalarFunctions<T> => {
  const read = (value: unknown): T => {
    const parsed = typeof value === 'string' ? parse(value) : null
    if (parsed === null) {
      const given = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : describe(value)
      throw new GraphQLError(`Expected ${expected}, not ${given}.`)
    }
    return parsed
  }
  return {
    serialize: (value) => write(value as T),
    parseValue: read,
    parseLiteral: (node: ValueNode) => read(node.kind === Kind.STRING ? node.value : node),
  }
}

const describe = (value: unknown): string => {
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value === 'object' && value !== null && 'kind' in value) {
    const node = value as ValueNode
    if (node.kind === Kind.INT || node.kind === Kind.FLOAT) return `the number ${node.value}`
    return 'a value of another kind'
  }
  return `a ${value === null ? 'null' : typeof value}`
}

const attempt = <T>(parse: () => T): T | null => {
  try {
    return parse()
  } catch {
    // Of the right shape but no such day or moment: refused like the rest.
    return null
  }
}

export const scalars = {
  Date: textScalar<Temporal.PlainDate>(
    (date) => date.toString(),
    (text) => {
      const date = DATE.test(text)
        ? attempt(() => Temporal.PlainDate.from(text, { overflow: 'reject' }))
        : null
      return date !== null && isWithin(date) ? date : null
    },
    `a date from ${FIRST_YEAR} to ${LAST_YEAR}, such as "2026-06-30"`,
  ),
  DateTime: textScalar<Temporal.Instant>(
    (moment) => moment.toString(),
    (text) => {
      const moment = DATE_TIME.test(text) ? attempt(() => Temporal.Instant.from(text)) : null
      return moment !== null && isWithin(moment.toZonedDateTimeISO('UTC')) ? moment : null
    },
    `a moment from ${FIRST_YEAR} to ${LAST_YEAR}, such as "2026-06-30T14:03:22Z"`,
  ),
  Decimal: textScalar<string>(
    (decimal) => decimal,
    (text) => (DECIMAL.test(text) ? text : null),
    'a decimal as text, such as "1234.50" (text, so that no digit is lost)',
  ),
  CurrencyCode: textScalar<string>(
    (code) => code,
    (text) => (isCurrency(text) ? text : null),
    'a currency code of ISO 4217, such as "USD"',
  ),
}
