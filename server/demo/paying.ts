/** How the demo company's customers pay: in which run, in how many parts, and what becomes of the money. */
import { dateOf, type Day } from '../domain/day.ts'
import { nextBusinessDay, weekday } from './calendar.ts'
import type { DemoCustomer } from './company.ts'
import { share, type Behaviour, type KeyedBill, type PaidPart, type TradeEvent } from './events.ts'

export type Planned = { readonly on: Day; readonly part: PaidPart }

type Owed = {
  readonly open: bigint
  readonly total: bigint
  readonly earliest: Day
  /** Days by which the due date was moved. */
  readonly shift: number
}

export function paymentsOf(behaviour: Behaviour, { key, parts }: KeyedBill, owed: Owed): Planned[] {
  const { random } = behaviour
  // Credits count against the first installments, as they are applied.
  let credited = owed.total - owed.open
  return parts.flatMap((part, index) => {
    const less = credited < part.amount ? credited : part.amount
    credited -= less
    const amount = part.amount - less
    if (amount === 0n) return []
    const on = payDay(behaviour, part.dueOn + owed.shift, owed.earliest)
    const paid = { invoice: key, installment: index + 1 }
    if (!random.chance(0.03) || amount < 10_000n) return [{ on, part: { ...paid, amount } }]
    const first = share(amount, random.whole(40, 80))
    const rest = nextBusinessDay(on + random.whole(14, 30))
    return [
      { on, part: { ...paid, amount: first } },
      { on: rest, part: { ...paid, amount: amount - first } },
    ]
  })
}

/** The payment run in which a customer pays what is due on a day. */
function payDay({ customer, today, random }: Behaviour, dueOn: Day, earliest: Day): Day {
  const wanted = dueOn + Math.round(random.normal(lateDaysOn(customer, dueOn, today), customer.lateDeviation))
  const runOnOrBefore = wanted - ((weekday(wanted) - customer.runWeekday + 7) % 7)
  // The prompt look ahead to the next run; the others pay in the run after a reminder.
  const run = customer.payer === 'PROMPT' ? runOnOrBefore : runOnOrBefore + 7
  if (run >= earliest) return run
  const missed = earliest - ((weekday(earliest) - customer.runWeekday + 7) % 7)
  return missed >= earliest ? missed : missed + 7
}

/** Collections got better in America and, of late, worse in Europe; some customers have a trend of their own. */
function lateDaysOn(customer: DemoCustomer, day: Day, today: Day): number {
  const overHalfAYear = clamp((day - (today - 180)) / 180)
  const overFourMonths = clamp((day - (today - 120)) / 120)
  const regional = {
    'North America': 12 - 14 * overHalfAYear,
    EMEA: 3 + 5 * overFourMonths,
    APAC: 6 - 6 * overHalfAYear,
  }[customer.region]
  const holidays = dateOf(day).month === 12 ? 2.5 : 0
  const readiness = customer.payer === 'PROMPT' ? 0.12 : 1
  return customer.lateDays + customer.trendDays * overHalfAYear + readiness * (regional + holidays)
}

/** One receipt pays all that a customer pays on a day. */
export function receiptsOf(behaviour: Behaviour, payments: readonly Planned[]): TradeEvent[] {
  const { customer, random } = behaviour
  const byDay = [...Map.groupBy(payments, ({ on }) => on)].sort(([a], [b]) => a - b)
  return byDay.flatMap(([on, planned]): TradeEvent[] => {
    const parts = planned.map(({ part }) => part)
    const amount = parts.reduce((sum, part) => sum + part.amount, 0n)
    const receipt = `${customer.number} ${on}`
    // Bank files are sometimes read in a day or two late.
    const recordedOn = random.chance(0.05) ? nextBusinessDay(on + random.whole(1, 2)) : on
    const base = { customer, receipt, receivedOn: on }
    const fate = random.fraction()
    if (fate < 0.025) {
      // No remittance advice: it takes days to find out what it pays.
      const appliedOn = nextBusinessDay(on + random.whole(3, 12))
      return [
        { customer, on, recordedOn, kind: 'RECEIPT', receipt, amount, parts: [] },
        { ...base, on: appliedOn, recordedOn: appliedOn, kind: 'APPLICATION', parts },
      ]
    }
    const received: TradeEvent = { customer, on, recordedOn, kind: 'RECEIPT', receipt, amount, parts }
    if (fate < 0.031) {
      const bouncedOn = nextBusinessDay(on + 4)
      const again = nextBusinessDay(on + random.whole(9, 16))
      const repaid: TradeEvent = {
        ...received,
        on: again,
        recordedOn: again,
        receipt: `${receipt} again`,
      }
      return [received, { ...base, on: bouncedOn, recordedOn: bouncedOn, kind: 'BOUNCE', parts }, repaid]
    }
    return [received]
  })
}

/** Some customers pay in advance now and then; the latest deposits are not applied to anything yet. */
export function deposits({ customer, today, random }: Behaviour, firstDay: Day): TradeEvent[] {
  if (!random.chance(0.03)) return []
  const on = nextBusinessDay(Math.max(firstDay, today - random.whole(2, 45)))
  const amount = BigInt(random.whole(4, 26)) * 50_000n
  return [
    {
      customer,
      on,
      recordedOn: on,
      kind: 'RECEIPT',
      receipt: `${customer.number} deposit`,
      amount,
      parts: [],
    },
  ]
}

const clamp = (value: number): number => Math.min(Math.max(value, 0), 1)
