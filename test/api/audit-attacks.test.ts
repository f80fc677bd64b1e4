/**
 * A18 of the reliability plan: whatever the owner of the tables does to one row of the audit, or of its chain, is found
 * at that very row, and nobody else is blamed.
 */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { Finding } from '@tidemark/server/audit/chain.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSealedAudit, type SealedAudit, type SealedEntry } from '../support/sealed-audit.ts'
import { full } from '../support/scale.ts'

const ROWS = full(10_000, 36)
/** In full, attacks far apart share one check, or it would take days. */
const TIMEOUT_MS = full(3_600_000, 60_000)

let audit: SealedAudit
beforeAll(async () => {
  audit = await openSealedAudit(ROWS)
}, TIMEOUT_MS)
afterAll(() => audit.books.close())

type Expected = Pick<Finding, 'kind' | 'entryId' | 'sequence'>

type Attack = {
  readonly name: string
  /** So many at once in full. */
  readonly together: number
  /** In full, of every so many rows one. */
  readonly every?: number
  readonly tamper: (sql: Tx['sql'], entry: SealedEntry) => Promise<unknown>
  readonly expected: (entry: SealedEntry) => readonly Expected[]
}

const changed = ({ id, sequence }: SealedEntry): Expected => ({ kind: 'CHANGED', entryId: id, sequence })
const removed = ({ id, sequence }: SealedEntry): Expected => ({ kind: 'REMOVED', entryId: id, sequence })
const sealChanged = ({ id, sequence }: SealedEntry): Expected => ({
  kind: 'SEAL_CHANGED',
  entryId: id,
  sequence,
})
const sealRemoved = ({ id, sequence }: SealedEntry): Expected => ({
  kind: 'SEAL_REMOVED',
  entryId: id,
  sequence,
})

const update = (column: string, value: string): Attack => ({
  name: `UPDATE audit SET ${column}`,
  together: 100,
  tamper: (sql, { id }) => sql.unsafe(`update audit set ${column} = ${value} where id = '${id}'`),
  expected: (entry) => [changed(entry)],
})
const updateSeal = (column: string, value: string): Attack => ({
  name: `UPDATE audit_seal SET ${column}`,
  together: 20,
  every: 5,
  tamper: (sql, { sequence }) =>
    sql.unsafe(`update audit_seal set ${column} = ${value} where sequence = ${sequence}`),
  expected: (entry) => [sealChanged(entry)],
})

/** Another id, the same each time for the same one. */
const otherId = (id: string): string => `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`

