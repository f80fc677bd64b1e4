/** What a file changes of the alert rules: the same works as those of single commands. */
import { prepareRule, prepareRuleChange, prepareRuleDeletion } from '../alert/rules.ts'
import { readTerms } from '../alert/input.ts'
import { inputOf } from '../alert/terms.ts'
import type { CommandContext } from '../command.ts'
import { isOnCredit } from '../domain/alert-rule.ts'
import type { Conventions } from '../domain/conventions.ts'
import { encodeId } from '../ids.ts'
import { conditionOf } from '../live/alerts.ts'
import { isProblem, type Path, type Problem } from '../problem.ts'
import type { CreateAlertRuleInput, GoalCodeChange, UpdateAlertRuleInput } from '../schema.generated.ts'
import { findKnown, type CodeBooks, type KnownRule } from './books.ts'
import type { CodeDocument } from './document.ts'
import { absentGoals, type PlacedGoal } from './goal-plan.ts'
import { filterOf, resolveScope } from './people.ts'
import { isFault, type CodeFault, type FieldDiff, type Plan, type Planned, type Step } from './plan.ts'
import { conditionText, frozenRuleDifference, termsDifference, type ResolvedRule } from './rule-diff.ts'
import type { CodeRule } from './rule-document.ts'

type Asked = {
  readonly books: CodeBooks
  readonly placed: readonly PlacedGoal[]
  readonly reason: string
  readonly prune: boolean
}

/** Nothing where the file has no list of rules. */
export function planRules(context: CommandContext, document: CodeDocument, asked: Asked): Plan | Problem {
  if (document.rules === null) return { steps: [], changes: [], missing: [] }
  const { books, placed, prune } = asked
  const given = document.rules.map((one) => ({ one, known: findKnown(books.rules, one.key) }))
  const absent = books.rules.filter(
    (rule) => !rule.isOver && !given.some(({ known }) => known?.row.id === rule.row.id),
  )
  const steps: Planned[] = []
  const changes: GoalCodeChange[] = []
  // First, so that there is room for others.
  if (prune) {
    for (const { row, key } of absent) {
      const input = { rule: encodeId('alertRule', row.id), expectedVersion: row.version, dryRun: false }
      const step = { work: prepareRuleDeletion(context, input), pathOf: () => [] }
      steps.push({ step, path: ['rules'] })
      changes.push({ noun: 'RULE', kind: 'DELETE', key, name: row.name, fields: [] })
    }
  }
  const around = { ...asked, goalOf: goalFinder(document, books, placed, prune) }
  for (const [index, { one, known }] of given.entries()) {
    // What is over stays as it was, and may stay in the file.
    if (known?.isOver) continue
    const path = ['rules', String(index)]
    const prepared = prepareRuleOf(context, one, known, around)
    if (isFault(prepared)) return document.at([...path, ...prepared.path], prepared.message)
    if (prepared === null) continue
    steps.push({ step: prepared.step, path })
    const name = one.name ?? known?.row.name ?? one.key
    const kind = known === null ? 'CREATE' : 'UPDATE'
    changes.push({ noun: 'RULE', kind, key: one.key, name, fields: prepared.fields })
  }
  return { steps, changes, missing: prune ? [] : absent.map(({ key }) => key) }
}

/** The uuid of the goal with a key, or why no rule can be put on it. */
type FindGoal = (key: string) => string | CodeFault

const goalFinder = (
  document: CodeDocument,
  books: CodeBooks,
  placed: readonly PlacedGoal[],
  prune: boolean,
): FindGoal => {
  const ids = new Map(placed.map(({ one, id }) => [one.key, id]))
  const leaving = new Set(prune ? absentGoals(document, books, placed).map(({ row }) => row.id) : [])
  return (key) => {
    const id = ids.get(key) ?? findKnown(books.goals, key)?.row.id
    if (id === undefined) return { path: ['goal'], message: `there is no goal with the key ${key}` }
    return leaving.has(id)
      ? {
          path: ['goal'],
          message: `the goal ${key} is not in the file, so it is given up: leave its rules out too`,
        }
      : id
  }
}

