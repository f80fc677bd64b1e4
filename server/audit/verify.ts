/**
 * The check of the audit: recomputes the hash of every row and of every link of the chain in one snapshot, some rows
 * at a time, and names what does not fit.
 */
import { hash } from 'node:crypto'
import { arrayOf } from '@tidemark/drizzle/array.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { AUDIT_CONTENT } from '../ledger/audit.ts'
import { followIndexes, isForeign } from '../ledger/news.ts'
import { hasSeal, SEAL_TIME, type Link } from '../ledger/seal.ts'
import { createChainCheck, type Finding, type Orphans, type SealedRow } from './chain.ts'
import { readHead, type Head } from './head.ts'

/** What was noted down outside, by which a chain that was written anew is found. */
export type Evidence = {
  /** The ids are uuids. */
  readonly receipts: readonly { readonly id: string; readonly hash: string }[]
  readonly heads: readonly { readonly sequence: bigint; readonly hash: string }[]
}

export type Verification = {
  readonly isIntact: boolean
  readonly entries: number
  readonly sealed: number
  readonly unsealed: number
  readonly head: Head | null
  /** In the order of the chain; at most 100. */
  readonly findings: readonly Finding[]
  readonly findingCount: number
  readonly checkedAt: Temporal.Instant
  readonly tookMs: number
}

const FINDINGS_MAX = 100
/** A row may hold a quarter of a megabyte, though it hardly ever does. */
const ROWS_PER_BATCH = 500
const TIMEOUT_MS = 600_000
/** A row is sealed within a second. */
const UNSEALED_SECONDS_MAX = 10
/** A row may be older than its commit: whether it really waits shows within this time. */
const PATIENCE_MS = 2_000
const LOOK_AGAIN_MS = 100

/** Where `signal` is aborted, it rejects with its reason soon. */
export async function verifyAudit(
  connection: Connection,
  organizationId: string,
  evidence: Evidence,
  { signal, patienceMs = PATIENCE_MS }: { readonly signal?: AbortSignal; readonly patienceMs?: number } = {},
): Promise<Verification> {
  const began = performance.now()
  const { report, findings, count } = collectFindings()
  const read = { organizationId, mode: 'read', timeoutMs: TIMEOUT_MS } as const
  const { waiting, ...found } = await inTransaction(connection, read, (tx) =>
    checkAudit({ tx, organizationId, report, signal }, evidence),
  )
  if (waiting !== null && (await isStillWaiting(connection, organizationId, waiting.newest, patienceMs))) {
    const entries = waiting.count === 1 ? 'An entry has' : `${waiting.count} entries have`
    const message = `${entries} waited for a seal for more than ${UNSEALED_SECONDS_MAX} seconds: no server runs, or it cannot seal.`
    report({ kind: 'UNSEALED', entryId: waiting.oldest, sequence: null, message })
  }
  const tookMs = Math.round(performance.now() - began)
  return { isIntact: count() === 0, ...found, findings: findings(), findingCount: count(), tookMs }
}

type Report = (finding: Finding) => void

/** What every step needs. */
export type Scope = {
  readonly tx: Tx
  readonly organizationId: string
  /** Hears of all that does not fit. */
  readonly report: Report
  readonly signal: AbortSignal | undefined
}

type Checked = Pick<Verification, 'entries' | 'sealed' | 'unsealed' | 'head' | 'checkedAt'> & {
  readonly waiting: Waiting | null
}

/** The part of the check that reads one snapshot. */
export async function checkAudit(scope: Scope, evidence: Evidence): Promise<Checked> {
  const { tx, organizationId, report } = scope
  followIndexes(tx)
  const start = await readStart(tx, organizationId)
  const chain = createChainCheck(organizationId, start.recorded, report)
  const walked = await walkChain(scope, (seal) => chain.take(seal))
  const unsealed = await walkUnsealed(scope, start.entries - walked.rows)
  chain.end(unsealed.orphans)
  await compareReceipts(scope, evidence.receipts)
  await compareHeads(scope, evidence.heads)
  return {
    entries: start.entries,
    sealed: walked.seals,
    unsealed: unsealed.count,
    head: await readHead(tx, organizationId),
    checkedAt: Temporal.Instant.from(start.now),
    waiting: unsealed.waiting,
  }
}

const collectFindings = () => {
  const kept: Finding[] = []
  let count = 0
  const report: Report = (finding) => {
    count += 1
    if (kept.length < FINDINGS_MAX) kept.push(finding)
  }
  return { report, count: () => count, findings: () => kept.toSorted(byPlace) }
}

const byPlace = ({ sequence: a }: Finding, { sequence: b }: Finding): number => {
  if (a === b) return 0
  if (a === null || b === null) return a === null ? 1 : -1
  return a < b ? -1 : 1
}

