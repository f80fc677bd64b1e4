import { actorInWords } from '../access/actor-words.ts'
import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import { creditLimitOn, isReviewOverdue, scheduleFrom } from '../domain/credit-limit.ts'
import { dateOf, dayOf } from '../domain/day.ts'
import { decodeId } from '../ids.ts'
import { required } from '../loaders.ts'
import { isAsked, type ApprovalAsked } from '../authority/asked.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { withLazy } from '../with-lazy.ts'
import { listCreditLimitChanges } from './changes.ts'
import { placeCreditHold, releaseCreditHold, reviewCredit, type CreditChanged } from './hold.ts'
import { creditLimitColumns, restoreCreditLimit } from './limit.ts'
import { limitToday, limitsOf } from './queries.ts'
import type { RowResult } from './batch.ts'
import { importCreditLimits } from './import.ts'
import { setCreditLimits } from './set-many.ts'
import { setCreditLimit, type CreditLimitSet } from './set.ts'

const dateOrNull = (text: string | null | undefined): Temporal.PlainDate | null =>
  text == null ? null : Temporal.PlainDate.from(text)

/** With the customer as the command left it, or would have. */
const changedCustomer = <Name extends string>(
  __typename: Name,
  { loaders }: Context,
  dryRun: boolean,
  { customerId, changes, audit }: CreditChanged,
) =>
  withLazy({ __typename, dryRun, audit }, 'customer', async () => {
    const stored = await required(loaders.customer, customerId)
    return dryRun ? { ...stored, ...changes } : stored
  })

const customerWithLimit = async (
  { loaders }: Context,
  dryRun: boolean,
  { customerId, current, limits, version }: CreditLimitSet,
) => {
  const stored = await required(loaders.customer, customerId)
  if (!dryRun) return stored
  loaders.creditLimits.clear(customerId).prime(customerId, limits)
  return { ...stored, ...creditLimitColumns(restoreCreditLimit(current)), creditLimitThrough: null, version }
}

type OutcomesWanted = { readonly outcome?: readonly RowResult['outcome'][] | null | undefined }

const rowsOf = (
  { results }: { readonly results: readonly RowResult[] },
  { outcome: wanted }: OutcomesWanted,
) => (wanted ? results.filter(({ outcome }) => wanted.includes(outcome)) : results)

type Asked = { readonly asked: ApprovalAsked | null }
/** What rows that wait were asked for with. */
const approvalOf = {
  approvalRequest: ({ asked }: Asked, _args: object, { loaders }: Context) =>
    asked?.requestId == null
      ? null
      : loaders.approvalRequest.load(decodeId('approvalRequest', asked.requestId) ?? ''),
  requirements: ({ asked }: Asked) =>
    (asked?.requirements ?? []).map((requirement) => ({ ...requirement, lacking: requirement.approvals })),
}

