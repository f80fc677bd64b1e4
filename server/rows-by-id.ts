/** Rows by their ids, of the tables that loaders read: one text for any number of ids. */
import { arrayOf } from '@tidemark/drizzle/array.ts'
import { statement } from '@tidemark/drizzle/statement.ts'
import { apiToken, invitation } from '@tidemark/drizzle/tables/access.ts'
import { alert, alertChannel, alertDelivery, alertRule } from '@tidemark/drizzle/tables/alert.ts'
import { approvalRequest } from '@tidemark/drizzle/tables/approval.ts'
import { origin } from '@tidemark/drizzle/tables/audit.ts'
import { creditCrossing } from '@tidemark/drizzle/tables/crossing.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { goal } from '@tidemark/drizzle/tables/goal.ts'
import { creditNote, invoice, item, receipt } from '@tidemark/drizzle/tables/ledger.ts'
import { salesOrder } from '@tidemark/drizzle/tables/order.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { and, eq, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'

/** Those that there are, in any order. */
type Select<Row> = (tx: Tx, organizationId: string, ids: readonly string[]) => Promise<readonly Row[]>

const named = (table: { readonly organizationId: PgColumn; readonly id: PgColumn }) =>
  and(
    eq(table.organizationId, sql.placeholder('organizationId')),
    sql`${table.id} = any(${sql.placeholder('ids')}::uuid[])`,
  )

const byIds =
  <Row>(select: ReturnType<typeof statement<'organizationId' | 'ids', Row[]>>): Select<Row> =>
  (tx, organizationId, ids) =>
    select(tx, { organizationId, ids: arrayOf(ids) })

export const rowsById = {
  person: byIds(statement((tx) => tx.select().from(person).where(named(person)))),
  invitation: byIds(statement((tx) => tx.select().from(invitation).where(named(invitation)))),
  token: byIds(statement((tx) => tx.select().from(apiToken).where(named(apiToken)))),
  customer: byIds(statement((tx) => tx.select().from(customer).where(named(customer)))),
  invoice: byIds(statement((tx) => tx.select().from(invoice).where(named(invoice)))),
  receipt: byIds(statement((tx) => tx.select().from(receipt).where(named(receipt)))),
  creditNote: byIds(statement((tx) => tx.select().from(creditNote).where(named(creditNote)))),
  order: byIds(statement((tx) => tx.select().from(salesOrder).where(named(salesOrder)))),
  dispute: byIds(
    statement((tx) =>
      tx
        .select()
        .from(item)
        .where(and(named(item), eq(item.kind, 'DISPUTE'))),
    ),
  ),
  goal: byIds(statement((tx) => tx.select().from(goal).where(named(goal)))),
  alert: byIds(statement((tx) => tx.select().from(alert).where(named(alert)))),
  alertRule: byIds(statement((tx) => tx.select().from(alertRule).where(named(alertRule)))),
  alertChannel: byIds(statement((tx) => tx.select().from(alertChannel).where(named(alertChannel)))),
  alertDelivery: byIds(statement((tx) => tx.select().from(alertDelivery).where(named(alertDelivery)))),
  creditCrossing: byIds(statement((tx) => tx.select().from(creditCrossing).where(named(creditCrossing)))),
  approvalRequest: byIds(statement((tx) => tx.select().from(approvalRequest).where(named(approvalRequest)))),
  origin: byIds(statement((tx) => tx.select().from(origin).where(named(origin)))),
} as const
