/** Where customers stand against their credit limits, and what that means for an order. */
import { creditLimitOn, type CreditLimit } from '../domain/credit-limit.ts'
import {
  decideCredit,
  isUse,
  usedBy,
  type CreditPolicy,
  type Decided,
  type Level,
  type LevelUse,
  type PastDue,
} from '../domain/credit-decision.ts'
import { grantedBy, pastDueSteps, ratingsOn, type RiskClass } from '../domain/credit-policy.ts'
import type { Day } from '../domain/day.ts'
import { convert, exposureIn, groupCommitted, type Exposure } from '../domain/exposure.ts'
import { formatMinor, type Money } from '../domain/money.ts'
import type { MissingRate, Rates } from '../domain/rates.ts'
import { readLimits } from './credit-limits.ts'
import { readCreditPolicy } from './credit-policy.ts'
import {
  countedAmounts,
  readExposureAmounts,
  readPastDue,
  type At,
  type BookedAmount,
  type PastDueAmount,
} from './exposure-amounts.ts'
import { readRatings } from './credit-ratings.ts'
import type { By } from './find.ts'
import { lockCustomers, membersOf, pathOfNamed, readMembers, type Ids } from './hierarchy.ts'
import { readRates } from './rates.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** What customers' standings are made of, read in one go. */
type CreditBook = {
  readonly organization: Books
  readonly policy: CreditPolicy
  readonly rates: Rates
  readonly today: Day
  readonly amounts: ReadonlyMap<string, readonly BookedAmount[]>
  readonly members: ReadonlyMap<string, readonly string[]>
  readonly customers: ReadonlyMap<string, CreditRow>
}

type Books = Pick<OrganizationRow, 'id' | 'baseCurrency'>

type CreditRow = {
  readonly id: string
  readonly number: string
  readonly version: number
  readonly limit: CreditLimit
  readonly isHeld: boolean
  readonly holdReason: string | null
  readonly nextReviewOn: Day | null
  readonly riskClass: RiskClass | null
}

/** A customer against its limit. */
export type CreditStanding = {
  readonly customerId: string
  readonly limit: CreditLimit
  /** Of the limit where it is an amount, else the base currency. */
  readonly currency: string
  /** Its own. */
  readonly exposure: Exposure | MissingRate
  /** With all below it, each at least 0; null where a rate is missing. */
  readonly committed: bigint | MissingRate
  /** Whether there is anybody below it. */
  readonly isGroup: boolean
}

/** By customer. */
export async function readCreditStandings(
  tx: Tx,
  organization: Books,
  customerIds: readonly string[],
  at: At,
): Promise<Map<string, CreditStanding>> {
  const book = await readBook(tx, organization, customerIds, at)
  return new Map(customerIds.map((id) => [id, standingOf(book, id)]))
}

async function readBook(tx: Tx, organization: Books, customerIds: Ids, at: At): Promise<CreditBook> {
  const all = membersOf(tx, organization.id, customerIds, at.today)
  const [members, policy, rates, customers, amounts] = await Promise.all([
    readMembers(tx, organization.id, customerIds, at.today),
    readCreditPolicy(tx, organization.id, at.today),
    readRates(tx, organization, at.today, at.today),
    readCreditRows(tx, organization.id, customerIds, at.today),
    readExposureAmounts(tx, organization.id, all, at),
  ])
  return { organization, policy, rates, today: at.today, amounts, members, customers }
}

type CustomerRecord = {
  id: string
  number: string
  version: number
  state: CreditLimit['state']
  amount: bigint | null
  currency: string | null
  is_over: boolean
  is_held: boolean
  hold_reason: string | null
  next_review_on: Day | null
  risk_class: RiskClass | null
}