const attacks: readonly Attack[] = [
  update('actor', "'terminal'"),
  update('action', "action || ' '"),
  update('subject', "''"),
  update('before', 'null'),
  update('after', `after || '{"is": 0}'`),
  update('reason', 'null'),
  update('origin_id', 'null'),
  update('request_id', 'upper(request_id)'),
  update('recorded_at', "recorded_at + interval '1 microsecond'"),
  update('hash', 'reverse(hash)'),
  {
    name: 'UPDATE audit with a hash that fits',
    together: 100,
    tamper: async (sql, { id }) => {
      await sql`update audit set reason = 'another' where id = ${id}`
      const { AUDIT_CONTENT } = await import('@tidemark/server/ledger/audit.ts')
      await sql`update audit set hash = encode(sha256(convert_to(${sql.unsafe(AUDIT_CONTENT)}, 'UTF8')), 'hex')
        where id = ${id}`
    },
    expected: (entry) => [changed(entry)],
  },
  {
    name: 'UPDATE audit SET id',
    together: 50,
    tamper: (sql, { id }) => sql`update audit set id = ${otherId(id)} where id = ${id}`,
    expected: (entry) => [
      removed(entry),
      // With the id the content changed, and it has no seal.
      { kind: 'CHANGED', entryId: otherId(entry.id), sequence: null },
      { kind: 'INSERTED', entryId: otherId(entry.id), sequence: null },
    ],
  },
  {
    name: 'UPDATE audit SET organization_id',
    together: 100,
    tamper: async (sql, { id }) =>
      sql`update audit set organization_id = ${audit.stranger}, origin_id = null where id = ${id}`,
    expected: (entry) => [removed(entry)],
  },
  {
    name: 'UPDATE audit SET xid, which is no content',
    together: 100,
    tamper: (sql, { id }) => sql`update audit set xid = '4' where id = ${id}`,
    expected: () => [],
  },
  {
    name: 'DELETE FROM audit',
    together: 100,
    tamper: (sql, { id }) => sql`delete from audit where id = ${id}`,
    expected: (entry) => [removed(entry)],
  },
  updateSeal('audit_hash', 'reverse(audit_hash)'),
  updateSeal('hash', 'reverse(hash)'),
  updateSeal('sealed_at', "sealed_at - interval '1 microsecond'"),
  updateSeal('audit_id', 'gen_random_uuid()'),
  updateSeal('audit_hash = reverse(audit_hash), hash', 'reverse(hash)'),
  updateSeal('sealed_at = now(), hash', 'reverse(hash)'),
  {
    ...updateSeal(
      'audit_id = gen_random_uuid(), audit_hash = hash, sealed_at = now(), hash',
      'reverse(hash)',
    ),
    // What it was of is not known any more.
    expected: ({ id, sequence }) => [
      { kind: 'SEAL_CHANGED', entryId: null, sequence },
      { kind: 'INSERTED', entryId: id, sequence: null },
    ],
  },
  {
    name: 'UPDATE audit_seal SET sequence',
    together: 10,
    every: 5,
    tamper: (sql, { sequence }) =>
      sql`update audit_seal set sequence = ${1_000_000n + sequence * 2n} where sequence = ${sequence}`,
    expected: ({ id, sequence }) => [
      { kind: 'REORDERED', entryId: id, sequence: 1_000_000n + sequence * 2n },
    ],
  },
  {
    name: 'UPDATE audit_seal SET organization_id',
    together: 10,
    every: 5,
    tamper: (sql, { sequence }) =>
      sql`update audit_seal set organization_id = ${audit.stranger} where sequence = ${sequence}`,
    expected: (entry) => [entry.sequence === BigInt(ROWS) ? truncatedAt(entry) : sealRemoved(entry)],
  },
  {
    name: 'DELETE FROM audit_seal',
    together: 10,
    every: 5,
    tamper: (sql, { sequence }) => sql`delete from audit_seal where sequence = ${sequence}`,
    expected: (entry) => [entry.sequence === BigInt(ROWS) ? truncatedAt(entry) : sealRemoved(entry)],
  },
  {
    name: 'DELETE FROM audit and audit_seal',
    together: 10,
    tamper: async (sql, { id, sequence }) => {
      await sql`delete from audit where id = ${id}`
      await sql`delete from audit_seal where sequence = ${sequence}`
    },
    expected: (entry) => {
      const found = entry.sequence === BigInt(ROWS) ? truncatedAt(entry) : sealRemoved(entry)
      return [{ ...found, entryId: null }]
    },
  },
]

const truncatedAt = ({ id, sequence }: SealedEntry): Expected => ({
  kind: 'TRUNCATED',
  entryId: id,
  sequence,
})

/** Rows that are far apart, so that what is done to one says nothing of another. */
function groupsOf(rows: readonly SealedEntry[], together: number): SealedEntry[][] {
  const groups = Math.ceil(rows.length / together)
  return Array.from({ length: groups }, (_, first) => rows.filter((_row, index) => index % groups === first))
}

const bare = (found: readonly Expected[]) =>
  found.map(({ kind, entryId, sequence }) => `${kind} ${entryId ?? '-'} ${sequence ?? '-'}`).toSorted()

