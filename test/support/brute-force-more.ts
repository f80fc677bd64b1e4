/** The rest of the twin's KPIs, by definition from the entries. */
import type { Decimal } from 'decimal.js'
import type { Entry } from '@tidemark/server/domain/invoice.ts'
import type { KpiMetric, NullReason } from '@tidemark/server/domain/kpi.ts'
import {
  applications,
  at,
  balanceOf,
  dateOf,
  dayOf,
  effective,
  invoicesIssued,
  movements,
  n,
  openParts,
  paidWithin,
  partsOf,
  sum,
  total,
  type PlainItem,
  type Settlement,
  type Sight,
  type TwinAnswer,
} from './brute-force-books.ts'
import { isLate, windowStart } from './brute-force-windows.ts'

/** What the first part of the twin has at hand. */
export type Tools = {
  readonly number: (value: Decimal) => TwinAnswer
  readonly divided: (a: Decimal, b: Decimal, reason: NullReason, times?: number) => TwinAnswer
  readonly receivables: (on: number) => Decimal
  readonly pastDue: (on: number) => Decimal
  readonly sales: (first: number, last: number) => Decimal
  /** A balance in days of the sales of the window of DSO, by the tax basis. */
  readonly daysOfSales: (balance: (first: number) => Decimal) => TwinAnswer
  readonly money: (kinds: Entry['kind'][], sign: bigint) => TwinAnswer
  readonly settled: (read: (one: Settlement) => Decimal) => Decimal
}

const BILLING: readonly Entry['kind'][] = ['INVOICED', 'CORRECTED', 'VOIDED']

