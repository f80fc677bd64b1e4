import { and, eq, type SQL } from 'drizzle-orm'
import type { Page, SortKey } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import { dayOf, type Day } from '../domain/day.ts'
import { balanceOn } from '../domain/projection.ts'
import { matchesDate, matchesItem, matchesText, openOn } from '../filter.ts'
import { decodeId } from '../ids.ts'
import type { Item } from '../ledger/histories.ts'
import type { ReceiptFilter, ReceiptOrder } from '../schema.generated.ts'
import { listRows } from '../list.ts'
import type { ReceiptRow } from '@tidemark/drizzle/rows.ts'
import { receipt } from '@tidemark/drizzle/tables/ledger.ts'

type ReceiptsArguments = {
  readonly first: number
  readonly after?: string | null | undefined
  readonly filter?: ReceiptFilter | null | undefined
  readonly orderBy?: readonly ReceiptOrder[] | null | undefined
}

export async function listReceipts(context: Context, args: ReceiptsArguments): Promise<Page<ReceiptRow>> {
  const { reader, organization } = context
  const [order] = args.orderBy ?? []
  const keys = sortKeys(order ?? { field: 'RECEIVED_ON', direction: 'DESC' })
  const where = and(
    eq(receipt.organizationId, organization.id),
    args.filter ? matches(args.filter) : undefined,
  )
  return listRows(reader, { table: receipt, keys, where }, args)
}

/** What is no id of a receipt is answered like one that does not exist. */
export async function findReceipt({ loaders }: Context, id: string): Promise<ReceiptRow | null> {
  const uuid = decodeId('receipt', id)
  return uuid === null ? null : loaders.receipt.load(uuid)
}

/** What came in; what bounced later is a further movement and does not change it. */
export const received = (item: Item): bigint =>
  item.entries.reduce((sum, entry) => (entry.kind === 'RECEIVED' ? sum + entry.amount : sum), 0n)

export const unappliedAsOf = (
  context: Context,
  item: Item,
  asOf: Temporal.PlainDate | null | undefined,
): bigint => balanceOn(item, dayOf(asOf ?? todayOf(context)))

/** Null where it did not. */
export const bouncedOn = (item: Item): Day | null =>
  item.entries.find(({ kind }) => kind === 'BOUNCED')?.occurredOn ?? null

function sortKeys({ field, direction }: ReceiptOrder): SortKey<ReceiptRow>[] {
  const recorded: SortKey<ReceiptRow> = {
    // Ids ascend with time.
    name: 'ID',
    column: receipt.id,
    direction,
    type: 'uuid',
    valueOf: (row) => row.id,
  }
  if (field === 'RECORDED') return [recorded]
  const receivedOn: SortKey<ReceiptRow> = {
    name: field,
    column: receipt.receivedOn,
    direction,
    type: 'date',
    valueOf: (row) => row.receivedOn.toString(),
  }
  return [receivedOn, recorded]
}

const matches = (filter: ReceiptFilter): SQL | undefined =>
  and(
    matchesDate(receipt.receivedOn, filter.receivedOn),
    matchesText(receipt.reference, filter.reference),
    matchesItem(receipt, filter),
    openOn(receipt, filter.unappliedOn),
  )
