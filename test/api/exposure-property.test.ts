/**
 * Exposure of random books against a twin that keeps plain lists: whatever happens to bills, receipts, credit notes, orders,
 * securities and reservations, through the API, each part is what adding up by hand gives.
 */
import { Decimal } from 'decimal.js'
import * as fc from 'fast-check'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { exchangeRate } from '@tidemark/drizzle/tables/kpi.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { full } from '../support/scale.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const START = Temporal.Instant.from('2026-06-30T12:00:00Z')
const RATES: Readonly<Record<string, string>> = { USD: '1', EUR: '1.1034', JPY: '0.00671' }
const DIGITS: Readonly<Record<string, number>> = { USD: 2, EUR: 2, JPY: 0 }
/** The first stands above the others. */
const MEMBERS = 3
const CLEARING_DAYS = 3

let now = START
let server: TestServer
let acme: OrganizationRow
let token: string
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
  acme = await server.createOrganization({ baseCurrency: 'USD', timeZone: 'UTC' })
  token = await server.createToken(acme)
  await inTransaction(server.connection, { organizationId: acme.id, mode: 'write' }, (tx) =>
    tx.insert(exchangeRate).values(
      ['EUR', 'JPY'].flatMap((currency) =>
        Array.from({ length: 40 }, (_, index) => ({
          organizationId: acme.id,
          currency,
          validOn: Temporal.PlainDate.from('2026-06-25').add({ days: index }),
          rate: RATES[currency] ?? '1',
          source: 'test',
        })),
      ),
    ),
  )
})
afterAll(() => server.close())