export function computeMore(
  metric: KpiMetric,
  sight: Sight,
  booksFrom: number,
  { number, divided, receivables, pastDue, sales, daysOfSales, money, settled }: Tools,
): TwinAnswer {
  const { items, question } = sight
  const { day, from, asOf, conventions, region } = question
  const none = (reason: NullReason): TwinAnswer => ({ value: null, reason })
  const of = (kind: PlainItem['kind']) => items.filter((item) => item.kind === kind)
  const worth = (item: { currency: string }, minor: bigint) => at(sight, item, minor, day)
  const moved = (kinds: readonly Entry['kind'][], is: (entry: Entry) => boolean = () => true, first = from) =>
    movements(sight, kinds, first, day).filter(is)
  /** At the rate of the day of the question, in the direction of `sign`. */
  const amount = (kinds: readonly Entry['kind'][], sign = 1n, is?: (entry: Entry) => boolean) =>
    sum(moved(kinds, is).map((m) => worth(m, sign * m.amount)))
  const ownDays = (kinds: readonly Entry['kind'][], sign: bigint, is?: (entry: Entry) => boolean) =>
    sum(moved(kinds, is).map((m) => at(sight, m, sign * m.amount, m.effectiveOn)))
  const parts = () => openParts(sight, day)
  const open = (is: (daysLate: number) => boolean, weigh: (daysLate: number) => number = () => 1) =>
    sum(
      parts()
        .filter((part) => is(day - part.dueOn))
        .map((part) => worth(part, part.balance).times(weigh(day - part.dueOn))),
    )
  const held = (kind: PlainItem['kind'], weigh: (item: PlainItem) => number = () => 1) =>
    sum(of(kind).map((item) => worth(item, balanceOf(item, day)).times(weigh(item))))
  const isBadDebt = ({ code }: Entry) => code !== 'TOLERANCE' && code !== 'DISPUTE'
  const isTolerance = ({ code }: Entry) => code === 'TOLERANCE'
  const isUnearned = ({ code }: Entry) => code === 'UNEARNED'
  const byPeriodSales = (lost: Decimal) => {
    const sold = sales(from, day)
    return divided(lost, sold, sold.lt(0) ? 'NEGATIVE_SALES' : 'NO_SALES', 100)
  }
  /** With numbers from outside, of which there are none; what they would be set against is read all the same. */
  const withOutside = (read: () => unknown): TwinAnswer => {
    if (region !== null) return none('NOT_BY_SEGMENT')
    read()
    return none('NOT_RECORDED')
  }

  switch (metric) {
    case 'PAST_DUE_COUNT':
      return number(
        n(parts().filter((part) => part.balance !== 0n && isLate(part.dueOn, day, conventions)).length),
      )
    case 'PAST_DUE_OVER_90':
      return number(open((late) => late >= 91))
    case 'PAST_DUE_OVER_90_SHARE':
      return divided(
        open((late) => late >= 91),
        receivables(day),
        'NO_RECEIVABLES',
        100,
      )
    case 'AVERAGE_DAYS_PAST_DUE':
      return divided(
        open(
          (late) => late > 0,
          (late) => late,
        ),
        open((late) => late > 0),
        'NOTHING_OPEN',
      )
    case 'DOLLAR_DAYS_LATE': {
      if (from < booksFrom) return none('INSUFFICIENT_HISTORY')
      const days = Array.from({ length: day - from + 1 }, (_, index) => from + index)
      return number(sum(days.map((one) => pastDue(one))))
    }
    case 'DAYS_BEYOND_TERMS_BY_BUCKETS': {
      const middle = (late: number) => (late <= 30 ? 15 : late <= 60 ? 45 : late <= 90 ? 75 : 105)
      return divided(
        open((late) => late > 0, middle),
        receivables(day),
        'NO_RECEIVABLES',
      )
    }
    case 'EXPECTED_CREDIT_LOSS': {
      const { lossRates } = conventions
      const bucket = (late: number) => (late <= 0 ? 0 : late <= 30 ? 1 : late <= 60 ? 2 : late <= 90 ? 3 : 4)
      const lost = open(
        () => true,
        (late) => Number(lossRates?.[bucket(late)] ?? 0),
      )
      return lossRates === null ? none('NOT_CONFIGURED') : number(lost.div(100))
    }
    case 'LATE_INTEREST': {
      const dollarDays = open(
        (late) => late > 0,
        (late) => late,
      )
      return conventions.lateInterestRate === null
        ? none('NOT_CONFIGURED')
        : number(dollarDays.times(conventions.lateInterestRate).div(36_500))
    }
    // Nothing is under way, and nobody is in a class.
    case 'CREDIT_EXPOSURE':
      return number(n(0))
    case 'HIGH_RISK_EXPOSURE':
    case 'HIGH_RISK_SHARE':
      return none('NOT_CONFIGURED')
    case 'WEIGHTED_AVERAGE_TERMS':
      return weightedTerms(sight, from, divided, 'NOTHING_IN_PERIOD')
    case 'EXTENDED_DSO': {
      const first = windowStart(day, conventions.dsoMonths, conventions.calendar)
      if (first < booksFrom) return none('INSUFFICIENT_HISTORY')
      const granted = daysOfSales(() => receivables(day).minus(pastDue(day)))
      const terms = weightedTerms(sight, first, divided, 'NO_SALES')
      if (granted.value === null) return granted
      return terms.value === null ? terms : number(granted.value.minus(terms.value))
    }
    case 'WEIGHTED_DAYS_TO_PAY': {
      const upTo = (on: number, weigh: (days: number) => number) =>
        sum(applications(sight, on).map((one) => worth(one, one.amount).times(weigh(one.days))))
      return divided(
        upTo(day, (days) => days).minus(upTo(from - 1, (days) => days)),
        upTo(day, () => 1).minus(upTo(from - 1, () => 1)),
        'NOTHING_IN_PERIOD',
      )
    }
    case 'DSO_BY_LEDGER':
      return divided(
        sum(collected(sight).map((one) => worth(one, one.amount).times(one.days))),
        sum(collected(sight).map((one) => worth(one, one.amount))),
        'NOTHING_IN_PERIOD',
      )
    case 'COLLECTED_SHARE':
      return divided(
        sum(collected(sight).map((one) => worth(one, one.amount))),
        sum(
          moved(BILLING, ({ effectiveOn }) => isOfMonthEndedIn(sight)(effectiveOn), -Infinity).map((m) =>
            worth(m, m.amount),
          ),
        ),
        'NOTHING_IN_PERIOD',
        100,
      )
    case 'PAID_WITHIN_30_DAYS':
      return paidInTime(sight, 30, booksFrom, divided)
    case 'PAID_WITHIN_60_DAYS':
      return paidInTime(sight, 60, booksFrom, divided)
    case 'DAYS_BEYOND_TERMS':
      return divided(
        settled((one) =>
          worth(one, one.amount).times(conventions.floorDaysLate ? Math.max(0, one.daysLate) : one.daysLate),
        ),
        settled((one) => worth(one, one.amount)),
        'NOTHING_IN_PERIOD',
      )
    case 'AT_RISK_RATE':
      return atRisk(sight, booksFrom, divided)
    case 'RECEIPT_COUNT': {
      const count = (on: number) =>
        of('RECEIPT').filter((item) => total(effective(item, on), 'RECEIVED', 'BOUNCED') !== 0n).length
      return number(n(count(day) - count(from - 1)))
    }
    case 'CASH_BOUNCED':
      return money(['BOUNCED'], -1n)
    case 'BOUNCE_RATE':
      return divided(amount(['BOUNCED'], -1n), amount(['RECEIVED']), 'NOTHING_IN_PERIOD', 100)
    case 'UNAPPLIED_CASH_SHARE':
      return divided(held('RECEIPT'), receivables(day), 'NO_RECEIVABLES', 100)
    case 'UNAPPLIED_CASH_AGE':
      return divided(
        held('RECEIPT', (item) => day - item.startsOn),
        held('RECEIPT'),
        'NOTHING_OPEN',
      )
    case 'UNAPPLIED_CREDITS':
      return number(held('CREDIT_NOTE'))
    case 'INVOICE_ACCURACY': {
      const billed = invoicesIssued(sight, from, day)
      return divided(n(billed - wrongOf(sight).length), n(billed), 'NOTHING_IN_PERIOD', 100)
    }
    case 'RE_BILLED':
      return number(sum(wrongOf(sight).map((item) => worth(item, total(effective(item, asOf), 'INVOICED')))))
    case 'RE_DATED':
      return number(sum(movedLater(sight).map(({ on, part, open }) => at(sight, part, open, on))))
    case 'RE_DATED_COUNT':
      return number(n(movedLater(sight).length))
    case 'TIME_TO_INVOICE':
      return medianOf(timesToInvoice(sight))
    case 'TIME_TO_INVOICE_P90':
      return ninetieth(timesToInvoice(sight))
    case 'SAME_DAY_INVOICE_RATE': {
      const times = timesToInvoice(sight)
      return divided(n(times.filter((days) => days <= 0).length), n(times.length), 'NOTHING_IN_PERIOD', 100)
    }
    case 'CREDITED':
      return money(['CREDITED'], 1n)
    case 'RETURN_RATE':
      return divided(amount(['CREDITED']), amount(BILLING), 'NOTHING_IN_PERIOD', 100)
    case 'ADJUSTED':
      return money(['ADJUSTED'], 1n)
    case 'TRANSFERRED':
      return number(n(0))
    case 'BAD_DEBT':
      return number(ownDays(['WRITTEN_OFF'], -1n, isBadDebt))
    case 'TOLERANCE_WRITTEN_OFF':
      return number(ownDays(['WRITTEN_OFF'], -1n, isTolerance))
    case 'DISPUTE_WRITTEN_OFF':
      return number(ownDays(['WRITTEN_OFF'], -1n, ({ code }) => code === 'DISPUTE'))
    case 'RECOVERED':
      return money(['RECOVERED'], 1n)
    case 'BAD_DEBT_RATE':
      return byPeriodSales(amount(['WRITTEN_OFF'], -1n, isBadDebt))
    case 'NET_BAD_DEBT_RATE':
      return byPeriodSales(amount(['WRITTEN_OFF'], -1n, isBadDebt).minus(amount(['RECOVERED'])))
    case 'DISCOUNTED':
      return money(['DISCOUNTED'], -1n)
    case 'UNEARNED_DISCOUNTS':
      return number(ownDays(['DISCOUNTED'], -1n, isUnearned))
    case 'UNEARNED_DISCOUNT_SHARE':
      return divided(
        amount(['DISCOUNTED'], -1n, isUnearned),
        amount(['DISCOUNTED'], -1n),
        'NOTHING_IN_PERIOD',
        100,
      )
    case 'DISCOUNT_CAPTURE_RATE': {
      const offers = offersOf(sight)
      const byMoney = conventions.rateBasis === 'AMOUNT'
      const taken = offers.map(({ item, taken: minor }) =>
        byMoney ? worth(item, minor) : n(minor === 0n ? 0 : 1),
      )
      const offered = offers.map(({ item, offered: minor }) => (byMoney ? worth(item, minor) : n(1)))
      return divided(sum(taken), sum(offered), 'NOTHING_IN_PERIOD', 100)
    }
    case 'DISCOUNT_ANNUAL_RATE': {
      const offers = offersOf(sight)
      return divided(
        sum(offers.map(({ item, offered }) => worth(item, offered).times(365))),
        sum(offers.map(({ item, earlier }) => worth(item, earlier))),
        'NOTHING_IN_PERIOD',
        100,
      )
    }
    case 'DISPUTED_RECEIVABLES':
      return number(held('DISPUTE'))
    case 'DISPUTED_SHARE':
      return divided(held('DISPUTE'), receivables(day), 'NO_RECEIVABLES', 100)
    case 'OPEN_DISPUTE_COUNT':
      return number(n(of('DISPUTE').filter((item) => balanceOf(item, day) !== 0n).length))
    case 'DAYS_DEDUCTIONS_OUTSTANDING': {
      const first = windowStart(day, conventions.dsoMonths, conventions.calendar)
      if (first < booksFrom) return none('INSUFFICIENT_HISTORY')
      const opened = sum(moved(['DISPUTE_OPENED'], undefined, first).map((m) => worth(m, m.amount)))
      const closedBy = (on: number) => sum(closed(sight, on).map(({ item, minor }) => worth(item, minor)))
      const resolved = closedBy(day).minus(closedBy(first - 1))
      const perWindow = conventions.deductionsBasis === 'OPENED' ? opened : resolved
      return divided(held('DISPUTE').times(day - first + 1), perWindow, 'NOTHING_IN_PERIOD')
    }
    case 'DISPUTE_CYCLE_TIME':
      return medianOf(...cycles(sight))
    case 'DISPUTE_CYCLE_TIME_P90':
      return ninetieth(...cycles(sight))
    case 'COST_TO_COLLECT':
    case 'CASH_PLAN_ATTAINMENT':
    case 'DEBT_SERVICE_COVERAGE':
      return withOutside(() => amount(['RECEIVED', 'BOUNCED']))
    case 'COST_PER_RECEIPT':
      return withOutside(() => 0)
    case 'COLLECTIONS_PER_COLLECTOR':
      return withOutside(() => money(['PAYMENT_APPLIED'], -1n))
    case 'SALES_PLAN_ATTAINMENT':
      return withOutside(() => sales(from, day))
    default:
      throw new Error(`The twin does not know ${metric}`)
  }
}

