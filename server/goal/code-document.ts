/**
 * Goals as a file: YAML whose every mistake is told with its line and column. Numbers keep the digits that were written,
 * dates are dates, and what is not known is refused instead of passed over.
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
import { conventionTexts, type ConventionsChoice } from '../domain/conventions.ts'
import { goalGuards, isGoalGuard, type GoalGuard } from '../domain/goal-guards.ts'
import { goalTemplate, goalTemplates } from '../domain/goal-templates.ts'
import { kpiMetrics, type KpiMetric } from '../domain/kpi-metrics.ts'
import { invalid, type Path, type Problem } from '../problem.ts'
import type { GoalTargetByInput, GoalTrajectoryInput } from '../schema.generated.ts'

const TEXT_LENGTH_MAX = 500_000
const GOALS_MAX = 500
const FAULTS_MAX = 20

export type CodeAction = {
  readonly title: string
  readonly owner?: string | null
  readonly dueOn?: Temporal.PlainDate | null
  readonly brings?: string | null
}

export type CodeMilestone = {
  readonly title: string
  readonly dueOn: Temporal.PlainDate
  readonly doneOn?: Temporal.PlainDate | null
}

/** A goal of the file: what is left out is not the file's business, what is null is to be nothing. */
export type CodeGoal = {
  readonly key: string
  readonly template?: string
  readonly name?: string
  readonly why?: string | null
  readonly metric?: KpiMetric
  readonly direction?: 'INCREASE' | 'DECREASE' | 'MAINTAIN_BAND' | 'BUDGET' | 'MILESTONES'
  readonly scope?: Readonly<Record<string, readonly string[]>>
  readonly conventions?: ConventionsChoice
  readonly currency?: string
  readonly baseline?: string
  readonly target?: string | GoalTargetByInput
  readonly band?: { readonly low: string; readonly high: string }
  readonly trajectory?: GoalTrajectoryInput
  readonly milestones?: readonly CodeMilestone[]
  readonly startsOn?: Temporal.PlainDate
  readonly deadline?: Temporal.PlainDate
  /** By e-mail, else by name. */
  readonly owner?: string | null
  readonly reviewer?: string | null
  readonly followers?: readonly string[]
  /** Another goal's key. */
  readonly parent?: string | null
  readonly state?: 'ACTIVE' | 'DRAFT'
  readonly actions?: readonly CodeAction[]
  readonly guards?: readonly GoalGuard[]
}

export type CodeDocument = {
  readonly reason: string | null
  readonly goals: readonly CodeGoal[]
  /** The problem of a place, such as ['goals', '0', 'target'], told with its line and column. */
  readonly at: (path: Path, message: string) => Problem
}

