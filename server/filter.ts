/** Conditions that several lists take. */
import { and, eq, inArray, type AnyColumn, type SQL } from 'drizzle-orm'
import { badUserInput } from './errors.ts'
import type { TextFilter } from './schema.generated.ts'

const VALUES_MAX = 1_000

/** The values, if they are not too many to be looked for. */
export function limited<Value>(values: readonly Value[], name: string): Value[] {
  if (values.length > VALUES_MAX) throw badUserInput(`\`${name}\` takes at most ${VALUES_MAX} values.`)
  return [...values]
}

export const matchesText = (column: AnyColumn, filter: TextFilter | null | undefined): SQL | undefined =>
  filter
    ? and(
        typeof filter.eq === 'string' ? eq(column, filter.eq) : undefined,
        filter.in ? inArray(column, limited(filter.in, 'in')) : undefined,
      )
    : undefined
