/** Two years of trade between the demo company and its customers: a pure story, told in events. */
import { dateOf, dayOf, type Day } from '../domain/day.ts'
import { monthsOf, nextBusinessDay, weekday, type Month } from './calendar.ts'
import type { DemoCustomer } from './company.ts'
import { seededRandom, type Random } from './random.ts'

/** Something that happened; `on` is the day that it counts from, `recordedOn` the day that it was typed in. */
export type TradeEvent = { readonly on: Day; readonly recordedOn: Day; readonly customer: DemoCustomer } & (
  | InvoiceEvent
  | ReceiptEvent
  | {
      readonly kind: 'APPLICATION' | 'BOUNCE'
      /** The receipt's key. */
      readonly receipt: string
      readonly receivedOn: Day
      readonly parts: readonly PaidPart[]
    }
  | { readonly kind: 'CREDIT'; readonly invoice: string; readonly amount: bigint; readonly reason: string }
  | {
      readonly kind: 'DISPUTE' | 'RESOLUTION'
      readonly invoice: string
      readonly amount: bigint
      readonly reason: string
    }
  | { readonly kind: 'RE_DATING'; readonly invoice: string; readonly dueOn: Day; readonly reason: string }
  | { readonly kind: 'WRITE_OFF'; readonly invoice: string; readonly amount: bigint; readonly reason: string }
)

type InvoiceEvent = {
  readonly kind: 'INVOICE'
  readonly invoice: string
  readonly productLine: string
  readonly parts: readonly { readonly amount: bigint; readonly dueOn: Day }[]
}

type ReceiptEvent = {
  readonly kind: 'RECEIPT'
  readonly receipt: string
  readonly amount: bigint
  /** What it pays at once. */
  readonly parts: readonly PaidPart[]
}

export type PaidPart = { readonly invoice: string; readonly installment: number; readonly amount: bigint }

const MONTHS = 24
const INVOICES = 8_000
const SEED = 7_121
/** In minor units: what an average invoice of an average customer comes to. */
const AMOUNT = 1_150_000
/** What a currency's amounts are multiplied with, so that customers are of like size in all of them. */
const PRICE_LEVEL = { USD: 1, EUR: 0.9, GBP: 0.78 }

/** All events up to `today`, in the order in which they were recorded. */
export function inventTrade(customers: readonly DemoCustomer[], today: Day): TradeEvent[] {
  const firstDay = dayOf(dateOf(today).subtract({ months: MONTHS }).with({ day: 1 }))
  const months = monthsOf(firstDay, today)
  const pull = customers.reduce((sum, customer) => sum + frequency(customer), 0)
  const load = months.reduce((sum, month) => sum + month.weight, 0)
  const events = customers.flatMap((customer, index) => {
    // A seed of its own: what one customer does changes nothing for the others.
    const random = seededRandom(SEED + index * 1_009)
    const perWeight = (INVOICES * frequency(customer)) / pull / load
    const bills = months.flatMap((month) => billsOf(random, customer, month, perWeight))
    const numbered = bills.map((bill, bills) => ({ ...bill, key: `${index}-${bills}` }))
    return customerEvents(random, customer, numbered, today, firstDay)
  })
  const rank = (event: TradeEvent) => ORDER[event.kind]
  return events
    .filter((event) => event.recordedOn <= today)
    .sort((a, b) => a.recordedOn - b.recordedOn || a.on - b.on || rank(a) - rank(b))
}

/** Of one day: what is referred to comes before what refers to it. */
const ORDER: Record<TradeEvent['kind'], number> = {
  INVOICE: 0,
  RE_DATING: 1,
  CREDIT: 2,
  DISPUTE: 3,
  RESOLUTION: 4,
  RECEIPT: 5,
  APPLICATION: 6,
  BOUNCE: 7,
  WRITE_OFF: 8,
}

/** Large customers buy more often, but also more at once. */
const frequency = (customer: DemoCustomer): number => customer.share ** 0.55

type Bill = {
  readonly issuedOn: Day
  readonly productLine: string
  readonly parts: readonly { readonly amount: bigint; readonly dueOn: Day }[]
}

function billsOf(random: Random, customer: DemoCustomer, month: Month, perWeight: number): Bill[] {
  const mean = AMOUNT * (customer.share * 204) ** 0.45 * PRICE_LEVEL[customer.currency]
  return Array.from({ length: random.times(perWeight * month.weight) }, () => {
    // What is shipped in the last week of a month is billed there.
    const late = random.chance(0.22) ? month.days.slice(-5) : month.days
    const issuedOn = random.pick(late)
    const amount = BigInt(Math.max(18_000, Math.round(mean * Math.exp(random.normal(-0.15, 0.55)))))
    const parts = partsOf(random, amount, issuedOn, customer.termsDays)
    return { issuedOn, productLine: random.pick(customer.productLines), parts }
  })
}

/** Some large orders are paid in three installments. */
function partsOf(random: Random, amount: bigint, issuedOn: Day, termsDays: number): Bill['parts'] {
  if (amount < 2_500_000n || !random.chance(0.12)) return [{ amount, dueOn: issuedOn + termsDays }]
  const third = amount / 3n
  return [0, 1, 2].map((index) => ({
    amount: index === 2 ? amount - 2n * third : third,
    dueOn: issuedOn + termsDays + 30 * index,
  }))
}

