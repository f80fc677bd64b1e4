/** What a file changes of the goals. */
import { encodeId, newUuid } from '../ids.ts'
import type { CommandContext } from '../command.ts'
import { isProblem, type Path, type Problem } from '../problem.ts'
import type { GoalCodeChange } from '../schema.generated.ts'
import { findKnown, personInCode, type CodeBooks, type KnownGoal } from './books.ts'
import type { CodeDocument, CodeGoal } from './document.ts'
import { differenceOf, frozenDifference, type Resolved } from './goal-diff.ts'
import {
  pathInCode,
  prepareActions,
  prepareChecklist,
  prepareNew,
  type OwnerOf,
  type Prepared,
} from './goal-steps.ts'
import { isReviewKind, reviewKinds, type ReviewKind } from '../domain/review.ts'
import { prepareClose } from '../goal/life.ts'
import { prepareReviews } from '../goal/review/commands.ts'
import { prepareUpdate } from '../goal/update.ts'
import { personFinder, resolveScope } from './people.ts'
import { isFault, type CodeFault, type FieldDiff, type Plan, type Planned, type Step } from './plan.ts'

/** Where a goal of the file stands in it, and its uuid, which it may not have yet. */
export type PlacedGoal = {
  readonly one: CodeGoal
  readonly path: Path
  readonly id: string
  readonly known: KnownGoal | null
}

/** The goals of the file, in its order. */
export const placeGoals = ({ goals }: CodeDocument, books: CodeBooks): readonly PlacedGoal[] =>
  (goals ?? []).map((one, index) => {
    const known = findKnown(books.goals, one.key)
    return { one, known, id: known?.row.id ?? newUuid(), path: ['goals', String(index)] }
  })

/** Of what is given up with `prune`, and else stays: nothing where the file has no list of goals at all. */
export const absentGoals = (
  { goals }: CodeDocument,
  books: CodeBooks,
  placed: readonly PlacedGoal[],
): readonly KnownGoal[] =>
  goals === null
    ? []
    : books.goals.filter(({ row }) => row.state !== 'CLOSED' && !placed.some(({ id }) => id === row.id))

type Asked = {
  readonly books: CodeBooks
  readonly placed: readonly PlacedGoal[]
  readonly reason: string
  readonly prune: boolean
}

export async function planGoals(
  context: CommandContext,
  document: CodeDocument,
  { books, placed, reason, prune }: Asked,
): Promise<Plan | Problem> {
  const ordered = parentsFirst(placed, document)
  if (isProblem(ordered)) return ordered
  const steps: Planned[] = []
  const changes: GoalCodeChange[] = []
  for (const goal of ordered) {
    // What is over stays as it was, and may stay in the file.
    if (goal.known?.row.state === 'CLOSED') continue
    const prepared = await prepareGoalOf(context, goal, { books, placed, reason })
    if (isFault(prepared)) return document.at([...goal.path, ...prepared.path], prepared.message)
    if (prepared.fields.length === 0) continue
    steps.push(...prepared.steps.map((step) => ({ step, path: goal.path })))
    const name = goal.one.name ?? goal.known?.row.name ?? goal.one.key
    const fields = prepared.fields.map((field) => inWords(field, books, placed))
    const kind = goal.known === null ? 'CREATE' : 'UPDATE'
    changes.push({ noun: 'GOAL', kind, key: goal.one.key, name, fields })
  }
  const absent = absentGoals(document, books, placed)
  if (!prune) return { steps, changes, missing: absent.map(({ key }) => key) }
  for (const { row, key } of absent) {
    const goal = encodeId('goal', row.id)
    const abandon = { goal, expectedVersion: row.version, outcome: 'ABANDONED' as const, dryRun: false }
    const work = prepareClose(context, {
      ...abandon,
      reason: document.reason ?? 'The file of goals does not have it any more',
    })
    if (isProblem(work)) return work
    steps.push({ step: { work, pathOf: () => [] }, path: ['goals'] })
    changes.push({ noun: 'GOAL', kind: 'ABANDON', key, name: row.name, fields: [] })
  }
  return { steps, changes, missing: [] }
}

/** A goal is made after the one above it. A ring of parents in the file is told; one with goals outside it is, later. */
function parentsFirst(placed: readonly PlacedGoal[], document: CodeDocument): PlacedGoal[] | Problem {
  const ordered: PlacedGoal[] = []
  const rest = new Set(placed)
  while (rest.size > 0) {
    const ready = [...rest].filter(({ one }) => ![...rest].some((other) => other.one.key === one.parent))
    const [stuck] = rest
    if (ready.length === 0 && stuck !== undefined) {
      return document.at(
        [...stuck.path, 'parent'],
        `${stuck.one.key} lies above itself: the parents make a ring`,
      )
    }
    for (const one of ready) {
      ordered.push(one)
      rest.delete(one)
    }
  }
  return ordered
}

type Around = {
  readonly books: CodeBooks
  readonly placed: readonly PlacedGoal[]
  readonly reason: string
}

