/**
 * What a credit policy would have done in the past: each bill is judged on its day as an order would have been, by the
 * exposure, limits and lateness of that day.
 */
import { creditLimitOn, type CreditLimit, type DatedLimit } from './credit-limit.ts'
import {
  judgeCredit,
  type CreditPolicy,
  type Judged,
  type Level,
  type LevelUse,
  type PastDue,
} from './credit-decision.ts'
import {
  grantedBy,
  nextReviewOn,
  pastDueSteps,
  ratingsOn,
  type CreditRating,
  type RiskClass,
} from './credit-policy.ts'
import type { Day } from './day.ts'
import { convert, exposureIn, EXPOSURE_PARTS, type ExposureSource } from './exposure.ts'
import { parentOn, type DatedParent } from './hierarchy.ts'
import type { Money } from './money.ts'
import type { MissingRate, Rates } from './rates.ts'

/** What happened to an installment of a bill, on the day from which on it was known. */
export type BillEntry = {
  readonly day: Day
  readonly installment: number
  readonly amount: bigint
  /** From here on; null where it stays what it was. */
  readonly dueOn: Day | null
  readonly kind: 'BILLED' | 'PAID' | 'WRITTEN_OFF' | 'VOIDED' | 'OTHER'
}

/** A bill with all that happened to it by today, in its order. */
export type Bill = {
  readonly id: string
  readonly currency: string
  readonly entries: readonly BillEntry[]
}

/** From `day` on so much more of something counts. Which orders count is up to the policy. */
export type ExposureChange = Money & {
  readonly day: Day
  readonly source: 'shipped' | 'releasedOrders' | 'openOrders' | 'unapplied' | 'security' | 'insurance'
}

/** What came in, or bounced, of a receipt of the day `startsOn`. */
export type ReceiptEntry = Money & { readonly day: Day; readonly startsOn: Day }

/** What a review came to; a class holds until the next. */
export type PastReview = {
  readonly day: Day
  readonly riskClass: RiskClass | null
  readonly nextReviewOn: Day | null
}

export type PastCustomer = {
  readonly id: string
  readonly number: string
  readonly limits: readonly DatedLimit[]
  /** By their days. */
  readonly reviews: readonly PastReview[]
  readonly ratings: readonly CreditRating[]
  /** What is taken for its limit and class where nobody had decided on one; null for nothing. */
  readonly assumed: { readonly limit: CreditLimit; readonly riskClass: RiskClass | null } | null
  readonly bills: readonly Bill[]
  readonly changes: readonly ExposureChange[]
  readonly receipts: readonly ReceiptEntry[]
}

export type PastBook = {
  readonly baseCurrency: string
  readonly rates: Rates
  /** Bills of these days are judged, both included. Nothing is known that came after `to`. */
  readonly from: Day
  readonly to: Day
  readonly customers: readonly PastCustomer[]
  readonly parents: readonly DatedParent[]
}

/** A bill, and what the policy says of it. */
export type JudgedBill = Judged & {
  readonly customerId: string
  readonly bill: Bill
  readonly day: Day
  readonly amount: bigint
}

type Standing = {
  readonly customer: PastCustomer
  /** A few: what counts, by source and currency. */
  readonly amounts: { readonly source: ExposureSource; readonly currency: string; minor: bigint }[]
  /** For each step of the policy, by currency: what is late by it. */
  readonly late: readonly Map<string, bigint>[]
}

type OpenInstallment = {
  readonly number: number
  balance: bigint
  dueOn: Day | null
  /** Where the entry that says so stands: one that became known later can stand before it. */
  dueIndex: number
  /** For each step: what of it is in the standing's sum. */
  readonly counted: bigint[]
}

type OpenBill = {
  readonly standing: Standing
  readonly bill: Bill
  readonly installments: OpenInstallment[]
}

/** What happens on a day, by what it is: of a hundred thousand bills as plain rows, for closures cost thrice as much. */
type DayEvents = {
  readonly changes: { readonly standing: Standing; readonly change: Change }[]
  readonly entries: { readonly open: OpenBill; readonly index: number }[]
  /** What can be late from this day on. */
  readonly due: { readonly open: OpenBill; readonly installment: OpenInstallment }[]
  readonly bills: OpenBill[]
}

/**
 * Judges the bills day by day, and gives the processor back between days. Of one day everything else counts before its
 * bills, and these come one after the other in the order in which the book has them. A bill stays in the books whatever is
 * said of it.
 */