describe('an attack on one row', () => {
  it('is none where nothing is done', async () => {
    expect(await audit.attack(() => Promise.resolve())).toEqual([])
    expect(audit.entries).toHaveLength(ROWS)
  })

  it.each(attacks)('is found at that row: $name', { timeout: TIMEOUT_MS }, async (attack) => {
    const every = full(attack.every ?? 1, 1)
    const rows = audit.entries.filter((_entry, index) => index % every === 0 || index === ROWS - 1)
    for (const group of groupsOf(rows, full(attack.together, 1))) {
      const found = await audit.attack(async (sql) => {
        for (const entry of group) await attack.tamper(sql, entry)
      })
      expect(bare(found)).toEqual(bare(group.flatMap(attack.expected)))
    }
  })
})

type Pair = readonly [SealedEntry, SealedEntry]

type Swap = {
  readonly name: string
  readonly together: number
  readonly every?: number
  readonly tamper: (sql: Tx['sql'], pair: Pair) => Promise<unknown>
  readonly expected: (pair: Pair) => readonly Expected[]
}

/** Exchanges the values of two rows, by way of none that there is. */
const exchange =
  (table: string, columns: readonly string[]) =>
  (sql: Tx['sql'], [a, b]: Pair) => {
    const key = table === 'audit' ? 'id' : 'sequence'
    const [first, second] = table === 'audit' ? [`'${a.id}'`, `'${b.id}'`] : [a.sequence, b.sequence]
    const sets = columns.map((column) => `${column} = other.${column}`).join(', ')
    return sql.unsafe(`update ${table} as t set ${sets} from ${table} as other
      where (t.${key} = ${first} and other.${key} = ${second}) or (t.${key} = ${second} and other.${key} = ${first})`)
  }

const CONTENT =
  'actor, action, subject, before, after, reason, origin_id, request_id, recorded_at, hash'.split(', ')

/** Unique columns, through a value that is free. */
const exchangeUnique =
  (column: string, free: string) =>
  async (sql: Tx['sql'], [a, b]: Pair) => {
    const [{ value: ofA } = { value: '' }] = await sql.unsafe<{ value: string }[]>(
      `select ${column}::text as value from audit_seal where sequence = ${a.sequence}`,
    )
    const [{ value: ofB } = { value: '' }] = await sql.unsafe<{ value: string }[]>(
      `select ${column}::text as value from audit_seal where sequence = ${b.sequence}`,
    )
    for (const [from, to] of [
      [ofA, free],
      [ofB, ofA],
      [free, ofB],
    ]) {
      await sql.unsafe(`update audit_seal set ${column} = '${to}' where ${column} = '${from}'`)
    }
  }

const swaps: readonly Swap[] = [
  {
    name: 'all that two entries say',
    together: 40,
    tamper: exchange('audit', CONTENT),
    expected: (pair) => pair.map(changed),
  },
  {
    name: 'the times of two entries',
    together: 40,
    tamper: exchange('audit', ['recorded_at']),
    expected: (pair) => pair.map(changed),
  },
  {
    name: 'the places of two seals',
    together: 5,
    every: 5,
    tamper: exchangeUnique('sequence', '1000000'),
    expected: ([a, b]) => [
      { kind: 'REORDERED', entryId: a.id, sequence: b.sequence },
      { kind: 'REORDERED', entryId: b.id, sequence: a.sequence },
    ],
  },
  {
    name: 'the entries of two seals',
    together: 10,
    every: 5,
    tamper: async (sql, pair) => {
      await exchange('audit_seal', ['audit_hash'])(sql, pair)
      await exchangeUnique('audit_id', '00000000-0000-0000-0000-000000000000')(sql, pair)
    },
    expected: ([a, b]) => [
      { kind: 'SEAL_CHANGED', entryId: b.id, sequence: a.sequence },
      { kind: 'SEAL_CHANGED', entryId: a.id, sequence: b.sequence },
    ],
  },
  {
    name: 'the hashes of two seals',
    together: 10,
    every: 5,
    tamper: exchange('audit_seal', ['hash']),
    expected: (pair) => pair.map(sealChanged),
  },
]