async function readCreditRows(
  tx: Tx,
  organizationId: string,
  customerIds: Ids,
  today: Day,
): Promise<Map<string, CreditRow>> {
  const rows = await tx.sql<CustomerRecord[]>`
    select id, number, version, credit_limit_state as state, credit_limit as amount, credit_limit_currency as currency,
      coalesce(credit_limit_through - date '1970-01-01' < ${today}::int, false) as is_over,
      credit_hold_since is not null as is_held, credit_hold_reason as hold_reason,
      next_credit_review_on - date '1970-01-01' as next_review_on, risk_class
    from customer where organization_id = ${organizationId} and id = any(${customerIds}::uuid[])`
  const over = rows.filter(({ is_over }) => is_over).map(({ id }) => id)
  // Rare: what the columns say holds until the next decision begins.
  const dated = over.length === 0 ? new Map() : await readLimits(tx, organizationId, over)
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        number: row.number,
        version: row.version,
        limit: row.is_over
          ? creditLimitOn(dated.get(row.id) ?? [], today)
          : { state: row.state, amount: moneyOf(row) },
        isHeld: row.is_held,
        holdReason: row.hold_reason,
        nextReviewOn: row.next_review_on,
        riskClass: row.risk_class,
      },
    ]),
  )
}

const moneyOf = ({ amount, currency }: CustomerRecord): Money | null =>
  amount === null || currency === null ? null : { minor: amount, currency }

function customerOf({ customers }: CreditBook, id: string): CreditRow {
  const row = customers.get(id)
  if (row === undefined) throw new Error(`There is no customer ${id}`)
  return row
}

const exposureOf = ({ amounts, policy, rates, today }: CreditBook, id: string, currency: string) =>
  exposureIn(currency, countedAmounts(amounts.get(id) ?? [], policy), rates, today, policy)

function standingOf(book: CreditBook, customerId: string): CreditStanding {
  const { limit } = customerOf(book, customerId)
  const currency = limit.amount?.currency ?? book.organization.baseCurrency
  const members = book.members.get(customerId) ?? [customerId]
  const exposures = members.map((id) => exposureOf(book, id, currency))
  const missing = exposures.find(isMissingRate)
  return {
    customerId,
    limit,
    currency,
    exposure: exposureOf(book, customerId, currency),
    committed:
      missing ?? groupCommitted(exposures.flatMap((one) => (isMissingRate(one) ? [] : [one.committed]))),
    isGroup: members.length > 1,
  }
}

export const isMissingRate = (value: object | bigint): value is MissingRate =>
  typeof value === 'object' && 'day' in value

/** A level as a decision keeps it: what it was decided by. */
export type StoredLevel = {
  readonly customerId: string
  readonly number: string
  readonly limit: {
    readonly state: CreditLimit['state']
    readonly amount: string | null
    readonly currency: string | null
  }
  /** In the limit's currency; null where there is no amount to compare with, or a rate is missing. */
  readonly before: string | null
  readonly after: string | null
}

export type Assessment = Decided & {
  readonly policy: CreditPolicy
  readonly levels: readonly StoredLevel[]
}

/**
 * What the order would mean: `path` is the customer and all above it, `order` what it adds to what is used, 0 where it is
 * in it already. The caller holds the path where others must not take the same headroom.
 */
export async function assessCredit(
  tx: Tx,
  organization: Books,
  path: readonly string[],
  order: Money,
  at: At,
): Promise<Assessment> {
  const [book, pastDue] = await Promise.all([
    readBook(tx, organization, path, at),
    readPastDue(tx, organization.id, path[0] ?? '', at.today),
  ])
  return assess(tx, path, order, book, pastDue)
}

/**
 * The same for a customer that an input names, in one round trip, and who it is; null where there is none. `holds`: nobody
 * else takes headroom there before the transaction ends, as by `lockPath`.
 */
export async function assessNamed(
  tx: Tx,
  organization: Books,
  by: By,
  order: Money,
  { holds, ...at }: At & { readonly holds: boolean },
): Promise<(Assessment & { readonly customerId: string }) | null> {
  const path = pathOfNamed(tx, organization.id, by, at.today)
  for (;;) {
    // Sent together, carried out in this order: what was committed while the first waited is read.
    const [held, ids, book, pastDue] = await Promise.all([
      holds ? lockCustomers(tx, organization.id, path) : null,
      tx.sql<{ id: string }[]>`select unnest(${path}) as id`,
      readBook(tx, organization, path, at),
      readPastDue(tx, organization.id, tx.sql`(${path})[1]`, at.today),
    ])
    const known = ids.map(({ id }) => id)
    const [customerId] = known
    if (customerId === undefined) return null
    // Somebody else had a parent of it changed while this waited.
    if (held !== null && !known.every((id) => held.some((one) => one.id === id))) continue
    return { ...(await assess(tx, known, order, book, pastDue)), customerId }
  }
}

