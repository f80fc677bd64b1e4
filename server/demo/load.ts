/** Loads the demo company: invented, deterministic for a given day, and posted like everything else. */
import { dateAt, dayAt } from '../domain/calendar.ts'
import { dateOf, type Day } from '../domain/day.ts'
import { newUuid } from '../ids.ts'
import { writeAudit } from '../ledger/audit.ts'
import { post } from '../ledger/post.ts'
import { segmentFor } from '../ledger/segments.ts'
import { findOrganization } from '../organization/queries.ts'
import { demoCompany, demoCustomers, demoPeople, type DemoCustomer, type People } from './company.ts'
import { setDemoControls } from './controls.ts'
import { setDemoCredit } from './credit.ts'
import { setDemoGoals } from './goals.ts'
import { setDemoOrders } from './orders.ts'
import { recordOutside } from './outside.ts'
import { setDemoPlan } from './plan.ts'
import { postingOf, type DemoBooks } from './postings.ts'
import { extendRates } from './rates.ts'
import type { TradeEvent } from './events.ts'
import { inventTrade } from './trade.ts'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { CustomerRow } from '@tidemark/drizzle/rows.ts'
import { creditLimit } from '@tidemark/drizzle/tables/credit.ts'
import { customer } from '@tidemark/drizzle/tables/customer.ts'
import { organization, person } from '@tidemark/drizzle/tables/organization.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'

export const FIRST_INVOICE_NUMBER = 20_417
/** Of a working day, where the company is. */
const RECORDED_AT = '17:30'
const RATES_BEFORE_DAYS = 10

export type DemoOptions = {
  readonly now: Temporal.Instant
  /** False: only into a database without organizations, so that nobody finds an invented one among their own. */
  readonly besideOthers: boolean
}

/**
 * Makes the organization `demo` with two years of books and its goals, in one transaction. Where it exists already,
 * only the exchange rates up to today are added. Throws where another organization bears its slug.
 */
export async function loadDemo(connection: Connection, { now, besideOthers }: DemoOptions): Promise<void> {
  const today = dayAt(now, demoCompany.timeZone)
  const existing = await findOrganization(connection, demoCompany.slug)
  if (existing !== null) {
    if (!existing.demo) {
      throw new OperatorError(
        `The organization ${demoCompany.slug} is a real one: set TIDEMARK_DEMO=0 to start without demo data.`,
      )
    }
    return extendDemoRates(connection, existing.id, now)
  }
  if (!besideOthers && (await connection.db.$count(organization)) > 0) return
  const id = newUuid()
  const trade = inventTrade(demoCustomers(), today)
  const firstDay = trade[0]?.on ?? today
  const options = { organizationId: id, mode: 'write', timeoutMs: null } as const
  await inTransaction(connection, options, async (tx) => {
    const createdAt = momentOf(firstDay - 1, now)
    const [made] = await tx
      .insert(organization)
      .values({ ...demoCompany, id, demo: true, createdAt })
      .onConflictDoNothing({ target: organization.slug })
      .returning()
    // Another process loads it at this moment.
    if (made === undefined) return
    await extendRates(tx, id, firstDay - RATES_BEFORE_DAYS, today)
    const people = await insertPeople(tx, id)
    const books = await openBooks(tx, id, { people, createdAt })
    await postTrade(tx, id, { books, trade, now })
    await recordOutside(tx, id, {
      firstDay,
      today,
      currency: demoCompany.baseCurrency,
      momentOf: (day) => momentOf(day, now),
    })
    const desk = {
      organization: made,
      customers: demoCustomers(),
      customerIdOf: books.customerIdOf,
      people,
      today,
      now,
      momentOf: (day: Day) => momentOf(day, now),
    }
    await setDemoCredit(tx, desk)
    await setDemoOrders(tx, desk)
    await setDemoControls(tx, desk)
    await setDemoPlan(tx, desk)
    await setDemoGoals(tx, made, { people, now })
  })
}

/** Adds the exchange rates of the days that have passed since the last call; none twice. */
export async function extendDemoRates(
  connection: Connection,
  organizationId: string,
  now: Temporal.Instant,
): Promise<void> {
  const today = dayAt(now, demoCompany.timeZone)
  await inTransaction(connection, { organizationId, mode: 'write' }, (tx) =>
    extendRates(tx, organizationId, today, today),
  )
}

/** The end of that working day, or now where that has not come. */
function momentOf(day: Day, now: Temporal.Instant): Temporal.Instant {
  const { timeZone } = demoCompany
  const evening = dateOf(day).toZonedDateTime({ timeZone, plainTime: RECORDED_AT }).toInstant()
  return Temporal.Instant.compare(evening, now) < 0 ? evening : now
}

async function insertPeople(tx: Tx, organizationId: string): Promise<People> {
  const rows = demoPeople.map(({ name }) => ({ organizationId, id: newUuid(), name, email: emailOf(name) }))
  await tx.insert(person).values(rows)
  return new Map(rows.map(({ name, id }) => [name, id]))
}

