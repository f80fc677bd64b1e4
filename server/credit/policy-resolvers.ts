import { actorInWords } from '../access/actor-words.ts'
import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import { grantedBy, POLICY_CLASSES, type PolicyClass, type RiskClass } from '../domain/credit-policy.ts'
import { dateOf, dayOf } from '../domain/day.ts'
import { required } from '../loaders.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { percentOf } from './policy-rules.ts'
import { listPolicies, setCreditPolicy } from './policy.ts'
import { inForceOf, setCreditRating } from './rating.ts'
import { simulateCreditPolicy } from './simulation.ts'

export type ClassLimit = { readonly riskClass: RiskClass | null; readonly amount: bigint }
export type ReviewPeriod = { readonly riskClass: RiskClass | null; readonly months: number }

/** In the order of the classes. */
const byClass = <Value>(of: Readonly<Partial<Record<PolicyClass, Value>>>) =>
  POLICY_CLASSES.flatMap((one) => {
    const value = of[one]
    return value === undefined ? [] : [{ riskClass: one === 'UNRATED' ? null : one, value }]
  })

const inBase = (
  { amount }: { readonly amount: bigint },
  { organization }: Pick<Context, 'organization'>,
) => ({
  minor: amount,
  currency: organization.baseCurrency,
})

const policyAt = ({ loaders, ...context }: Context, asOf?: Temporal.PlainDate | null) =>
  required(loaders.creditPolicy, String(dayOf(asOf ?? todayOf(context))))

export const creditPolicyResolvers = {
  Query: {
    creditPolicy: (_root, { asOf }, context) => policyAt(context, asOf),
    creditPolicies: (_root, args, context) => listPolicies(context, args),
    simulateCreditPolicy: (_root, { input }, context) => simulateCreditPolicy(context, input),
  },
  Mutation: {
    setCreditPolicy: async (_root, { input }, context) => {
      const outcome = await carryOut(context, setCreditPolicy, input)
      if (isProblem(outcome)) return outcome
      return { __typename: 'SetCreditPolicySuccess', ...outcome, dryRun: input.dryRun }
    },
    setCreditRating: async (_root, { input }, context) => {
      const outcome = await carryOut(context, setCreditRating, input)
      if (isProblem(outcome)) return outcome
      const customer = await required(context.loaders.customer, outcome.customerId)
      const others = await context.loaders.ratings.load(outcome.customerId)
      const all = [outcome.rating, ...others.filter(({ version }) => version !== outcome.rating.version)]
      const [rating] = inForceOf(all, todayOf(context))
      if (rating === undefined) throw new Error('There is at least the rating that was just made')
      return {
        __typename: 'SetCreditRatingSuccess',
        customer,
        rating,
        dryRun: input.dryRun,
        audit: outcome.audit,
      }
    },
  },
  CustomerCredit: {
    ratings: async ({ id }, _args, context) =>
      inForceOf(await context.loaders.ratings.load(id), todayOf(context)),
    granted: async ({ id, riskClass }, _args, context) => {
      const { organization, loaders } = context
      const policy = await policyAt(context)
      const ratings = inForceOf(await loaders.ratings.load(id), todayOf(context))
      const inForce = ratings.filter(({ isInForce }) => isInForce)
      const minor = grantedBy(policy, riskClass, inForce)
      return minor === null ? null : { minor, currency: organization.baseCurrency }
    },
  },
  CreditPolicy: {
    effectiveOn: ({ effectiveOn }) => (effectiveOn === null ? null : dateOf(effectiveOn)),
    tolerancePercent: ({ toleranceBasisPoints }) => percentOf(toleranceBasisPoints),
    pastDueAmount: ({ pastDueAmount }, _args, { organization }) => ({
      minor: pastDueAmount,
      currency: organization.baseCurrency,
    }),
    classLimits: ({ classLimits }) =>
      byClass(classLimits).map(({ riskClass, value }) => ({ riskClass, amount: value })),
    reviewPeriods: ({ reviewMonths }) =>
      byClass(reviewMonths).map(({ riskClass, value }) => ({ riskClass, months: value })),
    setAt: async ({ version }, _args, { loaders }) =>
      (await loaders.creditPolicySettings.load(String(version)))?.recordedAt ?? null,
    setBy: async ({ version }, _args, { loaders }) => {
      const setting = await loaders.creditPolicySettings.load(String(version))
      return setting === null ? null : actorInWords(setting.actor, loaders)
    },
    reason: async ({ version }, _args, { loaders }) =>
      (await loaders.creditPolicySettings.load(String(version)))?.reason ?? null,
  },
  CreditEscalationStep: { amount: (step, _args, context) => inBase(step, context) },
  CreditClassLimit: { amount: (limit, _args, context) => inBase(limit, context) },
  CreditRatingLimit: { amount: (limit, _args, context) => inBase(limit, context) },
  CreditRating: {
    ratedOn: ({ ratedOn }) => dateOf(ratedOn),
    until: ({ until }) => (until === null ? null : dateOf(until)),
  },
  CreditPolicyConnection: connectionResolvers,
  CreditPolicySimulation: {
    from: ({ from }) => dateOf(from),
    to: ({ to }) => dateOf(to),
    knownFrom: ({ knownFrom }) => (knownFrom === null ? null : dateOf(knownFrom)),
  },
  CreditSimulationSums: {
    amount: ({ amount }, _args, context) => inBase({ amount }, context),
    paid: ({ paid }, _args, context) => inBase({ amount: paid }, context),
    writtenOff: ({ writtenOff }, _args, context) => inBase({ amount: writtenOff }, context),
    late: ({ late }, _args, context) => inBase({ amount: late }, context),
  },
  CreditSimulationMonth: { month: ({ month }) => dateOf(month) },
  CreditSimulationReason: { amount: (reason, _args, context) => inBase(reason, context) },
  CreditSimulationCustomer: {
    customer: ({ customerId }, _args, { loaders }) => required(loaders.customer, customerId),
  },
} satisfies Resolvers