const isOfMonthEndedIn =
  ({ question: { from, day } }: Sight) =>
  (on: number): boolean => {
    const date = dateOf(on)
    const monthEnd = on - date.day + date.daysInMonth
    return monthEnd >= from && monthEnd <= day
  }

/** What the invoices of the months that ended in the period brought so far. */
const collected = (sight: Sight) =>
  applications(sight, sight.question.asOf).filter(({ issuedOn }) => isOfMonthEndedIn(sight)(issuedOn))

function paidInTime(sight: Sight, within: number, booksFrom: number, divided: Tools['divided']): TwinAnswer {
  const { day, from, asOf, conventions } = sight.question
  const [first, last] = [from - within, day - within]
  if (first < booksFrom) return { value: null, reason: 'INSUFFICIENT_HISTORY' }
  const found = paidWithin(sight, within, first, last, asOf)
  if (conventions.rateBasis === 'COUNT') {
    const inFull = found.filter(({ due, paid }) => paid === due).length
    return divided(n(inFull), n(invoicesIssued(sight, first, last)), 'NOTHING_IN_PERIOD', 100)
  }
  return divided(
    sum(found.map((one) => at(sight, one, one.paid, day))),
    sum(movements(sight, BILLING, first, last).map((m) => at(sight, m, m.amount, day))),
    'NOTHING_IN_PERIOD',
    100,
  )
}

