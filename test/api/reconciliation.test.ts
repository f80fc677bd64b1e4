/** The books of a period, line by line: every line is what the ledger's entries say, and nothing is unexplained. */
import * as fc from 'fast-check'
import { Decimal } from 'decimal.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Connection } from '@tidemark/drizzle/connect.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import { dateOf } from '@tidemark/server/domain/day.ts'
import { readReconciliation, type ReconciliationQuery } from '@tidemark/server/kpi/reconciliation.ts'
import type { KpiOrganization } from '@tidemark/server/kpi/source.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { day } from '../support/kpi-books.ts'
import { LAST_POSTING, makeManifoldBooks, recordedAt } from '../support/manifold-books.ts'
import { quotations } from '../support/random-books.ts'

const now = Temporal.Instant.from('2026-11-20T12:00:00Z')

let database: TestDatabase
let connection: Connection
let organization: KpiOrganization
beforeAll(async () => {
  database = await createDatabase()
  connection = await connect(database.url, { max: 4 })
  organization = await makeManifoldBooks(connection, 77)
}, 60_000)
afterAll(async () => {
  await connection.close()
  await database.drop()
})

const reading = <T>(run: (tx: Tx) => Promise<T>): Promise<T> =>
  inTransaction(connection, { organizationId: organization.id, mode: 'read' }, run)

const reconcile = (query: Omit<ReconciliationQuery, 'now' | 'settledAt'>) =>
  reading(async (tx) => {
    const answer = await readReconciliation(tx, organization, { now, settledAt: now, ...query })
    const amounts = new Map(answer.lines.map(({ kind, amount }) => [kind as string, amount.minor]))
    return { amounts, lines: answer.lines, unexplained: (await answer.unexplained(tx)).minor }
  })

const ROLLED = [
  'OPENING',
  'BILLED',
  'CREDITS_APPLIED',
  'PAID',
  'DISCOUNTS',
  'WRITTEN_OFF',
  'RECOVERED',
  'ADJUSTED',
  'TRANSFERRED',
  'FX_DIFFERENCE',
]
const BUCKETS = ['CURRENT', 'PAST_DUE_1_30', 'PAST_DUE_31_60', 'PAST_DUE_61_90', 'PAST_DUE_91']
const sum = (amounts: ReadonlyMap<string, bigint>, kinds: readonly string[]) =>
  kinds.reduce((total, kind) => total + (amounts.get(kind) ?? 0n), 0n)

const questions = fc.record({
  from: fc.integer({ min: day('2024-12-01'), max: day('2026-03-01') }),
  length: fc.integer({ min: 0, max: 200 }),
  posting: fc.integer({ min: 1, max: LAST_POSTING }),
  currency: fc.constantFrom('USD', 'EUR', 'JPY'),
  filter: fc.constantFrom(
    null,
    null,
    { currency: ['EUR'] },
    { region: ['Nordics'] },
    { productLine: ['Nuts', 'Bolts'] },
  ),
})
const asked = ({
  from,
  length,
  posting,
  currency,
  filter,
}: typeof questions extends fc.Arbitrary<infer Q> ? Q : never) => ({
  from: dateOf(from),
  asOf: dateOf(Math.min(from + length, day('2026-04-10'))),
  knownAt: recordedAt(posting),
  currency,
  filter,
})

describe(
  'on random books with every movement, moves, product lines and currencies',
  { timeout: 120_000 },
  () => {
    it('the lines add up, and nothing is unexplained', async () => {
      const moved = new Set<string>()
      for (const question of fc.sample(questions, { seed: 3, numRuns: 40 })) {
        const { amounts, lines, unexplained } = await reconcile(asked(question))
        const of = (kind: string) => amounts.get(kind)
        expect(lines.map(({ kind }) => kind)).toEqual([
          ...ROLLED,
          'CLOSING',
          ...BUCKETS,
          'UNAPPLIED_CASH',
          'UNAPPLIED_CREDITS',
          'LEDGER_BALANCE',
        ])
        expect({ question, unexplained }).toEqual({ question, unexplained: 0n })
        expect([sum(amounts, ROLLED), sum(amounts, BUCKETS)]).toEqual([of('CLOSING'), of('CLOSING')])
        expect(sum(amounts, [...BUCKETS, 'UNAPPLIED_CASH', 'UNAPPLIED_CREDITS'])).toBe(of('LEDGER_BALANCE'))
        for (const [kind, minor] of amounts) if (minor !== 0n) moved.add(kind)
      }
      expect(ROLLED.filter((kind) => !moved.has(kind))).toEqual([])
    })

    it('every line is what the entries say, the exchange rate difference too', async () => {
      for (const question of fc.sample(questions, { seed: 4, numRuns: 20 })) {
        const query = { ...asked(question), filter: null }
        const { amounts } = await reconcile(query)
        const expected = await byEntries(query)
        for (const [kind, exact] of expected) {
          // Rounded once; the difference has what rounding leaves of the other lines.
          const apart = exact.minus(new Decimal((amounts.get(kind) ?? 0n).toString())).abs()
          expect({ kind, isApart: apart.gt(kind === 'FX_DIFFERENCE' ? 6 : 0.5) }).toEqual({
            kind,
            isApart: false,
          })
        }
      }
    })

    it('one currency by itself knows no exchange rates', async () => {
      const { amounts, lines } = await reconcile({
        from: dateOf(day('2025-06-01')),
        asOf: dateOf(day('2025-08-31')),
        filter: { currency: ['EUR'] },
        currency: 'EUR',
      })
      expect(amounts.get('FX_DIFFERENCE')).toBe(0n)
      expect(amounts.get('TRANSFERRED')).toBe(0n)
      expect(lines.every(({ amount }) => amount.currency === 'EUR')).toBe(true)
    })

    it('what does not agree is told', async () => {
      const asOf = dateOf(day('2026-04-10'))
      const { sql } = connection
      const changeBy = (minor: number) => sql`
      update flow set amount = amount + ${minor} where ctid = (
        select ctid from flow where organization_id = ${organization.id} and measure = 'OPEN_BY_DUE'
          and segment_id in (select id from segment where organization_id = ${organization.id} and currency = 'USD')
        order by day, segment_id, anchor limit 1)`
      await changeBy(500)
      const query = { from: dateOf(day('2024-11-01')), asOf }
      const wrong = await reconcile(query)
      await changeBy(-500)
      const right = await reconcile(query)
      // It is neither what happened nor what the entries say.
      expect([wrong.unexplained, right.unexplained]).toEqual([2n * 500n, 0n])
    })
  },
)

