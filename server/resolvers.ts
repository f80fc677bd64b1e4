/** The resolver map: the nouns meet here and nowhere else. */
import { alertResolvers } from './alert/resolvers.ts'
import { approvalResolvers } from './approval/resolvers.ts'
import { auditResolvers } from './audit/resolvers.ts'
import { codeResolvers } from './code/resolvers.ts'
import { controlResolvers } from './control/resolvers.ts'
import { crossingResolvers } from './credit/crossings.ts'
import { creditApplicationResolvers } from './credit/application/resolvers.ts'
import { creditDecisionResolvers } from './credit/decision-resolvers.ts'
import { creditPolicyResolvers } from './credit/policy-resolvers.ts'
import { policyTextResolvers } from './policy-text/resolvers.ts'
import { creditResolvers } from './credit/resolvers.ts'
import { creditNoteResolvers } from './credit-note/resolvers.ts'
import { customerResolvers } from './customer/resolvers.ts'
import { customerStandingResolvers } from './customer/standing-resolvers.ts'
import { disputeResolvers } from './dispute/resolvers.ts'
import { formatMinor } from './domain/money.ts'
import { goalResolvers } from './goal/resolvers.ts'
import { reviewResolvers } from './goal/review/resolvers.ts'
import { governedCommands } from './governed-commands.ts'
import { invoiceResolvers } from './invoice/resolvers.ts'
import { explainResolvers } from './kpi/explain-resolvers.ts'
import { reconciliationResolvers } from './kpi/reconciliation-resolvers.ts'
import { restatementResolvers } from './kpi/restatement-resolvers.ts'
import { kpiResolvers } from './kpi/resolvers.ts'
import { orderResolvers } from './order/resolvers.ts'
import { metricResolvers } from './metric/resolvers.ts'
import { memberResolvers } from './member/resolvers.ts'
import { organizationResolvers } from './organization/resolvers.ts'
import { periodResolvers } from './period/resolvers.ts'
import { rateResolvers } from './rate/resolvers.ts'
import { receiptResolvers } from './receipt/resolvers.ts'
import { scalars } from './scalars.ts'
import type { Resolvers } from './schema.generated.ts'
import { salesPlanResolvers } from './sales-plan/resolvers.ts'
import { segmentResolvers } from './segment/resolvers.ts'
import { tokenResolvers } from './token/resolvers.ts'

/** What belongs to no noun. */
const baseResolvers = { Money: { amount: formatMinor } } satisfies Resolvers

/** The functions of one GraphQL type: its field resolvers, or how a scalar is read and written. */
export type TypeFunctions = Readonly<Record<string, unknown>>

/** Throws where two nouns resolve the same field. */
const merge = (maps: readonly object[]): Readonly<Record<string, TypeFunctions>> => {
  const types: Record<string, Record<string, unknown>> = {}
  for (const map of maps) {
    for (const [type, functions] of Object.entries(map)) {
      const merged = (types[type] ??= {})
      for (const [name, value] of Object.entries(functions as TypeFunctions)) {
        if (name in merged) throw new Error(`${type}.${name} is resolved twice`)
        merged[name] = value
      }
    }
  }
  return types
}

export const resolvers = merge([
  scalars,
  baseResolvers,
  organizationResolvers,
  memberResolvers,
  tokenResolvers,
  customerResolvers,
  customerStandingResolvers,
  creditResolvers,
  creditDecisionResolvers,
  creditApplicationResolvers,
  creditPolicyResolvers,
  policyTextResolvers,
  crossingResolvers,
  approvalResolvers(governedCommands),
  orderResolvers,
  salesPlanResolvers,
  invoiceResolvers,
  periodResolvers,
  segmentResolvers,
  receiptResolvers,
  creditNoteResolvers,
  disputeResolvers,
  kpiResolvers,
  metricResolvers,
  rateResolvers,
  explainResolvers,
  reconciliationResolvers,
  restatementResolvers,
  goalResolvers,
  alertResolvers,
  codeResolvers,
  reviewResolvers,
  controlResolvers,
  auditResolvers,
])