const firstDueOf = (part: readonly Entry[]): number =>
  part.find((entry) => entry.kind === 'INVOICED')?.dueOn ?? NaN

function weightedTerms(
  sight: Sight,
  first: number,
  divided: Tools['divided'],
  reason: NullReason,
): TwinAnswer {
  const { day } = sight.question
  const bills = sight.items
    .filter((item) => item.kind === 'INVOICE')
    .flatMap((item) =>
      partsOf(effective(item, day)).map((part) => ({
        days: firstDueOf(part) - item.startsOn,
        worth: at(
          sight,
          item,
          total(
            part.filter((entry) => entry.effectiveOn >= first),
            ...BILLING,
          ),
          day,
        ),
      })),
    )
  return divided(
    sum(bills.map(({ days, worth }) => worth.times(days))),
    sum(bills.map(({ worth }) => worth)),
    reason,
  )
}

function atRisk(sight: Sight, booksFrom: number, divided: Tools['divided']): TwinAnswer {
  const { day, from, asOf } = sight.question
  const first = dayOf(dateOf(from).subtract({ months: 6 }))
  const last = dayOf(dateOf(day + 1).subtract({ months: 6 })) - 1
  if (first < booksFrom) return { value: null, reason: 'INSUFFICIENT_HISTORY' }
  const open = sight.items
    .filter((item) => item.kind === 'INVOICE' && item.startsOn >= first && item.startsOn <= last)
    .flatMap((item) =>
      partsOf(effective(item, asOf)).map((part) => {
        const until = firstDueOf(part) + 90
        const left = part.filter((entry) => entry.effectiveOn <= until)
        const minor = until > asOf ? 0n : left.reduce((all, entry) => all + entry.amount, 0n)
        return at(sight, item, minor, day)
      }),
    )
  const billed = movements(sight, BILLING, first, last).map((m) => at(sight, m, m.amount, day))
  return divided(sum(open), sum(billed), 'NOTHING_IN_PERIOD', 100)
}

