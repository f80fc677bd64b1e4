/** The tables' rows as the rest of the house names them. */
import type {
  alert,
  alertChannel,
  alertDelivery,
  alertRule,
  alertRuleChange,
  alertStanding,
  alertTransition,
} from './tables/alert.ts'
import type { apiToken, invitation, membership } from './tables/access.ts'
import type { approvalEvent, approvalRequest, approvalStep } from './tables/approval.ts'
import type { audit, auditSeal, origin } from './tables/audit.ts'
import type { creditApplication } from './tables/credit-application.ts'
import type { customer, segment } from './tables/customer.ts'
import type {
  goal,
  goalAction,
  goalChange,
  goalForecast,
  goalMilestone,
  goalNote,
  goalProgress,
} from './tables/goal.ts'
import type { exchangeRate, metricValue } from './tables/kpi.ts'
import type { policyText, policyTextMailing } from './tables/policy-text.ts'
import type { creditNote, invoice, item, ledgerEntry, receipt } from './tables/ledger.ts'
import type {
  creditDecision,
  creditPolicy,
  creditReservation,
  creditSecurity,
  orderEvent,
  salesOrder,
} from './tables/order.ts'
import type { organization, person } from './tables/organization.ts'

import type { controlPaper } from './tables/control.ts'
import type { creditCrossing } from './tables/crossing.ts'
import type { goalReview, goalReviewSignature } from './tables/review.ts'

export type OrganizationRow = typeof organization.$inferSelect
export type PersonRow = typeof person.$inferSelect
export type ApiTokenRow = typeof apiToken.$inferSelect
export type MembershipRow = typeof membership.$inferSelect
export type InvitationRow = typeof invitation.$inferSelect
export type SegmentRow = typeof segment.$inferSelect
export type CreditApplicationRow = typeof creditApplication.$inferSelect
export type CustomerRow = typeof customer.$inferSelect
export type ItemRow = typeof item.$inferSelect
export type InvoiceRow = typeof invoice.$inferSelect
export type ReceiptRow = typeof receipt.$inferSelect
export type CreditNoteRow = typeof creditNote.$inferSelect
export type LedgerEntryRow = typeof ledgerEntry.$inferSelect
export type ExchangeRateRow = typeof exchangeRate.$inferSelect
export type MetricValueRow = typeof metricValue.$inferSelect
export type GoalRow = typeof goal.$inferSelect
export type AuditRow = typeof audit.$inferSelect
export type AuditSealRow = typeof auditSeal.$inferSelect
export type OriginRow = typeof origin.$inferSelect
export type GoalProgressRow = typeof goalProgress.$inferSelect
export type GoalForecastRow = typeof goalForecast.$inferSelect
export type GoalChangeRow = typeof goalChange.$inferSelect
export type GoalMilestoneRow = typeof goalMilestone.$inferSelect
export type GoalActionRow = typeof goalAction.$inferSelect
export type GoalNoteRow = typeof goalNote.$inferSelect
export type AlertRow = typeof alert.$inferSelect
export type AlertRuleRow = typeof alertRule.$inferSelect
export type AlertRuleChangeRow = typeof alertRuleChange.$inferSelect
export type AlertStandingRow = typeof alertStanding.$inferSelect
export type AlertTransitionRow = typeof alertTransition.$inferSelect
export type AlertChannelRow = typeof alertChannel.$inferSelect
export type AlertDeliveryRow = typeof alertDelivery.$inferSelect
export type GoalReviewRow = typeof goalReview.$inferSelect
export type GoalReviewSignatureRow = typeof goalReviewSignature.$inferSelect
export type SalesOrderRow = typeof salesOrder.$inferSelect
export type OrderEventRow = typeof orderEvent.$inferSelect
export type CreditSecurityRow = typeof creditSecurity.$inferSelect
export type PolicyTextRow = typeof policyText.$inferSelect
export type PolicyTextMailingRow = typeof policyTextMailing.$inferSelect
export type CreditPolicyRow = typeof creditPolicy.$inferSelect
export type CreditDecisionRow = typeof creditDecision.$inferSelect
export type CreditReservationRow = typeof creditReservation.$inferSelect
export type ApprovalRequestRow = typeof approvalRequest.$inferSelect
export type ApprovalStepRow = typeof approvalStep.$inferSelect
export type ApprovalEventRow = typeof approvalEvent.$inferSelect
export type ControlPaperRow = typeof controlPaper.$inferSelect
export type CreditCrossingRow = typeof creditCrossing.$inferSelect