export function* replayPolicy(book: PastBook, policy: CreditPolicy): Generator<readonly JudgedBill[]> {
  const steps = pastDueSteps(policy).map(({ days }) => days)
  const standings = new Map<string, Standing>()
  const days = new Map<Day, DayEvents>()
  for (const customer of book.customers) {
    const standing: Standing = { customer, amounts: [], late: steps.map(() => new Map()) }
    standings.set(customer.id, standing)
    plan(book, policy, days, standing)
  }
  const family = familyOf(book.parents)
  const take = (open: OpenBill, index: number) => takeEntry(book, steps, days, open, index)
  for (let day = firstDay(days); day <= book.to; day += 1) {
    const events = days.get(day)
    if (events === undefined) continue
    for (const { standing, change } of events.changes)
      addTo(standing, change.source, change.currency, change.minor)
    for (const { open, index } of events.entries) take(open, index)
    for (const { open, installment } of events.due) refresh(steps, open, installment, day)
    const judged: JudgedBill[] = []
    for (const open of events.bills) {
      const { standing, bill } = open
      if (isJudged(book, bill, day)) {
        const amount = billedOn(bill, day)
        const order = { minor: amount, currency: bill.currency }
        const judgement = judge(book, policy, { standings, family, standing, day }, order)
        judged.push({ ...judgement, customerId: standing.customer.id, bill, day, amount })
      }
      for (let index = 0; index < bill.entries.length; index += 1) {
        const entry = bill.entries[index]
        if (entry?.kind === 'BILLED' && entry.day === day) take(open, index)
      }
    }
    days.delete(day)
    yield judged
  }
}

function eventsOf(days: Map<Day, DayEvents>, day: Day): DayEvents {
  const known = days.get(day)
  if (known !== undefined) return known
  const made: DayEvents = { changes: [], entries: [], due: [], bills: [] }
  days.set(day, made)
  return made
}

/** Puts what happens to a customer on its days. */
function plan({ to }: PastBook, policy: CreditPolicy, days: Map<Day, DayEvents>, standing: Standing): void {
  const { changes, receipts, bills } = standing.customer
  for (const change of [...countedChanges(changes, policy), ...unclearedChanges(receipts, policy)])
    if (change.day <= to) eventsOf(days, change.day).changes.push({ standing, change })
  for (const bill of bills) {
    const open: OpenBill = { standing, bill, installments: [] }
    const billedOnDays: Day[] = []
    for (const [index, { kind, day }] of bill.entries.entries()) {
      if (day > to) continue
      if (kind !== 'BILLED') eventsOf(days, day).entries.push({ open, index })
      else if (!billedOnDays.includes(day)) {
        billedOnDays.push(day)
        eventsOf(days, day).bills.push(open)
      }
    }
  }
}

function takeEntry(
  { to }: PastBook,
  steps: readonly number[],
  days: Map<Day, DayEvents>,
  open: OpenBill,
  index: number,
): void {
  const { standing, bill, installments } = open
  const entry = bill.entries[index]
  if (entry === undefined) return
  addTo(standing, 'receivables', bill.currency, entry.amount)
  let installment = installments.find(({ number }) => number === entry.installment)
  if (installment === undefined) {
    const counted = steps.map(() => 0n)
    installment = { number: entry.installment, balance: 0n, dueOn: null, dueIndex: -1, counted }
    installments.push(installment)
  }
  installment.balance += entry.amount
  if (entry.dueOn !== null && index > installment.dueIndex) {
    installment.dueOn = entry.dueOn
    installment.dueIndex = index
    for (const step of steps) {
      const day = entry.dueOn + step + 1
      if (day > entry.day && day <= to) eventsOf(days, day).due.push({ open, installment })
    }
  }
  refresh(steps, open, installment, entry.day)
}

/** Counts the installment as late, or no more. */
function refresh(
  steps: readonly number[],
  { standing, bill: { currency } }: OpenBill,
  installment: OpenInstallment,
  day: Day,
): void {
  const { dueOn, balance, counted } = installment
  for (let index = 0; index < steps.length; index += 1) {
    const isLate = dueOn !== null && dueOn < day - (steps[index] ?? 0) && balance > 0n
    const counts = isLate ? balance : 0n
    const before = counted[index] ?? 0n
    const sums = standing.late[index]
    if (counts === before || sums === undefined) continue
    counted[index] = counts
    sums.set(currency, (sums.get(currency) ?? 0n) + counts - before)
  }
}