type Start = {
  readonly now: string
  readonly entries: number
  /** The recorded end of the chain. */
  readonly recorded: { readonly sequence: bigint; readonly hash: string } | null
}

async function readStart({ sql }: Tx, organizationId: string): Promise<Start> {
  const [[counted], [recorded]] = await Promise.all([
    sql<{ now: string; entries: number }[]>`
      select transaction_timestamp() as now, count(*)::float8 as entries from audit
      where organization_id = ${organizationId}`,
    sql<{ sequence: bigint; hash: string }[]>`
      select sequence, hash from audit_head where organization_id = ${organizationId}`,
  ])
  if (counted === undefined) throw new Error('An aggregate gave no row')
  return { ...counted, recorded: recorded ?? null }
}

type SealWithContent = Link & {
  readonly hash: string
  /** The hash that the row says it has; null where the row is gone. */
  readonly rowHash: string | null
  readonly content: string | null
}

/** Hands over every seal in the order of their numbers. */
async function walkChain(
  { tx, organizationId, signal }: Scope,
  take: (seal: SealedRow) => void,
): Promise<{ readonly seals: number; readonly rows: number }> {
  let seals = 0
  let rows = 0
  const handOver = (batch: readonly SealWithContent[]) => {
    for (const { rowHash, content, ...seal } of batch) {
      seals += 1
      if (rowHash !== null) rows += 1
      take({ ...seal, rowHash, row: stateOf(rowHash, content, seal.auditHash) })
    }
  }
  let next = readSeals(tx, organizationId, null)
  for (;;) {
    const batch = await next
    signal?.throwIfAborted()
    const last = batch.at(-1)
    const isEnd = last === undefined || batch.length < ROWS_PER_BATCH
    // The database reads on while this process computes.
    if (!isEnd) next = readSeals(tx, organizationId, last.sequence)
    handOver(batch)
    if (isEnd) return { seals, rows }
  }
}

/** An entry is looked up as the first that is not before its id: see `hasSeal`. */
const readSeals = ({ sql }: Tx, organizationId: string, after: bigint | null): Promise<SealWithContent[]> => {
  const reading = sql<SealWithContent[]>`
    select seal.sequence, seal.audit_id as "auditId", seal.audit_hash as "auditHash", seal.hash,
      to_char(seal.sealed_at at time zone 'UTC', ${sql.unsafe(SEAL_TIME)}) as "sealedAt",
      entry.hash as "rowHash", entry.content
    from (
      select * from audit_seal
      where organization_id = ${organizationId} ${after === null ? sql`` : sql`and sequence > ${after}`}
      order by sequence limit ${ROWS_PER_BATCH}
    ) as seal
    left join lateral (
      select id, hash, ${sql.unsafe(AUDIT_CONTENT)} as content from audit
      where organization_id = ${organizationId} and id >= seal.audit_id order by id limit 1
    ) as entry on entry.id = seal.audit_id
    order by seal.sequence`.execute()
  // Heard of where it is awaited, which is later.
  reading.catch(() => {})
  return reading
}

const sha256 = (content: string): string => hash('sha256', content, 'hex')

const stateOf = (rowHash: string | null, content: string | null, sealedHash: string): SealedRow['row'] => {
  if (rowHash === null || content === null) return 'GONE'
  if (sha256(content) !== rowHash) return 'CHANGED'
  return rowHash === sealedHash ? 'SOUND' : 'OTHER'
}

type Waiting = { readonly count: number; readonly oldest: string; readonly newest: string }

type Unsealed = {
  readonly count: number
  readonly orphans: Orphans
  /** Those that should have been sealed by now, and yet may not have been committed for long. */
  readonly waiting: Waiting | null
}

type UnsealedRow = {
  readonly id: string
  readonly hash: string
  readonly content: string
  /** Whether the row was there when the chain was last written. */
  readonly wasSeen: boolean
  readonly isOld: boolean
  readonly recordedAt: string
}

