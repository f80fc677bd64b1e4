/** What an item would be had something not happened to it. */
import { describe, expect, it } from 'vitest'
import { noFacts, type Entry } from '@tidemark/server/domain/invoice.ts'
import { balanceNow, type History } from '@tidemark/server/domain/projection.ts'
import { undo, type Undoable } from '@tidemark/server/domain/undo.ts'
import { day, entry } from '../support/kpi-books.ts'

const invoice = (...entries: readonly Entry[]): History => ({
  kind: 'INVOICE',
  startsOn: day('2026-01-10'),
  facts: noFacts,
  entries: [entry('INVOICED', 1_000n, day('2026-01-10'), { dueOn: day('2026-02-09') }), ...entries],
})
const since = day('2026-03-31')
const without = (guard: Undoable, history: History, notes: readonly string[] = []) =>
  undo(history, { guard, since, isUndone: (id) => notes.includes(id) })

describe('undoing', () => {
  it('leaves what happened by the day', () => {
    const history = invoice(
      entry('DISCOUNTED', -10n, day('2026-03-31'), { code: 'EARNED' }),
      entry('DISCOUNTED', -20n, day('2026-04-01'), { code: 'UNEARNED' }),
      entry('ADJUSTED', -5n, day('2026-04-02')),
    )
    expect(balanceNow(without('DISCOUNTED', history))).toBe(985n)
    expect(balanceNow(without('ADJUSTED', history))).toBe(970n)
    expect(without('RE_DATED', history).entries).toEqual(history.entries)
  })

  it('of write-offs takes back what came back of them, and no more', () => {
    const history = invoice(
      entry('WRITTEN_OFF', -300n, day('2026-03-01'), { code: 'BAD_DEBT' }),
      entry('WRITTEN_OFF', -700n, day('2026-04-01'), { code: 'BAD_DEBT' }),
      entry('RECOVERED', 800n, day('2026-05-01')),
      entry('PAYMENT_APPLIED', -800n, day('2026-05-01'), { counterpartId: 'a' }),
    )
    expect(balanceNow(history)).toBe(0n)
    // 700 were not given up; of the 800 that came back 100 had been before.
    expect(balanceNow(without('WRITTEN_OFF', history))).toBe(0n)
    const unrecovered = { ...history, entries: history.entries.slice(0, 3) }
    expect(balanceNow(without('WRITTEN_OFF', unrecovered))).toBe(700n)
    // An undone write-off is undone with it.
    const again = invoice(
      entry('WRITTEN_OFF', -1_000n, day('2026-04-01'), { code: 'BAD_DEBT' }),
      entry('WRITTEN_OFF', 1_000n, day('2026-04-02'), { code: 'BAD_DEBT' }),
    )
    expect(balanceNow(without('WRITTEN_OFF', again))).toBe(1_000n)
  })

  it('of credit notes takes those that were issued since, wherever they were applied', () => {
    const note = (on: string): History => ({
      kind: 'CREDIT_NOTE',
      startsOn: day(on),
      entries: [entry('CREDITED', 100n, day(on)), entry('APPLIED', -100n, day('2026-05-01'))],
    })
    expect(without('CREDITED', note('2026-04-01')).entries).toEqual([])
    expect(without('CREDITED', note('2026-03-31')).entries).toHaveLength(2)
    const history = invoice(
      entry('CREDIT_APPLIED', -100n, day('2026-05-01'), { counterpartId: 'new' }),
      entry('CREDIT_APPLIED', -100n, day('2026-05-01'), { counterpartId: 'old' }),
    )
    expect(balanceNow(without('CREDITED', history, ['new']))).toBe(900n)
  })
})
