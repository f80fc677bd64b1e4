import { actorInWords } from '../../access/actor-words.ts'
import { carryOut } from '../../command.ts'
import { connectionResolvers } from '../../connection.ts'
import { todayOf, type Context } from '../../context.ts'
import { driverTexts } from '../../domain/explain-drivers.ts'
import { isReviewKind } from '../../domain/review.ts'
import { shownOf } from '../changes.ts'
import { encodeId } from '../../ids.ts'
import { required } from '../../loaders.ts'
import { isProblem, type Problem } from '../../problem.ts'
import {
  refreshGoalReview,
  reopenGoalReview,
  setGoalReviews,
  signGoalReview,
  updateGoalReview,
  type Decision,
} from './commands.ts'
import { documentOf } from './document.ts'
import { openGoalReview, type ReviewChanged } from './open.ts'
import { findingsOf, findReview, isOverdue, listReviews, signaturesOf } from './queries.ts'
import type { Resolvers } from '../../schema.generated.ts'

const dateOf = (text: string): Temporal.PlainDate => Temporal.PlainDate.from(text)
const dateOrNull = (text: string | null): Temporal.PlainDate | null => (text === null ? null : dateOf(text))

export const reviewResolvers = {
  Query: {
    goalReviews: (_root, args, context) => listReviews(context, args),
    goalReview: (_root, { id }, context) => findReview(context, id),
  },
  Mutation: {
    openGoalReview: async (_root, { input }, context) =>
      answer('OpenGoalReviewSuccess', input, context, await carryOut(context, openGoalReview, input)),
    updateGoalReview: async (_root, { input }, context) =>
      answer('UpdateGoalReviewSuccess', input, context, await carryOut(context, updateGoalReview, input)),
    refreshGoalReview: async (_root, { input }, context) =>
      answer('RefreshGoalReviewSuccess', input, context, await carryOut(context, refreshGoalReview, input)),
    signGoalReview: async (_root, { input }, context) =>
      answer('SignGoalReviewSuccess', input, context, await carryOut(context, signGoalReview, input)),
    reopenGoalReview: async (_root, { input }, context) =>
      answer('ReopenGoalReviewSuccess', input, context, await carryOut(context, reopenGoalReview, input)),
    setGoalReviews: async (_root, { input }, context) => {
      const outcome = await carryOut(context, setGoalReviews, input)
      if (isProblem(outcome)) return outcome
      const goal = input.dryRun ? null : await required(context.loaders.goal, outcome.goalId)
      return { __typename: 'SetGoalReviewsSuccess', goal, dryRun: input.dryRun, audit: outcome.audit }
    },
  },
  Goal: {
    reviewKinds: ({ reviews }) => reviews.filter(isReviewKind),
    reviews: ({ id }, _args, { loaders }) => loaders.goalReviews.load(id),
  },
  GoalReview: {
    id: ({ id }) => encodeId('goalReview', id),
    goal: ({ goalId }, _args, { loaders }) => required(loaders.goal, goalId),
    from: ({ periodFrom }) => periodFrom,
    to: ({ periodTo }) => periodTo,
    isOverdue: (review, _args, context) => isOverdue(review, todayOf(context)),
    findings: (review) => findingsOf(review),
    decisions: ({ decisions }) => decisions as readonly Decision[],
    signatures: (review, _args, context) => signaturesOf(review, context),
    document: (review, _args, context) => documentOf(review, context),
  },
  GoalReviewDecision: {
    owner: ({ ownerId }, _args, { loaders }) => (ownerId === null ? null : loaders.person.load(ownerId)),
    dueOn: ({ dueOn }) => dateOrNull(dueOn),
  },
  GoalReviewSignature: {
    person: ({ personId }, _args, { loaders }) => (personId === null ? null : loaders.person.load(personId)),
  },
  GoalReviewPoint: { date: ({ date }) => dateOf(date) },
  GoalReviewPart: {
    name: ({ driver }) => driverTexts[driver].name,
    description: ({ driver }) => driverTexts[driver].description,
  },
  GoalReviewCustomer: { customerId: ({ customerId }) => encodeId('customer', customerId) },
  GoalReviewAlert: { date: ({ date }) => dateOf(date) },
  GoalReviewStatus: { date: ({ date }) => dateOf(date) },
  GoalReviewChange: {
    date: ({ date }) => dateOf(date),
    from: ({ field, from }, _args, { loaders }) => shownOf(field, from, loaders),
    to: ({ field, to }, _args, { loaders }) => shownOf(field, to, loaders),
    by: ({ by }, _args, { loaders }) => actorInWords(by, loaders),
  },
  GoalReviewAction: {
    owner: ({ ownerId }, _args, { loaders }) => (ownerId === null ? null : loaders.person.load(ownerId)),
    dueOn: ({ dueOn }) => dateOrNull(dueOn),
    doneOn: ({ doneOn }) => dateOrNull(doneOn),
  },
  GoalReviewMilestone: {
    dueOn: ({ dueOn }) => dateOf(dueOn),
    doneOn: ({ doneOn }) => dateOrNull(doneOn),
  },
  GoalReviewConnection: connectionResolvers,
} satisfies Resolvers

async function answer<Name extends string>(
  name: Name,
  { dryRun }: { readonly dryRun: boolean },
  context: Context,
  outcome: ReviewChanged | Problem,
) {
  if (isProblem(outcome)) return outcome
  const review = dryRun ? null : await findReview(context, encodeId('goalReview', outcome.reviewId))
  return { __typename: name, review, dryRun, audit: outcome.audit }
}
