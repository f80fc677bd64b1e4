/**
 * Random histories of tampering, compared with a twin that has kept a copy of everything: the check says "intact" where
 * and only where the copy is the same, blames no row that nobody touched, and leaves out none that somebody did.
 */
import * as fc from 'fast-check'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { AUDIT_CONTENT } from '@tidemark/server/ledger/audit.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSealedAudit, type SealedAudit } from '../support/sealed-audit.ts'
import { full } from '../support/scale.ts'

const SIZE = 24
const RUNS = full(5_000, 150)

let audit: SealedAudit
let original: Copy
beforeAll(async () => {
  audit = await openSealedAudit(SIZE)
  original = await copyOf(audit.books.connection.sql as unknown as Tx['sql'])
})
afterAll(() => audit.books.close())

type Row = { id: string; content: string; hash: string }
type Seal = { sequence: string; audit_id: string; all: string }

/** Everything that can be tampered with. */
type Copy = {
  readonly rows: ReadonlyMap<string, Row>
  readonly seals: ReadonlyMap<string, Seal>
  readonly head: string
}

const copyOf = async (sql: Tx['sql']): Promise<Copy> => {
  const rows = await sql<Row[]>`
    select id, hash, ${sql.unsafe(AUDIT_CONTENT)} as content from audit
    where organization_id = ${audit.books.organization.id}`
  const seals = await sql<Seal[]>`
    select sequence::text, audit_id, audit_seal::text as all from audit_seal
    where organization_id = ${audit.books.organization.id}`
  const [head] = await sql<{ head: string }[]>`select concat(sequence, hash) as head from audit_head`
  return {
    rows: new Map(rows.map((row) => [row.id, row])),
    seals: new Map(seals.map((row) => [row.sequence, row])),
    head: head?.head ?? '',
  }
}

type Touched = {
  readonly changed: ReadonlySet<string>
  readonly removed: ReadonlySet<string>
  readonly added: ReadonlySet<string>
  /** Numbers at which another seal stands, or none. */
  readonly numbers: ReadonlySet<string>
  /** Of those numbers, and of seals that stand elsewhere now: the rows that they are, or were, of. */
  readonly resealed: ReadonlySet<string>
  readonly headChanged: boolean
}

const differenceOf = (now: Copy): Touched => {
  const ids = new Set([...original.rows.keys(), ...now.rows.keys()])
  const differs = (id: string) => {
    const [was, is] = [original.rows.get(id), now.rows.get(id)]
    return was !== undefined && is !== undefined && (was.content !== is.content || was.hash !== is.hash)
  }
  const numbers = [...new Set([...original.seals.keys(), ...now.seals.keys()])].filter(
    (number) => original.seals.get(number)?.all !== now.seals.get(number)?.all,
  )
  return {
    changed: new Set([...ids].filter(differs)),
    removed: new Set([...ids].filter((id) => !now.rows.has(id))),
    added: new Set([...ids].filter((id) => !original.rows.has(id))),
    numbers: new Set(numbers),
    resealed: new Set(
      numbers.flatMap((number) => [original, now].flatMap((copy) => copy.seals.get(number)?.audit_id ?? [])),
    ),
    headChanged: original.head !== now.head,
  }
}

const place = fc.integer({ min: 0, max: SIZE - 1 })
const entryAt = (index: number) => {
  const entry = audit.entries[index]
  if (entry === undefined) throw new Error('No such entry')
  return entry
}

type Act = { readonly name: string; readonly run: (sql: Tx['sql']) => Promise<unknown> }

const ofRow: fc.Arbitrary<Act> = fc
  .tuple(
    place,
    fc.constantFrom(
      "actor = 'system'",
      "action = 'another'",
      'before = null',
      'before = before',
      `after = '{"is": [1, 2.0]}'`,
      'reason = null',
      "request_id = 'r'",
      "recorded_at = recorded_at + interval '1 day'",
      "hash = repeat('0', 64)",
      'hash = hash',
      "xid = '7'",
    ),
  )
  .map(([index, set]) => ({
    name: `row ${index}: ${set}`,
    run: (sql) => sql.unsafe(`update audit set ${set} where id = '${entryAt(index).id}'`),
  }))

const ofSeal: fc.Arbitrary<Act> = fc
  .tuple(
    place,
    fc.constantFrom(
      "audit_hash = repeat('1', 64)",
      "hash = repeat('2', 64)",
      "hash = repeat('3', 64), audit_hash = repeat('4', 64)",
      "sealed_at = sealed_at + interval '1 hour'",
      'sealed_at = sealed_at',
      "audit_id = '01999999-9999-7999-8999-999999999999'",
      'sequence = 5000',
      'sequence = 0',
      'sequence = -3',
    ),
  )
  .map(([index, set]) => ({
    name: `seal ${index}: ${set}`,
    run: (sql) => sql.unsafe(`update audit_seal set ${set} where sequence = ${entryAt(index).sequence}`),
  }))