async function assess(
  tx: Tx,
  path: readonly string[],
  order: Money,
  book: CreditBook,
  pastDue: readonly PastDueAmount[],
): Promise<Assessment> {
  const [own = ''] = path
  const { policy, today } = book
  const granted = await grantedTo(tx, book, own, order)
  const levels = path.map((id) => ({
    ...levelOf(book, own, id, order),
    ...(id === own && granted !== null ? { granted } : {}),
  }))
  const decided = decideCredit({ levels, pastDue: pastDueIn(book, pastDue), policy, today })
  return { ...decided, policy, levels: levels.map((level, index) => storeLevel(path[index] ?? '', level)) }
}

function levelOf(book: CreditBook, own: string, id: string, order: Money): Level {
  const { number, limit, isHeld, holdReason, nextReviewOn } = customerOf(book, id)
  const use = limit.amount === null ? null : useOf(book, own, id, order, limit.amount.currency)
  return { number, isOwn: id === own, limit, isHeld, holdReason, nextReviewOn, use }
}

function useOf(
  book: CreditBook,
  own: string,
  id: string,
  order: Money,
  currency: string,
): LevelUse | MissingRate {
  const added = convert(order, currency, book.rates, book.today)
  if (isMissingRate(added)) return added
  const mine = exposureOf(book, own, currency)
  if (isMissingRate(mine)) return mine
  const others: bigint[] = []
  for (const member of book.members.get(id) ?? []) {
    if (member === own) continue
    const theirs = exposureOf(book, member, currency)
    if (isMissingRate(theirs)) return theirs
    others.push(theirs.committed)
  }
  return { own: mine.committed, others, order: added }
}

/** What the policy grants to the customer who ordered; null where it does not say. Ratings are read where it asks for any. */
async function grantedTo(
  tx: Tx,
  book: CreditBook,
  own: string,
  order: Money,
): Promise<NonNullable<Level['granted']> | null> {
  const { policy, organization, today } = book
  const asksForRatings = policy.ratingLimits.length > 0
  const ratings = asksForRatings ? await readRatings(tx, organization.id, [own]) : new Map()
  const minor = grantedBy(policy, customerOf(book, own).riskClass, ratingsOn(ratings.get(own) ?? [], today))
  if (minor === null) return null
  const currency = organization.baseCurrency
  return { most: { minor, currency }, use: useOf(book, own, own, order, currency) }
}

/** One for each step of the policy. */
const pastDueIn = (book: CreditBook, amounts: readonly PastDueAmount[]): PastDue[] =>
  pastDueSteps(book.policy).map(({ days }) =>
    sumIn(
      book,
      amounts.filter(({ dueOn }) => dueOn < book.today - days),
    ),
  )

function sumIn({ organization, rates, today }: CreditBook, amounts: readonly PastDueAmount[]): PastDue {
  const currency = organization.baseCurrency
  const sums = new Map<string, bigint>()
  for (const one of amounts) sums.set(one.currency, (sums.get(one.currency) ?? 0n) + one.minor)
  let minor = 0n
  for (const [from, sum] of sums) {
    const converted = convert({ minor: sum, currency: from }, currency, rates, today)
    if (isMissingRate(converted)) return { amount: converted }
    minor += converted
  }
  return { amount: { minor, currency } }
}

function storeLevel(customerId: string, { number, limit, use }: Level): StoredLevel {
  const { amount } = limit
  const used = amount === null || use === null || !isUse(use) ? null : usedBy(use)
  const text = (minor: bigint | undefined) =>
    minor === undefined || amount === null ? null : formatMinor({ minor, currency: amount.currency })
  return {
    customerId,
    number,
    limit: {
      state: limit.state,
      amount: amount === null ? null : formatMinor(amount),
      currency: amount?.currency ?? null,
    },
    before: text(used?.before),
    after: text(used?.after),
  }
}
