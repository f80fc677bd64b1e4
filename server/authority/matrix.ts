/** Which matrix is in force. */
import type { Fragment, Tx } from '@tidemark/drizzle/transaction.ts'
import { NO_MATRIX } from '../domain/authority.ts'
import { formatDay, type Day } from '../domain/day.ts'
import { restoreRule, type MatrixInBooks, type StoredRule } from './stored.ts'

type MatrixRow = {
  readonly version: number
  readonly effective_on: string
  readonly window_days: number
  readonly expiry_days: number
  readonly rules: readonly StoredRule[]
}

const restore = ([row]: readonly MatrixRow[]): MatrixInBooks =>
  row === undefined
    ? { ...NO_MATRIX, effectiveOn: null }
    : {
        version: row.version,
        windowDays: row.window_days,
        expiryDays: row.expiry_days,
        rules: row.rules.map(restoreRule),
        effectiveOn: Temporal.PlainDate.from(row.effective_on),
      }

const select = (tx: Tx, organizationId: string, condition: Fragment) => tx.sql<MatrixRow[]>`
  select version, effective_on::text, window_days, expiry_days, rules from authority_matrix
  where organization_id = ${organizationId} and ${condition} limit 1`

/** Of those that began, the one that began last; of several of one day, the latest. */
export const readMatrix = async (tx: Tx, organizationId: string, day: Day): Promise<MatrixInBooks> =>
  restore(
    await select(
      tx,
      organizationId,
      tx.sql`effective_on <= ${formatDay(day)}::date order by effective_on desc, version desc`,
    ),
  )

/** The one that was set last, whenever it begins. */
export const readLatestMatrix = async (tx: Tx, organizationId: string): Promise<MatrixInBooks> =>
  restore(await select(tx, organizationId, tx.sql`true order by version desc`))

/** Null where there is none of that version. */
export const readMatrixVersion = async (
  tx: Tx,
  organizationId: string,
  version: number,
): Promise<MatrixInBooks | null> => {
  const matrix = restore(await select(tx, organizationId, tx.sql`version = ${version}`))
  return matrix.version === version ? matrix : null
}