/** The bills of the period that turned out wrong. */
const wrongOf = ({ items, question: { day, from, asOf } }: Sight): PlainItem[] =>
  items.filter(
    (item) =>
      item.kind === 'INVOICE' &&
      item.startsOn >= from &&
      item.startsOn <= day &&
      effective(item, asOf).some(({ kind }) => kind === 'CORRECTED' || kind === 'VOIDED'),
  )

const timesToInvoice = ({ items, question: { day, from } }: Sight): number[] =>
  items
    .filter((item) => item.kind === 'INVOICE' && item.startsOn >= from && item.startsOn <= day)
    .flatMap(({ facts }) =>
      facts == null || facts.deliveredOn === null || facts.sentOn === null
        ? []
        : [facts.sentOn - facts.deliveredOn],
    )

type Offer = {
  readonly item: PlainItem
  readonly offered: bigint
  readonly taken: bigint
  /** Money x days that it would come earlier. */
  readonly earlier: bigint
}

function offersOf({ items, question: { day, from, asOf } }: Sight): Offer[] {
  return items.flatMap((item) => {
    const { discount = 0n, discountUntil = null } = item.facts ?? {}
    const entries = effective(item, asOf)
    if (discountUntil === null || discount === 0n || entries.length === 0) return []
    if (discountUntil < from || discountUntil > day || discountUntil > asOf) return []
    const isVoid = partsOf(entries).every(
      (part) => part.some(({ kind }) => kind === 'VOIDED') && total(part, ...BILLING) === 0n,
    )
    if (isVoid) return []
    const earned = entries.filter((entry) => entry.code !== 'UNEARNED')
    const parts = partsOf(entries).map((part) => ({
      days: BigInt(Math.max(0, firstDueOf(part) - discountUntil)),
      billed: total(part, ...BILLING),
    }))
    const last = parts.reduce((most, { days }) => (days > most ? days : most), 0n)
    const gained = parts.reduce((all, { days, billed }) => all + days * billed, -last * discount)
    return [
      {
        item,
        offered: discount,
        taken: -total(earned, 'DISCOUNTED'),
        earlier: gained < 0n ? 0n : gained,
      },
    ]
  })
}

