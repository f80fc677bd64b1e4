/** A new invoice as the ledger takes it. */
import { randomUUIDv7 } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { dateOf, dayOf, isPlausible, type Day } from '../domain/day.ts'
import { largestOf, type Share } from '../domain/shares.ts'
import type { InvoiceLine, NewItem } from '../ledger/new-items.ts'
import type { NewEntry } from '../ledger/post.ts'
import { segmentFor, type Dimensions } from '../ledger/segments.ts'
import { conflict, implausible, isProblem, type Problem } from '../problem.ts'
import type { CheckedBill, Part } from './bill-input.ts'
import type { Debtor } from '../ledger/find.ts'
import { invoice } from '@tidemark/drizzle/tables/ledger.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

export type NewBill = { readonly item: NewItem; readonly entries: readonly NewEntry[] }

export const duplicate = (number: string): Problem =>
  conflict(['number'], `There is an invoice with number ${number} already`)

/** @param effectiveOn the accounting date */
export async function makeBill(
  tx: Tx,
  organizationId: string,
  debtor: Debtor,
  bill: CheckedBill,
  effectiveOn: Day,
  replacesId: string | null,
): Promise<NewBill | Problem> {
  const { number, currency, issuedOn, lines, discount, tax, milestones } = bill
  const existing = await tx
    .select({ id: invoice.id })
    .from(invoice)
    .where(and(eq(invoice.organizationId, organizationId), eq(invoice.number, number)))
  if (existing.length > 0) return duplicate(number)
  const parts = bill.parts ?? partByTerms(bill, debtor)
  if (isProblem(parts)) return parts
  const shares = await sharesOf(tx, organizationId, debtor, bill)
  const id = randomUUIDv7()
  const item: NewItem = {
    kind: 'INVOICE',
    id,
    customerId: debtor.id,
    segmentId: largestOf(shares).segmentId,
    shares,
    currency,
    startsOn: issuedOn,
    invoice: {
      number,
      dueOn: Math.max(...parts.map((part) => part.dueOn)),
      dueDerived: bill.parts === null,
      ...milestones,
      replacesId,
      discount,
      tax,
      lines,
    },
  }
  const entries = parts.map((part, index): NewEntry => ({
    itemId: id,
    kind: 'INVOICED',
    installment: index + 1,
    amount: part.amount,
    effectiveOn,
    occurredOn: issuedOn,
    dueOn: part.dueOn,
    counterpartId: null,
  }))
  return { item, entries }
}

function partByTerms({ minor, issuedOn }: CheckedBill, { termsDays }: Debtor): readonly Part[] | Problem {
  const dueOn = dateOf(issuedOn).add({ days: termsDays })
  return isPlausible(dueOn) ? [{ amount: minor, dueOn: dayOf(dueOn) }] : implausible(['dueOn'], dueOn)
}

/** One for each product line that something is billed for; deductions are shared by the others. */
async function sharesOf(
  tx: Tx,
  organizationId: string,
  { businessUnit, region, channel, ownerId }: Debtor,
  { currency, minor, productLine, lines }: CheckedBill,
): Promise<readonly Share[]> {
  const dimensions: Dimensions = {
    currency,
    businessUnit,
    region,
    channel,
    productLine,
    collectorId: ownerId,
  }
  const weights = lines.length === 0 ? [[productLine, minor] as const] : [...weightsOf(lines)]
  const shares: Share[] = []
  for (const [index, [line, weight]] of weights.entries()) {
    const segmentId = await segmentFor(tx, organizationId, { ...dimensions, productLine: line })
    shares.push({ number: index + 1, segmentId, weight })
  }
  return shares
}

function weightsOf(lines: readonly InvoiceLine[]): Map<string | null, bigint> {
  const sums = new Map<string | null, bigint>()
  for (const { productLine, amount } of lines) sums.set(productLine, (sums.get(productLine) ?? 0n) + amount)
  return new Map([...sums].filter(([, sum]) => sum > 0n))
}
