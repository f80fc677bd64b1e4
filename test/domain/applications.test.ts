import { latestOf, lotsOf, sumOf } from '@tidemark/server/domain/applications.ts'
import { balanceNow, project } from '@tidemark/server/domain/projection.ts'
import { takeBack } from '@tidemark/server/ledger/allocations.ts'
import { wholeIn } from '@tidemark/server/domain/shares.ts'
import type { Entry } from '@tidemark/server/domain/invoice.ts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const applied = (amount: bigint, effectiveOn: number, installment = 1, counterpartId = 'r'): Entry => ({
  kind: 'PAYMENT_APPLIED',
  installment,
  amount: -amount,
  effectiveOn,
  occurredOn: 0,
  dueOn: null,
  counterpartId,
})

describe('lotsOf', () => {
  it('gives what stands of each application, the latest having been taken back first', () => {
    const entries = [applied(40n, 1), applied(60n, 20), applied(-50n, 30)]
    expect(lotsOf(entries, 'r')).toEqual([
      { installment: 1, amount: 40n, effectiveOn: 1 },
      { installment: 1, amount: 10n, effectiveOn: 20 },
    ])
  })

  it('knows installments and receipts apart', () => {
    const entries = [applied(5n, 1, 1), applied(7n, 2, 2), applied(9n, 3, 1, 'other'), applied(-5n, 4, 1)]
    expect(lotsOf(entries, 'r')).toEqual([{ installment: 2, amount: 7n, effectiveOn: 2 }])
  })

  it('goes by the days and not by the order of recording', () => {
    const entries = [applied(40n, 20), applied(-40n, 25), applied(15n, 3)]
    expect(lotsOf(entries, 'r')).toEqual([{ installment: 1, amount: 15n, effectiveOn: 3 }])
  })
})

describe('latestOf', () => {
  it('takes the latest lots, the last of them in part', () => {
    const lots = lotsOf([applied(40n, 1), applied(60n, 20)], 'r')
    expect(latestOf(lots, 70n)).toEqual([
      { installment: 1, amount: 60n, effectiveOn: 20 },
      { installment: 1, amount: 10n, effectiveOn: 1 },
    ])
  })
})

describe('taking back', () => {
  it('at any days and in any amounts leaves no payment where nothing is applied any more', () => {
    const application = fc.record({ amount: fc.bigInt(1n, 50n), day: fc.nat(60), back: fc.bigInt(0n, 60n) })
    fc.assert(
      fc.property(fc.array(application, { maxLength: 8 }), fc.nat(80), (steps, bouncedOn) => {
        const total = steps.reduce((sum, { amount }) => sum + amount, 0n)
        const billed: Entry = { ...applied(-total, 0), kind: 'INVOICED', counterpartId: null, dueOn: 30 }
        let entries: readonly Entry[] = [billed]
        const undo = (amount: bigint, from: number) => {
          const parts = latestOf(lotsOf(entries, 'r'), amount)
          const both = takeBack({ id: 'r', kind: 'RECEIPT' }, 'i', parts, { from, occurredOn: from })
          entries = [...entries, ...both.filter(({ itemId }) => itemId === 'i')]
        }
        for (const { amount, day, back } of steps) {
          entries = [...entries, applied(amount, day)]
          undo(back, day)
        }
        undo(sumOf(lotsOf(entries, 'r')), bouncedOn)
        expect(balanceNow({ kind: 'INVOICE', startsOn: 0, entries })).toBe(total)
        const paid = project({ kind: 'INVOICE', startsOn: 0, entries }, wholeIn(1)).filter(
          ({ measure }) => measure === 'PAID',
        )
        expect(paid.reduce((sum, { amount }) => sum + amount, 0n)).toBe(0n)
        expect(paid.reduce((sum, { count }) => sum + count, 0)).toBe(0)
      }),
    )
  })
})
