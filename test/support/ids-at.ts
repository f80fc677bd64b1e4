/** Which ids are tried at a place of an operation. */
import type { Place, RootField, Variables } from './operations.ts'
import { isFull } from './scale.ts'
import type { Twin } from './twins.ts'

/** Of each type, in the short form: the one that is found, and the one that is not found at once. */
const EACH_MAX = 2

/**
 * Ids of a twin by their types. In full all that it has; else those of the type that the place is made for, as what stands
 * there in `variables` or its name tells, and those of one other type, which turns from place to place. Where nothing tells
 * it, of all types.
 */
export const idsAt = (
  { ids }: Pick<Twin, 'ids'>,
  { name }: RootField,
  { path }: Place,
  variables: Variables,
): ReadonlyMap<string, readonly string[]> => {
  const all = Object.entries(ids)
  if (isFull) return new Map(all)
  const there = typeAt(variables, path)
  const named = Object.keys(ids).filter((type) =>
    path.join().toLowerCase().includes(type.replaceAll('_', '')),
  )
  const meant = new Set(there === null ? named : [there])
  const others = all.filter(([type]) => !meant.has(type))
  const other = others[(name.length + path.join().length) % others.length]?.[0]
  const tried = all.filter(([type]) => meant.size === 0 || meant.has(type) || type === other)
  return new Map(tried.map(([type, known]) => [type, known.slice(0, EACH_MAX)]))
}

/** Such as `credit_limit` for `credit_limit_0198...`; null where no id stands there. */
const typeAt = (variables: Variables, path: Place['path']): string | null => {
  const found = path.reduce<unknown>(
    (value, part) => (value as Readonly<Record<string | number, unknown>> | null | undefined)?.[part],
    variables,
  )
  return (typeof found === 'string' && /^([a-z_]+)_[\da-f]{8}-/.exec(found)?.[1]) || null
}