const KINDS: Readonly<Record<string, readonly string[]>> = {
  BILLED: ['INVOICED', 'CORRECTED', 'VOIDED'],
  CREDITS_APPLIED: ['CREDIT_APPLIED'],
  PAID: ['PAYMENT_APPLIED'],
  DISCOUNTS: ['DISCOUNTED'],
  WRITTEN_OFF: ['WRITTEN_OFF'],
  RECOVERED: ['RECOVERED'],
  ADJUSTED: ['ADJUSTED'],
}

/** The lines in minor units, unrounded: nothing but entries of invoices, and rates looked up by hand. */
async function byEntries({
  from,
  asOf,
  knownAt,
  currency,
}: {
  from: Temporal.PlainDate
  asOf: Temporal.PlainDate
  knownAt: Temporal.Instant
  currency: string
}): Promise<Map<string, Decimal>> {
  const Exact = Decimal.clone({ precision: 40 })
  type Plain = { kind: string; amount: bigint; on: number; own: string }
  const entries: readonly Plain[] = await reading(
    (tx) => tx.sql<Plain[]>`
      select e.kind, e.amount, e.effective_on - date '1970-01-01' as on, s.currency as own
      from ledger_entry e join item i on i.id = e.item_id join segment s on s.id = i.segment_id
      where i.kind = 'INVOICE' and e.recorded_at <= ${knownAt.toString()}::timestamptz`,
  )
  const first = day(from.toString())
  const last = day(asOf.toString())
  const inBase = (own: string, on: number): Decimal => {
    if (own === 'USD') return new Exact(1)
    const known = quotations.filter((one) => one.currency === own && one.day <= on && one.day >= on - 7)
    return new Exact(known.toSorted((a, b) => b.day - a.day)[0]?.rate ?? NaN)
  }
  const digits = (own: string) => (own === 'JPY' ? 0 : 2)
  const worth = (amount: bigint, own: string, on: number): Decimal => {
    const rate = own === currency ? new Exact(1) : inBase(own, on).div(inBase(currency, on))
    return new Exact(amount.toString()).times(rate).times(new Exact(10).pow(digits(currency) - digits(own)))
  }
  const total = (chosen: readonly Plain[], on?: number) =>
    chosen.reduce(
      (sum, entry) => (entry.amount === 0n ? sum : sum.plus(worth(entry.amount, entry.own, on ?? entry.on))),
      new Exact(0),
    )
  const lines = new Map<string, Decimal>()
  lines.set(
    'OPENING',
    total(
      entries.filter((entry) => entry.on < first),
      first - 1,
    ),
  )
  lines.set(
    'CLOSING',
    total(
      entries.filter((entry) => entry.on <= last),
      last,
    ),
  )
  const within = entries.filter((entry) => entry.on >= first && entry.on <= last)
  for (const [line, kinds] of Object.entries(KINDS))
    lines.set(line, total(within.filter((entry) => kinds.includes(entry.kind))))
  // What rates made of the opening balance, and of each movement since its day.
  const revalued = (chosen: readonly Plain[], on: (entry: Plain) => number) =>
    chosen.reduce(
      (sum, entry) =>
        entry.amount === 0n
          ? sum
          : sum.plus(worth(entry.amount, entry.own, last)).minus(worth(entry.amount, entry.own, on(entry))),
      new Exact(0),
    )
  lines.set(
    'FX_DIFFERENCE',
    revalued(
      entries.filter((entry) => entry.on < first),
      () => first - 1,
    ).plus(revalued(within, (entry) => entry.on)),
  )
  return lines
}
