import { actorInWords } from '../access/actor-words.ts'
import { carryOut, type CommandContext } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import { isBefore } from '../domain/calendar.ts'
import { goalTemplate, goalTemplates } from '../domain/goal-templates.ts'
import { isGoalGuard } from '../domain/goal-guards.ts'
import { percentToTarget, yearBefore } from '../domain/goal-trajectory.ts'
import { Exact } from '../domain/money.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import type { StoredBudget, StoredGuard } from '../live/aside.ts'
import { pointsOf } from '../live/measure.ts'
import { isProblem, type Problem } from '../problem.ts'
import { createGoal } from './commands.ts'
import { targetGivenOf } from './aim.ts'
import { shownOf } from './changes.ts'
import { createMilestoneGoal, updateMilestones } from './milestones.ts'
import { addGoalAction, updateGoalAction } from './actions.ts'
import type { GoalWithRules, MayManageRules } from './new-rules.ts'
import { addGoalNote, updateGoalNote } from './notes.ts'
import { effectOf, isOverdue } from './plan.ts'
import { childrenTotalOf, parentShareOf } from './tree.ts'
import { updateGoal } from './update.ts'
import { activateGoal, closeGoal, pauseGoal, resumeGoal } from './life.ts'
import { forecastOf, forecastOfProgress } from './forecast.ts'
import { overrideGoalStatus, overrideOfProgress, overrideOn, withdrawGoalStatusOverride } from './override.ts'
import { findGoal, historyOf, listGoals, progressCursor, scopeOf, type GoalWithProgress } from './queries.ts'
import { smartOfDraft, smartOfGoal, smartOfMade } from './smart.ts'
import { draftOfTemplate } from './templates.ts'
import { followProgress, type ProgressEvent } from './subscription.ts'
import { conventionsOfGoal } from '../kpi/settings.ts'
import type { GoalChanged } from './change.ts'
import type { GoalProgressRow, GoalRow } from '@tidemark/drizzle/rows.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import type { NullReason, Resolvers } from '../schema.generated.ts'

