/**
 * KPIs of credit through the API: golden numbers on a small book, and on random books what each day's own answers about
 * every customer had said by its evening, asked for afterwards.
 */
import * as fc from 'fast-check'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { exchangeRate } from '@tidemark/drizzle/tables/kpi.ts'
import { creditPolicy } from '@tidemark/drizzle/tables/order.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute } from '../support/graphql.ts'
import { full } from '../support/scale.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const START = Temporal.Instant.from('2026-06-01T12:00:00Z')
let now = START
let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ clock: () => now })
})
afterAll(() => server.close())

const today = () => now.toZonedDateTimeISO('UTC').toPlainDate()
const nextDay = () => (now = now.add({ hours: 24 }))

type Books = { readonly organization: OrganizationRow; readonly token: string }

async function newBooks(slug: string): Promise<Books> {
  const organization = await server.createOrganization({ slug, baseCurrency: 'USD', timeZone: 'UTC' })
  await inTransaction(server.connection, { organizationId: organization.id, mode: 'write' }, (tx) =>
    tx.insert(exchangeRate).values(
      Array.from({ length: 60 }, (_, index) => ({
        organizationId: organization.id,
        currency: 'EUR',
        validOn: Temporal.PlainDate.from('2026-05-25').add({ days: index }),
        rate: '1.5',
        source: 'test',
      })),
    ),
  )
  return { organization, token: await server.createToken(organization) }
}

