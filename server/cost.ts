/**
 * What an operation costs, known before it runs: one point for each object that its answer can have. Where the number
 * is not known beforehand, a list counts with its usual size, and what was found beyond it is charged afterwards
 * (`countObjects`), so that nobody pays for less than they get.
 */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  getArgumentValues,
  getNamedType,
  getNullableType,
  getOperationAST,
  getVariableValues,
  type GraphQLCompositeType,
  type GraphQLError,
  type GraphQLField,
  type GraphQLSchema,
  isCompositeType,
  isListType,
  isObjectType,
  isUnionType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import type { CostReport } from './access/budget.ts'
import { ROLES } from './access/scopes.ts'
import { PAGE_SIZE_MAX } from './connection.ts'
import { CONTROL_TESTS } from './domain/control-test.ts'
import { conventionTexts } from './domain/conventions.ts'
import { goalTemplates } from './domain/goal-templates.ts'
import { kpiDefinitions } from './domain/registry.ts'
import { tooMuch } from './errors.ts'
import { fragmentsOf, LIMITS } from './limits.ts'

export type Cost = {
  readonly points: number
  /** True where the answer cannot have more objects than that. */
  readonly isBound: boolean
}

type Arguments = Readonly<Record<string, unknown>>

type ListSize = {
  readonly isBound: boolean
  /** `of` are the arguments of the list, `above` those of the field that it belongs to. */
  readonly sizeOf: (of: Arguments, above: Arguments, today: Temporal.PlainDate) => number
}

const upTo = (first: unknown): number => Math.min(Math.max(Number(first), 0), PAGE_SIZE_MAX)

const atMost = (sizeOf: ListSize['sizeOf']): ListSize => ({ isBound: true, sizeOf })
const usually = (sizeOf: ListSize['sizeOf']): ListSize => ({ isBound: false, sizeOf })

/** The usual alert rules of a goal, and what a template adds to them. */
const DEFAULT_RULES_MAX = 8