const removal: fc.Arbitrary<Act> = fc
  .tuple(place, fc.constantFrom('audit', 'audit_seal'))
  .map(([index, table]) => ({
    name: `delete ${index} from ${table}`,
    run: (sql) =>
      table === 'audit'
        ? sql`delete from audit where id = ${entryAt(index).id}`
        : sql`delete from audit_seal where sequence = ${entryAt(index).sequence}`,
  }))

const truncation: fc.Arbitrary<Act> = fc.tuple(place, fc.boolean()).map(([index, both]) => ({
  name: `truncate at ${index}${both ? ', with the rows' : ''}`,
  run: async (sql) => {
    const from = entryAt(index).sequence
    if (both)
      await sql`delete from audit where id in (select audit_id from audit_seal where sequence >= ${from})`
    await sql`delete from audit_seal where sequence >= ${from}`
  },
}))

const exchange: fc.Arbitrary<Act> = fc.tuple(place, place).map(([a, b]) => ({
  name: `exchange the seals ${a} and ${b}`,
  run: async (sql) => {
    const [first, second] = [entryAt(a).sequence, entryAt(b).sequence]
    await sql`update audit_seal set sequence = 7000 where sequence = ${first}`
    await sql`update audit_seal set sequence = ${first} where sequence = ${second}`
    await sql`update audit_seal set sequence = ${second} where sequence = 7000`
  },
}))

const insertion: fc.Arbitrary<Act> = fc.uuid().map((id) => ({
  name: `insert ${id}`,
  run: (sql) => sql`
    insert into audit (organization_id, id, actor, action, subject, hash, xid)
    values (${audit.books.organization.id}, ${id}, 'terminal', 'note', 'x', '', '5')`,
}))

const ofHead: fc.Arbitrary<Act> = fc
  .constantFrom('sequence = sequence + 2', 'sequence = sequence - 1', "hash = repeat('5', 64)", 'hash = hash')
  .map((set) => ({ name: `head: ${set}`, run: (sql) => sql.unsafe(`update audit_head set ${set}`) }))

/** What breaks a unique key is not done: the next act goes on without it. */
const carryOut = async (sql: Tx['sql'], { run }: Act): Promise<void> => {
  await (sql as Tx['sql'] & { savepoint(run: (inner: Tx['sql']) => Promise<unknown>): Promise<unknown> })
    .savepoint(run)
    .catch(() => {})
}

const tamperWith = async (acts: readonly Act[]) => {
  let touched: Touched | null = null
  const findings = await audit.attack(async (sql) => {
    for (const act of acts) await carryOut(sql, act)
    touched = differenceOf(await copyOf(sql))
  })
  if (touched === null) throw new Error('Nothing was compared')
  return { findings, touched: touched as Touched }
}

const isUntouched = ({ changed, removed, added, numbers, headChanged }: Touched) =>
  changed.size + removed.size + added.size + numbers.size === 0 && !headChanged

describe('a history of tampering', () => {
  it(
    'of any kind is found where something is another than it was, and nobody is blamed for nothing',
    { timeout: full(1_200_000, 60_000) },
    async () => {
      const act = fc.oneof(ofRow, ofSeal, removal, truncation, exchange, insertion, ofHead)
      await fc.assert(
        fc.asyncProperty(fc.array(act, { maxLength: 4 }), async (acts) => {
          const { findings, touched } = await tamperWith(acts)
          const done = acts.map(({ name }) => name)
          expect({ done, isIntact: findings.length === 0 }).toEqual({ done, isIntact: isUntouched(touched) })
          for (const { kind, entryId, sequence, message } of findings) {
            if (kind === 'INSERTED' || kind === 'HEAD_DIFFERS' || kind === 'TRUNCATED') continue
            const { changed, removed, added, resealed, numbers } = touched
            const blamed =
              (entryId !== null && [changed, removed, added, resealed].some((ids) => ids.has(entryId))) ||
              (sequence !== null && numbers.has(sequence.toString()))
            if (!blamed) throw new Error(`${kind} ${entryId} ${sequence}: ${message}`)
          }
        }),
        { numRuns: RUNS },
      )
    },
  )

  it(
    'of rows alone is found at each of them and nowhere else',
    { timeout: full(1_200_000, 60_000) },
    async () => {
      const act = fc.oneof(
        ofRow,
        removal.filter(({ name }) => name.endsWith('from audit')),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(act, { maxLength: 8 }), async (acts) => {
          const { findings, touched } = await tamperWith(acts)
          const expected = [
            ...[...touched.changed].map((id) => `CHANGED ${id}`),
            ...[...touched.removed].map((id) => `REMOVED ${id}`),
          ]
          expect(findings.map(({ kind, entryId }) => `${kind} ${entryId}`).toSorted()).toEqual(
            expected.toSorted(),
          )
        }),
        { numRuns: RUNS },
      )
    },
  )
})
