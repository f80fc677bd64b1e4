/** What an order goes through, as tables. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  finalAmount,
  isFault,
  isOpenOrder,
  orderStatus,
  takeStep,
  uninvoicedOf,
  type OrderState,
  type OrderStep,
} from '@tidemark/server/domain/order.ts'

const recorded: OrderState = {
  amount: 100n,
  isReleased: false,
  shipped: 0n,
  invoiced: 0n,
  isCancelled: false,
}
const RELEASE: OrderStep = { kind: 'RELEASED' }
const CANCEL: OrderStep = { kind: 'CANCELLED' }
const ship = (amount: bigint): OrderStep => ({ kind: 'SHIPPED', amount })
const bill = (amount: bigint): OrderStep => ({ kind: 'INVOICED', amount })
const unbill = (amount: bigint): OrderStep => ({ kind: 'UNINVOICED', amount })

const after = (steps: readonly OrderStep[]): OrderState | null =>
  steps.reduce<OrderState | null>((state, step) => {
    const next = state === null ? null : takeStep(state, step)
    return next === null || isFault(next) ? null : next
  }, recorded)

describe('an order', () => {
  it.each([
    [[], 'OPEN', 0n, 100n],
    [[RELEASE], 'RELEASED', 0n, 100n],
    [[RELEASE, ship(40n)], 'PARTLY_SHIPPED', 40n, 60n],
    [[RELEASE, ship(40n), ship(60n)], 'SHIPPED', 100n, 0n],
    [[RELEASE, ship(40n), bill(40n)], 'PARTLY_SHIPPED', 0n, 60n],
    [[RELEASE, ship(100n), bill(100n)], 'INVOICED', 0n, 0n],
    [[RELEASE, ship(100n), bill(100n), unbill(30n)], 'SHIPPED', 30n, 0n],
    // Billed before it is shipped: the bill counts, and no more than the rest besides.
    [[bill(80n)], 'OPEN', 0n, 20n],
    [[RELEASE, bill(80n), ship(50n)], 'PARTLY_SHIPPED', 0n, 20n],
    [[RELEASE, bill(80n), ship(100n)], 'SHIPPED', 20n, 0n],
    [[CANCEL], 'CANCELLED', 0n, 0n],
    [[RELEASE, ship(40n), CANCEL], 'SHIPPED', 40n, 0n],
    [[RELEASE, ship(40n), CANCEL, bill(40n)], 'INVOICED', 0n, 0n],
  ] as const)('goes through its steps: %#', (steps, status, shipped, toShip) => {
    const state = after(steps)
    expect(state).not.toBeNull()
    expect({ status: orderStatus(state ?? recorded), ...uninvoicedOf(state ?? recorded) }).toEqual({
      status,
      shipped,
      toShip,
    })
  })

  it.each([
    [[ship(1n)], 'order'],
    [[RELEASE, RELEASE], 'order'],
    [[RELEASE, ship(101n)], 'amount'],
    [[RELEASE, ship(0n)], 'amount'],
    [[RELEASE, ship(100n), ship(1n)], 'amount'],
    [[RELEASE, ship(100n), CANCEL], 'order'],
    [[CANCEL, CANCEL], 'order'],
    [[CANCEL, RELEASE], 'order'],
    [[RELEASE, CANCEL, ship(1n)], 'order'],
    [[bill(101n)], 'amount'],
    [[bill(1n), CANCEL], 'order'],
    [[RELEASE, ship(40n), CANCEL, bill(41n)], 'amount'],
    [[unbill(1n)], 'amount'],
  ] as const)('refuses what makes no sense: %#', (steps, field) => {
    const before = after(steps.slice(0, -1))
    const last = steps.at(-1)
    expect(before).not.toBeNull()
    expect(last && takeStep(before ?? recorded, last)).toMatchObject({ field })
  })

  it('whatever happens never counts for less than 0 or more than what was ordered, bills included', () => {
    const step = fc.oneof(
      fc.constantFrom(RELEASE, CANCEL),
      fc
        .tuple(fc.constantFrom(ship, bill, unbill), fc.bigInt(0n, 120n))
        .map(([make, amount]) => make(amount)),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let state = recorded
        for (const one of steps) {
          const next = takeStep(state, one)
          if (!isFault(next)) state = next
        }
        const { shipped, toShip } = uninvoicedOf(state)
        expect(shipped >= 0n && toShip >= 0n).toBe(true)
        // Bills, goods on the way to one and goods to come are the order, or what was left of it.
        expect(shipped + toShip + state.invoiced).toBe(
          finalAmount(state) > state.invoiced ? finalAmount(state) : state.invoiced,
        )
        expect(isOpenOrder(state)).toBe(shipped + toShip > 0n || state.shipped < finalAmount(state))
      }),
    )
    expect.hasAssertions()
  })
})