const firstDay = (days: ReadonlyMap<Day, unknown>): Day => {
  let first = Infinity
  for (const day of days.keys()) if (day < first) first = day
  return first
}

/** What was made out on the day. */
export const billedOn = ({ entries }: Bill, day: Day): bigint =>
  entries.reduce(
    (sum, entry) => (entry.kind === 'BILLED' && entry.day === day ? sum + entry.amount : sum),
    0n,
  )

/** On its first day, where that is asked for; what was taken back as if it had never been made out is no sale. */
export function isJudged({ from }: Pick<PastBook, 'from'>, bill: Bill, day: Day): boolean {
  if (day < from || billedOn(bill, day) <= 0n) return false
  if (bill.entries.some((entry) => entry.kind === 'BILLED' && entry.day < day)) return false
  return !bill.entries.some(({ kind }) => kind === 'VOIDED')
}

function addTo({ amounts }: Standing, source: ExposureSource, currency: string, minor: bigint): void {
  const known = amounts.find((one) => one.source === source && one.currency === currency)
  if (known === undefined) amounts.push({ source, currency, minor })
  else known.minor += minor
}

type Change = Money & { readonly day: Day; readonly source: ExposureSource }

/** As `countedAmounts` of the ledger: what of orders counts. */
export const countedChanges = (
  changes: readonly ExposureChange[],
  { countedOrders }: Pick<CreditPolicy, 'countedOrders'>,
): Change[] =>
  changes.flatMap((change): Change[] => {
    const { source } = change
    if (source !== 'releasedOrders' && source !== 'openOrders') return [{ ...change, source }]
    const counts = countedOrders === 'ALL' || (countedOrders === 'RELEASED' && source === 'releasedOrders')
    return counts ? [{ ...change, source: 'orders' }] : []
  })

/** What came in counts as used until it cannot bounce any more: what it has paid is no less owed, and the rest is no cover. */
const unclearedChanges = (
  receipts: readonly ReceiptEntry[],
  { clearingDays }: Pick<CreditPolicy, 'clearingDays'>,
): Change[] =>
  receipts.flatMap(({ day, startsOn, minor, currency }) => {
    const over = startsOn + clearingDays
    if (over <= day) return []
    const source = 'uncleared' as const
    return [
      { day, source, minor, currency },
      { day: over, source, minor: -minor, currency },
    ]
  })

/** Who stands above whom on a day. */
type Family = {
  readonly above: (customerId: string, day: Day) => readonly string[]
  /** Itself and all below it. */
  readonly members: (customerId: string, day: Day) => readonly string[]
}

/** As many may stand above each other as the commands allow; more only where the books are wrong. */
const LEVELS_MAX = 20

function familyOf(parents: readonly DatedParent[]): Family {
  const said = Map.groupBy(parents, ({ customerId }) => customerId)
  const parentOf = (id: string, day: Day) => parentOn(said.get(id) ?? [], id, day)
  let known: { readonly day: Day; readonly children: ReadonlyMap<string, string[]> } | null = null
  const childrenOn = (day: Day) => {
    if (known?.day === day) return known.children
    const children = Map.groupBy(said.keys(), (id) => parentOf(id, day) ?? '')
    known = { day, children }
    return children
  }
  return {
    above: (customerId, day) => {
      const path: string[] = []
      for (
        let id = parentOf(customerId, day);
        id !== null && path.length < LEVELS_MAX;
        id = parentOf(id, day)
      )
        path.push(id)
      return path
    },
    members: (customerId, day) => {
      if (said.size === 0) return [customerId]
      const children = childrenOn(day)
      const all = [customerId]
      for (let index = 0; index < all.length; index += 1) {
        for (const child of children.get(all[index] ?? '') ?? []) if (!all.includes(child)) all.push(child)
      }
      return all
    },
  }
}

type Moment = {
  readonly standings: ReadonlyMap<string, Standing>
  readonly family: Family
  readonly standing: Standing
  readonly day: Day
}

