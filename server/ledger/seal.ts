/**
 * Seals the audit: chains the hashes of its rows in the order in which they became visible, so that none can be
 * changed, removed or put in between later without breaking the chain (audit/verify.ts finds where). It runs after the
 * commit of the rows: chaining within the commands' transactions would make them wait for each other.
 */
import { createHash } from 'node:crypto'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { followIndexes, hasNew, isForeign, newRanges, sinceColumns, type Since } from './news.ts'

/** One link of the chain without its hash. */
export type Link = {
  /** Counts from 1, without gaps. */
  readonly sequence: bigint
  readonly auditId: string
  /** Of the audit row. */
  readonly auditHash: string
  /** As `SEAL_TIME` prints it. */
  readonly sealedAt: string
}

/** A moment to the microsecond, as SQL prints it for the hash of a link. */
export const SEAL_TIME = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`

const hashOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex')

/** What stands for the hash before the first. */
export const firstHash = (organizationId: string): string => hashOf([organizationId])

/** The hash of a link: SHA-256 of a JSON array of texts. Changed, it would make every chain that there is look forged. */
export const linkHash = (
  organizationId: string,
  previousHash: string,
  { sequence, auditId, auditHash, sealedAt }: Link,
): string => hashOf([organizationId, String(sequence), previousHash, auditId, auditHash, sealedAt])

/** BUSY: another process is at it, and may have begun before the rows that the caller knows of. */
export type Sealed = { readonly outcome: 'BUSY' } | { readonly outcome: 'DONE'; readonly sealed: number }

/** Nobody waits for its locks, and the first look at the audit of an older database may take a while. */
const TIMEOUT_MS = 30_000
const ROWS_PER_BATCH = 5_000

/**
 * Seals every audit row that is committed by now and has no seal, each once, in short transactions. `isClosed` is
 * asked between them.
 */
export async function seal(
  connection: Connection,
  organizationId: string,
  isClosed: () => boolean = () => false,
): Promise<Sealed> {
  const transaction = { organizationId, mode: 'write', timeoutMs: TIMEOUT_MS } as const
  let run: Run = { after: null, seen: null }
  let sealed = 0
  for (;;) {
    const batch = await inTransaction(connection, transaction, (tx) => sealBatch(tx, organizationId, run))
    if (batch === null) return { outcome: 'BUSY' }
    sealed += batch.sealed
    if (batch.next === null || isClosed()) return { outcome: 'DONE', sealed }
    run = batch.next
  }
}

/** How far a run has come that takes several batches. */
type Run = {
  /** The last row of the batch before; null at its beginning. */
  readonly after: { readonly recordedAt: string; readonly id: string } | null
  /** What was visible when it began: at its end all of that is sealed. Null at its beginning. */
  readonly seen: string | null
}

/** `next` is null where nothing is left. */
type Batch = { readonly sealed: number; readonly next: Run | null }

async function sealBatch(tx: Tx, organizationId: string, run: Run): Promise<Batch | null> {
  // Sent together, yet each sees what was committed before it began: the head is that of whoever held the lock before.
  const [isHeld, head] = await Promise.all([takeLock(tx, organizationId), readHead(tx, organizationId)])
  if (!isHeld) return null
  const rows = await readNew(tx, organizationId, head, run.after)
  const unsealed = rows.filter(({ isSealed }) => !isSealed)
  const seen = run.seen ?? head.now
  const last = rows.at(-1)
  const next = rows.length < ROWS_PER_BATCH || last === undefined ? null : { after: last, seen }
  // What was sealed before is in `seen` only at the end of a run, so that an interrupted one leaves nothing out.
  const isNews = unsealed.length > 0 || run.seen !== null || head.isReset
  if (isNews) await append(tx, organizationId, head, unsealed, next === null ? seen : head.seen)
  return { sealed: unsealed.length, next }
}

/** False where another process holds it. Rows are found by what is new, which a plan for any value would not use. */
async function takeLock(tx: Tx, organizationId: string): Promise<boolean> {
  const [lock] = await tx.sql<{ held: boolean }[]>`
    select pg_try_advisory_xact_lock(hashtextextended(${`seal ${organizationId}`}, 0)) as held,
      set_config('plan_cache_mode', 'force_custom_plan', true)`
  return lock?.held === true
}

type Head = Since & {
  /** Of the last link; 0 before the first. */
  readonly sequence: bigint
  readonly hash: string
  /** What had been visible when the rows were looked at last. */
  readonly seen: string
  /** What is visible now. */
  readonly now: string
  /** The time, as the seals tell it. */
  readonly at: string
  /** True where what had been seen says nothing here: all rows are looked at again, and those with a seal keep it. */
  readonly isReset: boolean
}

/** A snapshot to which nothing is visible: PostgreSQL's own transactions are those before 3. */
const NOTHING_SEEN = '3:3:'

async function readHead(tx: Tx, organizationId: string): Promise<Head> {
  const [row] = await tx.sql<HeadRow[]>`
    select sequence, hash, seen::text, ${sinceColumns(tx, 'seen')}, is_reset as "isReset",
      pg_current_snapshot()::text as now,
      to_char(clock_timestamp() at time zone 'UTC', ${tx.sql.unsafe(SEAL_TIME)}) as at
    from (
      select sequence, hash, coalesce(${isForeign(tx, 'seen')}, false) as is_reset,
        case when ${isForeign(tx, 'seen')} then ${NOTHING_SEEN} else coalesce(seen, ${NOTHING_SEEN}) end as seen
      from (select) as always left join audit_head on organization_id = ${organizationId}
    ) as head`
  if (row === undefined) throw new Error('The head of the audit could not be read')
  return { ...row, sequence: row.sequence ?? 0n, hash: row.hash ?? firstHash(organizationId) }
}

type HeadRow = Omit<Head, 'sequence' | 'hash'> & {
  readonly sequence: bigint | null
  readonly hash: string | null
}

/** Whether a row of `audit` has a seal: the first that is not before it, since only one index has these in order. */
export const hasSeal = ({ sql }: Tx, organizationId: string) => sql`coalesce((
  select audit_id from audit_seal where audit_seal.organization_id = ${organizationId} and audit_id >= audit.id
  order by audit_id limit 1) = audit.id, false)`

type NewRow = {
  readonly id: string
  readonly hash: string
  readonly recordedAt: string
  /** By an earlier run, which did not come to its end, or before the tables were restored. */
  readonly isSealed: boolean
}

/** The oldest first. A few are found by what is new, whatever else there is; many along the order that they have. */
async function readNew(
  tx: Tx,
  organizationId: string,
  head: Head,
  after: Run['after'],
): Promise<readonly NewRow[]> {
  const { sql } = tx
  const read = (found: ReturnType<typeof sql>) => sql<NewRow[]>`
    select id, hash, to_char(recorded_at at time zone 'UTC', ${sql.unsafe(SEAL_TIME)}) as "recordedAt",
      ${hasSeal(tx, organizationId)} as "isSealed"
    from (
      select id, hash, recorded_at from audit where organization_id = ${organizationId} and ${found}
    ) as audit`
  followIndexes(tx)
  const ranges = newRanges(tx, head)
  if (after === null && head.seen !== NOTHING_SEEN) {
    const few = await Promise.all(
      ranges.map((range) => read(sql`${range} order by organization_id, xid limit ${ROWS_PER_BATCH + 1}`)),
    )
    if (few.flat().length <= ROWS_PER_BATCH) return few.flat().toSorted(byTime)
  }
  const { recordedAt, id } = after ?? { recordedAt: '-infinity', id: NIL }
  const isNew = ranges.map((range, index) => (index === 0 ? range : sql` or ${range}`))
  return read(sql`
    (${isNew}) and (recorded_at, id) > (${recordedAt}::timestamptz, ${id}::uuid)
    order by recorded_at, id limit ${ROWS_PER_BATCH}`)
}

const NIL = '00000000-0000-0000-0000-000000000000'

const byTime = (a: NewRow, b: NewRow): number =>
  `${a.recordedAt} ${a.id}` < `${b.recordedAt} ${b.id}` ? -1 : 1

/** Whether there is something to seal. */
export async function isUnsealed(tx: Tx, organizationId: string): Promise<boolean> {
  const head = await readHead(tx, organizationId)
  return head.isReset || hasNew(tx, organizationId, head, tx.sql`not ${hasSeal(tx, organizationId)}`)
}

async function append(
  { sql }: Tx,
  organizationId: string,
  head: Head,
  rows: readonly NewRow[],
  seen: string,
): Promise<void> {
  const sealedAt = head.at
  let { sequence, hash } = head
  const links = rows.map((row) => {
    sequence += 1n
    hash = linkHash(organizationId, hash, { sequence, auditId: row.id, auditHash: row.hash, sealedAt })
    return { sequence, hash, auditId: row.id, auditHash: row.hash }
  })
  await Promise.all([
    sql`
      insert into audit_seal (organization_id, sequence, audit_id, audit_hash, hash, sealed_at)
      select ${organizationId}::uuid, link.*, ${sealedAt}::timestamptz
      from unnest(${arrayOf(links.map((link) => link.sequence))}::bigint[],
        ${arrayOf(links.map((link) => link.auditId))}::uuid[],
        ${arrayOf(links.map((link) => link.auditHash))}::text[],
        ${arrayOf(links.map((link) => link.hash))}::text[]) as link`,
    sql`
      insert into audit_head (organization_id, sequence, hash, seen)
      values (${organizationId}, ${sequence}, ${hash}, ${seen}::pg_snapshot)
      on conflict (organization_id) do update
      set sequence = excluded.sequence, hash = excluded.hash, seen = excluded.seen`,
  ])
}