type Around = Asked & { readonly goalOf: FindGoal }
/** Null where nothing becomes different. */
type PreparedRule = { readonly step: Step; readonly fields: readonly FieldDiff[] }

function prepareRuleOf(
  context: CommandContext,
  one: CodeRule,
  known: KnownRule | null,
  around: Around,
): PreparedRule | CodeFault | null {
  const mixed = mixedFault(one, known) ?? creditFault(one, known)
  if (mixed !== null) return mixed
  const goalId = one.goal === undefined ? undefined : around.goalOf(one.goal)
  if (isFault(goalId)) return goalId
  const faults: CodeFault[] = []
  const filter = resolveScope(one.scope, around.books, faults)
  const channelIds = one.channels && findChannels(one.channels, around.books, faults)
  const [fault] = faults
  if (fault !== undefined) return fault
  const resolved = { goalId, filter, channelIds }
  return known === null
    ? prepareNewRule(context, one, { ...resolved, usual: around.books.conventions })
    : prepareChange(context, one, known, { ...resolved, ...around })
}

type Resolved = ResolvedRule & { readonly channelIds: readonly string[] | undefined }

const OF_KPIS = ['metric', 'scope', 'conventions', 'currency'] as const

/** A goal has its own KPI, scope, conventions and currency. */
function mixedFault(one: CodeRule, known: KnownRule | null): CodeFault | null {
  if (one.goal === undefined && known?.row.goalId == null) return null
  const field = OF_KPIS.find((name) => one[name] !== undefined)
  return field === undefined
    ? null
    : { path: [field], message: `a rule on a goal has no ${field}: it watches what the goal is measured by` }
}

const WATCHED = ['goal', ...OF_KPIS] as const

/** Credit is that of customers, and all of them are watched. */
function creditFault(one: CodeRule, known: KnownRule | null): CodeFault | null {
  const isOnIt =
    one.condition === undefined ? known !== null && isOnCredit(conditionOf(known.row)) : asksCredit(one)
  const field = isOnIt ? WATCHED.find((name) => one[name] !== undefined) : undefined
  return field === undefined
    ? null
    : { path: [field], message: `a rule on credit has no ${field}: it watches all customers` }
}

const asksCredit = ({ condition }: CodeRule): boolean =>
  condition !== undefined && ('overLimit' in condition || 'escalation' in condition)

/** Their uuids, each once, in order. */
function findChannels(names: readonly string[], { channels }: CodeBooks, faults: CodeFault[]): string[] {
  const ids = names.map((name, index) => {
    const found = channels.find((one) => one.name === name.trim())
    if (found === undefined) {
      const there = channels.map((one) => one.name).join(', ')
      faults.push({
        path: ['channels', String(index)],
        message: `there is no channel ${name}, ${there === '' ? 'nor any other' : `only ${there}`}: set it up first, since what it is signed with has no place in a file`,
      })
    }
    return found?.id ?? ''
  })
  return [...new Set(ids)].toSorted()
}

const channelIdsOf = (ids: readonly string[]): string[] => ids.map((id) => encodeId('alertChannel', id))

const inRule: Readonly<Record<string, string>> = {
  goalId: 'goal',
  channelIds: 'channels',
  filter: 'scope',
  collectorId: 'collector',
}

/** From the names of the API's input to those of the file. */
const pathInRule = (path: Path): Path =>
  (path[0] === 'kpi' ? path.slice(1) : path).map((step) => inRule[step] ?? step)

