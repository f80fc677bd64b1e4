/** Who a transaction of the owner's is while it copies rows, and what it sets so that they mean the same everywhere. */
import type { TransactionSql } from '../connect.ts'
import { APP_ROLE } from '../transaction.ts'

/** Of any length, and rows are written and read in the same way whatever the user's or the database's own settings. */
export const setUpCopying = async (sql: TransactionSql): Promise<void> => {
  await sql`
    select set_config(name, '0', true) from pg_settings
    where name in ('statement_timeout', 'lock_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout')`
  await sql`
    select set_config('DateStyle', 'ISO, YMD', true), set_config('TimeZone', 'UTC', true),
      set_config('IntervalStyle', 'iso_8601', true), set_config('extra_float_digits', '1', true),
      set_config('bytea_output', 'hex', true)`
}

/**
 * From here on the transaction is the application about this organization: what that cannot see is told by an error,
 * while the owner would, without a word, find nothing.
 */
export const beTenant = async (sql: TransactionSql, organizationId: string): Promise<void> => {
  await sql`
    select set_config('role', ${APP_ROLE}, true), set_config('tidemark.organization_id', ${organizationId}, true)`
}

/** From here on it is the user who connected. */
export const beOwner = async (sql: TransactionSql): Promise<void> => {
  await sql`select set_config('role', 'none', true), set_config('tidemark.organization_id', '', true)`
}
