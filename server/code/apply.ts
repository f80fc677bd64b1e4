/** Goals as code: a file is compared with goals and alert rules, and they are brought to what it says, all of it or nothing. */
import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { forbidden } from '../errors.ts'
import { conflict, isProblem, type Problem } from '../problem.ts'
import type { ApplyGoalsInput, GoalCodeChange } from '../schema.generated.ts'
import { readCodeBooks } from './books.ts'
import { readDocument, type CodeDocument } from './document.ts'
import { placeGoals, planGoals } from './goal-plan.ts'
import type { Planned } from './plan.ts'
import { planPolicies } from './policies.ts'
import { planRules } from './rule-plan.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'

export type GoalsApplied = Audited & {
  readonly changes: readonly GoalCodeChange[]
  readonly missing: readonly string[]
  readonly missingRules: readonly string[]
}

/** Hundreds of goals and rules in one transaction. */
const TIMEOUT_MS = 60_000
const REASON = 'As the file of goals has it'

const duplicates = {
  goal_key: conflict(
    ['document'],
    'Another file made a goal of the same key just now: look at the plan again',
  ),
  alert_rule_key: conflict(
    ['document'],
    'Another file made a rule of the same key just now: look at the plan again',
  ),
}

/** Whoever writes goals need not be one who says what is alerted on, or how KPIs are computed. */
export type CodeRights = { readonly mayManageRules: boolean; readonly maySetConventions: boolean }

/** Throws FORBIDDEN. */
export async function applyGoals(
  context: CommandContext,
  input: ApplyGoalsInput,
  { mayManageRules, maySetConventions }: CodeRights,
): Promise<GoalsApplied | Problem> {
  const document = readDocument(input.document)
  if (isProblem(document)) return document
  if (document.rules !== null && !mayManageRules)
    throw forbidden('The `rules` of a file need the scope `alert:manage`, which you do not have.')
  if (document.policies?.conventions !== undefined && !maySetConventions)
    throw forbidden('The `conventions` of a file need the scope `kpi:write`, which you do not have.')
  const plan = await planOf(context, document, input.prune)
  if (isProblem(plan)) return plan
  const { steps, changes, missing, missingRules } = plan
  const command = { action: 'applyGoals', input, duplicates, timeoutMs: TIMEOUT_MS }
  return runCommand(context, command, async (tx): Promise<GoalsApplied | Problem> => {
    let audit: Audited['audit'] = null
    for (const { step, path } of steps) {
      const done = await step.work(tx)
      if (isProblem(done)) {
        const problem = document.at([...path, ...step.pathOf(done.path)], done.message)
        return { ...done, path: problem.path, message: problem.message }
      }
      audit = done.audit
    }
    return { changes, missing, missingRules, audit }
  })
}

type WholePlan = Omit<GoalsApplied, 'audit'> & { readonly steps: readonly Planned[] }

async function planOf(
  context: CommandContext,
  document: CodeDocument,
  prune: boolean,
): Promise<WholePlan | Problem> {
  const { connection, organization } = context
  const read = await inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
    readCodeBooks(tx, organization.id, customersIn(document)),
  )
  const policies = planPolicies(context, document, read.conventions)
  if (isProblem(policies)) return policies
  // What is new is made by the conventions that there will be by then.
  const books = { ...read, conventions: policies.usual }
  const asked = { books, placed: placeGoals(document, books), reason: document.reason ?? REASON, prune }
  const goals = await planGoals(context, document, asked)
  if (isProblem(goals)) return goals
  const rules = planRules(context, document, asked)
  if (isProblem(rules)) return rules
  return {
    // Rules are put on goals that are there by then.
    steps: [...policies.steps, ...goals.steps, ...rules.steps],
    changes: [...policies.changes, ...goals.changes, ...rules.changes],
    missing: goals.missing,
    missingRules: rules.missing,
  }
}

/** The numbers of the customers that it names. */
const customersIn = ({ goals, rules }: CodeDocument): string[] =>
  [...(goals ?? []), ...(rules ?? [])].flatMap(({ scope }) => scope?.customer ?? [])
