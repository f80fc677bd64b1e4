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
import type { audit, auditSeal, origin } from './tables/audit.ts'
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
import type { creditNote, invoice, item, ledgerEntry, receipt } from './tables/ledger.ts'
import type { organization, person } from './tables/organization.ts'

import type { goalReview, goalReviewSignature } from './tables/review.ts'

export type OrganizationRow = typeof organization.$inferSelect
export type PersonRow = typeof person.$inferSelect
export type ApiTokenRow = typeof apiToken.$inferSelect
export type MembershipRow = typeof membership.$inferSelect
export type InvitationRow = typeof invitation.$inferSelect
export type SegmentRow = typeof segment.$inferSelect
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