function prepareNewRule(
  context: CommandContext,
  one: CodeRule,
  { goalId, filter, channelIds, usual }: Resolved & { readonly usual: Conventions },
): PreparedRule | CodeFault {
  const { key, name, condition, metric } = one
  if (name === undefined) return { path: [], message: 'a new rule takes a name' }
  if (condition === undefined) return { path: [], message: 'a new rule takes a condition' }
  if (goalId === undefined && metric === undefined && !asksCredit(one))
    return {
      path: [],
      message:
        'a new rule takes a goal or a metric to watch, or a condition on credit: overLimit or escalation',
    }
  const input: CreateAlertRuleInput = {
    name,
    condition,
    goalId: goalId === undefined ? null : encodeId('goal', goalId),
    kpi:
      metric === undefined
        ? null
        : {
            metric,
            filter: filterOf(filter),
            conventions: { ...usual, ...one.conventions },
            currency: one.currency,
          },
    forDays: one.forDays ?? 0,
    forEvaluations: one.forEvaluations ?? 1,
    recovery: one.recovery ?? null,
    keepFiringDays: one.keepFiringDays ?? 0,
    noData: one.noData ?? 'KEEP_LAST',
    repeatDays: one.repeatDays ?? null,
    severity: one.severity ?? 'WARNING',
    quietHours: one.quietHours ?? null,
    channelIds: channelIdsOf(channelIds ?? []),
    enabled: one.enabled ?? true,
    dryRun: false,
  }
  const terms = readTerms(input, goalId !== undefined)
  if (isProblem(terms)) return { path: pathInRule(terms.path), message: terms.message }
  const work = prepareRule(context, input, { key })
  if (isProblem(work)) return { path: pathInRule(work.path), message: work.message }
  const told: readonly (readonly [string, string | undefined])[] = [
    ['goal', one.goal],
    ['metric', metric],
    ['condition', conditionText(terms.condition)],
    ['severity', terms.severity],
    ['channels', one.channels?.toSorted().join(', ') || undefined],
    ['enabled', terms.enabled ? undefined : 'false'],
  ]
  const fields = told.flatMap(([field, to]) => (to === undefined ? [] : [{ field, from: null, to }]))
  return { step: { work, pathOf: pathInRule }, fields }
}

function prepareChange(
  context: CommandContext,
  one: CodeRule,
  known: KnownRule,
  { goalId, filter, channelIds, books, reason }: Resolved & Around,
): PreparedRule | CodeFault | null {
  const frozen = frozenRuleDifference(one, { goalId, filter }, known)
  if (frozen !== null) {
    const keyOfGoal = (id: string | null) => books.goals.find(({ row }) => row.id === id)?.key
    const was = frozen.field === 'goal' ? (keyOfGoal(frozen.from) ?? 'no goal') : (frozen.from ?? 'nothing')
    const message = `${frozen.field} is frozen with the rule as ${was}: leave it so, or make another rule under a new key`
    return { path: [frozen.field], message }
  }
  const { row } = known
  const basis = {
    rule: encodeId('alertRule', row.id),
    expectedVersion: row.version,
    reason,
    dryRun: false,
  }
  const terms = readTerms(inputOf(row, { ...basis, ...termsOf(one) }), row.goalId !== null)
  if (isProblem(terms)) return { path: pathInRule(terms.path), message: terms.message }
  const fields = [...termsDifference(row, terms)]
  const differing = new Set(fields.map(({ field }) => field))
  const changed = Object.fromEntries(Object.entries(termsOf(one)).filter(([field]) => differing.has(field)))
  const names = (ids: readonly string[]) =>
    books.channels.filter(({ id }) => ids.includes(id)).map(({ name }) => name)
  const before = known.channels.join(', ')
  const after = channelIds === undefined ? before : names(channelIds).join(', ')
  if (before !== after) fields.push({ field: 'channels', from: before || null, to: after || null })
  if (fields.length === 0) return null
  const input: UpdateAlertRuleInput = {
    ...basis,
    ...changed,
    ...(before === after ? {} : { channelIds: channelIdsOf(channelIds ?? []) }),
  }
  const work = prepareRuleChange(context, input)
  if (isProblem(work)) return { path: pathInRule(work.path), message: work.message }
  return { step: { work, pathOf: pathInRule }, fields }
}

/** What the file says of the terms, as the API names them. */
const termsOf = (one: CodeRule) => {
  const { name, condition, forDays, forEvaluations, recovery, keepFiringDays } = one
  const { noData, repeatDays, severity, quietHours, enabled } = one
  const said = { name, condition, forDays, forEvaluations, recovery, keepFiringDays }
  return { ...said, noData, repeatDays, severity, quietHours, enabled }
}