export const creditResolvers = {
  Mutation: {
    setCreditLimit: async (_root, { input }, context) => {
      const outcome = await carryOut(context, setCreditLimit, input)
      if (isProblem(outcome) || isAsked(outcome)) return outcome
      const answer = {
        __typename: 'SetCreditLimitSuccess',
        previous: restoreCreditLimit(outcome.previous),
        schedule: scheduleFrom(outcome.limits, dayOf(todayOf(context))),
        dryRun: input.dryRun,
        audit: outcome.audit,
      } as const
      return withLazy(answer, 'customer', () => customerWithLimit(context, input.dryRun, outcome))
    },
    setCreditLimits: async (_root, { input }, context) => {
      const outcome = await carryOut(context, setCreditLimits, input)
      if ('__typename' in outcome) return outcome
      return { __typename: 'SetCreditLimitsSuccess', ...outcome, dryRun: input.dryRun }
    },
    importCreditLimits: async (_root, { input }, context) => {
      const outcome = await carryOut(context, importCreditLimits, input)
      if ('__typename' in outcome) return outcome
      return { __typename: 'ImportCreditLimitsSuccess', ...outcome, dryRun: input.dryRun }
    },
    placeCreditHold: async (_root, { input }, context) => {
      const outcome = await carryOut(context, placeCreditHold, input)
      if (isProblem(outcome)) return outcome
      return changedCustomer('PlaceCreditHoldSuccess', context, input.dryRun, outcome)
    },
    releaseCreditHold: async (_root, { input }, context) => {
      const outcome = await carryOut(context, releaseCreditHold, input)
      if (isProblem(outcome) || isAsked(outcome)) return outcome
      return changedCustomer('ReleaseCreditHoldSuccess', context, input.dryRun, outcome)
    },
    reviewCredit: async (_root, { input }, context) => {
      const outcome = await carryOut(context, reviewCredit, input)
      if (isProblem(outcome)) return outcome
      return changedCustomer('ReviewCreditSuccess', context, input.dryRun, outcome)
    },
  },
  Customer: {
    creditLimit: (row, _args, context) => limitToday(context, row),
    creditLimitChanges: ({ id }, args, context) => listCreditLimitChanges(context, id, args),
    credit: (row) => row,
  },
  CustomerCredit: {
    limit: async (row, { on }, context) =>
      on ? creditLimitOn(await limitsOf(context, row), dayOf(on)) : limitToday(context, row),
    schedule: async (row, { from }, context) =>
      scheduleFrom(await limitsOf(context, row), dayOf(from ?? todayOf(context))),
    hold: (row) => (row.creditHoldSince === null ? null : row),
    reviewedOn: ({ creditReviewedOn }) => creditReviewedOn,
    nextReviewOn: ({ nextCreditReviewOn }) => nextCreditReviewOn,
    isReviewOverdue: ({ nextCreditReviewOn }, _args, context) =>
      isReviewOverdue(
        nextCreditReviewOn === null ? null : dayOf(nextCreditReviewOn),
        dayOf(todayOf(context)),
      ),
  },
  SetCreditLimitsSuccess: { rows: rowsOf, ...approvalOf },
  ImportCreditLimitsSuccess: { rows: rowsOf, ...approvalOf },
  CreditLimitsRefused: { rows: rowsOf },
  CreditLimitRow: {
    previous: ({ previous }) => (previous === null ? null : restoreCreditLimit(previous)),
    limit: ({ limit }) => (limit === null ? null : restoreCreditLimit(limit)),
    effectiveOn: ({ limit }) => dateOrNull(limit?.effectiveOn),
    until: ({ limit }) => dateOrNull(limit?.until),
  },
  CreditHold: {
    reason: ({ creditHoldReason }) => creditHoldReason ?? '',
    since: ({ id, creditHoldSince }) => {
      if (creditHoldSince === null) throw new Error(`Customer ${id} is not held`)
      return creditHoldSince
    },
    by: ({ creditHoldBy }, _args, { loaders }) => actorInWords(creditHoldBy ?? '', loaders),
  },
  CreditLimitSpan: {
    from: ({ from }) => dateOf(from),
    through: ({ through }) => (through === null ? null : dateOf(through)),
    limit: (span) => span,
  },
  CreditLimitChange: {
    changedAt: ({ recordedAt }) => recordedAt,
    changedBy: ({ actor }, _args, { loaders }) => actorInWords(actor, loaders),
    previous: ({ before }) => restoreCreditLimit(before),
    limit: ({ after }) => restoreCreditLimit(after),
    effectiveOn: ({ after }) => dateOrNull(after.effectiveOn),
    until: ({ after }) => dateOrNull(after.until),
  },
  CreditLimitChangeConnection: connectionResolvers,
  CustomerEvent: {
    previousLimit: ({ before }) => (before === null ? null : restoreCreditLimit(before)),
    limit: ({ after }) => (after === null ? null : restoreCreditLimit(after)),
  },
} satisfies Resolvers
