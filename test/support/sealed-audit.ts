/** An audit that is sealed, and attacks on it by whoever owns the tables: each is undone after it was looked at. */
import { inTransaction, asOwner, type Tx } from '@tidemark/drizzle/transaction.ts'
import type { Finding } from '@tidemark/server/audit/chain.ts'
import { checkAudit } from '@tidemark/server/audit/verify.ts'
import { AUDIT_CONTENT } from '@tidemark/server/ledger/audit.ts'
import { seal } from '@tidemark/server/ledger/seal.ts'
import { openBooks, type Books } from './books.ts'

export type SealedEntry = { readonly id: string; readonly sequence: bigint }

export type SealedAudit = {
  readonly books: Books
  readonly entries: readonly SealedEntry[]
  /** Another organization, without any audit. */
  readonly stranger: string
  /** What is found after `tamper`, which the tables' owner does. */
  attack(tamper: (sql: Tx['sql']) => Promise<unknown>): Promise<Finding[]>
}

export async function openSealedAudit(size: number): Promise<SealedAudit> {
  const books = await openBooks()
  const { connection, organization } = books
  const stranger = crypto.randomUUID()
  await connection.sql`insert into organization (id, slug, name, base_currency, time_zone)
    values (${stranger}, 'stranger', 'Stranger', 'USD', 'UTC')`
  await writeEntries(books, size)
  await seal(connection, organization.id)
  const entries = await connection.sql<SealedEntry[]>`
    select audit_id as id, sequence from audit_seal order by sequence`
  return {
    books,
    entries,
    stranger,
    async attack(tamper) {
      const findings: Finding[] = []
      const undo = new Error('undone')
      await asOwner(connection, async (tx) => {
        await tamper(tx.sql)
        const scope = { tx, organizationId: organization.id, signal: undefined }
        await checkAudit(
          { ...scope, report: (finding) => findings.push(finding) },
          { receipts: [], heads: [] },
        )
        throw undo
      }).catch((error: unknown) => {
        if (error !== undo) throw error
      })
      return findings
    },
  }
}

/** As many rows as `writeAudit` would write, in one statement; each differs from the others in every column. */
const writeEntries = ({ connection, organization }: Books, size: number): Promise<unknown> =>
  inTransaction(
    connection,
    { organizationId: organization.id, mode: 'write', timeoutMs: null },
    async ({ sql }) => {
      await sql`insert into origin (organization_id, id, address, agent)
        select ${organization.id}, gen_random_uuid(), '192.0.2.' || n, 'a program' from generate_series(1, 3) as n`
      await sql`
        with written as (
          select ${organization.id}::uuid as organization_id, gen_random_uuid() as id,
            'token:' || gen_random_uuid() as actor, 'note' || n as action, 'subject ' || n as subject,
            jsonb_build_object('was', n) as before, jsonb_build_object('is', n + 1, 'text', repeat('x', n % 50)) as after,
            'because ' || n as reason,
            (select id from origin order by id offset n % 3 limit 1) as origin_id, 'request ' || n as request_id,
            timestamptz '2026-01-01' + n * interval '1.000001 s' as recorded_at
          from generate_series(1, ${size}::int) as n)
        insert into audit (organization_id, id, actor, action, subject, before, after, reason, origin_id, request_id,
          recorded_at, hash)
        select *, encode(sha256(convert_to(${sql.unsafe(AUDIT_CONTENT)}, 'UTF8')), 'hex') from written`
    },
  )