export const goalResolvers = {
  Query: {
    goals: (_root, args, context) => listGoals(context, args),
    goal: (_root, { id }, context) => findGoal(context, id),
    goalTemplates: () => goalTemplates,
    goalTemplate: (_root, { id }) => goalTemplate(id),
    smartCheck: (_root, { draft }, context) => smartOfDraft(draft, context),
  },
  Mutation: {
    createGoal: async (_root, { input }, context) =>
      answerMade('CreateGoalSuccess', input, context, createGoal),
    overrideGoalStatus: async (_root, { input }, context) =>
      answer('OverrideGoalStatusSuccess', input, context, await carryOut(context, overrideGoalStatus, input)),
    withdrawGoalStatusOverride: async (_root, { input }, context) =>
      answer(
        'WithdrawGoalStatusOverrideSuccess',
        input,
        context,
        await carryOut(context, withdrawGoalStatusOverride, input),
      ),
    createMilestoneGoal: async (_root, { input }, context) =>
      answerMade('CreateMilestoneGoalSuccess', input, context, createMilestoneGoal),
    updateMilestones: async (_root, { input }, context) =>
      answer('UpdateMilestonesSuccess', input, context, await carryOut(context, updateMilestones, input)),
    addGoalAction: async (_root, { input }, context) =>
      answer('AddGoalActionSuccess', input, context, await carryOut(context, addGoalAction, input)),
    updateGoalAction: async (_root, { input }, context) =>
      answer('UpdateGoalActionSuccess', input, context, await carryOut(context, updateGoalAction, input)),
    addGoalNote: async (_root, { input }, context) =>
      answer('AddGoalNoteSuccess', input, context, await carryOut(context, addGoalNote, input)),
    updateGoalNote: async (_root, { input }, context) =>
      answer('UpdateGoalNoteSuccess', input, context, await carryOut(context, updateGoalNote, input)),
    updateGoal: async (_root, { input }, context) =>
      answer('UpdateGoalSuccess', input, context, await carryOut(context, updateGoal, input)),
    activateGoal: async (_root, { input }, context) =>
      answer('ActivateGoalSuccess', input, context, await carryOut(context, activateGoal, input)),
    pauseGoal: async (_root, { input }, context) =>
      answer('PauseGoalSuccess', input, context, await carryOut(context, pauseGoal, input)),
    resumeGoal: async (_root, { input }, context) =>
      answer('ResumeGoalSuccess', input, context, await carryOut(context, resumeGoal, input)),
    closeGoal: async (_root, { input }, context) =>
      answer('CloseGoalSuccess', input, context, await carryOut(context, closeGoal, input)),
  },
  Subscription: {
    goalProgress: {
      subscribe: (_root, args, context) => followProgress(context, args),
      resolve: (event: ProgressEvent) => event,
    },
  },
  GoalProgressEvent: {
    goal: async ({ goalId, progress }, _args, { loaders }) => ({
      ...(await required(loaders.goal, goalId)),
      progress,
    }),
  },
  Goal: {
    id: ({ id }) => encodeId('goal', id),
    metric: ({ metric }) => (metric === null ? null : kpiDefinition(metric as KpiMetric)),
    parent: ({ parentId }, _args, { loaders }) => (parentId === null ? null : loaders.goal.load(parentId)),
    children: ({ id }, _args, { loaders }) => loaders.goalChildren.load(id),
    childrenTotal: (goal, _args, context) => childrenTotalOf(goal, context),
    parentShare: (goal, _args, context) => parentShareOf(goal, context),
    actions: ({ id }, _args, { loaders }) => loaders.goalActions.load(id),
    notes: ({ id }, _args, { loaders }) => loaders.goalNotes.load(id),
    milestones: ({ id }, _args, { loaders }) => loaders.milestones.load(id),
    scope: (goal, _args, context) => scopeOf(goal, context),
    conventions: ({ conventions }) => conventionsOfGoal(conventions),
    baseline: ({ baseline }) => Number(baseline),
    baselineExact: ({ baseline }) => baseline,
    target: ({ target }) => numberOf(target),
    targetExact: ({ target }) => target,
    targetGiven: (goal) => targetGivenOf(goal),
    band: (goal) => (goal.direction === 'MAINTAIN_BAND' ? goal : null),
    trajectory: (goal) => (goal.target === null ? null : goal),
    daysLeft: ({ deadline }, _args, context) => todayOf(context).until(deadline).days,
    baselineEvidence: (goal) => goal,
    reviewer: ({ reviewerId }, _args, { loaders }) =>
      reviewerId === null ? null : loaders.person.load(reviewerId),
    followers: ({ id }, _args, { loaders }) => loaders.goalFollowers.load(id),
    owner: ({ ownerId }, _args, { loaders }) => (ownerId === null ? null : loaders.person.load(ownerId)),
    progress: async (goal, _args, context) => {
      const row = await latestOf(goal, context)
      return row === null ? null : { ...row, goal }
    },
    history: (goal, { days }, context) => historyOf(goal, days, context),
    forecast: async (goal, _args, context) => forecastOf(goal, await latestOf(goal, context), context),
    statusOverride: (goal, _args, context) => overrideOn(goal, todayOf(context)),
    guards: ({ guards }) => guards.filter(isGoalGuard),
    smart: (goal, _args, context) => smartOfGoal(goal, context),
    changes: ({ id }, _args, { loaders }) => loaders.goalChanges.load(id),
  },
  CreateGoalSuccess: { smart: (made, _args, context) => smartOfMade(made, context) },
  CreateMilestoneGoalSuccess: {
    smart: ({ draft, ...made }, _args, context) =>
      smartOfMade({ ...made, draft: { ...draft, direction: 'MILESTONES' } }, context),
  },
  GoalTemplate: {
    metric: ({ metric }) => (metric === null ? null : kpiDefinition(metric)),
    direction: (template) => (template.metric === null ? 'MILESTONES' : template.direction),
    target: (template) => (template.metric === null ? null : template.target),
    milestones: (template) => (template.metric === null ? template.milestones : []),
    guards: (template) => (template.metric === null ? [] : template.guards.map(kpiDefinition)),
    draft: (template, args, context) => draftOfTemplate(template, args, context),
  },
  GoalTemplateDraft: { smart: ({ input }, _args, context) => smartOfDraft(input, context) },
  GoalBand: {
    low: ({ bandLow }) => Number(bandLow),
    lowExact: ({ bandLow }) => bandLow ?? '',
    high: ({ bandHigh }) => Number(bandHigh),
    highExact: ({ bandHigh }) => bandHigh ?? '',
  },
  GoalTrajectory: {
    kind: ({ trajectory }) => trajectory,
    points: (goal) => pointsOf(goal),
  },
  GoalTrajectoryPoint: {
    on: ({ on }) => Temporal.PlainDate.from(on),
    value: ({ value }) => Number(value),
    valueExact: ({ value }) => value,
  },
  GoalAction: {
    id: ({ id }) => encodeId('goalAction', id),
    owner: ({ ownerId }, _args, { loaders }) => (ownerId === null ? null : loaders.person.load(ownerId)),
    isOverdue: (action, _args, context) => isOverdue(action, todayOf(context)),
    effect: (action, _args, context) => effectOf(action, context),
  },
  GoalNote: {
    id: ({ id }) => encodeId('goalNote', id),
    author: ({ author }, _args, { loaders }) => actorInWords(author, loaders),
  },
  GoalMilestone: {
    id: ({ id }) => encodeId('milestone', id),
    doneBy: ({ doneBy }, _args, { loaders }) => (doneBy === null ? null : actorInWords(doneBy, loaders)),
    isOverdue: ({ dueOn, doneOn }, _args, context) => doneOn === null && isBefore(dueOn, todayOf(context)),
  },
  GoalBaselineEvidence: {
    numerator: ({ baselineNumerator }) => baselineNumerator,
    denominator: ({ baselineDenominator }) => baselineDenominator,
    yearBeforeOn: ({ baselineOn }) => yearBefore(baselineOn),
    yearBefore: ({ baselineYearBefore }) => numberOf(baselineYearBefore),
    yearBeforeExact: ({ baselineYearBefore }) => baselineYearBefore,
    yearBeforeReason: ({ baselineYearBeforeReason }) => baselineYearBeforeReason as NullReason | null,
  },
  GoalFieldChange: {
    from: ({ field, from }, _args, { loaders }) => shownOf(field, from, loaders),
    to: ({ field, to }, _args, { loaders }) => shownOf(field, to, loaders),
  },
  GoalChange: {
    by: ({ actor }, _args, { loaders }) => actorInWords(actor, loaders),
    at: ({ recordedAt }) => recordedAt,
  },
  GoalProgress: {
    sequence: ({ sequence }) => sequence.toString(),
    value: ({ value }) => numberOf(value),
    valueExact: ({ value }) => value,
    valueReason: ({ valueReason }) => valueReason as NullReason | null,
    expected: ({ expected }) => numberOf(expected),
    expectedExact: ({ expected }) => expected,
    percentToTarget: ({ goal, value }) => percentOf(goal, value),
    forecast: ({ goal, ...row }, _args, context) => forecastOfProgress(goal, row, context),
    override: ({ goal, ...row }) => overrideOfProgress(goal, row),
    guards: ({ guards }) => (guards ?? []) as readonly StoredGuard[],
    budget: ({ budget }) => budget as StoredBudget | null,
  },
  GoalStatusOverride: {
    by: ({ by }, _args, { loaders }) => actorInWords(by, loaders),
  },
  GoalGuardProgress: {
    unit: ({ guard }) => kpiDefinition(guard).unit,
    before: ({ before }) => numberOf(before),
    now: ({ now }) => numberOf(now),
    effect: ({ effect }) => numberOf(effect),
  },
  GoalBudgetProgress: {
    spent: ({ spent }) => Number(spent),
    spentExact: ({ spent }) => spent,
    left: ({ left }) => Number(left),
    leftPercent: ({ leftPercent }) => Number(leftPercent),
    burnShort: ({ burnShort }) => numberOf(burnShort),
    burnLong: ({ burnLong }) => numberOf(burnLong),
    projected: ({ projected }) => numberOf(projected),
    goneOn: ({ goneOn }) => (goneOn === null ? null : Temporal.PlainDate.from(goneOn)),
  },
  GoalPoint: {
    value: ({ value }) => value?.toNumber() ?? null,
    expected: ({ expected }) => expected?.toNumber() ?? null,
  },
  GoalConnection: {
    ...connectionResolvers,
    progressCursor: (_page, _args, context) => progressCursor(context),
  },
} satisfies Resolvers

