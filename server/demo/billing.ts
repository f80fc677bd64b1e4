/** How well the demo company bills: when its bills leave the house, which of them are wrong, who may deduct what. */
import type { Day } from '../domain/day.ts'
import { nextBusinessDay } from './calendar.ts'
import type { DemoCustomer } from './company.ts'
import { seededRandom } from './random.ts'

export type Billing = {
  readonly deliveredOn: Day
  readonly sentOn: Day
  /** A first bill with a wrong amount, and the day on which it was voided; the right one bears that date. */
  readonly wrong: { readonly amount: bigint; readonly voidedOn: Day } | null
  readonly discount: Discount | null
}

export type Discount = {
  readonly amount: bigint
  readonly until: Day
  /** EARNED: paid less in time. UNEARNED: paid less, though late. NONE: paid all. */
  readonly taken: 'EARNED' | 'UNEARNED' | 'NONE'
}

const SEED = 90_533
const DISCOUNT_DAYS = 10
const DISCOUNT_PERCENT = 2n

/** `number` tells bills apart: what happens to one changes nothing for the others. */
export function billingOf(
  { payer, insolvent }: DemoCustomer,
  number: number,
  bill: { readonly issuedOn: Day; readonly amount: bigint; readonly parts: number; readonly today: Day },
): Billing {
  const { issuedOn, amount, parts, today } = bill
  const random = seededRandom(SEED + number * 7_919)
  // One in seven waits for a price, a signature or the end of the week; it has got better of late.
  const waits = random.chance(issuedOn > today - 150 ? 0.09 : 0.17)
  const deliveredOn = issuedOn - (waits ? random.whole(2, 8) : random.whole(0, 1))
  const sentOn = random.chance(0.9) ? issuedOn : nextBusinessDay(issuedOn + random.whole(1, 3))
  const isWrong = random.chance(issuedOn > today - 150 ? 0.022 : 0.04)
  const off = BigInt(random.whole(3, 30))
  const voidedOn = nextBusinessDay(issuedOn + random.whole(2, 9))
  const isOffered = parts === 1 && !insolvent && payer === 'PROMPT' && random.chance(0.18)
  const fate = random.fraction()
  return {
    deliveredOn,
    sentOn,
    wrong: isWrong ? { amount: amount + (amount * off) / 100n, voidedOn } : null,
    discount: isOffered
      ? {
          amount: (amount * DISCOUNT_PERCENT) / 100n,
          until: (isWrong ? voidedOn : issuedOn) + DISCOUNT_DAYS,
          taken: fate < 0.62 ? 'EARNED' : fate < 0.7 ? 'UNEARNED' : 'NONE',
        }
      : null,
  }
}