describe('an exchange', () => {
  it.each(swaps)('is found at both rows: $name', { timeout: TIMEOUT_MS }, async (swap) => {
    const { entries } = audit
    const every = full(swap.every ?? 1, 1)
    for (const distance of [1, Math.floor(ROWS / 2)]) {
      const pairs = entries.flatMap((entry, index): Pair[] => {
        const other = entries[index + distance]
        const isFirst = Math.floor(index / distance) % 2 === 0 && index % every === 0
        return isFirst && other !== undefined ? [[entry, other]] : []
      })
      const size = full(swap.together, 1)
      const groups = Math.ceil(pairs.length / size)
      for (let first = 0; first < groups; first++) {
        const group = pairs.filter((_pair, index) => index % groups === first)
        const found = await audit.attack(async (sql) => {
          for (const pair of group) await swap.tamper(sql, pair)
        })
        expect(bare(found)).toEqual(bare(group.flatMap(swap.expected)))
      }
    }
  })
})

describe('a truncation', () => {
  const places = () => audit.entries.filter((_entry, index) => index % full(20, 1) === 0)

  it('of the seals is found where it begins', { timeout: TIMEOUT_MS }, async () => {
    for (const entry of places()) {
      const found = await audit.attack(
        (sql) => sql`delete from audit_seal where sequence >= ${entry.sequence}`,
      )
      expect(found).toMatchObject([{ kind: 'TRUNCATED', sequence: entry.sequence }])
    }
  })

  it('of entries and seals is found where it begins', { timeout: TIMEOUT_MS }, async () => {
    for (const entry of places()) {
      const found = await audit.attack(async (sql) => {
        await sql`delete from audit where id in (select audit_id from audit_seal where sequence >= ${entry.sequence})`
        await sql`delete from audit_seal where sequence >= ${entry.sequence}`
      })
      expect(found).toMatchObject([{ kind: 'TRUNCATED', entryId: null, sequence: entry.sequence }])
    }
  })

  it('of the entries names each that is gone', { timeout: TIMEOUT_MS }, async () => {
    for (const entry of places()) {
      const found = await audit.attack(
        (sql) =>
          sql`delete from audit where id in (select audit_id from audit_seal where sequence >= ${entry.sequence})`,
      )
      const gone = audit.entries.filter(({ sequence }) => sequence >= entry.sequence)
      expect(bare(found)).toEqual(bare(gone.map(removed)))
    }
  })

  it('of everything is found, as long as the end is recorded', async () => {
    const found = await audit.attack(async (sql) => {
      await sql`truncate audit`
      await sql`truncate audit_seal`
    })
    expect(found).toMatchObject([{ kind: 'TRUNCATED', sequence: 1n }])
  })
})

describe('the recorded end', () => {
  const last = () => BigInt(ROWS)
  it.each([
    ['sequence = sequence + 1', () => [{ kind: 'TRUNCATED', sequence: last() + 1n }]],
    ['sequence = sequence - 1', () => [{ kind: 'HEAD_DIFFERS', sequence: last() }]],
    ['hash = reverse(hash)', () => [{ kind: 'HEAD_DIFFERS', sequence: last() }]],
  ])('that was changed is found: %s', async (change, expected) => {
    expect(await audit.attack((sql) => sql.unsafe(`update audit_head set ${change}`))).toMatchObject(
      expected(),
    )
  })

  it('that was removed is found', async () => {
    expect(await audit.attack((sql) => sql`delete from audit_head`)).toMatchObject([{ kind: 'HEAD_DIFFERS' }])
  })
})

describe('an entry that was put in', () => {
  const insert = (sql: Tx['sql'], id: string, xid: string) => sql`
    insert into audit (organization_id, id, actor, action, subject, recorded_at, hash, xid)
    select organization_id, ${id}, actor, action, subject, recorded_at, hash, ${xid}::xid8 from audit limit 1`

  it('is found where it pretends to be old', async () => {
    const id = crypto.randomUUID()
    const found = await audit.attack((sql) => insert(sql, id, '100'))
    expect(bare(found)).toEqual([`CHANGED ${id} -`, `INSERTED ${id} -`])
  })
})
