/** The commands on receipts, credit notes and disputes, with short inputs, and whether the books are sound after them. */
import { expect } from 'vitest'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { applyCreditNote, unapplyCreditNote } from '@tidemark/server/credit-note/apply.ts'
import { recordCreditNote } from '@tidemark/server/credit-note/record.ts'
import { openDispute } from '@tidemark/server/dispute/open.ts'
import { resolveDispute } from '@tidemark/server/dispute/resolve.ts'
import { formatDay, parseDay } from '@tidemark/server/domain/day.ts'
import { balanceNow, balanceOn } from '@tidemark/server/domain/projection.ts'
import { encodeId } from '@tidemark/server/ids.ts'
import { readItems, type Item } from '@tidemark/server/ledger/histories.ts'
import { isProblem, type Problem } from '@tidemark/server/problem.ts'
import { applyReceipt, unapplyReceipt } from '@tidemark/server/receipt/apply.ts'
import { bounceReceipt } from '@tidemark/server/receipt/bounce.ts'
import type {
  ApplyCreditNoteInput,
  ApplyReceiptInput,
  BounceReceiptInput,
  OpenDisputeInput,
  RecordCreditNoteInput,
  ResolveDisputeInput,
  UnapplyCreditNoteInput,
  UnapplyReceiptInput,
} from '@tidemark/server/schema.generated.ts'
import type { Books } from './books.ts'
import { expectSoundBooks } from './sound-books.ts'

/** By the number of the invoice; null is its whole balance. */
type Parts = Readonly<Record<string, string | null>>

const date = (text: string) => Temporal.PlainDate.from(text)
const allocationsOf = (parts: Parts) =>
  Object.entries(parts).map(([number, amount]) => ({ invoice: { number }, amount }))

