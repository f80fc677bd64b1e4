import type {
  CreditOutcome,
  CreditRiskClass,
  CreditSecurityKind,
  CustomerEventTheme,
  ExposureState,
  LimitText_LimitFragment,
  OrderEventKind,
  OrderStatus,
} from '../documents.generated.ts'
import { formatMoney } from './quantity.ts'

export const riskWords = {
  LOW: 'Low',
  MEDIUM: 'Medium',
  HIGH: 'High',
} as const satisfies Record<CreditRiskClass, string>

export const exposureStateWords = {
  WITHIN_LIMIT: 'Within the limit',
  OVER_LIMIT: 'Over the limit',
  UNLIMITED: 'Unlimited',
  NOT_SET: 'No limit is set',
  UNKNOWN: 'Not known',
} as const satisfies Record<ExposureState, string>

export const outcomeWords = {
  ALLOW: 'Allowed',
  REVIEW: 'Somebody has to look at it',
  BLOCK: 'Blocked',
} as const satisfies Record<CreditOutcome, string>

export const securityWords = {
  DEPOSIT: 'Deposit',
  GUARANTEE: 'Guarantee',
  LETTER_OF_CREDIT: 'Letter of credit',
  COLLATERAL: 'Collateral',
  INSURANCE: 'Insurance',
} as const satisfies Record<CreditSecurityKind, string>

export const orderStatusWords = {
  OPEN: 'Recorded',
  RELEASED: 'Released',
  PARTLY_SHIPPED: 'Partly shipped',
  SHIPPED: 'Shipped',
  INVOICED: 'Billed',
  CANCELLED: 'Cancelled',
} as const satisfies Record<OrderStatus, string>

export const orderEventWords = {
  RECORDED: 'Ordered',
  RELEASED: 'Order released',
  SHIPPED: 'Order shipped',
  INVOICED: 'Order billed',
  UNINVOICED: 'Bill of the order taken back',
  CANCELLED: 'Order cancelled',
} as const satisfies Record<OrderEventKind, string>

export const eventThemeWords = {
  INVOICE: 'Invoices',
  PAYMENT: 'Payments',
  CREDIT_NOTE: 'Credit notes',
  DISPUTE: 'Disputes',
  ORDER: 'Orders',
  CREDIT: 'Credit',
  CUSTOMER: 'Customer data',
  GOAL: 'Goals',
} as const satisfies Record<CustomerEventTheme, string>

/** "$12,000.00", "Prepayment only", "Unlimited", "Not set". */
export const limitText = (
  { state, amount }: LimitText_LimitFragment,
  detail: 'whole' | 'exact' = 'exact',
): string => {
  if (state === 'UNLIMITED') return 'Unlimited'
  if (state === 'NOT_SET' || amount === null) return 'Not set'
  return Number(amount.amount) === 0 ? 'Prepayment only' : formatMoney(amount, detail)
}
