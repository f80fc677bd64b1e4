/**
 * Folds the rows of `flow` into the tables that KPIs are read from: rows by cut and day, by cut and month, and what
 * stood at each month's end. All of them are sums of flow rows, so that they can be thrown away and made anew.
 *
 * Rows are folded in the order of (xid, day), up to a position that is stored in the same transaction: a reader that
 * takes folded rows and position from one snapshot adds what lies behind it, and has every row once. Only rows of
 * transactions below pg_snapshot_xmin are folded, since nothing can come before them any more. Neither readers nor
 * writers are ever waited for, nor do they wait.
 *
 * What comes day by day is added to the sums (fold-add.ts). Where so much waits that making them anew is less work,
 * such as after an import of years, they are made anew (fold-anew.ts).
 */
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { asOwner, inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { addRows, dropCheckpoints, makeCheckpoint } from './fold-add.ts'
import { DAYS_OF_SEGMENTS_MAX } from './cuts.ts'
import { clear, foldAnew } from './fold-anew.ts'
import type { Position } from './fold-rows.ts'

export type FoldOptions = {
  /** Today: checkpoints are made of months that ended before it. */
  readonly today: Temporal.PlainDate
  /** Of flow, to be added in one transaction. */
  readonly rowsMax?: number
  /** Days are kept of so many segments; what was folded with those of fewer is folded anew. */
  readonly daysOfSegments?: number
  /** Asked between transactions and while a long one runs: true ends the folding early. */
  readonly isClosed?: () => boolean
}

/** BUSY: another process folds this organization, or did a moment ago. */
export type Folded = {
  readonly outcome: 'DONE' | 'BUSY'
  readonly rows: number
  readonly checkpoints: number
}

const ROWS_MAX = 100_000
/** Of one transaction that adds, which takes seconds. */
const TIMEOUT_MS = 120_000
/** Adding a row is this many times the work of having it among all. */
const ADDING_COSTS = 8
const LOOK_MS = 250

/** Folds what can be folded now; then makes the checkpoints that are missing. */
export async function fold(
  connection: Connection,
  organizationId: string,
  options: FoldOptions,
): Promise<Folded> {
  const extent = extentOf(options)
  const { today, isClosed } = extent
  const repeat = async (run: (tx: Tx, position: Position) => Promise<Step>): Promise<Repeated> => {
    for (let done = 0; ;) {
      if (isClosed()) return { outcome: 'DONE', done }
      const step = await holdingPosition(
        connection,
        organizationId,
        { ...extent, timeoutMs: TIMEOUT_MS },
        run,
      )
      if (step === null) return { outcome: 'BUSY', done }
      done += step.done
      if (!step.more) return { outcome: 'DONE', done }
    }
  }
  const anew = await foldAnewIfDue(connection, organizationId, extent)
  if (anew === null) return { outcome: 'BUSY', rows: 0, checkpoints: 0 }
  const folded = await repeat((tx, position) => foldBatch(tx, organizationId, position, extent))
  const rows = anew.rows + folded.done
  if (folded.outcome === 'BUSY') return { outcome: 'BUSY', rows, checkpoints: anew.checkpoints }
  const made = await repeat((tx, position) => makeCheckpoint(tx, organizationId, position, today))
  return { outcome: made.outcome, rows, checkpoints: anew.checkpoints + made.done }
}

type Extent = Required<FoldOptions>

const extentOf = ({
  today,
  rowsMax = ROWS_MAX,
  daysOfSegments = DAYS_OF_SEGMENTS_MAX,
  isClosed = () => false,
}: FoldOptions): Extent => ({ today, rowsMax, daysOfSegments, isClosed })

type Step = { readonly done: number; readonly more: boolean }
type Repeated = { readonly outcome: 'DONE' | 'BUSY'; readonly done: number }

/** True where rows could be folded, a checkpoint made or days of segments are missing. Reads a few index entries. */
export async function isFoldDue(tx: Tx, organizationId: string, today: Temporal.PlainDate): Promise<boolean> {
  const [row] = await tx.sql<{ due: boolean }[]>`
    with f as materialized (
      select coalesce(xid, '0') as xid, coalesce(day, '-infinity') as day, checkpoint_on, days_of_segments
      from (select) one left join kpi_fold on organization_id = ${organizationId}
    )
    select exists (
      select from flow
      where organization_id = ${organizationId} and xid < pg_snapshot_xmin(pg_current_snapshot())
        and (xid, day) > (f.xid, f.day)
      order by xid, day
    ) or exists (
      select from kpi_beginning b
      where b.organization_id = ${organizationId}
        and ${today.toString()}::date > case when isfinite(f.checkpoint_on)
          then (f.checkpoint_on + 1 + interval '1 month - 1 day')::date
          else (date_trunc('month', b.day::timestamp) + interval '1 month - 1 day')::date end
    ) or coalesce(f.days_of_segments < ${DAYS_OF_SEGMENTS_MAX}::int, false) as due
    from f`
  return row?.due === true
}

/** Makes all sums anew, in one transaction: until it commits, answers are made of the old ones. */
export async function rebuild(
  connection: Connection,
  organizationId: string,
  options: FoldOptions,
): Promise<Folded> {
  const anew = await runAnew(connection, organizationId, extentOf(options), () => Promise.resolve(true))
  if (anew === null) return { outcome: 'BUSY', rows: 0, checkpoints: 0 }
  const { outcome, rows, checkpoints } = await fold(connection, organizationId, options)
  return { outcome, rows: anew.rows + rows, checkpoints: anew.checkpoints + checkpoints }
}

/** In a transaction of its own that has the position, and with it the right to fold. Null where another has it. */
const holdingPosition = <T>(
  connection: Connection,
  organizationId: string,
  { daysOfSegments, timeoutMs }: Pick<Extent, 'daysOfSegments'> & { readonly timeoutMs: number | null },
  run: (tx: Tx, position: Position) => Promise<T>,
): Promise<T | null> =>
  inTransaction(connection, { organizationId, mode: 'write', timeoutMs }, async (tx) => {
    await tx.sql`
      insert into kpi_fold (organization_id, xid, day, recorded_max, checkpoint_on, rows, days_of_segments)
      select ${organizationId}, '0', '-infinity', '-infinity', '-infinity', 0, ${daysOfSegments}::int
      where not exists (select from kpi_fold where organization_id = ${organizationId})
      on conflict do nothing`
    const [position] = await tx.sql<Position[]>`
      select xid::text, day::text, checkpoint_on::text as "checkpointOn", rows, days_of_segments as "daysOfSegments" from kpi_fold
      where organization_id = ${organizationId} for update skip locked`
    return position === undefined ? null : run(tx, position)
  })

type Anew = { readonly rows: number; readonly checkpoints: number }
const nothingAnew: Anew = { rows: 0, checkpoints: 0 }

async function foldAnewIfDue(
  connection: Connection,
  organizationId: string,
  extent: Extent,
): Promise<Anew | null> {
  const { rowsMax, daysOfSegments, isClosed } = extent
  const isDue = async (tx: Tx) => {
    const [row] = await tx.sql<{ due: boolean }[]>`
      select exists (
        select from (select) one left join kpi_fold fold on fold.organization_id = ${organizationId}
        cross join lateral (
          select from flow
          where organization_id = ${organizationId} and xid < pg_snapshot_xmin(pg_current_snapshot())
            and (xid, day) > (coalesce(fold.xid, '0'), coalesce(fold.day, '-infinity'))
          order by xid, day offset greatest(${rowsMax}::bigint, coalesce(fold.rows, 0) / ${ADDING_COSTS}::int) limit 1
        ) waiting
      ) or exists (
        select from kpi_fold
        where organization_id = ${organizationId} and days_of_segments < ${daysOfSegments}::int and rows > ${rowsMax}::bigint
      ) as due`
    return row?.due === true
  }
  // Looked at in a short transaction first: nobody needs one without a limit every second.
  const due = await inTransaction(connection, { organizationId, mode: 'write', timeoutMs: TIMEOUT_MS }, isDue)
  return due && !isClosed() ? runAnew(connection, organizationId, extent, isDue) : nothingAnew
}

/** Cancels itself when closed, leaving all as it was: nobody waits minutes for a process to stop. */
async function runAnew(
  connection: Connection,
  organizationId: string,
  { today, daysOfSegments, isClosed }: Extent,
  isDue: (tx: Tx) => Promise<boolean>,
): Promise<Anew | null> {
  const hold = { daysOfSegments, timeoutMs: null }
  let looking: NodeJS.Timeout | undefined
  try {
    const anew = await holdingPosition(connection, organizationId, hold, async (tx) => {
      if (!(await isDue(tx))) return nothingAnew
      const [itself] = await tx.sql<{ pid: number; began: string }[]>`
        select pg_backend_pid() as pid, now() as began`
      looking = setInterval(() => {
        if (isClosed() && itself !== undefined) void connection.cancel(itself).catch(() => {})
      }, LOOK_MS)
      return foldAnew(tx, organizationId, today, daysOfSegments)
    })
    if (anew !== null && anew.rows >= ROWS_MAX) await analyze(connection)
    return anew
  } catch (error) {
    if (isClosed()) return nothingAnew
    throw error
  } finally {
    clearInterval(looking)
  }
}

/** So much came at once that PostgreSQL would plan for tables that it no longer has, until it looks by itself. */
const analyze = (connection: Connection): Promise<unknown> =>
  asOwner(connection, (tx) =>
    tx.sql.unsafe(
      `analyze kpi_day, kpi_day_recorded, kpi_month, kpi_late, kpi_checkpoint, flow, item, ledger_entry, invoice, receipt, open_span,
        customer, customer_state`,
    ),
  )

/** As if nothing were folded yet: of a few rows that is less work than making all anew. */
async function startOver(tx: Tx, organizationId: string, daysOfSegments: number): Promise<Step> {
  await clear(tx, organizationId)
  await tx.sql`
    update kpi_fold set xid = '0', day = '-infinity', recorded_max = '-infinity', checkpoint_on = '-infinity', rows = 0,
      days_of_segments = ${daysOfSegments}::int
    where organization_id = ${organizationId}`
  return { done: 0, more: true }
}

async function foldBatch(
  tx: Tx,
  organizationId: string,
  from: Position,
  { rowsMax, daysOfSegments }: Extent,
): Promise<Step> {
  if (from.daysOfSegments < daysOfSegments) return startOver(tx, organizationId, daysOfSegments)
  // One statement, so that the end of all rows and the lack of a further one are of the same snapshot.
  const [upTo] = await tx.sql<{ xid: string; day: string; more: boolean; none: boolean }[]>`
    with last as (
      select xid, day from flow
      where organization_id = ${organizationId} and (xid, day) > (${from.xid}::xid8, ${from.day}::date)
        and xid < pg_snapshot_xmin(pg_current_snapshot())
      order by xid, day offset ${rowsMax - 1} limit 1
    )
    select coalesce(last.xid::text, (pg_snapshot_xmin(pg_current_snapshot())::text::numeric - 1)::text) as xid,
      coalesce(last.day, 'infinity')::text as day, last.xid is not null as more,
      not exists (
        select from flow
        where organization_id = ${organizationId} and (xid, day) > (${from.xid}::xid8, ${from.day}::date)
          and xid < pg_snapshot_xmin(pg_current_snapshot())
      ) as none
    from (select) one left join last on true`
  if (upTo === undefined) throw new Error('An outer join gave no row')
  if (upTo.none) return { done: 0, more: false }
  const to = { ...upTo, checkpointOn: from.checkpointOn }
  if (upTo.more) to.checkpointOn = await dropCheckpoints(tx, organizationId, from, to)
  return { done: await addRows(tx, organizationId, from, to), more: upTo.more }
}
