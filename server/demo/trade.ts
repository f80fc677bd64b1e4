/** Two years of trade between the demo company and its customers: a pure story, told in events. */
import { dateOf, dayOf, type Day } from '../domain/day.ts'
import { billingOf, type Billing } from './billing.ts'
import { monthsOf, nextBusinessDay, type Month } from './calendar.ts'
import type { DemoCustomer } from './company.ts'
import { share, type Behaviour, type Bill, type KeyedBill, type TradeEvent } from './events.ts'
import { deposits, paymentsOf, receiptsOf, type Planned } from './paying.ts'
import { seededRandom, type Random } from './random.ts'

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
    const numbered = bills.map((bill, place) => ({
      ...bill,
      key: `${index}-${place}`,
      number: index * 10_000 + place,
    }))
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
  VOID: 1,
  RE_DATING: 2,
  CREDIT: 3,
  DISPUTE: 4,
  RESOLUTION: 5,
  DISCOUNT: 6,
  RECEIPT: 7,
  APPLICATION: 8,
  BOUNCE: 9,
  WRITE_OFF: 10,
}

/** Large customers buy more often, but also more at once. */
const frequency = (customer: DemoCustomer): number => customer.share ** 0.55

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

type Life = { readonly events: readonly TradeEvent[]; readonly payments: readonly Planned[] }

/** What becomes of an invoice, whether or not today is late enough to know. */
function lifeOf(behaviour: Behaviour, drawn: KeyedBill): Life {
  const { customer, today, random } = behaviour
  const total = drawn.parts.reduce((sum, part) => sum + part.amount, 0n)
  const billing = billingOf(customer, drawn.number, {
    issuedOn: drawn.issuedOn,
    amount: total,
    parts: drawn.parts.length,
    today,
  })
  const { events, bill } = billed(customer, drawn, billing)
  const { key, issuedOn, parts } = bill
  const dated = (on: Day) => ({ on, recordedOn: on, customer })
  const dueOn = parts[0]?.dueOn ?? issuedOn
  if (customer.insolvent && dueOn > today - 170) return { events, payments: [] }

  const { discount } = billing
  if (discount !== null && discount.taken !== 'NONE') {
    const on =
      discount.taken === 'EARNED'
        ? Math.max(issuedOn, discount.until - random.whole(0, 2))
        : nextBusinessDay(discount.until + random.whole(3, 12))
    const part = { invoice: key, installment: 1, amount: total - discount.amount }
    const taken = { kind: 'DISCOUNT' as const, invoice: key, amount: discount.amount, code: discount.taken }
    return { events: [...events, { ...dated(on), ...taken }], payments: [{ on, part }] }
  }

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
    events.push({
      ...dated(on),
      kind: 'WRITE_OFF',
      invoice: key,
      amount: open,
      code: 'BAD_DEBT',
      reason: 'Uncollectible',
    })
    return { events, payments: [] }
  }
  return { events, payments: paymentsOf(behaviour, bill, { open, total, earliest, shift }) }
}

/** The bill, or a wrong one that is voided and the right one in its place, with as many days to pay. */
function billed(
  customer: DemoCustomer,
  bill: KeyedBill,
  billing: Billing,
): { readonly events: TradeEvent[]; readonly bill: KeyedBill } {
  const { key, issuedOn, productLine, parts } = bill
  const dated = (on: Day) => ({ on, recordedOn: on, customer })
  const { wrong } = billing
  const base = { kind: 'INVOICE' as const, productLine, billing, replaces: null }
  if (wrong === null) return { events: [{ ...dated(issuedOn), ...base, invoice: key, parts }], bill }
  const later = wrong.voidedOn - issuedOn
  const right = parts.map((part) => ({ ...part, dueOn: part.dueOn + later }))
  const firstKey = `${key} wrong`
  const [first] = parts
  const wrongParts = [{ amount: wrong.amount, dueOn: first?.dueOn ?? issuedOn }]
  return {
    events: [
      {
        ...dated(issuedOn),
        ...base,
        billing: { ...billing, discount: null },
        invoice: firstKey,
        parts: wrongParts,
      },
      {
        ...dated(wrong.voidedOn),
        kind: 'VOID',
        invoice: firstKey,
        amount: wrong.amount,
        reason: 'Wrong price',
      },
      { ...dated(wrong.voidedOn), ...base, invoice: key, parts: right, replaces: firstKey },
    ],
    bill: { ...bill, issuedOn: wrong.voidedOn, parts: right },
  }
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
