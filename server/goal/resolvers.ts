import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import { todayOf } from '../context.ts'
import { percentToTarget } from '../domain/goal.ts'
import { Exact } from '../domain/money.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { encodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import { judgedGoal } from '../live/measure.ts'
import { isProblem } from '../problem.ts'
import { createGoal } from './commands.ts'
import { findGoal, historyOf, listGoals, progressCursor, scopeOf } from './queries.ts'
import { followProgress, type ProgressEvent } from './subscription.ts'
import { conventionsOfGoal } from '../kpi/settings.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import type { NullReason, Resolvers } from '../schema.generated.ts'

export const goalResolvers = {
  Query: {
    goals: (_root, args, context) => listGoals(context, args),
    goal: (_root, { id }, context) => findGoal(context, id),
  },
  Mutation: {
    createGoal: async (_root, { input }, context) => {
      const outcome = await carryOut(context, createGoal, input)
      if (isProblem(outcome)) return outcome
      return {
        __typename: 'CreateGoalSuccess',
        goal: input.dryRun ? null : await required(context.loaders.goal, outcome.goalId),
        dryRun: input.dryRun,
        audit: outcome.audit,
      }
    },
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
    metric: ({ metric }) => kpiDefinition(metric as KpiMetric),
    scope: (goal, _args, context) => scopeOf(goal, context),
    conventions: ({ conventions }) => conventionsOfGoal(conventions),
    baseline: ({ baseline }) => Number(baseline),
    baselineExact: ({ baseline }) => baseline,
    target: ({ target }) => Number(target),
    targetExact: ({ target }) => target,
    daysLeft: ({ deadline }, _args, context) => todayOf(context).until(deadline).days,
    owner: ({ ownerId }, _args, { loaders }) => (ownerId === null ? null : loaders.person.load(ownerId)),
    progress: async (goal, _args, { loaders }) => {
      const row = goal.progress === undefined ? await loaders.progress.load(goal.id) : goal.progress
      return row === null ? null : { ...row, goal }
    },
    history: (goal, { days }, context) => historyOf(goal, days, context),
  },
  GoalProgress: {
    sequence: ({ sequence }) => sequence.toString(),
    value: ({ value }) => numberOf(value),
    valueExact: ({ value }) => value,
    valueReason: ({ valueReason }) => valueReason as NullReason | null,
    expected: ({ expected }) => Number(expected),
    expectedExact: ({ expected }) => expected,
    percentToTarget: ({ goal, value }) =>
      percentToTarget(judgedGoal(goal), value === null ? null : new Exact(value))?.toNumber() ?? null,
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

const numberOf = (value: string | null): number | null => (value === null ? null : Number(value))