const emailOf = (name: string): string => `${name.toLowerCase().replaceAll(' ', '.')}@tarrowbay.example`

type Opening = { readonly people: People; readonly createdAt: Temporal.Instant }

async function openBooks(tx: Tx, organizationId: string, { people, createdAt }: Opening): Promise<DemoBooks> {
  const customers = demoCustomers()
  const rows = customers.map((one) => ({
    organizationId,
    id: newUuid(),
    number: one.number,
    name: one.name,
    termsDays: one.termsDays,
    ownerId: people.get(one.collector) ?? null,
    businessUnit: one.businessUnit,
    region: one.region,
    channel: one.channel,
    ...creditLimitOf(one),
    createdAt,
  }))
  await tx.insert(customer).values(rows)
  await insertLimits(tx, rows)
  const ids = new Map(rows.map((row) => [row.number, row.id]))
  const segments = await makeSegments(tx, organizationId, customers, people)
  return {
    items: new Map(),
    customerIdOf: (number) => found(ids, number),
    segmentOf: (number, productLine) => found(segments, segmentKey(number, productLine)),
    nextInvoiceNumber: FIRST_INVOICE_NUMBER,
  }
}

const segmentKey = (customerNumber: string, productLine: string | null) =>
  `${customerNumber} ${productLine ?? ''}`

async function makeSegments(
  tx: Tx,
  organizationId: string,
  customers: readonly DemoCustomer[],
  people: People,
): Promise<ReadonlyMap<string, number>> {
  const made = new Map<string, number>()
  const segments = new Map<string, number>()
  for (const one of customers) {
    for (const productLine of [null, ...one.productLines]) {
      const { currency, businessUnit, region, channel } = one
      const collectorId = people.get(one.collector) ?? null
      const dimensions = { currency, businessUnit, region, channel, productLine, collectorId }
      const key = JSON.stringify(dimensions)
      const id = made.get(key) ?? (await segmentFor(tx, organizationId, dimensions))
      made.set(key, id)
      segments.set(segmentKey(one.number, productLine), id)
    }
  }
  return segments
}

/** Rounded like limits are; the smallest accounts have none, two large ones no bound. */
function creditLimitOf({ share, currency, number }: DemoCustomer): {
  readonly creditLimitState: CustomerRow['creditLimitState']
  readonly creditLimit?: bigint
  readonly creditLimitCurrency?: string
} {
  if (number === 'C-10001' || number === 'C-10134') return { creditLimitState: 'UNLIMITED' }
  if (share < 0.0009) return { creditLimitState: 'NOT_SET' }
  const step = 2_500_000
  const limit = Math.max(1, Math.round((share * 1_250_000_000) / step)) * step
  return { creditLimitState: 'AMOUNT', creditLimit: BigInt(limit), creditLimitCurrency: currency }
}

type LimitedCustomer = ReturnType<typeof creditLimitOf> & {
  readonly organizationId: string
  readonly id: string
  readonly createdAt: Temporal.Instant
}

/** What the columns of the customers say, as it was decided when they came. */
async function insertLimits(tx: Tx, customers: readonly LimitedCustomer[]): Promise<void> {
  const decided = customers.filter(({ creditLimitState }) => creditLimitState !== 'NOT_SET')
  await tx.insert(creditLimit).values(
    decided.map((one) => ({
      organizationId: one.organizationId,
      customerId: one.id,
      version: 1,
      state: one.creditLimitState,
      amount: one.creditLimit ?? null,
      currency: one.creditLimitCurrency ?? null,
      effectiveOn: dateAt(one.createdAt, demoCompany.timeZone),
      recordedAt: one.createdAt,
    })),
  )
}

type Trade = {
  readonly books: DemoBooks
  readonly trade: readonly TradeEvent[]
  readonly now: Temporal.Instant
}

/** So many postings are computed and sent while the database carries out the ones before. */
const AHEAD_MAX = 8

/** One posting per day, on the one connection of the transaction, which carries them out in their order. */
async function postTrade(tx: Tx, organizationId: string, { books, trade, now }: Trade): Promise<void> {
  const author = { organization: { id: organizationId }, actor: 'demo' }
  const record = { action: 'loadDemo', subject: organizationId }
  const days = [...Map.groupBy(trade, ({ recordedOn }) => recordedOn)]
  const audits = await Promise.all(days.map(([day]) => writeAudit(tx, author, record, momentOf(day, now))))
  const sent: Promise<void>[] = []
  for (const [index, [, events]] of days.entries()) {
    const audit = audits[index]
    if (audit === undefined) throw new Error('A day has no audit row')
    const posting = post(tx, organizationId, audit, postingOf(books, events))
    // Whoever waits for it below hears of its failure; those that were sent after it fail too, unheard.
    posting.catch(() => {})
    sent.push(posting)
    await sent[index - AHEAD_MAX]
  }
  await Promise.all(sent)
}

const found = <Value>(map: ReadonlyMap<string, Value>, key: string): Value => {
  const value = map.get(key)
  if (value === undefined) throw new Error(`The demo has no ${key}`)
  return value
}
