import { and, eq, type SQL } from 'drizzle-orm'
import type { Page, SortKey } from '../connection.ts'
import { todayOf, type Context } from '../context.ts'
import { dayOf } from '../domain/day.ts'
import { balanceOn } from '../domain/projection.ts'
import { matchesDate, matchesItem, matchesText, openOn } from '../filter.ts'
import type { By } from '../ledger/find.ts'
import type { Item } from '../ledger/histories.ts'
import type { CreditNoteFilter, CreditNoteOrder } from '../schema.generated.ts'
import { listRows } from '../list.ts'
import type { CreditNoteRow } from '@tidemark/drizzle/rows.ts'
import { creditNote } from '@tidemark/drizzle/tables/ledger.ts'
import { selectCreditNote } from './find.ts'

type CreditNotesArguments = {
  readonly first: number
  readonly after?: string | null | undefined
  readonly filter?: CreditNoteFilter | null | undefined
  readonly orderBy?: readonly CreditNoteOrder[] | null | undefined
}

export async function listCreditNotes(
  context: Context,
  args: CreditNotesArguments,
): Promise<Page<CreditNoteRow>> {
  const { reader, organization } = context
  const [order] = args.orderBy ?? []
  const keys = sortKeys(order ?? { field: 'ISSUED_ON', direction: 'DESC' })
  const where = and(
    eq(creditNote.organizationId, organization.id),
    args.filter ? matches(args.filter) : undefined,
  )
  return listRows(reader, { table: creditNote, keys, where }, args)
}

export const findCreditNote = ({ reader, organization }: Context, by: By): Promise<CreditNoteRow | null> =>
  reader.read((tx) => selectCreditNote(tx, organization.id, by))

/** What was credited. */
export const credited = (item: Item): bigint =>
  item.entries.reduce((sum, entry) => (entry.kind === 'CREDITED' ? sum + entry.amount : sum), 0n)

export const unappliedAsOf = (
  context: Context,
  item: Item,
  asOf: Temporal.PlainDate | null | undefined,
): bigint => balanceOn(item, dayOf(asOf ?? todayOf(context)))

function sortKeys({ field, direction }: CreditNoteOrder): SortKey<CreditNoteRow>[] {
  const recorded: SortKey<CreditNoteRow> = {
    // Ids ascend with time.
    name: 'ID',
    column: creditNote.id,
    direction,
    type: 'uuid',
    valueOf: (row) => row.id,
  }
  if (field === 'RECORDED') return [recorded]
  const issuedOn: SortKey<CreditNoteRow> = {
    name: field,
    column: creditNote.issuedOn,
    direction,
    type: 'date',
    valueOf: (row) => row.issuedOn.toString(),
  }
  return [issuedOn, recorded]
}

const matches = (filter: CreditNoteFilter): SQL | undefined =>
  and(
    matchesDate(creditNote.issuedOn, filter.issuedOn),
    matchesText(creditNote.number, filter.number),
    matchesItem(creditNote, filter),
    openOn(creditNote, filter.unappliedOn),
  )