/** Throws nothing: what cannot be read is a problem that names every mistake, at most twenty. */
export function readDocument(text: string): CodeDocument | Problem {
  if (text.length > TEXT_LENGTH_MAX)
    return invalid(['document'], `It has ${text.length} characters; at most ${TEXT_LENGTH_MAX} are read`)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' })
  const wrong = [...document.errors, ...document.warnings]
  if (wrong.length > 0) {
    const told = wrong.map(({ pos, message }) => `${placeInWords(lines, pos[0])}: ${message}`)
    return invalid(['document'], joined(told))
  }
  const alias = findAlias(document)
  if (alias !== null)
    return invalid(
      ['document'],
      `${placeInWords(lines, alias)}: write it out: anchors and aliases are not read`,
    )
  const faults: Fault[] = []
  const goals = readWhole(plainOf(document.contents), faults)
  const placed = (path: Path, message: string) =>
    `${placeInWords(lines, offsetOf(document, path))}: ${message}`
  if (goals === null || faults.length > 0) {
    const [first] = faults
    return invalid(
      ['document', ...(first?.path ?? [])],
      joined(faults.map(({ path, message }) => placed(path, message))),
    )
  }
  const at = (path: Path, message: string) => invalid(['document', ...path], placed(path, message))
  return { ...goals, at }
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
class Written {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Plain = string | boolean | null | Written | readonly Plain[] | { readonly [key: string]: Plain }

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

type Fault = { readonly path: Path; readonly message: string }
type Read<Value> = (value: Plain, path: Path, faults: Fault[]) => Value | undefined

const isRecord = (value: Plain): value is { readonly [key: string]: Plain } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Written)

const wrong =
  (what: string): Read<never> =>
  (value, path, faults) => {
    const shown = value instanceof Written ? value.text : JSON.stringify(value)
    faults.push({ path, message: `${path.at(-1) ?? 'it'} is ${what}, not ${shown.slice(0, 60)}` })
    return undefined
  }

const text: Read<string> = (value, path, faults) => {
  if (typeof value === 'string') return value
  return value instanceof Written ? value.text : wrong('a text')(value, path, faults)
}

const DECIMAL = /^-?\d+(\.\d+)?$/
const decimal: Read<string> = (value, path, faults) => {
  const written = value instanceof Written ? value.text : value
  return typeof written === 'string' && DECIMAL.test(written)
    ? written
    : wrong('a number such as 38 or -2.5')(value, path, faults)
}

const date: Read<Temporal.PlainDate> = (value, path, faults) => {
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)) {
    try {
      return Temporal.PlainDate.from(value)
    } catch {
      // Such as 2026-02-30.
    }
  }
  return wrong('a date such as 2027-06-30')(value, path, faults)
}

const orNull =
  <Value>(read: Read<Value>): Read<Value | null> =>
  (value, path, faults) =>
    value === null ? null : read(value, path, faults)

const oneOf =
  <Value extends string>(values: readonly Value[], what: string): Read<Value> =>
  (value, path, faults) =>
    values.find((one) => one === value) ?? wrong(what)(value, path, faults)

const listOf =
  <Value>(read: Read<Value>, max: number): Read<Value[]> =>
  (value, path, faults) => {
    if (!Array.isArray(value)) return wrong('a list')(value, path, faults)
    if (value.length > max) faults.push({ path, message: `at most ${max}, not ${value.length}` })
    return value.flatMap((one: Plain, index) => read(one, [...path, String(index)], faults) ?? [])
  }

type Fields = { readonly [name: string]: Read<unknown> }

/** Of a mapping; `required` are those without which it is nothing. */
const mapping =
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

const KEY = /^[a-z0-9][a-z0-9-]{0,79}$/
const key: Read<string> = (value, path, faults) => {
  const written = value instanceof Written ? value.text : value
  return typeof written === 'string' && KEY.test(written)
    ? written
    : wrong('1 to 80 small letters, digits and hyphens')(value, path, faults)
}

const template: Read<string> = (value, path, faults) => {
  if (typeof value === 'string' && goalTemplate(value) !== null) return value
  return wrong(`one of ${goalTemplates.map(({ id }) => id).join(', ')}`)(value, path, faults)
}

const metric: Read<KpiMetric> = (value, path, faults) =>
  kpiMetrics.find((one) => one === value) ??
  wrong('a KPI of the catalog, such as DSO or PAST_DUE')(value, path, faults)

const guard: Read<GoalGuard> = (value, path, faults) =>
  typeof value === 'string' && isGoalGuard(value)
    ? value
    : wrong(`one of ${Object.keys(goalGuards).join(', ')}`)(value, path, faults)

const texts: Read<string[]> = (value, path, faults) =>
  typeof value === 'string' ? [value] : listOf(text, 100)(value, path, faults)

const target: Read<string | GoalTargetByInput> = (value, path, faults) => {
  if (!isRecord(value)) return decimal(value, path, faults)
  const by = mapping({ percent: decimal, points: decimal })(value, path, faults)
  if (by !== undefined && Object.keys(value).length !== 1)
    faults.push({ path, message: 'a target is a number, or one of percent and points' })
  return by as GoalTargetByInput | undefined
}

