/** What happens in the demo company's books, told in events. */
import type { Day } from '../domain/day.ts'
import type { WriteOffCode } from '../domain/invoice.ts'
import type { Billing } from './billing.ts'
import type { DemoCustomer } from './company.ts'
import type { Random } from './random.ts'

/** Something that happened; `on` is the day that it counts from, `recordedOn` the day that it was typed in. */
export type TradeEvent = { readonly on: Day; readonly recordedOn: Day; readonly customer: DemoCustomer } & (
  | InvoiceEvent
  | ReceiptEvent
  | {
      readonly kind: 'APPLICATION' | 'BOUNCE'
      /** The receipt's key. */
      readonly receipt: string
      readonly receivedOn: Day
      readonly parts: readonly PaidPart[]
    }
  | { readonly kind: 'CREDIT'; readonly invoice: string; readonly amount: bigint; readonly reason: string }
  | {
      readonly kind: 'DISPUTE' | 'RESOLUTION'
      readonly invoice: string
      readonly amount: bigint
      readonly reason: string
    }
  | { readonly kind: 'RE_DATING'; readonly invoice: string; readonly dueOn: Day; readonly reason: string }
  | {
      readonly kind: 'WRITE_OFF'
      readonly invoice: string
      readonly amount: bigint
      readonly code: WriteOffCode
      readonly reason: string
    }
  | { readonly kind: 'VOID'; readonly invoice: string; readonly amount: bigint; readonly reason: string }
  | {
      readonly kind: 'DISCOUNT'
      readonly invoice: string
      readonly amount: bigint
      readonly code: 'EARNED' | 'UNEARNED'
    }
)

type InvoiceEvent = {
  readonly kind: 'INVOICE'
  readonly invoice: string
  readonly productLine: string
  readonly parts: readonly { readonly amount: bigint; readonly dueOn: Day }[]
  readonly billing: Billing
  /** The key of the wrong bill that it stands for. */
  readonly replaces: string | null
}

type ReceiptEvent = {
  readonly kind: 'RECEIPT'
  readonly receipt: string
  readonly amount: bigint
  /** What it pays at once. */
  readonly parts: readonly PaidPart[]
}

export type PaidPart = { readonly invoice: string; readonly installment: number; readonly amount: bigint }

export type Bill = {
  readonly issuedOn: Day
  readonly productLine: string
  readonly parts: readonly { readonly amount: bigint; readonly dueOn: Day }[]
}

export type KeyedBill = Bill & { readonly key: string; readonly number: number }

export type Behaviour = { readonly customer: DemoCustomer; readonly today: Day; readonly random: Random }

export const share = (amount: bigint, percent: number): bigint => (amount * BigInt(percent)) / 100n