/** How many objects a list holds that takes no `first`; one that is not named here usually has ten. */
const LIST_SIZES: Readonly<Record<string, ListSize>> = {
  'Query.kpis': {
    // Who groups gets as many rows as there are regions, business units, ...
    isBound: false,
    sizeOf: (of, _above, today) => kpiRows(of, today),
  },
  'Query.kpiCatalog': atMost(() => kpiDefinitions.length),
  'KpiDefinition.choices': atMost(() => conventionTexts.length),
  'KpiChangedEvent.kpis': atMost((_of, { metrics }) => (Array.isArray(metrics) ? metrics.length : 1)),
  'KpiDefinition.inputs': usually(() => 3),
  'CreateGoalSuccess.alertRules': atMost(() => DEFAULT_RULES_MAX),
  'CreateMilestoneGoalSuccess.alertRules': atMost(() => DEFAULT_RULES_MAX),
  'Query.roles': atMost(() => Object.keys(ROLES).length),
  'Aging.buckets': atMost((_of, { edges }) => (Array.isArray(edges) ? edges.length : 0) + 2),
  'Reconciliation.lines': atMost(() => 19),
  'LossRates.buckets': atMost(() => 5),
  'LossRates.rates': atMost(() => 5),
  'Query.restatements': atMost((of, _above, today) => kpiRows({ ...of, groupBy: [] }, today)),
  'Restatement.entries': atMost(({ first }) => upTo(first)),
  'KpiExplanation.parts': atMost(() => 7),
  'ExplanationPart.segments': usually(() => 10),
  'ExplanationPart.customers': atMost(({ first }) => upTo(first)),
  'ExplanationCustomer.invoices': atMost(({ first }) => upTo(first)),
  'Goal.history': atMost(({ days }) => Math.min(Math.max(Number(days), 0), 400)),
  'GoalTrajectory.points': usually(() => 6),
  'Goal.milestones': usually(() => 10),
  'Goal.actions': usually(() => 5),
  'Goal.notes': usually(() => 5),
  'Goal.reviewKinds': atMost(() => 2),
  'Goal.reviews': usually(() => 5),
  'Query.controlTests': atMost(() => CONTROL_TESTS.length),
  'ControlRun.exceptions': usually(() => 10),
  'ControlRun.sample': usually(() => 25),
  'ControlPaper.marks': usually(() => 25),
  'GoalReview.decisions': usually(() => 3),
  'GoalReview.signatures': atMost(() => 2),
  'GoalReviewFindings.explanation': atMost(() => 7),
  'GoalReviewPart.customers': atMost(() => 3),
  'GoalReviewFindings.guards': usually(() => 3),
  'GoalReviewFindings.alerts': usually(() => 3),
  'GoalReviewFindings.statuses': usually(() => 3),
  'GoalReviewFindings.changes': usually(() => 1),
  'GoalReviewFindings.actionsDone': usually(() => 3),
  'GoalReviewFindings.actionsNotDone': usually(() => 3),
  'GoalReviewFindings.milestonesDone': usually(() => 3),
  'GoalReviewFindings.milestonesNotDone': usually(() => 3),
  'Goal.children': usually(() => 5),
  'Goal.followers': usually(() => 3),
  'Goal.changes': usually(() => 5),
  'Query.goalTemplates': atMost(() => goalTemplates.length),
  'ApplyGoalsSuccess.changes': usually(() => 10),
  'GoalCodeChange.fields': usually(() => 4),
  'GoalTemplate.guards': atMost(() => 6),
  'GoalTemplateDraft.milestones': atMost(() => 4),
  'SmartRelevant.conflicts': usually(() => 2),
  'SmartCheck.problems': usually(() => 1),
  'GoalChange.fields': usually(() => 1),
  'Goal.alerts': atMost(() => 20),
  'Goal.alertRules': usually(() => 5),
  'AlertRule.channels': usually(() => 2),
  'AlertRule.changes': usually(() => 3),
  'AlertRuleChange.fields': usually(() => 2),
  'Alert.transitions': usually(() => 4),
  'Alert.deliveries': usually(() => 4),
  'Query.alertChannels': atMost(() => 100),
  'AlertBacktest.episodes': usually(() => 20),
  'Query.agingBySegment': usually(() => 30),
  'CustomerAging.buckets': usually(() => 5),
  'Customer.ages': atMost(() => 5),
  'CustomerCredit.schedule': usually(() => 2),
  'Query.creditLinePlan': atMost(({ months }) => Number(months)),
  'CreditApplication.references': usually(() => 3),
  'CreditApplication.figures': usually(() => 2),
  'CreditApplicationDecision.reasons': usually(() => 2),
  'CreditApplicationRefused.faults': usually(() => 10),
  'CreditScore.lines': usually(() => 5),
  'CreditScorecard.criteria': usually(() => 5),
  'CreditScorecard.bands': usually(() => 3),
  'CreditCriterion.steps': usually(() => 4),
  'CreditLineMonth.segments': usually(() => 10),
  'CreditLineSegment.lines': usually(() => 3),
  'SalesPlanRefused.faults': usually(() => 10),
  'CreditLimitRow.problems': usually(() => 1),
  'OrderLine.problems': usually(() => 1),
  'AuthorityMatrix.rules': usually(() => 10),
  'AuthorityRule.deciders': usually(() => 2),
  'AuthorityRule.approvers': usually(() => 2),
  'ApprovalRequirement.approvers': usually(() => 2),
  'ApprovalRequest.requirements': usually(() => 1),
  'ApprovalRequest.steps': atMost(({ first }) => upTo(first)),
  'ApprovalRequest.events': usually(() => 3),
  'ApprovalRequested.requirements': usually(() => 1),
  'ApprovalRequested.steps': atMost(({ first }) => upTo(first)),
  'SetCreditLimitsSuccess.requirements': usually(() => 1),
  'ImportCreditLimitsSuccess.requirements': usually(() => 1),
  'SetCreditLimitSuccess.schedule': usually(() => 2),
  'Customer.group': usually(() => 3),
  'Customer.securities': usually(() => 1),
  'CreditDecision.reasons': usually(() => 1),
  'CreditPolicy.escalation': usually(() => 1),
  'CreditPolicyText.approvals': usually(() => 1),
  'CreditPolicyText.acknowledgements': usually(() => 5),
  'CreditPolicyText.notAcknowledged': usually(() => 5),
  'CreditPolicy.classLimits': atMost(() => 4),
  'CreditPolicy.ratingLimits': usually(() => 5),
  'CreditPolicy.reviewPeriods': atMost(() => 4),
  'SetCreditPolicySuccess.changes': atMost(() => 13),
  'CustomerCredit.ratings': usually(() => 1),
  'CreditSimulationRun.months': usually(() => 24),
  'CreditSimulationRun.reasons': usually(() => 5),
  'CreditSimulationRun.customers': usually(() => 20),
  'CreditDecision.levels': usually(() => 2),
  'Order.history': usually(() => 4),
  'Customer.balances': usually(() => 3),
  'Customer.unapplied': usually(() => 3),
  'Invoice.installments': usually(() => 3),
  'Invoice.lines': usually(() => 3),
  'Invoice.history': usually(() => 5),
  'Invoice.shares': usually(() => 2),
  'Receipt.allocations': usually(() => 5),
  'CreditNote.allocations': usually(() => 3),
  'CustomerStatement.accounts': usually(() => 3),
  'Dispute.resolutions': usually(() => 3),
  'Dispute.reopenings': usually(() => 1),
  'Invoice.disputes': usually(() => 1),
  'AuditVerification.findings': atMost(() => 100),
}
const UNKNOWN = usually(() => 10)