/** `receipt` and `dispute` are ids of the API. */
export const cashOf = ({ context, connection, organization, ...books }: Books) => ({
  bill: (...args: Parameters<Books['bill']>) => books.bill(...args),
  /** The id of the API of a receipt that must be taken. */
  async receive(...args: Parameters<Books['pay']>): Promise<string> {
    return encodeId('receipt', taken(await books.pay(...args)).receiptId)
  },
  apply: (receipt: string, parts: Parts, more: Partial<ApplyReceiptInput> = {}) =>
    applyReceipt(context, { receipt, allocations: allocationsOf(parts), dryRun: false, ...more }),
  unapply: (receipt: string, number: string, more: Partial<UnapplyReceiptInput> = {}) =>
    unapplyReceipt(context, { receipt, invoice: { number }, dryRun: false, ...more }),
  bounce: (receipt: string, bouncedOn: string, more: Partial<BounceReceiptInput> = {}) =>
    bounceReceipt(context, { receipt, bouncedOn: date(bouncedOn), dryRun: false, ...more }),
  credit: (
    number: string,
    amount: string,
    issuedOn: string,
    parts: Parts = {},
    more: Partial<RecordCreditNoteInput> = {},
  ) =>
    recordCreditNote(context, {
      customer: { number: 'C-1' },
      number,
      amount: { amount, currency: 'USD' },
      issuedOn: date(issuedOn),
      allocations: allocationsOf(parts),
      dryRun: false,
      ...more,
    }),
  applyCredit: (number: string, parts: Parts, more: Partial<ApplyCreditNoteInput> = {}) =>
    applyCreditNote(context, {
      creditNote: { number },
      allocations: allocationsOf(parts),
      dryRun: false,
      ...more,
    }),
  unapplyCredit: (number: string, invoice: string, more: Partial<UnapplyCreditNoteInput> = {}) =>
    unapplyCreditNote(context, {
      creditNote: { number },
      invoice: { number: invoice },
      dryRun: false,
      ...more,
    }),
  dispute: (number: string, more: Partial<OpenDisputeInput> = {}) =>
    openDispute(context, { invoice: { number }, reason: 'Goods were broken', dryRun: false, ...more }),
  resolve: (dispute: string, more: Partial<ResolveDisputeInput> = {}) =>
    resolveDispute(context, { dispute, reason: 'Agreed', dryRun: false, ...more }),

  /** Runs SQL as the organization. */
  ask: <Row extends object>(statement: string) =>
    inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
      tx.sql.unsafe<Row[]>(statement),
    ),
  items: () =>
    inTransaction(connection, { organizationId: organization.id, mode: 'read' }, async (tx) => {
      const ids = await tx.sql<{ id: string }[]>`select id from item order by kind, id`
      return readItems(
        tx,
        organization.id,
        ids.map(({ id }) => id),
      )
    }),
  /** What was owed of an invoice at the end of each of these days, in minor units. */
  async owed(number: string, ...days: string[]): Promise<bigint[]> {
    const [row] = await this.ask<{ id: string }>(`select id from invoice where number = '${number}'`)
    return balancesOf((await this.items()).get(row?.id ?? ''), days)
  },
  /** What was left of a receipt, or open of a dispute. */
  async left(id: string, ...days: string[]): Promise<bigint[]> {
    return balancesOf((await this.items()).get(id.slice(id.indexOf('_') + 1)), days)
  },
  /** What was below 0, and when. */
  async belowZero(): Promise<string[]> {
    return [...(await this.items()).values()].flatMap(negativeDays)
  },
  /** Invoices of which more is disputed in the end than is owed, or more than ever was. */
  async disputedBeyondOwed(): Promise<string[]> {
    const items = await this.items()
    const disputes = [...items.values()].filter(({ kind }) => kind === 'DISPUTE')
    return [...Map.groupBy(disputes, ({ entries }) => entries[0]?.counterpartId ?? '')].flatMap(
      ([id, about]) => {
        const invoice = items.get(id)
        const open = about.reduce((sum, dispute) => sum + balanceNow(dispute), 0n)
        const isTooMuch = about.some((dispute) => balanceNow(dispute) > (dispute.entries[0]?.amount ?? 0n))
        return invoice !== undefined && open <= balanceNow(invoice) && !isTooMuch ? [] : [id]
      },
    )
  },
  /** Fails where something was ever below 0, or the store beside the ledger is not what the ledger says. */
  async expectSound(): Promise<void> {
    expect(await this.belowZero()).toEqual([])
    await expectSoundBooks(connection, organization.id)
  },
})

export type Cash = ReturnType<typeof cashOf>

/** The outcome, which must be no problem. */
export function taken<T extends object>(outcome: T | Problem): T {
  if (isProblem(outcome)) throw new Error(`Refused: ${JSON.stringify(outcome)}`)
  return outcome
}

function balancesOf(item: Item | undefined, days: readonly string[]): bigint[] {
  if (item === undefined) throw new Error('There is no such item')
  return days.map((day) => balanceOn(item, parseDay(day) ?? Number.NaN))
}

/** The days at whose end an installment, or what its receipts and credit notes settle of it, was below 0. */
function negativeDays(item: Item): string[] {
  const parts = Map.groupBy(item.entries, ({ installment }) => installment)
  return [...parts].flatMap(([installment, entries]) => {
    const own = { ...item, entries: entries.filter(({ kind }) => kind !== 'MOVED') }
    const days = new Set(own.entries.map(({ effectiveOn }) => effectiveOn))
    const settled = [
      ...Map.groupBy(
        own.entries.filter(({ kind }) => kind === 'PAYMENT_APPLIED' || kind === 'CREDIT_APPLIED'),
        ({ counterpartId }) => counterpartId,
      ).values(),
    ]
    return [...days]
      .filter(
        (day) =>
          balanceOn(own, day) < 0n ||
          settled.some((applied) => balanceOn({ ...own, entries: applied }, day) > 0n),
      )
      .map((day) => `${item.kind} ${item.id} ${installment} on ${formatDay(day)}`)
  })
}
