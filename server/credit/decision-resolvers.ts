import { carryOut } from '../command.ts'
import { connectionResolvers } from '../connection.ts'
import { parseMinor } from '../domain/money.ts'
import { encodeId } from '../ids.ts'
import type { StoredLevel } from '../ledger/credit-standing.ts'
import { required } from '../loaders.ts'
import { isProblem } from '../problem.ts'
import type { Resolvers } from '../schema.generated.ts'
import { creditDecision, listDecisions, readDecision, releaseReservation } from './decision.ts'
import { committedOf, headroomOf, partOf, reasonOf, stateOf, utilisationOf } from './exposure.ts'
import { setParentCustomer } from './parent.ts'
import { endSecurity, readSecurity, recordSecurity } from './security.ts'

const inLimitCurrency = ({ limit: { currency } }: StoredLevel, amount: string | null) => {
  const minor = amount === null || currency === null ? null : parseMinor(amount, currency)
  return minor === null || currency === null ? null : { minor, currency }
}

export const creditDecisionResolvers = {
  Query: {
    creditDecisions: (_root, args, context) => listDecisions(context, args),
  },
  Mutation: {
    creditDecision: async (_root, { input }, context) => {
      const outcome = await carryOut(context, creditDecision, input)
      if (isProblem(outcome)) return outcome
      const decision = input.dryRun ? { ...outcome.decision, decidedAt: null } : outcome.decision
      return { __typename: 'CreditDecisionSuccess', decision, dryRun: input.dryRun, audit: outcome.audit }
    },
    releaseReservation: async (_root, { input }, context) => {
      const outcome = await carryOut(context, releaseReservation, input)
      if (isProblem(outcome)) return outcome
      return {
        __typename: 'ReleaseReservationSuccess',
        decision: await readDecision(context, outcome.decisionId),
        dryRun: input.dryRun,
        audit: outcome.audit,
      }
    },
    recordSecurity: async (_root, { input }, context) => {
      const outcome = await carryOut(context, recordSecurity, input)
      if (isProblem(outcome)) return outcome
      const security = await readSecurity(context, outcome.securityId)
      return { __typename: 'RecordSecuritySuccess', security, dryRun: input.dryRun, audit: outcome.audit }
    },
    endSecurity: async (_root, { input }, context) => {
      const outcome = await carryOut(context, endSecurity, input)
      if (isProblem(outcome)) return outcome
      const security = await readSecurity(context, outcome.securityId)
      return { __typename: 'EndSecuritySuccess', security, dryRun: input.dryRun, audit: outcome.audit }
    },
    setParentCustomer: async (_root, { input }, context) => {
      const outcome = await carryOut(context, setParentCustomer, input)
      if (isProblem(outcome)) return outcome
      const customer = await required(context.loaders.customer, outcome.customerId)
      return { __typename: 'SetParentCustomerSuccess', customer, dryRun: input.dryRun, audit: outcome.audit }
    },
  },
  Customer: {
    exposure: ({ id }, _args, { loaders }) => required(loaders.creditStanding, id),
    parent: async ({ id }, _args, { loaders }) => {
      const parentId = await loaders.parentId.load(id)
      return parentId === null ? null : required(loaders.customer, parentId)
    },
    group: async ({ id }, _args, { loaders }) => {
      const members = (await loaders.groupIds.load(id)).filter((member) => member !== id)
      const rows = await Promise.all(members.map((member) => required(loaders.customer, member)))
      return rows.toSorted((a, b) => (a.number < b.number ? -1 : 1))
    },
    securities: ({ id }, _args, { loaders }) => loaders.securities.load(id),
  },
  CustomerExposure: {
    receivables: (standing) => partOf(standing, 'receivables'),
    shippedNotInvoiced: (standing) => partOf(standing, 'shipped'),
    openOrders: (standing) => partOf(standing, 'orders'),
    unclearedReceipts: (standing) => partOf(standing, 'uncleared'),
    unapplied: (standing) => partOf(standing, 'unapplied'),
    security: (standing) => partOf(standing, 'security'),
    gross: (standing) => partOf(standing, 'gross'),
    insurance: (standing) => partOf(standing, 'insurance'),
    net: (standing) => partOf(standing, 'net'),
    reserved: (standing) => partOf(standing, 'reserved'),
    committed: committedOf,
    headroom: headroomOf,
    utilisation: utilisationOf,
    state: stateOf,
    reason: reasonOf,
  },
  CreditSecurity: {
    id: ({ id }) => encodeId('security', id),
    customer: ({ customerId }, _args, { loaders }) => required(loaders.customer, customerId),
    amount: ({ amount, currency }) => ({ minor: amount, currency }),
  },
  CreditDecision: {
    id: ({ id }) => encodeId('creditDecision', id),
    customer: ({ customerId }, _args, { loaders }) => required(loaders.customer, customerId),
  },
  CreditDecisionReason: { customerNumber: ({ customer }) => customer },
  CreditDecisionLevel: {
    customerNumber: ({ number }) => number,
    limit: (level) => ({
      state: level.limit.state,
      amount: inLimitCurrency(level, level.limit.amount),
    }),
    before: (level) => inLimitCurrency(level, level.before),
    after: (level) => inLimitCurrency(level, level.after),
  },
  CreditReservation: {
    amount: (reservation) => reservation,
    isHeld: ({ expiresAt, releasedAt }, _args, { now }) =>
      releasedAt === null && Temporal.Instant.compare(expiresAt, now) > 0,
  },
  CreditDecisionConnection: connectionResolvers,
} satisfies Resolvers