type KeyedBill = Bill & { readonly key: string }
type Planned = { readonly on: Day; readonly part: PaidPart }

function customerEvents(
  random: Random,
  customer: DemoCustomer,
  bills: readonly KeyedBill[],
  today: Day,
  firstDay: Day,
): TradeEvent[] {
  const behaviour = { customer, today, random }
  const lives = bills.map((bill) => lifeOf(behaviour, bill))
  const payments = lives.flatMap((life) => life.payments)
  return [
    ...lives.flatMap((life) => life.events),
    ...receiptsOf(behaviour, payments),
    ...deposits(behaviour, firstDay),
  ]
}

type Behaviour = { readonly customer: DemoCustomer; readonly today: Day; readonly random: Random }
type Life = { readonly events: readonly TradeEvent[]; readonly payments: readonly Planned[] }

/** What becomes of an invoice, whether or not today is late enough to know. */
function lifeOf(behaviour: Behaviour, bill: KeyedBill): Life {
  const { customer, today, random } = behaviour
  const { key, issuedOn, parts } = bill
  const total = parts.reduce((sum, part) => sum + part.amount, 0n)
  const dated = (on: Day) => ({ on, recordedOn: on, customer })
  const events: TradeEvent[] = [
    { ...dated(issuedOn), kind: 'INVOICE', invoice: key, productLine: bill.productLine, parts },
  ]
  const dueOn = parts[0]?.dueOn ?? issuedOn
  if (customer.insolvent && dueOn > today - 170) return { events, payments: [] }

  let open = total
  let earliest = issuedOn + 2
  let shift = 0
  const quarrel = random.fraction()
  if (quarrel < 0.045) {
    const dispute = disputeOf(behaviour, bill, total)
    events.push(...dispute.events)
    earliest = dispute.resolvedOn + 1
    open -= dispute.credited
  } else if (quarrel < 0.075) {
    const on = nextBusinessDay(issuedOn + random.whole(8, 24))
    const amount = share(total, random.whole(3, 14))
    events.push({ ...dated(on), kind: 'CREDIT', invoice: key, amount, reason: random.pick(CREDIT_REASONS) })
    earliest = on + 1
    open -= amount
  } else if (quarrel < 0.083 && parts.length === 1) {
    shift = 14
    const on = nextBusinessDay(issuedOn + random.whole(5, 15))
    const reason = 'Longer terms were agreed'
    events.push({ ...dated(on), kind: 'RE_DATING', invoice: key, dueOn: dueOn + shift, reason })
  }

  // Nobody pays: after half a year it is written off.
  if (customer.payer === 'POOR' && random.chance(0.05)) {
    const on = nextBusinessDay(dueOn + 150 + random.whole(0, 25))
    events.push({ ...dated(on), kind: 'WRITE_OFF', invoice: key, amount: open, reason: 'Uncollectible' })
    return { events, payments: [] }
  }
  return { events, payments: paymentsOf(behaviour, bill, { open, total, earliest, shift }) }
}

const CREDIT_REASONS = ['Price difference', 'Damaged in transit', 'Returned goods', 'Volume rebate']
const DISPUTE_REASONS = [
  'Short delivery',
  'Wrong price',
  'Quality',
  'Missing purchase order',
  'Proof of delivery',
]

function disputeOf({ customer, random }: Behaviour, { key, issuedOn }: KeyedBill, total: bigint) {
  const openedOn = nextBusinessDay(issuedOn + random.whole(9, 32))
  const resolvedOn = nextBusinessDay(openedOn + random.whole(8, 42))
  const amount = random.chance(0.45) ? total : share(total, random.whole(15, 70))
  const reason = random.pick(DISPUTE_REASONS)
  // A third of them is the customer's due.
  const credited = random.chance(0.36) ? share(amount, random.whole(40, 95)) : 0n
  const base = { customer, invoice: key, reason }
  const events: TradeEvent[] = [
    { ...base, kind: 'DISPUTE', on: openedOn, recordedOn: openedOn, amount },
    { ...base, kind: 'RESOLUTION', on: resolvedOn, recordedOn: resolvedOn, amount },
  ]
  if (credited > 0n) {
    events.push({ ...base, kind: 'CREDIT', on: resolvedOn, recordedOn: resolvedOn, amount: credited })
  }
  return { events, resolvedOn, credited }
}

type Owed = {
  readonly open: bigint
  readonly total: bigint
  readonly earliest: Day
  /** Days by which the due date was moved. */
  readonly shift: number
}

function paymentsOf(behaviour: Behaviour, { key, parts }: KeyedBill, owed: Owed): Planned[] {
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
function receiptsOf(behaviour: Behaviour, payments: readonly Planned[]): TradeEvent[] {
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
function deposits({ customer, today, random }: Behaviour, firstDay: Day): TradeEvent[] {
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

const share = (amount: bigint, percent: number): bigint => (amount * BigInt(percent)) / 100n

const clamp = (value: number): number => Math.min(Math.max(value, 0), 1)
