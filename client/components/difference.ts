/** What a change of the audit log changed, from the JSON of before and after, field by field. */
export type Difference = {
  /** The names down to the value, such as ["limit", "amount"]. */
  readonly path: readonly string[]
  readonly kind: 'ADDED' | 'REMOVED' | 'CHANGED' | 'SAME'
  /** As text; null where there was nothing. */
  readonly before: string | null
  readonly after: string | null
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

const parse = (text: string | null): Json | undefined => {
  if (text === null) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    // What is no JSON is shown as it is: in an audit nothing may be hidden.
    return text
  }
}

const isScalar = (value: Json): value is null | boolean | number | string =>
  value === null || typeof value !== 'object'

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value)

const isPlainList = (value: Json | undefined): value is readonly Json[] =>
  isList(value) && value.every(isScalar)

const textOf = (value: Json): string => {
  if (value === null) return 'none'
  if (value === true) return 'yes'
  if (value === false) return 'no'
  if (isPlainList(value)) return value.length === 0 ? 'none' : value.map(textOf).join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const isLeaf = (value: Json): boolean =>
  isScalar(value) || isPlainList(value) || Object.keys(value).length === 0

/** A record without fields says nothing; an empty list or object within one does. */
const isEmptyRecord = (value: Json, path: readonly string[]): boolean =>
  path.length === 0 && !isScalar(value) && Object.keys(value).length === 0

/** The leaves of a value, each with its path. */
const leavesOf = (value: Json | undefined, path: readonly string[]): [readonly string[], Json][] => {
  if (value === undefined || isEmptyRecord(value, path)) return []
  if (isLeaf(value)) return [[path, value]]
  return Object.entries(value as object).flatMap(([name, inner]) => leavesOf(inner as Json, [...path, name]))
}

const keyOf = (path: readonly string[]): string => JSON.stringify(path)

/** Two lists of plain values: what came and what went, each on its own, since the rest is only noise. */
const compareLists = (
  path: readonly string[],
  before: readonly Json[],
  after: readonly Json[],
): readonly Difference[] => {
  const had = new Set(before.map(textOf))
  const has = new Set(after.map(textOf))
  const gone = [...had].filter((item) => !has.has(item))
  const come = [...has].filter((item) => !had.has(item))
  // The same values in another order, or more often.
  if (gone.length + come.length === 0)
    return [{ path, kind: 'CHANGED', before: textOf(before), after: textOf(after) }]
  return [
    ...gone.map((item) => ({ path, kind: 'REMOVED', before: item, after: null }) as const),
    ...come.map((item) => ({ path, kind: 'ADDED', before: null, after: item }) as const),
  ]
}

const compare = (
  path: readonly string[],
  before: Json | undefined,
  after: Json | undefined,
): readonly Difference[] => {
  const texts = {
    before: before === undefined ? null : textOf(before),
    after: after === undefined ? null : textOf(after),
  }
  if (before === undefined) return [{ path, kind: 'ADDED', ...texts }]
  if (after === undefined) return [{ path, kind: 'REMOVED', ...texts }]
  if (JSON.stringify(before) === JSON.stringify(after)) return [{ path, kind: 'SAME', ...texts }]
  return isPlainList(before) && isPlainList(after)
    ? compareLists(path, before, after)
    : [{ path, kind: 'CHANGED', ...texts }]
}

/** In the order of before, then what is only in after. Both null: nothing. */
export const differencesOf = (before: string | null, after: string | null): readonly Difference[] => {
  const had = leavesOf(parse(before), [])
  const has = leavesOf(parse(after), [])
  const later = new Map(has.map(([path, value]) => [keyOf(path), value]))
  const known = new Set(had.map(([path]) => keyOf(path)))
  return [
    ...had.flatMap(([path, value]) => compare(path, value, later.get(keyOf(path)))),
    ...has
      .filter(([path]) => !known.has(keyOf(path)))
      .flatMap(([path, value]) => compare(path, undefined, value)),
  ]
}

/** ["creditLimit", "amount"] is "Credit limit, amount"; places in a list count from one. */
export const pathWords = (path: readonly string[]): string => {
  const words = path.map((name) =>
    /^\d+$/.test(name)
      ? String(Number(name) + 1)
      : name.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase(),
  )
  const text = words.join(', ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}
