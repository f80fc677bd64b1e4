import { and, eq, not, or, sql, type SQL } from 'drizzle-orm'
import { assemblePage, requestPage, type Page, type SortKey } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import { dayOf, type Day } from '../domain/day.ts'
import {
  installmentStates,
  taxOf,
  type Entry,
  type EntryKind,
  type InstallmentState,
} from '../domain/invoice.ts'
import { amountsOfShares, segmentOfShare } from '../domain/shares.ts'
import { balanceOn } from '../domain/projection.ts'
import { badUserInput } from '../errors.ts'
import { limited, matchesDate, matchesItem, matchesText, openOn, openOnAsKnown } from '../filter.ts'
import { knownAtOf } from '../kpi/source.ts'
import { selectInvoice, type By } from '../ledger/find.ts'
import type { Item } from '../ledger/histories.ts'
import type { InvoiceEntryKind, InvoiceFilter, InvoiceOrder, InvoiceStatus } from '../schema.generated.ts'
import type { InvoiceRow } from '@tidemark/drizzle/rows.ts'
import { invoice } from '@tidemark/drizzle/tables/ledger.ts'

/** A part of an invoice in the invoice's currency. */
export type InstallmentOfInvoice = InstallmentState & { readonly currency: string }

/** What of a bill is in one segment, in the invoice's currency. */
export type ShareOfInvoice = {
  readonly number: number
  readonly segmentId: number
  readonly minor: bigint
  readonly currency: string
}

type InvoicesArguments = {
  readonly first: number
  readonly after?: string | null | undefined
  readonly filter?: InvoiceFilter | null | undefined
  readonly orderBy?: readonly InvoiceOrder[] | null | undefined
}

const FILTER_DEPTH_MAX = 5
export async function listInvoices(context: Context, args: InvoicesArguments): Promise<Page<InvoiceRow>> {
  const [order] = args.orderBy ?? []
  const request = requestPage(args, sortKeys(order ?? { field: 'ISSUED_ON', direction: 'DESC' }))
  const where = and(
    eq(invoice.organizationId, context.organization.id),
    args.filter ? matches(args.filter, 1, await context.settledAt()) : undefined,
  )
  const rows = await context.reader.read((tx) =>
    tx
      .select()
      .from(invoice)
      .where(and(where, request.after))
      .orderBy(...request.orderBy)
      .limit(request.limit),
  )
  return assemblePage(request, rows, (limit) =>
    context.reader.read(async (tx) => {
      const limited = tx.select({ id: invoice.id }).from(invoice).where(where).limit(limit).as('limited')
      return tx.$count(limited)
    }),
  )
}

export const findInvoice = ({ reader, organization }: Context, by: By): Promise<InvoiceRow | null> =>
  reader.read((tx) => selectInvoice(tx, organization.id, by))

const stateOn = (history: Item, day: Day) =>
  installmentStates(history.entries.filter((entry) => entry.effectiveOn <= day).toSorted(byDay))

const byDay = (a: Entry, b: Entry): number => a.effectiveOn - b.effectiveOn

const isVoidOn = (history: Item, day: Day): boolean =>
  history.entries.some(({ kind, effectiveOn }) => kind === 'VOIDED' && effectiveOn <= day)

export const isVoid = (history: Item): boolean => history.entries.some(({ kind }) => kind === 'VOIDED')

/** The bill that `correctInvoice` put in its place. */
export const replacementOf = (history: Item): string | null =>
  history.entries.find(({ kind }) => kind === 'VOIDED')?.counterpartId ?? null

export function sharesToday(context: Context, history: Item): ShareOfInvoice[] {
  const today = dayOf(todayOf(context))
  const { shares, entries, currency } = history
  const amounts = amountsOfShares(shares, billed(history))
  return shares.map((share, index) => ({
    number: share.number,
    segmentId: segmentOfShare(share, entries, today),
    minor: amounts[index] ?? 0n,
    currency,
  }))
}

export const billed = (history: Item): bigint =>
  installmentStates(history.entries).reduce((sum, part) => sum + part.billed, 0n)

export const balanceAsOf = (
  context: Context,
  history: Item,
  asOf: Temporal.PlainDate | null | undefined,
): bigint => balanceOn(history, dayOf(asOf ?? todayOf(context)))