type Answer = Record<string, unknown>
const done = async (name: string, input: Answer, fields = 'dryRun'): Promise<Answer> => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const answer = await execute<Record<string, Answer>>(
    server.url,
    token,
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename
       ... on ${type}Success { ${fields} } ... on Problem { code path message } } }`,
    { input },
  )
  const outcome = answer[name] ?? {}
  if (!String(outcome['__typename']).endsWith('Success'))
    throw new Error(`${name} ${JSON.stringify(input)}: ${JSON.stringify(outcome)}`)
  return outcome
}

type Bill = {
  number: string
  customer: number
  currency: string
  open: number
  isVoid: boolean
  order: Order | null
  billed: number
}
type Receipt = {
  id: string
  customer: number
  currency: string
  on: Temporal.PlainDate
  amount: number
  applied: [Bill, number][]
  bounced: boolean
}
type Order = {
  number: string
  customer: number
  currency: string
  amount: number
  shipped: number
  invoiced: number
  released: boolean
  cancelled: boolean
}
type Amount = { customer: number; currency: string; minor: number }
type Twin = {
  readonly bills: Bill[]
  readonly receipts: Receipt[]
  readonly credits: Amount[]
  readonly orders: Order[]
  readonly securities: (Amount & { readonly kind: string })[]
  readonly reserved: (Amount & { readonly until: Temporal.Instant })[]
}

const step = fc.record({
  kind: fc.constantFrom(
    'bill',
    'bill',
    'pay',
    'pay',
    'pay',
    'bounce',
    'credit',
    'dispute',
    'writeOff',
    'order',
    'order',
    'release',
    'release',
    'ship',
    'ship',
    'invoice',
    'cancel',
    'void',
    'secure',
    'reserve',
    'day',
  ),
  customer: fc.nat(MEMBERS - 1),
  currency: fc.constantFrom('USD', 'EUR', 'JPY'),
  amount: fc.integer({ min: 1, max: 90_000 }),
  pick: fc.nat(),
  share: fc.integer({ min: 1, max: 10 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const text = (minor: number, currency: string) =>
  new Decimal(minor).div(10 ** (DIGITS[currency] ?? 2)).toString()
const money = (minor: number, currency: string) => ({ amount: text(minor, currency), currency })
const today = () => now.toZonedDateTimeISO('UTC').toPlainDate()
const pickOf = <One>(all: readonly One[], pick: number): One | undefined =>
  all[pick % Math.max(all.length, 1)]

let count = 0
const named = (letter: string) => `${letter}-${(count += 1)}`

/** Carries one step out in both; what cannot be done now is left out. */
async function take(twin: Twin, numbers: readonly string[], one: Step): Promise<void> {
  const { customer, currency, amount, pick, share } = one
  const who = { customer: { number: numbers[customer] } }
  const part = (whole: number) => Math.max(1, Math.floor((whole * share) / 10))
  switch (one.kind) {
    case 'bill': {
      const bill = {
        number: named('I'),
        customer,
        currency,
        open: amount,
        isVoid: false,
        order: null,
        billed: amount,
      }
      await done('recordInvoice', {
        ...who,
        number: bill.number,
        amount: money(amount, currency),
        issuedOn: '2026-06-28',
      })
      twin.bills.push(bill)
      return
    }
    case 'pay': {
      const bill = pickOf(
        twin.bills.filter((each) => each.open > 0),
        pick,
      )
      const on = today().subtract({ days: pick % 5 })
      const paid = bill === undefined ? 0 : part(bill.open)
      const whose = bill === undefined ? who : { customer: { number: numbers[bill.customer] } }
      const into = bill?.currency ?? currency
      const { receipt } = await done(
        'recordReceipt',
        {
          ...whose,
          amount: money(paid + amount, into),
          receivedOn: on.toString(),
          allocations:
            bill === undefined ? [] : [{ invoice: { number: bill.number }, amount: text(paid, into) }],
        },
        'receipt { id }',
      )
      if (bill !== undefined) bill.open -= paid
      twin.receipts.push({
        id: (receipt as { id: string }).id,
        customer: bill?.customer ?? customer,
        currency: into,
        on,
        amount: paid + amount,
        applied: bill === undefined ? [] : [[bill, paid]],
        bounced: false,
      })
      return
    }
    case 'bounce': {
      const receipt = pickOf(
        twin.receipts.filter(({ bounced }) => !bounced),
        pick,
      )
      if (receipt === undefined) return
      await done('bounceReceipt', { receipt: receipt.id, bouncedOn: today().toString(), reason: 'No cover' })
      receipt.bounced = true
      for (const [bill, paid] of receipt.applied) bill.open += paid
      return
    }
    case 'credit':
      await done('recordCreditNote', {
        ...who,
        number: named('N'),
        amount: money(amount, currency),
        issuedOn: today().toString(),
        reason: 'Returned',
      })
      twin.credits.push({ customer, currency, minor: amount })
      return
    case 'dispute': {
      const bill = pickOf(
        twin.bills.filter((each) => each.open === each.billed && !each.isVoid),
        pick,
      )
      if (bill === undefined) return
      // It is owed all the same.
      await done('openDispute', {
        invoice: { number: bill.number },
        reason: 'Price',
        openedOn: today().toString(),
      }).catch((error: unknown) => {
        if (!String(error).includes('disput')) throw error
      })
      return
    }
    case 'writeOff': {
      const bill = pickOf(
        twin.bills.filter((each) => each.open > 0),
        pick,
      )
      if (bill === undefined) return
      const off = part(bill.open)
      await done('writeOffInvoice', {
        invoice: { number: bill.number },
        amount: money(off, bill.currency),
        code: 'BAD_DEBT',
        reason: 'Gone',
      })
      bill.open -= off
      return
    }
    default:
      return takeOrderStep(twin, numbers, one)
  }
}

async function takeOrderStep(twin: Twin, numbers: readonly string[], one: Step): Promise<void> {
  const { customer, currency, amount, pick, share } = one
  const who = { customer: { number: numbers[customer] } }
  const part = (whole: number) => Math.max(1, Math.floor((whole * share) / 10))
  const order = (wanted: (each: Order) => boolean) => pickOf(twin.orders.filter(wanted), pick)
  const override = { override: true, reason: 'Tried' }
  switch (one.kind) {
    case 'order': {
      const made = {
        number: named('O'),
        customer,
        currency,
        amount,
        shipped: 0,
        invoiced: 0,
        released: false,
        cancelled: false,
      }
      await done('recordOrder', { ...who, number: made.number, amount: money(amount, currency) })
      twin.orders.push(made)
      return
    }
    case 'release': {
      const found = order((each) => !each.released && !each.cancelled)
      if (found === undefined) return
      await done('releaseOrder', { order: { number: found.number }, ...override })
      found.released = true
      return
    }
    case 'ship': {
      const found = order((each) => each.released && !each.cancelled && each.shipped < each.amount)
      if (found === undefined) return
      const goods = part(found.amount - found.shipped)
      await done('shipOrder', {
        order: { number: found.number },
        amount: text(goods, found.currency),
        ...override,
      })
      found.shipped += goods
      return
    }
    case 'invoice': {
      const found = order((each) => each.invoiced < (each.cancelled ? each.shipped : each.amount))
      if (found === undefined) return
      const billed = part((found.cancelled ? found.shipped : found.amount) - found.invoiced)
      const bill: Bill = {
        number: named('I'),
        customer: found.customer,
        currency: found.currency,
        open: billed,
        isVoid: false,
        order: found,
        billed,
      }
      const whose = { customer: { number: numbers[found.customer] } }
      await done('recordInvoice', {
        ...whose,
        number: bill.number,
        amount: money(billed, found.currency),
        issuedOn: '2026-06-28',
      })
      await done('invoiceOrder', { order: { number: found.number }, invoice: { number: bill.number } })
      found.invoiced += billed
      twin.bills.push(bill)
      return
    }
    case 'cancel': {
      const found = order(
        (each) => !each.cancelled && each.shipped < each.amount && each.invoiced <= each.shipped,
      )
      if (found === undefined) return
      await done('cancelOrder', { order: { number: found.number }, reason: 'Not wanted' })
      found.cancelled = true
      return
    }
    case 'void': {
      const touched = new Set(twin.receipts.flatMap(({ applied }) => applied.map(([bill]) => bill)))
      const bill = pickOf(
        twin.bills.filter((each) => !each.isVoid && each.open === each.billed && !touched.has(each)),
        pick,
      )
      if (bill === undefined) return
      await done('voidInvoice', { invoice: { number: bill.number }, reason: 'Wrong' })
      bill.isVoid = true
      bill.open = 0
      if (bill.order !== null) bill.order.invoiced -= bill.billed
      return
    }
    case 'secure': {
      const kind = pick % 2 === 0 ? 'DEPOSIT' : 'INSURANCE'
      await done('recordSecurity', { ...who, kind, amount: money(amount, currency), reason: 'Given' })
      twin.securities.push({ customer, currency, minor: amount, kind })
      return
    }
    case 'reserve': {
      const reserveMinutes = 60 * (1 + (pick % 40))
      const { decision } = await done(
        'creditDecision',
        { ...who, orderAmount: money(amount, currency), reserve: true, reserveMinutes },
        'decision { reservation { isHeld } }',
      )
      if ((decision as { reservation: unknown }).reservation !== null)
        twin.reserved.push({ customer, currency, minor: amount, until: now.add({ minutes: reserveMinutes }) })
      return
    }
    case 'day':
      now = now.add({ hours: 24 })
      return
    default:
      throw new Error(`Nothing is known of ${one.kind}`)
  }
}

const PARTS = [
  'receivables',
  'shippedNotInvoiced',
  'openOrders',
  'unclearedReceipts',
  'unapplied',
  'security',
  'insurance',
  'reserved',
] as const
type Parts = Record<(typeof PARTS)[number], Decimal>

/** One customer's parts by hand, in a currency. */
function byHand(twin: Twin, customer: number, into: string): Parts {
  const sum = (of: readonly { customer: number; currency: string; minor: number }[]) =>
    of
      .filter((each) => each.customer === customer)
      .reduce((total, { currency, minor }) => {
        const major = new Decimal(minor).div(10 ** (DIGITS[currency] ?? 2))
        return total.plus(major.times(RATES[currency] ?? 1).div(RATES[into] ?? 1))
      }, new Decimal(0))
      .toDecimalPlaces(DIGITS[into] ?? 2, Decimal.ROUND_HALF_EVEN)
  const good = twin.receipts.filter(({ bounced }) => !bounced)
  const paid = ({ applied }: Receipt) => applied.reduce((total, [, minor]) => total + minor, 0)
  const isCleared = ({ on }: Receipt) =>
    Temporal.PlainDate.compare(on, today().subtract({ days: CLEARING_DAYS })) <= 0
  const delivered = ({ shipped, invoiced }: Order) => Math.max(shipped, invoiced)
  return {
    receivables: sum(twin.bills.map((bill) => ({ ...bill, minor: bill.open }))),
    shippedNotInvoiced: sum(twin.orders.map((one) => ({ ...one, minor: delivered(one) - one.invoiced }))),
    openOrders: sum(
      twin.orders
        .filter(({ released, cancelled }) => released && !cancelled)
        .map((one) => ({ ...one, minor: one.amount - delivered(one) })),
    ),
    unclearedReceipts: sum(
      good.filter((one) => !isCleared(one)).map((one) => ({ ...one, minor: paid(one) })),
    ),
    unapplied: sum([
      ...good.filter(isCleared).map((one) => ({ ...one, minor: one.amount - paid(one) })),
      ...twin.credits,
    ]),
    security: sum(twin.securities.filter(({ kind }) => kind === 'DEPOSIT')),
    insurance: sum(twin.securities.filter(({ kind }) => kind === 'INSURANCE')),
    reserved: sum(twin.reserved.filter(({ until }) => Temporal.Instant.compare(until, now) > 0)),
  }
}

const committed = (parts: Parts) =>
  parts.receivables
    .plus(parts.shippedNotInvoiced)
    .plus(parts.openOrders)
    .plus(parts.unclearedReceipts)
    .minus(parts.unapplied)
    .minus(parts.security)
    .plus(parts.reserved)

async function compare(twin: Twin, numbers: readonly string[], currencies: readonly string[]): Promise<void> {
  const fields = `number exposure { ${[...PARTS, 'committed'].map((name) => `${name} { amount }`).join(' ')} }`
  const found = await execute<Record<string, unknown>>(
    server.url,
    token,
    `{ ${numbers.map((number, index) => `c${index}: customer(by: { number: "${number}" }) { ${fields} }`).join(' ')} }`,
  )
  for (const [customer, number] of numbers.entries()) {
    const into = currencies[customer] ?? 'USD'
    const parts = byHand(twin, customer, into)
    const inText = (value: Decimal) => ({ amount: value.toFixed(DIGITS[into] ?? 2) })
    const own = committed(parts)
    const group = numbers
      .map((_, member) => committed(byHand(twin, member, into)))
      .reduce((total, one) => (one.gt(0) ? total.plus(one) : total), new Decimal(0))
    expect(found[`c${customer}`]).toEqual({
      number,
      exposure: {
        ...Object.fromEntries(PARTS.map((name) => [name, inText(parts[name])])),
        committed: inText(customer === 0 ? group : own),
      },
    })
  }
}

it(
  'is what adding up by hand gives, of each customer and of the group above',
  { timeout: 280_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 25, maxLength: 45 }),
        fc.array(fc.constantFrom('USD', 'EUR', 'JPY'), { minLength: MEMBERS, maxLength: MEMBERS }),
        async (steps, currencies) => {
          now = START
          const numbers = currencies.map(() => named('C'))
          for (const [index, number] of numbers.entries()) {
            await done('createCustomer', { number, name: number })
            const limit = { amount: money(10 ** 9, currencies[index] ?? 'USD') }
            await done('setCreditLimit', { customer: { number }, limit, reason: 'Tried' })
            if (index > 0) {
              const parent = { number: numbers[0] }
              await done('setParentCustomer', { customer: { number }, parent, reason: 'Tried' })
            }
          }
          const twin: Twin = {
            bills: [],
            receipts: [],
            credits: [],
            orders: [],
            securities: [],
            reserved: [],
          }
          for (const [index, one] of steps.entries()) {
            await take(twin, numbers, one)
            if (index % 10 === 9) await compare(twin, numbers, currencies)
          }
          await compare(twin, numbers, currencies)
        },
      ),
      { numRuns: full(12, 3), endOnFailure: true },
    )
    expect.hasAssertions()
  },
)