const points = listOf(mapping({ on: date, value: decimal }, ['on', 'value']), 400)
const trajectory: Read<GoalTrajectoryInput> = (value, path, faults) => {
  if (value === 'linear') return { linear: true }
  if (value === 'seasonal') return { seasonal: true }
  if (value === 'stepped') return { stepped: [] }
  if (!isRecord(value))
    return wrong('linear, stepped, seasonal or points under stepped or custom')(value, path, faults)
  return mapping({ stepped: points, custom: points })(value, path, faults) as GoalTrajectoryInput | undefined
}

/** The values are checked where the goal is made. */
const anyConvention: Read<unknown> = (value) => unwrapped(value)
const unwrapped = (value: Plain): unknown => {
  if (value instanceof Written) return Number(value.text)
  if (Array.isArray(value)) return value.map((one: Plain) => (one instanceof Written ? one.text : one))
  return isRecord(value)
    ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, unwrapped(one)]))
    : value
}
const rate: Read<unknown> = orNull(decimal)

const goal = mapping(
  {
    key,
    template,
    name: text,
    why: orNull(text),
    metric,
    direction: oneOf(
      ['INCREASE', 'DECREASE', 'MAINTAIN_BAND', 'BUDGET', 'MILESTONES'],
      'INCREASE, DECREASE, MAINTAIN_BAND, BUDGET or MILESTONES',
    ),
    scope: mapping({
      businessUnit: texts,
      region: texts,
      channel: texts,
      productLine: texts,
      currency: texts,
      collector: texts,
    }),
    conventions: mapping({
      ...Object.fromEntries(conventionTexts.map(({ name }) => [name, anyConvention])),
      lateInterestRate: rate,
    }),
    currency: text,
    baseline: decimal,
    target,
    band: mapping({ low: decimal, high: decimal }, ['low', 'high']),
    trajectory,
    milestones: listOf(mapping({ title: text, dueOn: date, doneOn: orNull(date) }, ['title', 'dueOn']), 100),
    startsOn: date,
    deadline: date,
    owner: orNull(text),
    reviewer: orNull(text),
    followers: texts,
    parent: orNull(key),
    guards: listOf(guard, 20),
    state: oneOf(['ACTIVE', 'DRAFT'], 'ACTIVE or DRAFT'),
    actions: listOf(
      mapping({ title: text, owner: orNull(text), dueOn: orNull(date), brings: orNull(text) }, ['title']),
      100,
    ),
  },
  ['key'],
)

/** Kept free for what is to come: now they can only be empty. */
const nothingYet: Read<null> = (value, path, faults) => {
  if (value !== null && !(Array.isArray(value) && value.length === 0))
    faults.push({ path, message: `${path.at(-1) ?? ''} cannot be applied from a file yet: leave it out` })
  return null
}

const version: Read<1> = (value, path, faults) =>
  value instanceof Written && value.text === '1'
    ? 1
    : wrong('1, the only version there is')(value, path, faults)

const whole = mapping(
  { version, reason: orNull(text), goals: listOf(goal, GOALS_MAX), rules: nothingYet, policies: nothingYet },
  ['version', 'goals'],
)

type Whole = Pick<CodeDocument, 'reason' | 'goals'>

function readWhole(value: Plain, faults: Fault[]): Whole | null {
  const read = whole(value, [], faults)
  if (read === undefined || faults.length > 0) return null
  // Each field was read by its own reader above.
  const { reason = null, goals } = read as {
    readonly reason?: string | null
    readonly goals: readonly CodeGoal[]
  }
  for (const [index, one] of goals.entries()) {
    const first = goals.findIndex((other) => other.key === one.key)
    if (first < index)
      faults.push({ path: ['goals', String(index), 'key'], message: `the key ${one.key} is there twice` })
  }
  return faults.length > 0 ? null : { reason, goals }
}
