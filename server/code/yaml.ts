/**
 * A file of YAML, read by readers of its fields: every mistake is told with its line and column, numbers keep the digits
 * that were written, and what is not known is refused instead of passed over.
 */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from 'yaml'
import { invalid, type Path, type Problem } from '../problem.ts'

const TEXT_LENGTH_MAX = 1_000_000
const FAULTS_MAX = 20

/** What stands in a file, and how its places are told. */
export type Opened<Value> = {
  readonly value: Value
  /** The problem of a place, such as ['goals', '0', 'target'], told with its line and column. */
  readonly at: (path: Path, message: string) => Problem
}

/** Throws nothing: what cannot be read is a problem that names every mistake, at most twenty. */
export function openYaml<Value>(
  text: string,
  read: (value: Plain, faults: Fault[]) => Value | null,
): Opened<Value> | Problem {
  if (text.length > TEXT_LENGTH_MAX)
    return invalid(['document'], `It has ${text.length} characters; at most ${TEXT_LENGTH_MAX} are read`)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' })
  const wrongs = [...document.errors, ...document.warnings]
  if (wrongs.length > 0) {
    const told = wrongs.map(({ pos, message }) => `${placeInWords(lines, pos[0])}: ${message}`)
    return invalid(['document'], joined(told))
  }
  const alias = findAlias(document)
  if (alias !== null)
    return invalid(
      ['document'],
      `${placeInWords(lines, alias)}: write it out: anchors and aliases are not read`,
    )
  const faults: Fault[] = []
  const value = read(plainOf(document.contents), faults)
  const placed = (path: Path, message: string) =>
    `${placeInWords(lines, offsetOf(document, path))}: ${message}`
  if (value === null || faults.length > 0) {
    const [first] = faults
    return invalid(
      ['document', ...(first?.path ?? [])],
      joined(faults.map(({ path, message }) => placed(path, message))),
    )
  }
  return { value, at: (path, message) => invalid(['document', ...path], placed(path, message)) }
}

const joined = (told: readonly string[]): string =>
  [
    ...told.slice(0, FAULTS_MAX),
    ...(told.length > FAULTS_MAX ? [`... and ${told.length - FAULTS_MAX} more`] : []),
  ].join('\n')

const placeInWords = (lines: LineCounter, offset: number): string => {
  const { line, col } = lines.linePos(offset)
  return `Line ${Math.max(line, 1)}, column ${Math.max(col, 1)}`
}

function findAlias(document: Document.Parsed): number | null {
  let found: number | null = null
  visit(document, {
    Alias: (_key, node) => {
      found = node.range?.[0] ?? 0
      return visit.BREAK
    },
  })
  return found
}

/** Of the node that the path names, else of the nearest one around it. */
function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
  for (const step of path) {
    const pair = isMap(node)
      ? node.items.find(({ key }) => isScalar(key) && String(key.value) === step)
      : undefined
    const next: unknown =
      pair === undefined ? (isSeq(node) ? node.items[Number(step)] : undefined) : pair.value
    const place = isNode(pair?.key) ? pair.key : next
    if (isNode(place)) offset = place.range?.[0] ?? offset
    if (isNode(next) && pair === undefined) offset = next.range?.[0] ?? offset
    if (!isNode(next)) return offset
    node = next
  }
  return offset
}

/** A number as it was written: 46.20 has two decimals. */
export class Written {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Plain = string | boolean | null | Written | readonly Plain[] | { readonly [key: string]: Plain }

function plainOf(node: Node | null): Plain {
  if (node === null || isAlias(node)) return null
  if (isMap(node)) {
    return Object.fromEntries(
      node.items.map(({ key, value }) => [
        isScalar(key) ? String(key.value) : String(key),
        plainOf(isNode(value) ? value : null),
      ]),
    )
  }
  if (isSeq(node)) return node.items.map((item) => plainOf(isNode(item) ? item : null))
  const { value, source } = node as { readonly value: unknown; readonly source?: string }
  if (typeof value === 'number' || typeof value === 'bigint') return new Written(source ?? String(value))
  return typeof value === 'string' || typeof value === 'boolean' ? value : null
}

export type Fault = { readonly path: Path; readonly message: string }
export type Read<Value> = (value: Plain, path: Path, faults: Fault[]) => Value | undefined

export const isRecord = (value: Plain): value is { readonly [key: string]: Plain } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Written)

export const wrong =
  (what: string): Read<never> =>
  (value, path, faults) => {
    const shown = value instanceof Written ? value.text : JSON.stringify(value)
    faults.push({ path, message: `${path.at(-1) ?? 'it'} is ${what}, not ${shown.slice(0, 60)}` })
    return undefined
  }

export const text: Read<string> = (value, path, faults) => {
  if (typeof value === 'string') return value
  return value instanceof Written ? value.text : wrong('a text')(value, path, faults)
}

export const boolean: Read<boolean> = (value, path, faults) =>
  typeof value === 'boolean' ? value : wrong('true or false')(value, path, faults)

const WHOLE = /^-?\d{1,9}$/
export const integer: Read<number> = (value, path, faults) =>
  value instanceof Written && WHOLE.test(value.text)
    ? Number(value.text)
    : wrong('a whole number such as 3')(value, path, faults)

const DECIMAL = /^-?\d+(\.\d+)?$/
export const decimal: Read<string> = (value, path, faults) => {
  const written = value instanceof Written ? value.text : value
  return typeof written === 'string' && DECIMAL.test(written)
    ? written
    : wrong('a number such as 38 or -2.5')(value, path, faults)
}

export const date: Read<Temporal.PlainDate> = (value, path, faults) => {
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)) {
    try {
      return Temporal.PlainDate.from(value)
    } catch {
      // Such as 2026-02-30.
    }
  }
  return wrong('a date such as 2027-06-30')(value, path, faults)
}

export const orNull =
  <Value>(read: Read<Value>): Read<Value | null> =>
  (value, path, faults) =>
    value === null ? null : read(value, path, faults)

export const oneOf =
  <Value extends string>(values: readonly Value[], what: string): Read<Value> =>
  (value, path, faults) =>
    values.find((one) => one === value) ?? wrong(what)(value, path, faults)

export const listOf =
  <Value>(read: Read<Value>, max: number): Read<Value[]> =>
  (value, path, faults) => {
    if (!Array.isArray(value)) return wrong('a list')(value, path, faults)
    if (value.length > max) faults.push({ path, message: `at most ${max}, not ${value.length}` })
    return value.flatMap((one: Plain, index) => read(one, [...path, String(index)], faults) ?? [])
  }

type Fields = { readonly [name: string]: Read<unknown> }

/** Of a mapping; `required` are those without which it is nothing. */
export const mapping =
  (fields: Fields, required: readonly string[] = []): Read<Record<string, unknown>> =>
  (value, path, faults) => {
    if (!isRecord(value)) return wrong(`a mapping of ${Object.keys(fields).join(', ')}`)(value, path, faults)
    const read: Record<string, unknown> = {}
    for (const [name, given] of Object.entries(value)) {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined
      if (field === undefined) {
        faults.push({
          path: [...path, name],
          message: `there is no ${name}, only ${Object.keys(fields).join(', ')}`,
        })
        continue
      }
      const known = field(given, [...path, name], faults)
      if (known !== undefined) read[name] = known
    }
    for (const name of required)
      if (!Object.hasOwn(value, name)) faults.push({ path, message: `${name} is missing` })
    return read
  }