export function statusAsOf(
  context: Context,
  history: Item,
  asOf: Temporal.PlainDate | null | undefined,
): InvoiceStatus {
  const day = dayOf(asOf ?? todayOf(context))
  if (day < history.startsOn || history.entries.length === 0) return 'NOT_ISSUED'
  if (isVoidOn(history, day)) return 'VOID'
  const open = stateOn(history, day).filter((part) => part.balance !== 0n)
  if (open.length === 0) return 'SETTLED'
  return open.some((part) => part.dueOn < day) ? 'PAST_DUE' : 'OPEN'
}

/** Of the open installment that is due first; null where none is open. */
export function daysPastDue(context: Context, history: Item): number | null {
  const today = dayOf(todayOf(context))
  const due = stateOn(history, today).flatMap((part) => (part.balance === 0n ? [] : [part.dueOn]))
  return due.length === 0 ? null : today - Math.min(...due)
}

/** The same without tax; null where nobody knows that. */
export function billedNet({ entries, facts }: Item): bigint | null {
  const tax = facts?.tax ?? null
  if (tax === null) return null
  const parts = installmentStates(entries)
  const firstBilled = parts.reduce((sum, part) => sum + part.firstBilled, 0n)
  return parts.reduce((sum, part) => sum + part.billed, -taxOf(tax, parts, firstBilled))
}

export const installmentsToday = (context: Context, history: Item): InstallmentOfInvoice[] =>
  stateOn(history, dayOf(todayOf(context))).map((part) => ({ ...part, currency: history.currency }))

const KINDS_OF_OTHERS = [
  'RECEIVED',
  'BOUNCED',
  'CREDITED',
  'APPLIED',
  'DISPUTE_OPENED',
  'DISPUTE_RESOLVED',
] as const

const isOfOthers = (kind: EntryKind): kind is (typeof KINDS_OF_OTHERS)[number] =>
  (KINDS_OF_OTHERS as readonly EntryKind[]).includes(kind)

/** Throws for what an invoice never has. */
export function invoiceKind(kind: EntryKind): InvoiceEntryKind {
  if (isOfOthers(kind)) throw new Error(`An invoice has no ${kind} entry`)
  return kind
}

function sortKeys({ field, direction }: InvoiceOrder): SortKey<InvoiceRow>[] {
  const id: SortKey<InvoiceRow> = {
    name: 'ID',
    column: invoice.id,
    direction,
    type: 'uuid',
    valueOf: (row) => row.id,
  }
  const keys: Record<InvoiceOrder['field'], SortKey<InvoiceRow>> = {
    ISSUED_ON: {
      name: field,
      column: invoice.issuedOn,
      direction,
      type: 'date',
      valueOf: (row) => row.issuedOn.toString(),
    },
    DUE_ON: {
      name: field,
      column: invoice.dueOn,
      direction,
      type: 'date',
      valueOf: (row) => row.dueOn.toString(),
    },
    NUMBER: { name: field, column: invoice.number, direction, type: 'text', valueOf: (row) => row.number },
  }
  return [keys[field], id]
}

/** @param settledAt nothing is told that was recorded later, where a moment is named */
function matches(filter: InvoiceFilter, depth: number, settledAt: Temporal.Instant): SQL | undefined {
  if (depth > FILTER_DEPTH_MAX)
    throw badUserInput(`\`filter\` is nested more than ${FILTER_DEPTH_MAX} levels deep.`)
  const nested = (filters: readonly InvoiceFilter[]) =>
    limited(filters, 'filter').map((each) => matches(each, depth + 1, settledAt))
  return and(
    matchesDate(invoice.issuedOn, filter.issuedOn),
    matchesDate(invoice.dueOn, filter.dueOn),
    matchesText(invoice.number, filter.number),
    matchesItem(invoice, filter),
    open(filter, settledAt),
    filter.and ? and(...nested(filter.and)) : undefined,
    filter.or ? (or(...nested(filter.or)) ?? sql`false`) : undefined,
    // A condition on nothing holds for every invoice, so its negation holds for none.
    filter.not ? not(matches(filter.not, depth + 1, settledAt) ?? sql`true`) : undefined,
  )
}

function open({ openOn: day, openKnownAt }: InvoiceFilter, settledAt: Temporal.Instant): SQL | undefined {
  if (!openKnownAt) return openOn(invoice, day)
  if (!day)
    throw badUserInput('`openKnownAt` says as known when an invoice was open on `openOn`: give that too.')
  return openOnAsKnown(invoice, day, knownAtOf({ knownAt: openKnownAt, settledAt }))
}
