/** Reads out of the KPI store what KPIs need. */
import { microseconds } from '@tidemark/drizzle/columns.ts'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { formatDay, type Day } from '../domain/day.ts'
import type { Moving, Needs } from '../domain/needs.ts'
import type { Measure } from '../domain/measures.ts'
import { seriesFor, type AgedSeries } from '../ledger/ages.ts'
import type { RowsRequest } from './gather.ts'
import { readKeptSums } from './kept-sums.ts'
import { cellRowsOf, planOf, readSelection, type CellRow, type Selection } from './selection.ts'

/** What each of the requests needs, in at most four statements for each, all of which are sent together. */
export const readRows = (tx: Tx, requests: readonly RowsRequest[]): Promise<CellRow[][]> =>
  Promise.all(
    requests.map(async (request) => {
      const selections = selectionsOf(request)
      if (selections.length === 0) return []
      return request.isRepeated && request.sight.knownAt === null && tx.isSnapshot
        ? readAgain(tx, request, selections)
        : readOnce(tx, request, selections)
    }),
  )

async function readOnce(
  tx: Tx,
  { organizationId, cells, isForeign, sight }: RowsRequest,
  selections: readonly Selection[],
): Promise<CellRow[]> {
  const rows = await withPlans(tx, () =>
    Promise.all(selections.map((one) => readSelection(tx, organizationId, one, cells, isForeign, sight))),
  )
  return rows.flat()
}

/** The same, where it was asked for before and hardly anything happened since. */
async function readAgain(
  tx: Tx,
  { organizationId, cells, isForeign, sight }: RowsRequest,
  selections: readonly Selection[],
): Promise<CellRow[]> {
  const plans = selections.flatMap((one) => planOf(one, cells, isForeign, sight) ?? [])
  const sums = await readKeptSums(tx, organizationId, plans, (read) => withPlans(tx, read))
  return plans.flatMap((plan, index) => cellRowsOf(plan, cells, sums[index] ?? []))
}

/** Sent together, so the settings around them cost no round trip; each as soon as it is named, so in this order. */
async function withPlans<Read>(tx: Tx, read: () => Promise<Read>): Promise<Read> {
  const [, found] = await Promise.all([
    usePlans(tx, 'force_generic_plan', 'off'),
    read(),
    usePlans(tx, 'auto', 'on'),
  ])
  return found
}

/** Of what there is anything to ask. */
function selectionsOf({ needs, cells, sight }: RowsRequest): Selection[] {
  const { balances, cohorts, movements, histograms } = needs
  if (cells.length === 0) return []
  return [
    standing(balances, null, seriesFor(balances.ages, sight.isAsIs)),
    // Nothing is told of a thing before its anchor, such as of an installment before it falls due.
    standing(cohorts, Math.min(...cohorts.anchors), null),
    moved(movements, movements.daily, new Set()),
    moved(histograms, new Set(), null),
  ].filter(({ measures }) => measures.length > 0)
}

const standing = (
  part: Needs['balances'],
  after: Day | null,
  series: readonly AgedSeries[] | null,
): Selection => ({
  measures: [...part.measures].map((measure) => ({
    measure,
    after,
    anchored: part.anchored.has(measure),
    aged: part.aged.has(measure),
    daily: false,
  })),
  days: part.days,
  anchors: part.anchors,
  series,
})

const moved = (
  { after, days }: Moving,
  daily: ReadonlySet<Measure>,
  anchors: Selection['anchors'],
): Selection => ({
  measures: [...after].map(([measure, from]) => ({
    measure,
    after: from,
    anchored: anchors === null,
    aged: false,
    daily: daily.has(measure),
  })),
  days,
  anchors,
  series: null,
})

/**
 * What is read depends on the arguments, but how never does: by the keys' indexes. Left alone PostgreSQL would plan the
 * statement anew each time, which takes as long as the reading, and sort what it had better hash.
 */
const usePlans = (tx: Tx, mode: 'force_generic_plan' | 'auto', sort: 'off' | 'on') =>
  tx.sql`select set_config('plan_cache_mode', ${mode}, true), set_config('enable_sort', ${sort}, true)`.execute()

/** Whose items are meant: those that began in the segments; null for everybody's. */
export type Where = { readonly segmentIds: readonly number[]; readonly customerIds: readonly string[] | null }

/**
 * What the ledger's entries say is owed, per currency, without any use of `flow`: invoices less what is unapplied of
 * receipts and credit notes.
 */
export async function readLedgerBalances(
  tx: Tx,
  organizationId: string,
  { segmentIds, customerIds }: Where,
  day: Day,
  knownAt: Temporal.Instant | null,
): Promise<{ currency: string; minor: bigint }[]> {
  if (segmentIds.length === 0) return []
  const known = knownAt === null ? null : microseconds(knownAt)
  const records = await tx.sql<{ currency: string; balance: string }[]>`
    select s.currency, sum(case i.kind when 'INVOICE' then e.amount else -e.amount end) as balance
    from ledger_entry e
    join item i on i.organization_id = e.organization_id and i.id = e.item_id
    join segment s on s.organization_id = i.organization_id and s.id = i.segment_id
    where e.organization_id = ${organizationId} and i.kind in ('INVOICE', 'RECEIPT', 'CREDIT_NOTE')
      and i.segment_id = any(${arrayOf(segmentIds)}::int[]) and e.effective_on <= ${formatDay(day)}::date
      and (${known}::timestamptz is null or e.recorded_at <= ${known}::timestamptz)
      and (${customerIds === null} or i.customer_id = any(${arrayOf(customerIds ?? [])}::uuid[]))
    group by s.currency`
  return records.map(({ currency, balance }) => ({ currency, minor: BigInt(balance) }))
}