/** What reads far more than it answers with. */
const FIELD_COSTS: Readonly<Record<string, number>> = {
  'Query.verifyAuditLog': 5_000,
  'Query.explainKpi': 500,
  'Query.lossRates': 500,
  'Query.controlTest': 500,
  'Mutation.openControlPaper': 500,
  'Goal.forecast': 100,
  'Query.backtestAlertRule': 500,
  'Query.simulateCreditPolicy': 5_000,
  'Goal.smart': 100,
  'Query.goalDocument': 100,
  'GoalTemplate.draft': 10,
  'GoalTemplateDraft.smart': 100,
  'Query.smartCheck': 100,
  'CreateGoalSuccess.smart': 100,
  'CreateMilestoneGoalSuccess.smart': 100,
}

/** A page is read by a statement of its own for each object that has it. */
const NESTED_LIST_COST = 20
/** A transaction that writes, with its row in the audit. */
const MUTATION_COST = 10

/** Of the schema, beforehand: who asks for it asks for anything from one type to some thousand objects. */
const INTROSPECTION_COST = 100

const DAYS_PER_POINT: Readonly<Record<string, number>> = {
  DAY: 1,
  WEEK: 7,
  MONTH: 28,
  QUARTER: 90,
  YEAR: 365,
  PERIOD: 28,
  FISCAL_YEAR: 364,
}
const POINTS_MAX = 800
const GROUPS_USUAL = 10

const kpiRows = ({ metrics, groupBy, from, to, asOf, granularity }: Arguments, today: Temporal.PlainDate) => {
  const groups = Array.isArray(groupBy) && groupBy.length > 0 ? GROUPS_USUAL : 1
  // Where the organization is, it may be tomorrow already.
  const end = to ?? asOf ?? today.add({ days: 1 })
  const points = from instanceof Temporal.PlainDate ? pointsBetween(from, end, granularity) : 1
  return (Array.isArray(metrics) ? metrics.length : 1) * groups * points
}

const pointsBetween = (from: Temporal.PlainDate, to: unknown, granularity: unknown): number => {
  const days = to instanceof Temporal.PlainDate ? from.until(to, { largestUnit: 'day' }).days : 0
  return Math.min(Math.ceil(Math.max(days, 0) / (DAYS_PER_POINT[String(granularity)] ?? 1)) + 1, POINTS_MAX)
}

/**
 * What the operation costs; of a subscription, each of its events. `today` is where a series without an end ends. Null
 * where there is no such operation or its variables do not fit their types: its execution reports that.
 */
export const costOf = (
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Readonly<Record<string, unknown>>,
  today: Temporal.PlainDate,
): Cost | null => {
  const operation = getOperationAST(document, operationName)
  const root = operation && schema.getRootType(operation.operation)
  if (operation == null || root == null) return null
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables)
  if (coerced === undefined) return null

  const meter = createMeter(schema, fragmentsOf(document), coerced, today)
  // Even what answers with no object at all has to be read and checked.
  const points = Math.max(meter.measure(operation.selectionSet, root, {}), 1)
  return { points, isBound: meter.isBound() }
}

/** Null, or that an operation costs more than 10,000 points. `report` is what it has spent so far. */
export const costError = ({ points }: Cost, report: CostReport): GraphQLError | null => {
  if (points <= LIMITS.cost) return null
  const cost: CostReport = { ...report, requested: points }
  const amount = Number.isFinite(points) ? points.toLocaleString('en') : 'countless'
  return tooMuch(
    `This operation costs ${amount} points; at most ${LIMITS.cost.toLocaleString('en')} may be asked for at once. ` +
      `An object of the answer is one point, and a list within a list ${NESTED_LIST_COST} for each that has it. ` +
      ASK_FOR_LESS,
    { cost },
  )
}