/** Checks the rows without a seal. That there are `expected` of them is known from counting. */
async function walkUnsealed(scope: Scope, expected: number): Promise<Unsealed> {
  const { tx, organizationId, report, signal } = scope
  const orphans: UnsealedRow[] = []
  const old = { count: 0, oldest: null as UnsealedRow | null, newest: null as UnsealedRow | null }
  let orphanCount = 0
  let count = 0
  let after: string | null = null
  while (count < expected) {
    signal?.throwIfAborted()
    const batch: UnsealedRow[] = await readUnsealed(tx, organizationId, after)
    for (const row of batch) {
      count += 1
      if (sha256(row.content) !== row.hash) {
        const message = 'The entry, which has no seal yet, is not what was written.'
        report({ kind: 'CHANGED', entryId: row.id, sequence: null, message })
      }
      if (row.wasSeen) {
        orphanCount += 1
        if (orphans.length < FINDINGS_MAX) orphans.push(row)
      } else if (row.isOld) {
        old.count += 1
        if (old.oldest === null || row.recordedAt < old.oldest.recordedAt) old.oldest = row
        if (old.newest === null || row.recordedAt > old.newest.recordedAt) old.newest = row
      }
    }
    after = batch.at(-1)?.id ?? null
    if (after === null) break
  }
  for (let index = count; index < expected; index++) {
    const message = 'There is an entry with the id of another.'
    report({ kind: 'INSERTED', entryId: null, sequence: null, message })
  }
  const { oldest, newest } = old
  const rows = orphans.toSorted((a, b) => (a.recordedAt < b.recordedAt ? -1 : 1))
  return {
    count: Math.max(count, expected),
    orphans: { count: orphanCount, rows },
    waiting: oldest && newest && { count: old.count, oldest: oldest.id, newest: newest.id },
  }
}

const readUnsealed = (tx: Tx, organizationId: string, after: string | null): Promise<UnsealedRow[]> => {
  const { sql } = tx
  return sql<UnsealedRow[]>`
    select id, hash, ${sql.unsafe(AUDIT_CONTENT)} as content, recorded_at as "recordedAt",
      recorded_at < transaction_timestamp() - make_interval(secs => ${UNSEALED_SECONDS_MAX}) as "isOld",
      coalesce((
        select pg_visible_in_snapshot(audit.xid, seen) and not ${isForeign(tx, 'seen')} from audit_head
        where audit_head.organization_id = ${organizationId}), false) as "wasSeen"
    from audit
    where organization_id = ${organizationId} ${after === null ? sql`` : sql`and id > ${after}`}
      and not ${hasSeal(tx, organizationId)}
    order by id limit ${ROWS_PER_BATCH}`
}

/** Looks until the row has a seal, or time is up. */
async function isStillWaiting(
  connection: Connection,
  organizationId: string,
  id: string,
  patienceMs: number,
): Promise<boolean> {
  const giveUpAt = performance.now() + patienceMs
  for (;;) {
    const [seal] = await inTransaction(
      connection,
      { organizationId, mode: 'read' },
      ({ sql }) => sql`
        select from audit_seal where organization_id = ${organizationId} and audit_id = ${id}`,
    )
    if (seal !== undefined) return false
    if (performance.now() >= giveUpAt) return true
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}

async function compareReceipts(
  { tx, organizationId, report }: Scope,
  receipts: Evidence['receipts'],
): Promise<void> {
  for (const part of partsOf(receipts)) {
    const rows = await tx.sql<{ id: string; content: string }[]>`
      select id, ${tx.sql.unsafe(AUDIT_CONTENT)} as content from audit
      where organization_id = ${organizationId} and id = any(${arrayOf(part.map(({ id }) => id))}::uuid[])`
    const hashes = new Map(rows.map(({ id, content }) => [id, sha256(content)]))
    for (const { id, hash: noted } of part) {
      const found = hashes.get(id)
      if (found === noted.toLowerCase()) continue
      const message =
        found === undefined
          ? 'There is no entry with the id of a receipt.'
          : 'The entry has another hash than its receipt.'
      report({ kind: 'RECEIPT_UNKNOWN', entryId: id, sequence: null, message })
    }
  }
}

async function compareHeads({ tx, organizationId, report }: Scope, heads: Evidence['heads']): Promise<void> {
  for (const part of partsOf(heads)) {
    const rows = await tx.sql<{ sequence: bigint; hash: string }[]>`
      select sequence, hash from audit_seal where organization_id = ${organizationId}
        and sequence = any(${arrayOf(part.map(({ sequence }) => sequence))}::bigint[])`
    const hashes = new Map(rows.map((row) => [row.sequence, row.hash]))
    for (const { sequence, hash: noted } of part) {
      const found = hashes.get(sequence)
      if (found === noted.toLowerCase()) continue
      const message =
        found === undefined
          ? `The chain has no number ${sequence}, at which it once ended.`
          : `The chain has another hash at number ${sequence} than when it ended there.`
      report({ kind: 'HEAD_DIFFERS', entryId: null, sequence, message })
    }
  }
}

const partsOf = <Item>(items: readonly Item[]): Item[][] =>
  Array.from({ length: Math.ceil(items.length / ROWS_PER_BATCH) }, (_, index) =>
    items.slice(index * ROWS_PER_BATCH, (index + 1) * ROWS_PER_BATCH),
  )