/** That of the event where it is told in one. */
const latestOf = async (
  { id, progress }: GoalWithProgress,
  { loaders }: Context,
): Promise<GoalProgressRow | null> => (progress === undefined ? loaders.progress.load(id) : progress)

function percentOf({ baseline, target }: GoalRow, value: string | null): number | null {
  if (target === null || value === null) return null
  const way = { baseline: new Exact(baseline), target: new Exact(target) }
  return percentToTarget(way, new Exact(value))?.toNumber() ?? null
}

const numberOf = (value: string | null): number | null => (value === null ? null : Number(value))

/** What those that make a goal answer, with the rules that it began with. */
async function answerMade<Name extends string, Input extends { readonly dryRun: boolean }>(
  name: Name,
  input: Input,
  context: Context,
  make: (commands: CommandContext, input: Input, rights: MayManageRules) => Promise<GoalWithRules | Problem>,
) {
  const rights = { mayManageRules: context.actor.scopes.has('alert:manage') }
  const outcome = await carryOut(context, (commands, given: Input) => make(commands, given, rights), input)
  if (isProblem(outcome)) return outcome
  const told = await answer(name, input, context, outcome)
  return isProblem(told) ? told : { ...told, alertRules: outcome.alertRules }
}

/** What each of the commands answers: the goal as it is now, or the problem. */
async function answer<Name extends string, Input extends { readonly dryRun: boolean }>(
  name: Name,
  input: Input,
  { loaders }: Context,
  outcome: GoalChanged | Problem,
) {
  if (isProblem(outcome)) return outcome
  const { dryRun } = input
  const goal = dryRun ? null : await required(loaders.goal, outcome.goalId)
  return { __typename: name, goal, dryRun, audit: outcome.audit, draft: input }
}