export const ASK_FOR_LESS =
  'Ask for less: a smaller `first` (and the rest with `after`), a shorter series, or fewer lists within lists.'

/** The objects that an answer has. */
export const countObjects = (data: unknown): number => {
  if (typeof data !== 'object' || data === null) return 0
  let count = 0
  for (const value of Object.values(data)) {
    if (typeof value === 'object' && value !== null) {
      count += (Array.isArray(value) ? 0 : 1) + countObjects(value)
    }
  }
  return count
}

type Meter = {
  /** `above` are the arguments of the field whose selections these are. */
  measure(selections: SelectionSetNode, type: GraphQLCompositeType, above: Arguments): number
  /** False once a list was met that has its usual size and no bound. */
  isBound(): boolean
}

/**
 * One point for each object, and more for a connection that is no root field: each costs a statement. Connections
 * count as many objects as they are asked for. Where a field is selected twice it is counted twice, and so is every
 * branch of a union. The document is valid and within the limits of limits.ts, so this ends soon.
 */
const createMeter = (
  schema: GraphQLSchema,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  variables: Arguments,
  today: Temporal.PlainDate,
): Meter => {
  let isBound = true

  const ofSelection = (selection: SelectionNode, type: GraphQLCompositeType, above: Arguments): number => {
    if (selection.kind !== Kind.FIELD) {
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
      const named = fragment?.typeCondition && schema.getType(fragment.typeCondition.name.value)
      return fragment === undefined
        ? 0
        : ofSelections(fragment.selectionSet, isCompositeType(named) ? named : type, above)
    }
    if (selection.selectionSet !== undefined && selection.name.value.startsWith('__')) {
      isBound = false
      return INTROSPECTION_COST
    }
    const field = isUnionType(type) ? undefined : type.getFields()[selection.name.value]
    const inner = field && getNamedType(field.type)
    if (field === undefined || !isCompositeType(inner) || selection.selectionSet === undefined) return 0
    const args = readArguments(field, selection, variables)
    const each = ownCost(schema, type, field, inner) + ofSelections(selection.selectionSet, inner, args)
    return listSize(type, field, args, above) * each
  }

  const ofSelections = (
    { selections }: SelectionSetNode,
    type: GraphQLCompositeType,
    above: Arguments,
  ): number => {
    let sum = 0
    for (const selection of selections) sum += ofSelection(selection, type, above)
    return sum
  }

  /** A connection's `nodes` and `edges` hold as many objects as were asked for with `first`. */
  const listSize = (
    type: GraphQLCompositeType,
    field: GraphQLField<unknown, unknown>,
    args: Arguments,
    above: Arguments,
  ): number => {
    if (!isListType(getNullableType(field.type))) return 1
    if (isConnection(type)) return pageSizeOf(above)
    const size = LIST_SIZES[`${type.name}.${field.name}`] ?? UNKNOWN
    if (!size.isBound) isBound = false
    return size.sizeOf(args, above, today)
  }

  return { measure: ofSelections, isBound: () => isBound }
}

const ownCost = (
  schema: GraphQLSchema,
  parent: GraphQLCompositeType,
  { name }: GraphQLField<unknown, unknown>,
  type: GraphQLCompositeType,
): number => {
  if (parent === schema.getMutationType()) return 1 + MUTATION_COST
  const nested = isConnection(type) && parent !== schema.getQueryType()
  return FIELD_COSTS[`${parent.name}.${name}`] ?? (nested ? NESTED_LIST_COST : 1)
}

const isConnection = (type: GraphQLCompositeType): boolean =>
  isObjectType(type) && type.name.endsWith('Connection')

const pageSizeOf = ({ first }: Arguments): number =>
  typeof first === 'number' ? Math.min(Math.max(first, 0), PAGE_SIZE_MAX) : 1

const NO_ARGUMENTS: Arguments = {}

const readArguments = (
  field: GraphQLField<unknown, unknown>,
  node: Parameters<typeof getArgumentValues>[1],
  variables: Arguments,
): Arguments => {
  if (field.args.length === 0) return NO_ARGUMENTS
  try {
    return getArgumentValues(field, node, variables)
  } catch {
    // They do not fit, so the field will not run.
    return NO_ARGUMENTS
  }
}