function judge(book: PastBook, policy: CreditPolicy, moment: Moment, order: Money): Judged {
  const { standings, family, standing, day } = moment
  const { customer } = standing
  const levels = [customer.id, ...family.above(customer.id, day)].flatMap((id): Level[] => {
    const one = standings.get(id)
    return one === undefined ? [] : [levelOf(book, policy, moment, one, order)]
  })
  const pastDue = standing.late.map((sums) => pastDueOf(book, sums, day))
  return judgeCredit({ levels, pastDue, policy, today: day })
}

function levelOf(book: PastBook, policy: CreditPolicy, moment: Moment, one: Standing, order: Money): Level {
  const { standing, day } = moment
  const isOwn = one === standing
  const { limit, riskClass, reviewOn } = knownOf(one.customer, policy, day)
  const use = limit.amount === null ? null : useOf(book, policy, moment, one, order, limit.amount.currency)
  const level: Level = {
    number: one.customer.number,
    isOwn,
    limit,
    holdReason: null,
    isHeld: false,
    nextReviewOn: reviewOn,
    use,
  }
  if (!isOwn) return level
  const minor = grantedBy(policy, riskClass, ratingsOn(one.customer.ratings, day))
  if (minor === null) return level
  const currency = book.baseCurrency
  return {
    ...level,
    granted: { most: { minor, currency }, use: useOf(book, policy, moment, one, order, currency) },
  }
}

/** What was decided about a customer by the day. */
export function knownOf(
  { limits, reviews, assumed }: Pick<PastCustomer, 'limits' | 'reviews' | 'assumed'>,
  policy: Pick<CreditPolicy, 'reviewMonths'>,
  day: Day,
): { readonly limit: CreditLimit; readonly riskClass: RiskClass | null; readonly reviewOn: Day | null } {
  const decided = limits.filter(({ effectiveOn }) => effectiveOn <= day)
  const limit = decided.length === 0 && assumed !== null ? assumed.limit : creditLimitOn(decided, day)
  const review = reviews.findLast((one) => one.day <= day)
  const riskClass = review === undefined ? (assumed?.riskClass ?? null) : review.riskClass
  const since =
    review?.day ??
    decided.reduce<Day | null>(
      (first, { effectiveOn }) => (first === null || effectiveOn < first ? effectiveOn : first),
      null,
    )
  const byPolicy = since === null ? null : nextReviewOn(policy, riskClass, since)
  return { limit, riskClass, reviewOn: byPolicy ?? review?.nextReviewOn ?? null }
}

function useOf(
  book: PastBook,
  policy: CreditPolicy,
  { standings, family, standing, day }: Moment,
  level: Standing,
  order: Money,
  currency: string,
): LevelUse | MissingRate {
  const added = convert(order, currency, book.rates, day)
  if (typeof added !== 'bigint') return added
  const own = committedIn(book, policy, standing, currency, day)
  if (typeof own !== 'bigint') return own
  const others: bigint[] = []
  for (const id of family.members(level.customer.id, day)) {
    const member = standings.get(id)
    if (member === undefined || member === standing) continue
    const theirs = committedIn(book, policy, member, currency, day)
    if (typeof theirs !== 'bigint') return theirs
    others.push(theirs)
  }
  return { own, others, order: added }
}

/** `committed` of `exposureIn`; without it where everything is in the currency already, as most is. */
function committedIn(
  { rates }: PastBook,
  policy: CreditPolicy,
  { amounts }: Standing,
  currency: string,
  day: Day,
): bigint | MissingRate {
  if (amounts.some((one) => one.currency !== currency && one.minor !== 0n)) {
    const exposure = exposureIn(currency, amounts, rates, day, policy)
    return 'committed' in exposure ? exposure.committed : exposure
  }
  let sum = 0n
  for (const { source, minor } of amounts) sum += signOf(source, policy) * minor
  return sum
}

const signOf = (source: ExposureSource, { insuranceCounts }: CreditPolicy): bigint => {
  if (source === 'insurance') return insuranceCounts ? -1n : 0n
  return source === 'reserved' ? 1n : EXPOSURE_PARTS[source]
}

function pastDueOf({ baseCurrency, rates }: PastBook, sums: ReadonlyMap<string, bigint>, day: Day): PastDue {
  let minor = 0n
  for (const [currency, sum] of sums) {
    if (sum === 0n) continue
    const converted = convert({ minor: sum, currency }, baseCurrency, rates, day)
    if (typeof converted !== 'bigint') return { amount: converted }
    minor += converted
  }
  return { amount: { minor, currency: baseCurrency } }
}
