/** Goals as code: a file is compared with the goals, and they are brought to what it says, all of it or nothing. */
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { encodeId, newUuid } from '../ids.ts'
import { conflict, isProblem, type Path, type Problem } from '../problem.ts'
import type { ApplyGoalsInput, GoalCodeChange } from '../schema.generated.ts'
import {
  findKnown,
  findPerson,
  personInCode,
  readCodeBooks,
  type CodeBooks,
  type KnownGoal,
} from './code-books.ts'
import { differenceOf, frozenDifference, type FieldDiff, type Resolved } from './code-diff.ts'
import { readDocument, type CodeDocument, type CodeGoal } from './code-document.ts'
import {
  isFault,
  pathInCode,
  prepareActions,
  prepareChecklist,
  prepareNew,
  type CodeFault,
  type OwnerOf,
  type Prepared,
  type Step,
} from './code-steps.ts'
import { prepareClose } from './life.ts'
import { prepareUpdate } from './update.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'

export type GoalsApplied = Audited & {
  readonly changes: readonly GoalCodeChange[]
  readonly missing: readonly string[]
}

/** Hundreds of goals in one transaction. */
const TIMEOUT_MS = 60_000
const REASON = 'As the file of goals has it'

const duplicates = {
  goal_key: conflict(
    ['document'],
    'Another file made a goal of the same key just now: look at the plan again',
  ),
}

export async function applyGoals(
  context: CommandContext,
  input: ApplyGoalsInput,
): Promise<GoalsApplied | Problem> {
  const document = readDocument(input.document)
  if (isProblem(document)) return document
  const plan = await planOf(context, document, input.prune)
  if (isProblem(plan)) return plan
  const command = { action: 'applyGoals', input, duplicates, timeoutMs: TIMEOUT_MS }
  return runCommand(context, command, async (tx): Promise<GoalsApplied | Problem> => {
    let audit: Audited['audit'] = null
    for (const { step, path } of plan.steps) {
      const done = await step.work(tx)
      if (isProblem(done)) {
        const problem = document.at([...path, ...step.pathOf(done.path)], done.message)
        return { ...done, path: problem.path, message: problem.message }
      }
      audit = done.audit
    }
    return { changes: plan.changes, missing: plan.missing, audit }
  })
}

type Plan = {
  readonly steps: readonly { readonly step: Step; readonly path: Path }[]
  readonly changes: readonly GoalCodeChange[]
  readonly missing: readonly string[]
}

/** Where a goal of the file stands in it, and its uuid, which it may not have yet. */
type Placed = {
  readonly one: CodeGoal
  readonly path: Path
  readonly id: string
  readonly known: KnownGoal | null
}

async function planOf(
  context: CommandContext,
  document: CodeDocument,
  prune: boolean,
): Promise<Plan | Problem> {
  const { connection, organization } = context
  const books = await inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
    readCodeBooks(tx, organization.id),
  )
  const placed = document.goals.map((one, index): Placed => {
    const known = findKnown(books.goals, one.key)
    return { one, known, id: known?.row.id ?? newUuid(), path: ['goals', String(index)] }
  })
  const ordered = parentsFirst(placed, document)
  if (isProblem(ordered)) return ordered
  const steps: { step: Step; path: Path }[] = []
  const changes: GoalCodeChange[] = []
  const reason = document.reason ?? REASON
  for (const goal of ordered) {
    // What is over stays as it was, and may stay in the file.
    if (goal.known?.row.state === 'CLOSED') continue
    const prepared = await prepareGoalOf(context, goal, { books, placed, reason })
    if (isFault(prepared)) return document.at([...goal.path, ...prepared.path], prepared.message)
    if (prepared.fields.length === 0) continue
    steps.push(...prepared.steps.map((step) => ({ step, path: goal.path })))
    const name = goal.one.name ?? goal.known?.row.name ?? goal.one.key
    const fields = prepared.fields.map((field) => inWords(field, books, placed))
    changes.push({ kind: goal.known === null ? 'CREATE' : 'UPDATE', key: goal.one.key, name, fields })
  }
  const absent = books.goals.filter(
    ({ row }) => row.state !== 'CLOSED' && !placed.some(({ id }) => id === row.id),
  )
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
    changes.push({ kind: 'ABANDON', key, name: row.name, fields: [] })
  }
  return { steps, changes, missing: [] }
}

/** A goal is made after the one above it. A ring of parents in the file is told; one with goals outside it is, later. */
function parentsFirst(placed: readonly Placed[], document: CodeDocument): Placed[] | Problem {
  const ordered: Placed[] = []
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
  readonly placed: readonly Placed[]
  readonly reason: string
}

async function prepareGoalOf(
  context: CommandContext,
  { one, known, id }: Placed,
  { books, placed, reason }: Around,
): Promise<Prepared | CodeFault> {
  const resolved = resolve(one, books, placed)
  if (isFault(resolved)) return resolved
  const { ownerOf, ...named } = resolved
  if (known === null) return prepareNew(context, one, { id, resolved: named, ownerOf })
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
  const actions =
    one.actions === undefined ? NOTHING : prepareActions(context, known, one.actions, { ownerOf, reason })
  if (isFault(actions)) return actions
  return {
    steps: [...steps, ...checklist.steps, ...actions.steps],
    fields: [...fields, ...checklist.fields, ...actions.fields],
  }
}

const NOTHING: Prepared = { steps: [], fields: [] }

/** People and goals that the file names, by their uuids. */
function resolve(
  one: CodeGoal,
  { people, goals }: CodeBooks,
  placed: readonly Placed[],
): (Resolved & { readonly ownerOf: OwnerOf }) | CodeFault {
  const faults: CodeFault[] = []
  const person = (text: string, path: Path): string => {
    const found = findPerson(people, text)
    if (found === null)
      faults.push({
        path,
        message: `there is no person ${text}: give an e-mail, or a name that is theirs alone`,
      })
    return found?.id ?? ''
  }
  const personOrNull = (text: string | null | undefined, path: Path) =>
    text == null ? text : person(text, path)
  const { collector, ...rest } = one.scope ?? {}
  const collectorId = collector?.map((text, index) => person(text, ['scope', 'collector', String(index)]))
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
    filter: one.scope === undefined ? undefined : { ...rest, ...(collectorId && { collectorId }) },
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
  placed: readonly Placed[],
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
