import type { Entry } from '@tidemark/server/domain/invoice.ts'
import { firstDayWithRoom, payInstallments } from '@tidemark/server/domain/invoice.ts'
import { describe, expect, it } from 'vitest'

const entry = (kind: Entry['kind'], amount: bigint, effectiveOn: number, installment = 1): Entry => ({
  kind,
  amount,
  effectiveOn,
  installment,
  occurredOn: effectiveOn,
  dueOn: kind === 'INVOICED' ? 30 : null,
  counterpartId: null,
})

describe('firstDayWithRoom', () => {
  const bounced = [
    entry('INVOICED', 100n, 0),
    entry('PAYMENT_APPLIED', -100n, 10),
    entry('PAYMENT_APPLIED', 100n, 20),
  ]

  it('is the day itself where the balance is there from then on', () => {
    expect(firstDayWithRoom(bounced, 1, 100n, 25)).toBe(25)
    expect(firstDayWithRoom([entry('INVOICED', 100n, 0)], 1, 40n, 5)).toBe(5)
  })

  it('waits for the bounce of a payment that stood meanwhile', () => {
    expect(firstDayWithRoom(bounced, 1, 100n, 12)).toBe(20)
    expect(firstDayWithRoom(bounced, 1, 1n, 5)).toBe(20)
  })

  it('looks at its own installment alone', () => {
    expect(firstDayWithRoom([...bounced, entry('INVOICED', 50n, 0, 2)], 2, 50n, 12)).toBe(12)
  })
})

describe('payInstallments', () => {
  const part = (number: number, dueOn: number, balance: bigint) => ({
    number,
    dueOn,
    firstDueOn: dueOn,
    billed: balance,
    credited: 0n,
    writtenOff: 0n,
    balance,
    payments: [],
  })

  it('pays what is due first, and leaves out what is settled', () => {
    const parts = [part(1, 60, 30n), part(2, 30, 0n), part(3, 40, 20n)]
    expect(payInstallments(parts, 25n)).toEqual([
      { number: 3, amount: 20n },
      { number: 1, amount: 5n },
    ])
  })
})