type Closed = { readonly item: PlainItem; readonly minor: bigint; readonly days: number }

/** The disputes of which nothing is left by the end of a day. */
const closed = ({ items }: Sight, on: number): Closed[] =>
  items
    .filter((item) => item.kind === 'DISPUTE')
    .flatMap((item) => {
      const entries = effective(item, on)
      const ends = entries
        .filter(({ kind, amount }) => kind === 'DISPUTE_RESOLVED' && amount < 0n)
        .map((entry) => entry.occurredOn)
      if (ends.length === 0 || balanceOf(item, on) !== 0n) return []
      return [{ item, minor: total(entries, 'DISPUTE_OPENED'), days: Math.max(...ends) - item.startsOn }]
    })

/** The days of what was closed by the end of the period, and of what had been closed before it. */
const cycles = (sight: Sight): [number[], number[]] => {
  const { day, from } = sight.question
  return [closed(sight, day).map(({ days }) => days), closed(sight, from - 1).map(({ days }) => days)]
}

/** One by one in order: each is there as often as it came, less as often as it had been there before. */
function inOrder(times: readonly number[], before: readonly number[]): { days: number; upTo: number }[] {
  const all = [...new Set([...times, ...before])].sort((a, b) => a - b)
  const upTo = (list: readonly number[], limit: number) => list.filter((days) => days <= limit).length
  return all.map((days) => ({ days, upTo: upTo(times, days) - upTo(before, days) }))
}

const NOTHING: TwinAnswer = { value: null, reason: 'NOTHING_IN_PERIOD' }

function ranked(times: readonly number[], before: readonly number[], rank: number): number {
  return inOrder(times, before).find(({ upTo }) => upTo >= rank)?.days ?? NaN
}

function medianOf(times: readonly number[], before: readonly number[] = []): TwinAnswer {
  const count = times.length - before.length
  if (count <= 0) return NOTHING
  const middles = count % 2 === 1 ? [(count + 1) / 2] : [count / 2, count / 2 + 1]
  return {
    value: sum(middles.map((rank) => n(ranked(times, before, rank)))).div(middles.length),
    reason: null,
  }
}

function ninetieth(times: readonly number[], before: readonly number[] = []): TwinAnswer {
  const count = times.length - before.length
  // Nine tenths of the count, rounded up.
  return count <= 0
    ? NOTHING
    : { value: n(ranked(times, before, Math.floor((count * 9 + 9) / 10))), reason: null }
}

/** Which installments are due later at the end of a day than they were before it, and owe something then. */
function movedLater({ items, question: { from, day } }: Sight) {
  const dueOf = (entries: readonly Entry[]) => entries.findLast(({ dueOn }) => dueOn !== null)?.dueOn ?? NaN
  const found: { readonly on: number; readonly part: PlainItem; readonly open: bigint }[] = []
  for (const item of items.filter(({ kind }) => kind === 'INVOICE')) {
    const days = new Set(
      item.entries.flatMap(({ kind, effectiveOn }) => (kind === 'RE_DATED' ? [effectiveOn] : [])),
    )
    for (const on of days) {
      if (on < from || on > day) continue
      for (const part of partsOf(effective(item, on))) {
        const earlier = part.filter(({ effectiveOn, kind }) => effectiveOn < on || kind === 'INVOICED')
        const open = total(part, ...new Set(part.map(({ kind }) => kind)))
        if (dueOf(part) > dueOf(earlier) && open > 0n) found.push({ on, part: item, open })
      }
    }
  }
  return found
}
