/** The tables' rows as the rest of the house names them. */
import type * as tables from './tables.ts'

export type OrganizationRow = typeof tables.organization.$inferSelect
export type PersonRow = typeof tables.person.$inferSelect
export type ApiTokenRow = typeof tables.apiToken.$inferSelect
export type MembershipRow = typeof tables.membership.$inferSelect
export type InvitationRow = typeof tables.invitation.$inferSelect
export type SegmentRow = typeof tables.segment.$inferSelect
export type CustomerRow = typeof tables.customer.$inferSelect
export type ItemRow = typeof tables.item.$inferSelect
export type InvoiceRow = typeof tables.invoice.$inferSelect
export type ReceiptRow = typeof tables.receipt.$inferSelect
export type CreditNoteRow = typeof tables.creditNote.$inferSelect
export type LedgerEntryRow = typeof tables.ledgerEntry.$inferSelect
export type ExchangeRateRow = typeof tables.exchangeRate.$inferSelect
export type MetricValueRow = typeof tables.metricValue.$inferSelect
export type GoalRow = typeof tables.goal.$inferSelect
export type AuditRow = typeof tables.audit.$inferSelect
export type AuditSealRow = typeof tables.auditSeal.$inferSelect
export type OriginRow = typeof tables.origin.$inferSelect
export type GoalProgressRow = typeof tables.goalProgress.$inferSelect
export type GoalChangeRow = typeof tables.goalChange.$inferSelect
export type GoalMilestoneRow = typeof tables.goalMilestone.$inferSelect
export type GoalActionRow = typeof tables.goalAction.$inferSelect
export type GoalNoteRow = typeof tables.goalNote.$inferSelect
