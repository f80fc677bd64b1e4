/** What the posting rule gives is stored: whoever changes it has to have the books written anew. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readMigrations } from '@tidemark/drizzle/migrate.ts'
import { noFacts } from '@tidemark/server/domain/invoice.ts'
import { measures } from '@tidemark/server/domain/measures.ts'
import { project, type History } from '@tidemark/server/domain/projection.ts'
import type { Share } from '@tidemark/server/domain/shares.ts'
import { day, entry } from '../support/kpi-books.ts'

/**
 * The sum over the rows of the histories below. If it changes, give it anew here together with a further migration that
 * leaves word, as this one did: it is by migrations that a server, and whoever restores a backup, knows that rows are
 * of an older rule.
 */
const RULE = {
  migration: '0018_re_dated',
  digest: '07b8d5e93e6ac62e',
}

const invoice = (entries: History['entries'], discount = 0n, tax: bigint | null = null): History => ({
  kind: 'INVOICE',
  startsOn: day('2026-01-10'),
  facts: {
    ...noFacts,
    deliveredOn: day('2026-01-07'),
    sentOn: day('2026-01-12'),
    discount,
    discountUntil: discount === 0n ? null : day('2026-01-20'),
    tax,
  },
  entries,
})
const billed = (installment: number, amount: bigint, dueOn: string) =>
  entry('INVOICED', amount, day('2026-01-10'), { installment, dueOn: day(dueOn) })
const paid = (amount: bigint, on: string, counterpartId: string, installment = 1) =>
  entry('PAYMENT_APPLIED', -amount, day(on), { counterpartId, installment, occurredOn: day(on) - 1 })

/** Everything that can happen to each kind of item. */
const histories: readonly History[] = [
  invoice(
    [
      billed(1, 1_001n, '2026-02-09'),
      billed(2, 500n, '2026-03-11'),
      entry('DISCOUNTED', -20n, day('2026-01-19'), { code: 'EARNED' }),
      entry('DISCOUNTED', -5n, day('2026-01-21'), { code: 'UNEARNED' }),
      paid(400n, '2026-01-25', 'a'),
      paid(300n, '2026-03-01', 'b'),
      entry('PAYMENT_APPLIED', 400n, day('2026-03-05'), { counterpartId: 'a' }),
      entry('RE_DATED', 0n, day('2026-03-06'), { installment: 2, dueOn: day('2026-04-30') }),
      entry('CREDIT_APPLIED', -100n, day('2026-03-20'), { counterpartId: 'c' }),
      entry('ADJUSTED', -7n, day('2026-03-21')),
      entry('WRITTEN_OFF', -90n, day('2026-04-01'), { code: 'BAD_DEBT' }),
      entry('RECOVERED', 90n, day('2026-04-10')),
      entry('MOVED', 0n, day('2026-04-11'), { segmentId: 3 }),
      paid(579n, '2026-06-20', 'd'),
      paid(499n, '2026-06-21', 'e', 2),
      entry('WRITTEN_OFF', -1n, day('2026-06-30'), { installment: 2, code: 'TOLERANCE' }),
    ],
    20n,
    100n,
  ),
  invoice([billed(1, 90n, '2026-02-07'), paid(50n, '2026-02-10', 'g'), paid(40n, '2026-03-20', 'h')]),
  invoice(
    [
      billed(1, 800n, '2026-01-25'),
      entry('CORRECTED', 50n, day('2026-01-15')),
      paid(850n, '2026-01-20', 'f'),
    ],
    0n,
    133n,
  ),
  invoice([billed(1, 70n, '2026-02-09'), entry('VOIDED', -70n, day('2026-01-11'))]),
  invoice([billed(1, 60n, '2026-02-09'), entry('WRITTEN_OFF', -60n, day('2026-09-01'), { code: 'DISPUTE' })]),
  {
    kind: 'RECEIPT',
    startsOn: day('2026-01-24'),
    entries: [
      entry('RECEIVED', 450n, day('2026-01-24')),
      entry('APPLIED', -400n, day('2026-01-25')),
      entry('APPLIED', 400n, day('2026-03-05')),
      entry('BOUNCED', -450n, day('2026-03-05')),
    ],
  },
  {
    kind: 'CREDIT_NOTE',
    startsOn: day('2026-03-18'),
    facts: { ...noFacts, tax: 21n },
    entries: [entry('CREDITED', 130n, day('2026-03-18')), entry('APPLIED', -100n, day('2026-03-20'))],
  },
  {
    kind: 'DISPUTE',
    startsOn: day('2026-02-01'),
    entries: [
      entry('DISPUTE_OPENED', 200n, day('2026-02-01')),
      entry('DISPUTE_RESOLVED', -200n, day('2026-02-15')),
      entry('DISPUTE_RESOLVED', 150n, day('2026-02-20')),
      entry('DISPUTE_RESOLVED', -150n, day('2026-02-25'), { occurredOn: day('2026-02-18') }),
    ],
  },
]

const shares: readonly Share[] = [
  { number: 1, segmentId: 1, weight: 2n },
  { number: 2, segmentId: 2, weight: 1n },
]
const rows = histories.flatMap((history) => project(history, shares))

describe('the posting rule', () => {
  it('is looked at with every measure that there is', () => {
    expect([...new Set(rows.map(({ measure }) => measure))].sort()).toEqual(Object.keys(measures).sort())
  })

  it('gives what it gave when books were last written anew', () => {
    const lines = rows.map((row) => Object.entries(row).map(String).sort().join(' ')).sort()
    expect(createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16)).toBe(RULE.digest)
  })

  it('was last changed by the migration that says so', async () => {
    const leavesWord = (statements: readonly string[]) =>
      statements.some((statement) => statement.includes("COMMENT ON TABLE flow IS 'stale'"))
    const told = (await readMigrations()).filter(({ statements }) => leavesWord(statements))
    expect(told.at(-1)?.tag).toBe(RULE.migration)
  })
})
