import { and, eq, sql } from 'drizzle-orm'
import { decodeId } from '../ids.ts'
import type { By } from '../ledger/find.ts'
import type { CreditNoteRow } from '@tidemark/drizzle/rows.ts'
import { creditNote } from '@tidemark/drizzle/tables/ledger.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** Null where there is none. */
export async function selectCreditNote(
  tx: Tx,
  organizationId: string,
  by: By,
): Promise<CreditNoteRow | null> {
  const uuid = decodeId('creditNote', by.id ?? '')
  const byId = uuid === null ? sql`false` : eq(creditNote.id, uuid)
  const [row] = await tx
    .select()
    .from(creditNote)
    .where(
      and(
        eq(creditNote.organizationId, organizationId),
        typeof by.number === 'string' ? eq(creditNote.number, by.number) : byId,
      ),
    )
  return row ?? null
}