async function prepareGoalOf(
  context: CommandContext,
  { one, known, id }: PlacedGoal,
  { books, placed, reason }: Around,
): Promise<Prepared | CodeFault> {
  const resolved = resolve(one, books, placed)
  if (isFault(resolved)) return resolved
  const { ownerOf, ...named } = resolved
  if (known === null) {
    const usual = books.conventions
    const made = await prepareNew(context, one, { id, resolved: named, ownerOf, usual })
    return isFault(made)
      ? made
      : joined(made, reviewSteps(context, one, { id, version: 1, before: reviewKinds }))
  }
  const frozen = frozenDifference(one, named, known)
  if (frozen !== null) {
    const message = `${frozen.field} is frozen with the goal as ${frozen.from ?? 'nothing'}: leave it so, or give the goal up and make another one under a new key`
    return { path: [frozen.field], message }
  }
  const { fields, set } = differenceOf(one, named, known)
  const steps: Step[] = []
  const { row } = known
  if (fields.length > 0) {
    const input = {
      ...set,
      goal: encodeId('goal', row.id),
      expectedVersion: row.version,
      reason,
      dryRun: false,
    }
    const work = await prepareUpdate(context, input)
    if (isProblem(work)) return { path: pathInCode(work.path), message: work.message }
    steps.push({ work, pathOf: pathInCode })
  }
  const expectedVersion = row.version + steps.length
  const checklist =
    row.metric === null && one.milestones !== undefined
      ? prepareChecklist(context, known, one.milestones, { expectedVersion, reason })
      : NOTHING
  if (isFault(checklist)) return checklist
  const version = expectedVersion + checklist.steps.length
  const before = row.reviews.filter(isReviewKind)
  const reviewed = reviewSteps(context, one, { id: row.id, version, before })
  const actions =
    one.actions === undefined ? NOTHING : prepareActions(context, known, one.actions, { ownerOf, reason })
  if (isFault(actions)) return actions
  return {
    steps: [...steps, ...checklist.steps, ...reviewed.steps, ...actions.steps],
    fields: [...fields, ...checklist.fields, ...reviewed.fields, ...actions.fields],
  }
}

const joined = (one: Prepared, more: Prepared): Prepared => ({
  steps: [...one.steps, ...more.steps],
  fields: [...one.fields, ...more.fields],
})

type Reviewed = { readonly id: string; readonly version: number; readonly before: readonly ReviewKind[] }

/** `version` is the goal's when this is written. */
function reviewSteps(
  context: CommandContext,
  { reviews }: CodeGoal,
  { id, version, before }: Reviewed,
): Prepared {
  const kinds = reviewKinds.filter((kind) => reviews?.includes(kind))
  if (reviews === undefined || kinds.join() === before.join()) return NOTHING
  const input = { goal: encodeId('goal', id), expectedVersion: version, kinds, dryRun: false }
  return {
    steps: [{ work: prepareReviews(context, input), pathOf: () => ['reviews'] }],
    fields: [{ field: 'reviews', from: before.join(', ') || null, to: kinds.join(', ') || null }],
  }
}

const NOTHING: Prepared = { steps: [], fields: [] }

/** People and goals that the file names, by their uuids. */
function resolve(
  one: CodeGoal,
  { people, goals, customers }: CodeBooks,
  placed: readonly PlacedGoal[],
): (Resolved & { readonly ownerOf: OwnerOf }) | CodeFault {
  const faults: CodeFault[] = []
  const person = personFinder(people, faults)
  const personOrNull = (text: string | null | undefined, path: Path) =>
    text == null ? text : person(text, path)
  const owners = one.actions?.map(({ owner }, index) =>
    personOrNull(owner, ['actions', String(index), 'owner']),
  )
  const parentId =
    one.parent == null
      ? one.parent
      : (placed.find((other) => other.one.key === one.parent)?.id ?? findKnown(goals, one.parent)?.row.id)
  if (one.parent != null && parentId === undefined)
    faults.push({ path: ['parent'], message: `there is no goal with the key ${one.parent}` })
  const resolved = {
    filter: resolveScope(one.scope, { people, customers }, faults),
    ownerId: personOrNull(one.owner, ['owner']),
    reviewerId: personOrNull(one.reviewer, ['reviewer']),
    followerIds: one.followers?.map((text, index) => person(text, ['followers', String(index)])),
    parentId,
    ownerOf: (index: number) => owners?.[index],
  }
  return faults[0] ?? resolved
}

/** People and goals as the file names them. */
function inWords(
  { field, from, to }: FieldDiff,
  { people, goals }: CodeBooks,
  placed: readonly PlacedGoal[],
): GoalCodeChange['fields'][number] {
  const told = (text: string | null): string | null => {
    if (text === null) return null
    if (field === 'parent')
      return (
        placed.find(({ id }) => id === text)?.one.key ?? goals.find(({ row }) => row.id === text)?.key ?? text
      )
    if (field === 'owner' || field === 'reviewer') return personInCode(people, text)
    if (field === 'followers')
      return text
        .split(' ')
        .map((id) => personInCode(people, id))
        .join(', ')
    return text
  }
  return { field, from: told(from), to: told(to) }
}
