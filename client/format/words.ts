import type { AgingBasis, GoalOutcome, GoalState, GoalStatus, NullReason } from '../documents.generated.ts'

/** Why a value is missing, for a person. */
export const nullReasonWords = {
  NO_SALES: 'Nothing was sold in the window',
  NO_RECEIVABLES: 'There are no receivables',
  NOTHING_IN_PERIOD: 'Nothing happened in the period',
  INSUFFICIENT_HISTORY: 'Too little history in the books',
  HISTORY_EXHAUSTED: 'The months of the books are used up',
  NEGATIVE_SALES: 'A month had more credits than sales',
  NOT_KNOWN_THEN: 'Not known at that time',
  IN_THE_FUTURE: 'The day has not come',
  NOTHING_OPEN: 'Nothing of it was open',
  NOT_CONFIGURED: 'Its convention is not set',
  NOT_RECORDED: 'Nothing was recorded for the period',
  NOT_BY_SEGMENT: 'Known for the whole organization only',
  ONLY_TODAY: 'Known for today only',
  MISSING_RATE: 'An exchange rate is missing',
  TAX_BASIS_MIXED: 'The tax of only some invoices is known',
} as const satisfies Record<NullReason, string>

export const goalStatusWords = {
  PENDING_START: 'Not started',
  ON_TRACK: 'On track',
  AT_RISK: 'At risk',
  OFF_TRACK: 'Off track',
  ACHIEVED: 'Achieved',
  MISSED: 'Missed',
  NO_DATA: 'No data',
  STALE: 'Stale',
  INSUFFICIENT_DATA: 'Too little data',
  ABANDONED: 'Given up',
} as const satisfies Record<GoalStatus, string>

export const agingBasisWords = {
  DUE_DATE: 'days past due',
  INVOICE_DATE: 'days since the invoice',
} as const satisfies Record<AgingBasis, string>

const roleWords: Readonly<Record<string, string>> = {
  VIEWER: 'Viewer',
  SALES: 'Sales',
  COLLECTOR: 'Collector',
  CREDIT_MANAGER: 'Credit manager',
  MANAGER: 'Manager',
  AUDITOR: 'Auditor',
  ADMIN: 'Admin',
}

/** A role as people call it; the session writes it small, the API in capitals. */
export const roleWord = (role: string): string => roleWords[role.toUpperCase()] ?? role

export const goalStateWords = {
  DRAFT: 'Draft',
  ACTIVE: 'Active',
  PAUSED: 'Paused',
  CLOSED: 'Closed',
} as const satisfies Record<GoalState, string>

export const goalOutcomeWords = {
  ACHIEVED: 'Closed: achieved',
  MISSED: 'Closed: missed',
  ABANDONED: 'Closed: given up',
} as const satisfies Record<GoalOutcome, string>