type Answer = Record<string, unknown>
const doIn =
  ({ token }: Books) =>
  async (name: string, input: Answer, fields = 'dryRun'): Promise<Answer> => {
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

type Row = { metric: string; valueExact: string | null; reason: string | null; region: string | null }
async function kpis({ token }: Books, metrics: readonly string[], args: string): Promise<Row[]> {
  const answer = await execute<{ kpis: Row[] }>(
    server.url,
    token,
    `{ kpis(metrics: [${metrics.join(', ')}], ${args}) { metric valueExact reason region } }`,
  )
  return answer.kpis
}
const valuesOf = (rows: readonly Row[]) =>
  Object.fromEntries(rows.map((row) => [row.metric, row.valueExact ?? row.reason]))

const usd = (amount: string) => ({ amount, currency: 'USD' })

describe('a small book', () => {
  const all = [
    'CREDIT_EXPOSURE',
    'HIGH_RISK_EXPOSURE',
    'HIGH_RISK_SHARE',
    'CREDIT_LIMITS',
    'CREDIT_UTILISATION',
    'CREDIT_HEADROOM',
    'OVER_LIMIT_COUNT',
    'OVER_LIMIT_EXPOSURE',
    'CREDIT_REVIEWS_ON_SCHEDULE',
    'ORDERS_RELEASED_OVER_LIMIT',
    'ORDERS_RELEASED_OVER_LIMIT_AMOUNT',
  ]
  let books: Books
  let run: ReturnType<typeof doIn>
  beforeAll(async () => {
    now = START
    books = await newBooks('small')
    run = doIn(books)
    for (const [number, region] of [
      ['A', 'North'],
      ['B', 'South'],
      ['C', 'South'],
    ])
      await run('createCustomer', { number, name: number, termsDays: 30, region })
    for (const [number, amount] of [
      ['A', '600'],
      ['B', '300'],
      ['C', '100'],
    ])
      await run('recordInvoice', {
        customer: { number },
        number: `I-${number}`,
        amount: usd(amount ?? ''),
        issuedOn: '2026-06-01',
      })
  })

  it('knows nothing of limits, classes and schedules that nobody has set', async () => {
    expect(valuesOf(await kpis(books, all, 'asOf: "2026-06-01"'))).toEqual({
      CREDIT_EXPOSURE: '1000.00',
      HIGH_RISK_EXPOSURE: 'NOT_CONFIGURED',
      HIGH_RISK_SHARE: 'NOT_CONFIGURED',
      CREDIT_LIMITS: 'NOT_CONFIGURED',
      CREDIT_UTILISATION: 'NOT_CONFIGURED',
      CREDIT_HEADROOM: 'NOT_CONFIGURED',
      OVER_LIMIT_COUNT: 'NOT_CONFIGURED',
      OVER_LIMIT_EXPOSURE: 'NOT_CONFIGURED',
      CREDIT_REVIEWS_ON_SCHEDULE: 'NOT_CONFIGURED',
      ORDERS_RELEASED_OVER_LIMIT: '0',
      ORDERS_RELEASED_OVER_LIMIT_AMOUNT: '0.00',
    })
  })

  it('adds up what each day knew, by hand', async () => {
    nextDay() // 2 June
    const reason = 'Yearly'
    const limit = (number: string, amount: string) =>
      run('setCreditLimit', { customer: { number }, limit: { amount: usd(amount) }, reason })
    await limit('A', '1000')
    await limit('B', '200')
    const review = (number: string, nextReviewOn: string, riskClass: string) =>
      run('reviewCredit', { customer: { number }, nextReviewOn, riskClass, reason })
    await review('A', '2026-06-04', 'LOW')
    await review('B', '2026-12-01', 'HIGH')
    nextDay() // 3 June: an order of 500 goes out although A has 400 left, and C is classed.
    await review('C', '2026-12-01', 'MEDIUM')
    await run('recordOrder', { customer: { number: 'A' }, number: 'O-1', amount: usd('500') })
    await run('releaseOrder', { order: { number: 'O-1' }, override: true, reason: 'The boss says so' })
    nextDay()
    nextDay() // 5 June: A's review was due on the 4th, and B becomes an ordinary risk.
    await review('B', '2026-12-01', 'MEDIUM')

    // 2 June: 600 + 300 + 100; limits 1,000 and 200, of which 600 and 300 are used: 75 %; headroom 400, 100 too much.
    expect(valuesOf(await kpis(books, all, 'asOf: "2026-06-02"'))).toEqual({
      CREDIT_EXPOSURE: '1000.00',
      HIGH_RISK_EXPOSURE: '300.00',
      HIGH_RISK_SHARE: '30',
      CREDIT_LIMITS: '1200.00',
      CREDIT_UTILISATION: '75',
      CREDIT_HEADROOM: '400.00',
      OVER_LIMIT_COUNT: '1',
      OVER_LIMIT_EXPOSURE: '100.00',
      CREDIT_REVIEWS_ON_SCHEDULE: '100',
      ORDERS_RELEASED_OVER_LIMIT: '0',
      ORDERS_RELEASED_OVER_LIMIT_AMOUNT: '0.00',
    })
    // 3 June: A uses 1,100 of 1,000.
    const third = {
      CREDIT_EXPOSURE: '1500.00',
      HIGH_RISK_EXPOSURE: '300.00',
      HIGH_RISK_SHARE: '20',
      CREDIT_LIMITS: '1200.00',
      CREDIT_UTILISATION: '116.6666666667',
      CREDIT_HEADROOM: '0.00',
      OVER_LIMIT_COUNT: '2',
      OVER_LIMIT_EXPOSURE: '200.00',
      CREDIT_REVIEWS_ON_SCHEDULE: '100',
      ORDERS_RELEASED_OVER_LIMIT: '1',
      ORDERS_RELEASED_OVER_LIMIT_AMOUNT: '500.00',
    }
    expect(valuesOf(await kpis(books, all, 'asOf: "2026-06-03"'))).toEqual(third)
    // 4 June: a review that is due today is not late. 5 June: of two lines one is.
    expect(valuesOf(await kpis(books, all, 'asOf: "2026-06-04"'))).toEqual(third)
    expect(valuesOf(await kpis(books, all, 'asOf: "2026-06-05"'))).toEqual({
      ...third,
      HIGH_RISK_EXPOSURE: '0.00',
      HIGH_RISK_SHARE: '0',
      CREDIT_REVIEWS_ON_SCHEDULE: '50',
    })
  })

  it('is a series, by region and of one customer, and says where it cannot be cut', async () => {
    const metrics = ['HIGH_RISK_EXPOSURE', 'CREDIT_HEADROOM', 'ORDERS_RELEASED_OVER_LIMIT']
    const days = await kpis(books, metrics, 'from: "2026-06-01", to: "2026-06-05", granularity: DAY')
    expect(days.map(({ valueExact, reason }) => valueExact ?? reason)).toEqual(
      [
        ['NOT_CONFIGURED', 'NOT_CONFIGURED', '0'],
        ['300.00', '400.00', '0'],
        ['300.00', '0.00', '1'],
        ['300.00', '0.00', '0'],
        ['0.00', '0.00', '0'],
      ].flat(),
    )
    const regions = await kpis(books, metrics, 'groupBy: [REGION], asOf: "2026-06-03"')
    const region = (name: string) => valuesOf(regions.filter((row) => row.region === name))
    expect(region('North')).toEqual({
      HIGH_RISK_EXPOSURE: '0.00',
      CREDIT_HEADROOM: '0.00',
      ORDERS_RELEASED_OVER_LIMIT: '1',
    })
    expect(region('South')).toMatchObject({ HIGH_RISK_EXPOSURE: '300.00', ORDERS_RELEASED_OVER_LIMIT: '0' })
    const one = await kpis(books, metrics, 'filter: { customer: { number: "A" } }, asOf: "2026-06-02"')
    expect(valuesOf(one)).toEqual({
      HIGH_RISK_EXPOSURE: '0.00',
      CREDIT_HEADROOM: '400.00',
      ORDERS_RELEASED_OVER_LIMIT: '0',
    })
    const cut = await kpis(books, metrics, 'filter: { currency: ["USD"] }, asOf: "2026-06-03"')
    expect(new Set(cut.map(({ reason }) => reason))).toEqual(new Set(['NOT_BY_SEGMENT']))
  })

  it('knows at a moment what was recorded by then', async () => {
    const metrics = ['CREDIT_EXPOSURE', 'CREDIT_LIMITS', 'HIGH_RISK_EXPOSURE']
    const [before] = await execute<{ kpis: { knownAt: string }[] }>(
      server.url,
      books.token,
      '{ kpis(metrics: [CREDIT_EXPOSURE]) { knownAt } }',
    ).then((answer) => answer.kpis)
    await run('recordInvoice', {
      customer: { number: 'B' },
      number: 'I-late',
      amount: usd('50'),
      issuedOn: '2026-06-02',
    })
    await run('setCreditLimit', { customer: { number: 'C' }, limit: { amount: usd('70') }, reason: 'New' })
    expect(valuesOf(await kpis(books, metrics, 'asOf: "2026-06-05"'))).toEqual({
      CREDIT_EXPOSURE: '1550.00',
      CREDIT_LIMITS: '1270.00',
      HIGH_RISK_EXPOSURE: '0.00',
    })
    const then = `asOf: "2026-06-05", knownAt: "${before?.knownAt}"`
    expect(valuesOf(await kpis(books, metrics, then))).toEqual({
      CREDIT_EXPOSURE: '1500.00',
      CREDIT_LIMITS: '1200.00',
      HIGH_RISK_EXPOSURE: '0.00',
    })
  })

  it('counts the orders that the policy of the day counted', async () => {
    const policy = (version: number, countedOrders: 'NONE' | 'ALL', recordedAt: string) => ({
      organizationId: books.organization.id,
      version,
      countedOrders,
      clearingDays: 0,
      insuranceCounts: false,
      toleranceBasisPoints: 0,
      overLimit: 'BLOCK' as const,
      pastDueDays: 30,
      pastDueAmount: 0n,
      pastDue: 'REVIEW' as const,
      auditId: crypto.randomUUID(),
      recordedAt: Temporal.Instant.from(recordedAt),
      effectiveOn: Temporal.PlainDate.from(recordedAt.slice(0, 10)),
    })
    await run('recordOrder', {
      customer: { number: 'C' },
      number: 'O-open',
      amount: usd('9'),
      orderedOn: '2026-06-03',
    })
    await inTransaction(server.connection, { organizationId: books.organization.id, mode: 'write' }, (tx) =>
      tx
        .insert(creditPolicy)
        .values([policy(1, 'NONE', '2026-06-04T10:00:00Z'), policy(2, 'ALL', '2026-06-05T23:59:59Z')]),
    )
    const series = await kpis(
      books,
      ['CREDIT_EXPOSURE'],
      'from: "2026-06-03", to: "2026-06-05", granularity: DAY',
    )
    // With the order that was released; with none; with both.
    expect(series.map(({ valueExact }) => valueExact)).toEqual(['1550.00', '1050.00', '1559.00'])
  })

  it('is what a goal can be about, alone or within a region', async () => {
    const { goal } = await run(
      'createGoal',
      {
        name: 'Less high risk',
        metric: 'HIGH_RISK_EXPOSURE',
        direction: 'DECREASE',
        target: '0',
        filter: { region: ['South'] },
        startsOn: '2026-06-03',
        deadline: '2026-09-30',
      },
      'goal { baselineExact }',
    )
    expect(goal).toMatchObject({ baselineExact: expect.any(String) })
  })
})

const step = fc.record({
  kind: fc.constantFrom(
    ...([
      'bill',
      'bill',
      'pay',
      'bounce',
      'credit',
      'order',
      'order',
      'release',
      'release',
      'ship',
      'cancel',
    ] as const),
    ...(['secure', 'limit', 'limit', 'review', 'parent', 'day', 'day', 'day'] as const),
  ),
  customer: fc.nat(3),
  currency: fc.constantFrom('USD', 'EUR'),
  /** Even, so that euros are whole cents in dollars. */
  amount: fc.integer({ min: 1, max: 40_000 }).map((half) => half * 2),
  pick: fc.nat(),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const MEMBERS = ['M-0', 'M-1', 'M-2', 'M-3']
const REGIONS = ['North', 'South']
const regionOf = (index: number) => REGIONS[index % 2] ?? ''
const major = (minor: number) => (minor / 100).toFixed(2)

type State = {
  readonly receipts: string[]
  readonly orders: { number: string; released: boolean; shipped: boolean; cancelled: boolean }[]
  readonly reviews: Map<number, { riskClass: string; nextReviewOn: Temporal.PlainDate }>
  readonly released: { day: string; customer: number; minor: number }[]
}

/** What the API says of a customer in the evening. */
type Evening = {
  readonly gross: number
  readonly committed: number
  readonly limit: number | null
  readonly isTop: boolean
  readonly isHigh: boolean
  readonly isClassified: boolean
  readonly isOnSchedule: boolean
  readonly hasSchedule: boolean
}

async function evening({ token }: Books, numbers: readonly string[], state: State): Promise<Evening[]> {
  const ask = numbers.map(
    (number, index) =>
      `c${index}: customer(by: { number: "${number}" }) { parent { number }
        creditLimit { state amount { amount } }
        exposure { currency gross { amount } committed { amount } } }`,
  )
  type Told = {
    parent: { number: string } | null
    creditLimit: { state: string; amount: { amount: string } | null }
    exposure: { gross: { amount: string }; committed: { amount: string } }
  }
  const answer = await execute<Record<string, Told>>(server.url, token, `{ ${ask.join(' ')} }`)
  const told = numbers.map((_, index) => answer[`c${index}`] as Told)
  const cents = (text: string) => Math.round(Number(text) * 100)
  const hasLimitAbove = (one: Told): boolean => {
    const parent = one.parent === null ? undefined : told[numbers.indexOf(one.parent.number)]
    return parent !== undefined && (parent.creditLimit.state === 'AMOUNT' || hasLimitAbove(parent))
  }
  return told.map((one, index) => {
    const review = state.reviews.get(index)
    return {
      gross: cents(one.exposure.gross.amount),
      committed: cents(one.exposure.committed.amount),
      limit: one.creditLimit.amount === null ? null : cents(one.creditLimit.amount.amount),
      isTop: !hasLimitAbove(one),
      isHigh: review?.riskClass === 'HIGH',
      isClassified: review !== undefined,
      hasSchedule: review !== undefined,
      isOnSchedule: review !== undefined && Temporal.PlainDate.compare(review.nextReviewOn, today()) >= 0,
    }
  })
}

const total = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0)

function expected(
  all: readonly Evening[],
  indexes: readonly number[],
  state: State,
  day: string,
): Record<string, string> {
  const chosen = indexes.flatMap((index) => all[index] ?? [])
  const owed = (some: readonly Evening[]) => total(some.map(({ gross }) => Math.max(0, gross)))
  const classified = chosen.some(({ isClassified }) => isClassified)
  const limited = chosen.flatMap((one) =>
    one.limit === null ? [] : [{ ...one, limit: one.limit, used: Math.max(0, one.committed) }],
  )
  const top = limited.filter(({ isTop }) => isTop)
  const lines = limited.filter(({ limit }) => limit > 0)
  const ifLimited = (value: string) => (limited.length === 0 ? 'NOT_CONFIGURED' : value)
  const share = (a: number, b: number, reason: string) => (b > 0 ? ((a / b) * 100).toFixed(6) : reason)
  const high = owed(chosen.filter(({ isHigh }) => isHigh))
  const released = state.released.filter((one) => one.day === day && indexes.includes(one.customer))
  return {
    CREDIT_EXPOSURE: major(owed(chosen)),
    HIGH_RISK_EXPOSURE: classified ? major(high) : 'NOT_CONFIGURED',
    HIGH_RISK_SHARE: classified ? share(high, owed(chosen), 'NOTHING_OPEN') : 'NOT_CONFIGURED',
    CREDIT_LIMITS: ifLimited(major(total(top.map(({ limit }) => limit)))),
    CREDIT_UTILISATION: share(
      total(top.map(({ used }) => used)),
      total(top.map(({ limit }) => limit)),
      'NOT_CONFIGURED',
    ),
    CREDIT_HEADROOM: ifLimited(major(total(top.map(({ limit, used }) => Math.max(0, limit - used))))),
    OVER_LIMIT_COUNT: ifLimited(String(limited.filter(({ limit, used }) => used > limit).length)),
    OVER_LIMIT_EXPOSURE: ifLimited(major(total(limited.map(({ limit, used }) => Math.max(0, used - limit))))),
    CREDIT_REVIEWS_ON_SCHEDULE: lines.some(({ hasSchedule }) => hasSchedule)
      ? share(lines.filter(({ isOnSchedule }) => isOnSchedule).length, lines.length, '')
      : 'NOT_CONFIGURED',
    ORDERS_RELEASED_OVER_LIMIT: String(released.length),
    ORDERS_RELEASED_OVER_LIMIT_AMOUNT: major(total(released.map(({ minor }) => minor))),
  }
}

let made = 0
async function take(books: Books, numbers: readonly string[], state: State, one: Step): Promise<void> {
  const run = doIn(books)
  const { customer, currency, amount, pick } = one
  const who = { customer: { number: numbers[customer] } }
  const money = { amount: major(amount), currency }
  const on = today().toString()
  const pickOf = <T>(all: readonly T[]): T | undefined => all[pick % Math.max(all.length, 1)]
  const order = (is: (each: State['orders'][number]) => boolean) => pickOf(state.orders.filter(is))
  switch (one.kind) {
    case 'bill':
      await run('recordInvoice', { ...who, number: `I-${(made += 1)}`, amount: money, issuedOn: on })
      return
    case 'pay': {
      const { receipt } = await run(
        'recordReceipt',
        { ...who, amount: money, receivedOn: on },
        'receipt { id }',
      )
      state.receipts.push((receipt as { id: string }).id)
      return
    }
    case 'bounce': {
      const receipt = state.receipts.pop()
      if (receipt !== undefined) await run('bounceReceipt', { receipt, bouncedOn: on, reason: 'No cover' })
      return
    }
    case 'credit':
      await run('recordCreditNote', {
        ...who,
        number: `N-${(made += 1)}`,
        amount: money,
        issuedOn: on,
        reason: 'Back',
      })
      return
    case 'order': {
      const number = `O-${(made += 1)}`
      await run('recordOrder', { ...who, number, amount: money })
      state.orders.push({ number, released: false, shipped: false, cancelled: false })
      return
    }
    case 'release': {
      const found = order(({ released, cancelled }) => !released && !cancelled)
      if (found === undefined) return
      const { order: said } = await run(
        'releaseOrder',
        { order: { number: found.number }, override: true, reason: 'Tried' },
        'order { customer { number } amount { amount currency } history { kind isOverLimit } }',
      )
      found.released = true
      const {
        history,
        amount: worth,
        customer: whose,
      } = said as {
        customer: { number: string }
        amount: { amount: string; currency: string }
        history: { kind: string; isOverLimit: boolean }[]
      }
      if (history.find(({ kind }) => kind === 'RELEASED')?.isOverLimit)
        state.released.push({
          day: on,
          customer: numbers.indexOf(whose.number),
          minor: Math.round(Number(worth.amount) * (worth.currency === 'EUR' ? 150 : 100)),
        })
      return
    }
    case 'ship': {
      const found = order(({ released, shipped, cancelled }) => released && !shipped && !cancelled)
      if (found === undefined) return
      await run('shipOrder', { order: { number: found.number }, override: true, reason: 'Tried' })
      found.shipped = true
      return
    }
    case 'cancel': {
      const found = order(({ shipped, cancelled }) => !shipped && !cancelled)
      if (found === undefined) return
      await run('cancelOrder', { order: { number: found.number }, reason: 'Not wanted' })
      found.cancelled = true
      return
    }
    case 'secure': {
      const until =
        pick % 2 === 0
          ? {}
          : {
              until: today()
                .add({ days: pick % 4 })
                .toString(),
            }
      const kind = pick % 5 === 0 ? 'INSURANCE' : 'DEPOSIT'
      await run('recordSecurity', { ...who, kind, amount: money, effectiveOn: on, ...until, reason: 'Held' })
      return
    }
    case 'limit': {
      const until =
        pick % 3 === 0
          ? {
              until: today()
                .add({ days: pick % 5 })
                .toString(),
            }
          : {}
      const limit = [
        { amount: usd(major(amount * (1 + (pick % 4)))) },
        { amount: usd('0') },
        { notSet: true },
        { amount: usd(major(amount)) },
      ][pick % 4]
      const effectiveOn = today().add({ days: pick % 2 })
      const ends = 'until' in until && Temporal.PlainDate.compare(until.until, effectiveOn) < 0 ? {} : until
      await run('setCreditLimit', {
        ...who,
        limit,
        effectiveOn: effectiveOn.toString(),
        ...ends,
        reason: 'Tried',
      })
      return
    }
    case 'review': {
      const riskClass = ['LOW', 'MEDIUM', 'HIGH'][pick % 3] ?? 'LOW'
      const nextReviewOn = today().add({ days: 1 + (pick % 6) })
      await run('reviewCredit', { ...who, riskClass, nextReviewOn: nextReviewOn.toString(), reason: 'Tried' })
      state.reviews.set(customer, { riskClass, nextReviewOn })
      return
    }
    case 'parent': {
      // Always to one before it, so that there are no circles.
      const above = customer === 0 ? null : numbers[pick % customer]
      if (customer > 0)
        await run('setParentCustomer', {
          ...who,
          parent: pick % 4 === 0 ? { none: true } : { number: above },
          reason: 'Group',
        })
      return
    }
    case 'day':
  }
}

describe('random books', { timeout: 300_000 }, () => {
  it('tell of each past day what its evening told of every customer', async () => {
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: full(90, 40) }), async (steps) => {
        now = START
        const books = await newBooks(`random-${(runs += 1)}`)
        const run = doIn(books)
        const numbers = MEMBERS.map((name) => `${name}-${runs}`)
        for (const [index, number] of numbers.entries())
          await run('createCustomer', { number, name: number, termsDays: 30, region: regionOf(index) })
        // Both regions are in the books from the first day.
        for (const number of numbers)
          await run('recordInvoice', {
            customer: { number },
            number: `first-${number}`,
            amount: usd('1'),
            issuedOn: today().toString(),
          })
        const state: State = { receipts: [], orders: [], reviews: new Map(), released: [] }
        const days: { day: string; whole: Record<string, string>; regions: Record<string, string>[] }[] = []
        const close = async () => {
          const day = today().toString()
          const all = await evening(books, numbers, state)
          const of = (region: string) =>
            numbers.flatMap((_, index) => (regionOf(index) === region ? [index] : []))
          days.push({
            day,
            whole: expected(all, [0, 1, 2, 3], state, day),
            regions: REGIONS.map((region) => expected(all, of(region), state, day)),
          })
          nextDay()
        }
        for (const one of steps) await (one.kind === 'day' ? close() : take(books, numbers, state, one))
        await close()
        const metrics = Object.keys(days[0]?.whole ?? {})
        const range = `from: "${days[0]?.day}", to: "${days.at(-1)?.day}", granularity: DAY`
        const shown = ({ valueExact, reason, metric }: Row) =>
          valueExact === null
            ? (reason ?? '')
            : /SHARE|UTILISATION|SCHEDULE/.test(metric)
              ? Number(valueExact).toFixed(6)
              : valueExact
        const found = await kpis(books, metrics, range)
        expect(found.map(shown)).toEqual(days.flatMap(({ whole }) => metrics.map((metric) => whole[metric])))
        const byRegion = await kpis(books, metrics, `groupBy: [REGION], ${range}`)
        expect(byRegion.map(shown)).toEqual(
          days.flatMap(({ regions }) => metrics.flatMap((metric) => regions.map((region) => region[metric]))),
        )
        // One day alone is read otherwise than a series.
        const last = days.at(-1)
        const alone = await kpis(books, metrics, `asOf: "${last?.day}", conventions: { periodMonths: 1 }`)
        expect(shown(alone[0] as Row)).toBe(last?.whole[metrics[0] ?? ''])
      }),
      { numRuns: full(12, 3), endOnFailure: true },
    )
  })
})
