/** KPIs on small books, each worked out by hand: the arithmetic stands beside the expectation. */
import { describe, expect, it } from 'vitest'
import { bookRow } from '@tidemark/server/domain/book.ts'
import { externalBookOf, type ExternalValue } from '@tidemark/server/domain/external.ts'
import { evaluate } from '@tidemark/server/domain/evaluate.ts'
import {
  compoundedDiscountRate,
  daysBeyondTerms,
  discountRate,
  expectedLoss,
  median,
  percentile,
  rollRates,
} from '@tidemark/server/domain/formulas.ts'
import { noFacts, type Entry, type InvoiceFacts } from '@tidemark/server/domain/invoice.ts'
import type { KpiMetric } from '@tidemark/server/domain/kpi.ts'
import { Exact } from '@tidemark/server/domain/money.ts'
import type { History } from '@tidemark/server/domain/projection.ts'
import { kpiDefinition } from '@tidemark/server/domain/registry.ts'
import { conventionsOf, day, entry, kpiBooks, rowsOf } from '../support/kpi-books.ts'

const exact = (value: number | string) => new Exact(value)

/** An invoice in whole units, due after so many days, and what happened to it. */
const bill = (
  on: string,
  amount: number,
  terms: number,
  entries: readonly Entry[] = [],
  facts: Partial<InvoiceFacts> = {},
): History => ({
  kind: 'INVOICE',
  startsOn: day(on),
  facts: { ...noFacts, ...facts },
  entries: [entry('INVOICED', cents(amount), day(on), { dueOn: day(on) + terms }), ...entries],
})
const cents = (amount: number) => BigInt(Math.round(amount * 100))
const paid = (on: string, amount: number) =>
  entry('PAYMENT_APPLIED', -cents(amount), day(on), { counterpartId: on })
const reduced = (kind: Entry['kind'], on: string, amount: number, more: Partial<Entry> = {}) =>
  entry(kind, -cents(amount), day(on), more)
const receipt = (on: string, amount: number, entries: readonly Entry[] = []): History => ({
  kind: 'RECEIPT',
  startsOn: day(on),
  entries: [entry('RECEIVED', cents(amount), day(on)), ...entries],
})
const dispute = (on: string, amount: number, resolvedOn: string | null): History => ({
  kind: 'DISPUTE',
  startsOn: day(on),
  entries: [
    entry('DISPUTE_OPENED', cents(amount), day(on)),
    ...(resolvedOn === null ? [] : [entry('DISPUTE_RESOLVED', -cents(amount), day(resolvedOn))]),
  ],
})

const booksOf = (...histories: readonly History[]) => kpiBooks(rowsOf(histories, 'USD'), 'USD')
type Books = ReturnType<typeof booksOf>
const at = (books: Books, on: string, choice: Parameters<Books['value']>[2] = {}) => ({
  value: (metric: KpiMetric) => books.value(metric, day(on), choice),
  reason: (metric: KpiMetric) => books.outcome(metric, day(on), choice).reason,
})

describe('provisions', () => {
  it('IFRS 9, illustrative example 12: company M provides 580,000 for its trade receivables', () => {
    const millions = ['15000000', '7500000', '4000000', '2500000', '1000000'].map(exact)
    // 45,000 + 120,000 + 144,000 + 165,000 + 106,000.
    expect(expectedLoss(millions, ['0.3', '1.6', '3.6', '6.6', '10.6']).toNumber()).toBe(580_000)
  })

  it('roll rates of ifrscommunity: 2, 4, 8.7, 25 and 100 %, and 27,567 by them', () => {
    const found = rollRates([100, 50, 23, 8, 2].map(exact), exact(2))
    expect(found.map(({ loss }) => loss?.toFixed(1))).toEqual(['2.0', '4.0', '8.7', '25.0', '100.0'])
    expect(found.map(({ roll }) => roll?.toFixed(1))).toEqual(['50.0', '46.0', '34.8', '25.0', '100.0'])
    const rates = found.map(({ loss }) => loss?.toFixed() ?? '')
    const loss = expectedLoss([300, 140, 60, 23, 5].map(exact), rates)
    expect(loss.times(1_000).toFixed(2)).toBe('27567.39')
    // Rounded as they are printed, the rates give 27,570.
    const rounded = expectedLoss([300, 140, 60, 23, 5].map(exact), ['2', '4', '8.7', '25', '100'])
    expect(rounded.times(1_000).toFixed()).toBe('27570')
    expect(rollRates([exact(0)], exact(0))).toEqual([{ roll: null, loss: null }])
  })

  it('the same out of books, a fiftieth of it', () => {
    // On 31 December: not due, 30, 60, 90 and 91 days past due.
    const books = booksOf(
      bill('2026-12-01', 300_000, 30),
      bill('2026-12-01', 150_000, 0),
      bill('2026-11-01', 80_000, 0),
      bill('2026-10-02', 50_000, 0),
      bill('2026-10-01', 20_000, 0),
    )
    const { value } = at(books, '2026-12-31', { lossRates: ['0.3', '1.6', '3.6', '6.6', '10.6'] })
    expect(value('EXPECTED_CREDIT_LOSS')).toBe(11_600)
    expect(at(books, '2026-12-31').reason('EXPECTED_CREDIT_LOSS')).toBe('NOT_CONFIGURED')
  })
})

describe('how late what is owed is', () => {
  // On 30 April 2026: 1,000 not due, 600 of 20 days, 300 of 50, 100 of 100.
  const books = booksOf(
    bill('2026-04-20', 1_000, 30),
    bill('2026-04-10', 600, 0),
    bill('2026-03-11', 300, 0),
    bill('2026-01-20', 100, 0),
  )
  const { value } = at(books, '2026-04-30', { lateInterestRate: '10.15' })

  it('Experian, days beyond terms by buckets', () => {
    const buckets = { 0: exact(1_000), 30: exact(400), 60: exact(100), 90: exact(100) }
    // 600 x 15 + 300 x 45 + 0 x 75 + 100 x 105 = 33,000, over 2,000.
    expect(daysBeyondTerms(buckets, exact(2_000)).value?.toNumber()).toBe(16.5)
    expect(value('DAYS_BEYOND_TERMS_BY_BUCKETS')).toBe(16.5)
  })

  it('over what is past due, and over all', () => {
    // 600 x 20 + 300 x 50 + 100 x 100 = 37,000.
    expect(value('AVERAGE_DAYS_PAST_DUE')).toBe(37)
    expect(value('WEIGHTED_DAYS_PAST_DUE')).toBe(18.5)
    // 37,000 x 10.15 % / 365, as the European Union's 2.15 + 8.
    expect(value('LATE_INTEREST')).toBe(10.289041)
  })

  it('adds up day by day to dollar-days', () => {
    // In April: 600 for 20 days, 300 and 100 for 30 each; in February 100 for 28.
    expect(value('DOLLAR_DAYS_LATE')).toBe(24_000)
    expect(at(books, '2026-02-28').value('DOLLAR_DAYS_LATE')).toBe(2_800)
    expect(at(books, '2026-01-31', { periodMonths: 2 }).reason('DOLLAR_DAYS_LATE')).toBe(
      'INSUFFICIENT_HISTORY',
    )
  })

  it('more than 90 days, by the count, and by share', () => {
    expect([value('PAST_DUE_OVER_90'), value('PAST_DUE_OVER_90_SHARE'), value('PAST_DUE_COUNT')]).toEqual([
      100, 5, 3,
    ])
  })

  it('is unknown where nothing is', () => {
    const early = at(books, '2026-01-20')
    expect(early.reason('AVERAGE_DAYS_PAST_DUE')).toBe('NOTHING_OPEN')
    expect(early.value('DAYS_BEYOND_TERMS_BY_BUCKETS')).toBe(0)
  })
})

describe('the days of sales', () => {
  // Receivables: end of March 2,000; end of June 3,000, of which 1,000 past due. Sales April to June: 4,550.
  const books = booksOf(
    bill('2026-03-15', 2_000, 30, [paid('2026-04-20', 1_000), paid('2026-05-20', 1_000)]),
    bill('2026-04-10', 1_550, 20, [paid('2026-05-01', 1_550)]),
    bill('2026-05-05', 1_000, 30),
    bill('2026-06-20', 2_000, 60),
  )
  const { value } = at(books, '2026-06-30')

  it('on the average of the receivables', () => {
    // (2,000 + 3,000) / 2 x 91 / 4,550; at its end alone 3,000 x 91 / 4,550.
    expect([value('DSO_AVERAGE'), value('DSO')]).toEqual([50, 60])
  })

  it('granted, and beyond the terms on paper: JD Edwards, extended DSO', () => {
    // (1,550 x 20 + 1,000 x 30 + 2,000 x 60) / 4,550 of the window; of June alone 60.
    expect(value('WEIGHTED_AVERAGE_TERMS')).toBe(60)
    const inWindow = at(books, '2026-06-30', { periodMonths: 3 }).value('WEIGHTED_AVERAGE_TERMS')
    expect(inWindow).toBe(39.78022)
    // Best possible DSO 2,000 x 91 / 4,550 = 40, less 39.78022.
    expect(value('EXTENDED_DSO')).toBe(0.21978)
  })

  it('counted back to what is current only', () => {
    // June sold 2,000, all of what is current: its 30 days.
    expect(value('BEST_POSSIBLE_DSO_COUNT_BACK')).toBe(30)
    // 1,000 more, all of May.
    expect(value('DSO_COUNT_BACK')).toBe(61)
  })

  it('the collection effectiveness index with the monthly share of its sales', () => {
    const index = (ceiForm: 'FULL_PERIOD' | 'MONTHLY_SHARE') =>
      at(books, '2026-06-30', { ceiMonths: 3, ceiForm }).value('COLLECTION_EFFECTIVENESS_INDEX')
    // (2,000 + 4,550 - 3,000) / (2,000 + 4,550 - 2,000).
    expect(index('FULL_PERIOD')).toBe(78.021978)
    // (2,000 + 1,516.67 - 3,000) / (2,000 + 1,516.67 - 2,000).
    expect(index('MONTHLY_SHARE')).toBe(34.065934)
  })

  it('of a year: turnover, and the days it takes', () => {
    const year = booksOf(
      bill('2025-01-01', 12_000, 30, [paid('2025-07-01', 12_000)]),
      bill('2026-01-10', 1, 0),
    )
    // Receivables stand at 12,000 at six month ends of the 13, so on average 72,000 / 13.
    const { value: of } = at(year, '2025-12-31')
    expect(of('RECEIVABLES_TURNOVER')).toBe(2.166667)
    // 365 / 2.1666...
    expect(of('AVERAGE_COLLECTION_PERIOD')).toBe(168.461538)
  })
})

describe('what becomes of bills', () => {
  it('invoice accuracy, and what was billed twice: 2 wrong of 8', () => {
    const right = Array.from({ length: 6 }, () => bill('2026-06-03', 100, 30))
    const books = booksOf(
      ...right,
      bill('2026-06-04', 100, 30, [reduced('VOIDED', '2026-06-10', 100)]),
      bill('2026-06-05', 150, 30, [entry('CORRECTED', 500n, day('2026-07-02'))]),
    )
    expect(at(books, '2026-06-30').value('INVOICE_ACCURACY')).toBe(87.5)
    const june = { from: day('2026-06-01'), to: day('2026-06-30') }
    const later = { day: june.to, period: june, asOf: day('2026-07-31') }
    const seenLater = (metric: KpiMetric) => books.evaluate(metric, later).outcome?.value?.toNumber()
    // The correction of July is seen from July on.
    expect([seenLater('INVOICE_ACCURACY'), seenLater('RE_BILLED')]).toEqual([75, 250])
  })

  it('re-dated: what was open when its due date was moved later, and nothing else', () => {
    const books = booksOf(
      // 60 of 100 are open on 20 June, and again on 5 July.
      bill('2026-06-01', 100, 30, [
        paid('2026-06-10', 40),
        entry('RE_DATED', 0n, day('2026-06-20'), { dueOn: day('2026-07-20') }),
        entry('RE_DATED', 0n, day('2026-07-05'), { dueOn: day('2026-08-20') }),
      ]),
      // Earlier; later and back on one day; later when it was paid.
      bill('2026-06-01', 200, 30, [entry('RE_DATED', 0n, day('2026-06-20'), { dueOn: day('2026-06-25') })]),
      bill('2026-06-01', 300, 30, [
        entry('RE_DATED', 0n, day('2026-06-20'), { dueOn: day('2026-07-25') }),
        entry('RE_DATED', 0n, day('2026-06-20'), { dueOn: day('2026-07-01') }),
      ]),
      bill('2026-06-01', 400, 30, [
        paid('2026-06-10', 400),
        entry('RE_DATED', 0n, day('2026-06-20'), { dueOn: day('2026-07-25') }),
      ]),
      bill('2026-06-01', 500, 30),
    )
    const june = at(books, '2026-06-30')
    expect([june.value('RE_DATED'), june.value('RE_DATED_COUNT')]).toEqual([60, 1])
    expect(at(books, '2026-07-31').value('RE_DATED')).toBe(60)
    expect(at(books, '2026-08-31').value('RE_DATED_COUNT')).toBe(0)
  })

  it('time to invoice: 0, 1, 1, 2 and 11 days', () => {
    const sent = (days: number) => ({ deliveredOn: day('2026-06-01'), sentOn: day('2026-06-01') + days })
    const books = booksOf(
      ...[0, 1, 1, 2, 11].map((days) => bill('2026-06-12', 10, 30, [], sent(days))),
      // Nobody knows when this one was sent.
      bill('2026-06-12', 10, 30, [], { deliveredOn: day('2026-06-01') }),
    )
    const { value } = at(books, '2026-06-30')
    expect([value('TIME_TO_INVOICE'), value('TIME_TO_INVOICE_P90'), value('SAME_DAY_INVOICE_RATE')]).toEqual([
      1, 11, 20,
    ])
    expect(at(books, '2026-07-31').reason('TIME_TO_INVOICE')).toBe('NOTHING_IN_PERIOD')
  })

  it('at risk: what was billed in January and is open 90 days after its due date, told in July', () => {
    const books = booksOf(
      bill('2025-12-01', 1, 0),
      bill('2026-01-10', 600, 30),
      // Paid 91 days after the due date, a day too late.
      bill('2026-01-10', 300, 0, [paid('2026-04-11', 300)]),
      bill('2026-01-10', 100, 30, [paid('2026-03-01', 60), paid('2026-05-10', 40)]),
    )
    // 600 + 300 + 0 of 1,000: the last rest came 90 days after 9 February, in time.
    expect(at(books, '2026-07-31').value('AT_RISK_RATE')).toBe(90)
    expect(at(books, '2026-05-31').reason('AT_RISK_RATE')).toBe('INSUFFICIENT_HISTORY')
  })

  it('days to pay and beyond terms, weighted by money', () => {
    const books = booksOf(
      bill('2026-05-01', 900, 30, [paid('2026-06-10', 900)]),
      bill('2026-06-01', 100, 30, [paid('2026-06-11', 100)]),
    )
    const { value } = at(books, '2026-06-30')
    // (900 x 40 + 100 x 10) / 1,000, and (900 x 10 - 100 x 20) / 1,000.
    expect([value('WEIGHTED_DAYS_TO_PAY'), value('DAYS_BEYOND_TERMS')]).toEqual([37, 7])
    expect(at(books, '2026-06-30', { floorDaysLate: true }).value('DAYS_BEYOND_TERMS')).toBe(9)
  })
})

describe('when the money of bills comes', () => {
  // 400 after 10 days, which bounce; 600 after 40 days; the other bill is not paid at all.
  const books = booksOf(
    bill('2026-05-01', 1_000, 30, [
      paid('2026-05-11', 400),
      paid('2026-06-10', 600),
      entry('PAYMENT_APPLIED', cents(400), day('2026-06-20'), { counterpartId: '2026-05-11' }),
    ]),
    bill('2026-05-31', 200, 30),
  )
  const may = { from: day('2026-05-01'), to: day('2026-05-31') }
  const ofMay = (metric: KpiMetric, asOf: string) => {
    const { outcome } = books.evaluate(metric, { day: may.to, period: may, asOf: day(asOf) })
    return outcome?.value?.toDecimalPlaces(6).toNumber() ?? outcome?.reason
  }

  it('every payment counts with its own days, and takes them back where it bounces: fswfunding', () => {
    const of = (on: string, periodMonths: number) =>
      at(books, on, { periodMonths }).value('WEIGHTED_DAYS_TO_PAY')
    expect(of('2026-05-31', 1)).toBe(10)
    // (400 x 10 + 600 x 40) / 1,000 before it bounced, (600 x 40) / 600 after.
    expect([of('2026-06-15', 2), of('2026-06-30', 2)]).toEqual([28, 40])
    // The whole invoice is not settled: there is no other money to weigh.
    expect(at(books, '2026-06-30', { periodMonths: 2 }).reason('AVERAGE_DAYS_TO_PAY')).toBe(
      'NOTHING_IN_PERIOD',
    )
  })

  it('DSO by ledger follows the bills of May, and says of how much of them it speaks', () => {
    const seen = ['2026-05-31', '2026-06-15', '2026-06-30'] as const
    expect(seen.map((asOf) => ofMay('DSO_BY_LEDGER', asOf))).toEqual([10, 28, 40])
    // 400, 1,000 and 600 of 1,200.
    expect(seen.map((asOf) => ofMay('COLLECTED_SHARE', asOf))).toEqual([33.333333, 83.333333, 50])
    const { outcome } = books.evaluate('DSO_BY_LEDGER', { day: may.to, period: may, asOf: day('2026-06-15') })
    expect([outcome?.numerator?.toNumber(), outcome?.denominator?.toNumber()]).toEqual([28_000, 1_000])
    expect(at(books, '2026-06-30').reason('DSO_BY_LEDGER')).toBe('NOTHING_IN_PERIOD')
  })

  it('within 30 and 60 days: of the bills that turned so old', () => {
    const in30 = booksOf(
      bill('2026-05-01', 1, 0),
      // Paid in full after 30 days; in part after 30, the rest after 31; credited for the rest; never.
      bill('2026-06-10', 100, 30, [paid('2026-07-10', 100)]),
      bill('2026-06-10', 100, 30, [paid('2026-07-10', 50), paid('2026-07-11', 50)]),
      bill('2026-06-10', 100, 30, [paid('2026-06-20', 90), reduced('CREDIT_APPLIED', '2026-06-25', 10)]),
      bill('2026-06-10', 100, 30),
    )
    expect(at(in30, '2026-07-09').reason('PAID_WITHIN_30_DAYS')).toBe('NOTHING_IN_PERIOD')
    const { value } = at(in30, '2026-07-31')
    // Two of the four; (100 + 50 + 90) / 400.
    expect(value('PAID_WITHIN_30_DAYS')).toBe(50)
    const byMoney = at(in30, '2026-08-31', { rateBasis: 'AMOUNT' })
    expect(at(in30, '2026-07-31', { rateBasis: 'AMOUNT' }).value('PAID_WITHIN_30_DAYS')).toBe(60)
    // (100 + 100 + 90) / 400.
    expect(byMoney.value('PAID_WITHIN_60_DAYS')).toBe(72.5)
    expect(at(in30, '2026-05-20').reason('PAID_WITHIN_30_DAYS')).toBe('INSUFFICIENT_HISTORY')
  })
})

describe('what is lost on the way', () => {
  const books = booksOf(
    bill('2026-06-01', 10_000, 30, [
      reduced('WRITTEN_OFF', '2026-06-20', 80, { code: 'BAD_DEBT' }),
      reduced('WRITTEN_OFF', '2026-06-20', 0.5, { code: 'TOLERANCE' }),
      reduced('WRITTEN_OFF', '2026-06-20', 19.5, { code: 'DISPUTE' }),
      entry('RECOVERED', cents(30), day('2026-06-25')),
      reduced('ADJUSTED', '2026-06-26', 5),
    ]),
    {
      kind: 'CREDIT_NOTE',
      startsOn: day('2026-06-15'),
      entries: [entry('CREDITED', cents(2_000), day('2026-06-15'))],
    },
  )
  const { value } = at(books, '2026-06-30')

  it('by reason, in all, and what came back', () => {
    expect(
      (['WRITTEN_OFF', 'BAD_DEBT', 'TOLERANCE_WRITTEN_OFF', 'DISPUTE_WRITTEN_OFF', 'RECOVERED'] as const).map(
        value,
      ),
    ).toEqual([100, 80, 0.5, 19.5, 30])
    expect([value('ADJUSTED'), value('CREDITED'), value('UNAPPLIED_CREDITS')]).toEqual([-5, 2_000, 2_000])
  })

  it('against sales, gross and net of recoveries', () => {
    // Sales 10,000 - 2,000: 80 / 8,000 and 50 / 8,000.
    expect([value('BAD_DEBT_RATE'), value('NET_BAD_DEBT_RATE')]).toEqual([1, 0.625])
    expect(value('RETURN_RATE')).toBe(20)
    expect(at(books, '2026-07-31').reason('BAD_DEBT_RATE')).toBe('NO_SALES')
  })
})

describe('discounts', () => {
  const offer = (amount: number) => ({ discount: cents(amount), discountUntil: day('2026-06-15') })
  const books = booksOf(
    bill('2026-06-05', 1_000, 30, [reduced('DISCOUNTED', '2026-06-14', 20, { code: 'EARNED' })], offer(20)),
    bill('2026-06-05', 2_000, 30, [reduced('DISCOUNTED', '2026-06-20', 40, { code: 'UNEARNED' })], offer(40)),
    bill('2026-06-05', 1_000, 30, [], offer(20)),
    bill('2026-06-05', 500, 30, [reduced('VOIDED', '2026-06-06', 500)], offer(10)),
  )
  const { value } = at(books, '2026-06-30')

  it('captured: 20 of 80, one of three; the void bill offers nothing', () => {
    expect(value('DISCOUNT_CAPTURE_RATE')).toBe(33.333333)
    expect(at(books, '2026-06-30', { rateBasis: 'AMOUNT' }).value('DISCOUNT_CAPTURE_RATE')).toBe(25)
  })

  it('2/10 net 30: 37.24 % a year, 36.73 % of 360 days, 44.59 % with interest on interest: bizfluent', () => {
    const [discount, net] = [exact(2), exact(98)]
    const simple = (year: 360 | 365) => discountRate(discount, net.times(20), year).value?.toFixed(2)
    expect([simple(365), simple(360)]).toEqual(['37.24', '36.73'])
    expect(compoundedDiscountRate(discount, net, net.times(20))?.toFixed(2)).toBe('44.59')
  })

  it('what all that was offered costs a year, the void bill left out', () => {
    // 80 x 365 / (980 x 20 + 1,960 x 20 + 980 x 20).
    expect(value('DISCOUNT_ANNUAL_RATE')).toBe(37.244898)
    expect(at(books, '2026-07-31').reason('DISCOUNT_ANNUAL_RATE')).toBe('NOTHING_IN_PERIOD')
    // 1,000 due after 10 days, half of it after 30: 20 x 365 / (500 x 0 + 480 x 20).
    const inTwo: History = {
      ...bill('2026-06-05', 500, 10, [], offer(20)),
      entries: [10, 30].map((terms, index) =>
        entry('INVOICED', cents(500), day('2026-06-05'), {
          installment: index + 1,
          dueOn: day('2026-06-05') + terms,
        }),
      ),
    }
    expect(at(booksOf(inTwo), '2026-06-30').value('DISCOUNT_ANNUAL_RATE')).toBe(76.041667)
  })

  it('taken too late: 40 of 60', () => {
    expect([value('DISCOUNTED'), value('UNEARNED_DISCOUNTS')]).toEqual([60, 40])
    expect(value('UNEARNED_DISCOUNT_SHARE')).toBe(66.666667)
  })
})

describe('disputes', () => {
  const books = booksOf(
    bill('2026-04-01', 10_000, 30),
    dispute('2026-04-10', 910, '2026-06-09'),
    dispute('2026-05-20', 455, '2026-06-03'),
    dispute('2026-06-10', 455, null),
  )
  const { value } = at(books, '2026-06-30')

  it('days deductions outstanding: by what came per day, or by what was resolved', () => {
    // 455 open; 1,820 came in 91 days: 20 a day. 1,365 were resolved: 15 a day.
    expect(value('DAYS_DEDUCTIONS_OUTSTANDING')).toBe(22.75)
    const byResolved = at(books, '2026-06-30', { deductionsBasis: 'RESOLVED' })
    expect(byResolved.value('DAYS_DEDUCTIONS_OUTSTANDING')).toBe(30.333333)
  })

  it('took 14 and 60 days', () => {
    expect([value('DISPUTE_CYCLE_TIME'), value('DISPUTE_CYCLE_TIME_P90')]).toEqual([37, 60])
    expect([value('DISPUTED_RECEIVABLES'), value('DISPUTED_SHARE'), value('OPEN_DISPUTE_COUNT')]).toEqual([
      455, 4.55, 1,
    ])
  })
})

describe('medians and percentiles', () => {
  const of = (...counts: [days: number, count: number][]) =>
    counts.map(([days, count]) => ({ days, count, amount: exact(0) }))

  it('are those of the single values', () => {
    expect(median(of([1, 1], [2, 1], [10, 1]))?.toNumber()).toBe(2)
    expect(median(of([1, 2], [4, 2]))?.toNumber()).toBe(2.5)
    expect(percentile(of([1, 9], [30, 1]), 90)?.toNumber()).toBe(1)
    expect(percentile(of([1, 8], [30, 2]), 90)?.toNumber()).toBe(30)
    expect(median([])).toBeNull()
  })

  it('leave out what was taken back', () => {
    expect(median(of([1, -1], [2, 2], [9, 2]))?.toNumber()).toBe(9)
    expect(percentile(of([1, -1]), 90)).toBeNull()
  })
})

describe('cash', () => {
  const books = booksOf(
    bill('2026-06-01', 1_000, 30),
    receipt('2026-06-10', 300),
    receipt('2026-06-20', 100),
    receipt('2026-06-02', 600, [reduced('BOUNCED', '2026-06-12', 600)]),
  )
  const { value } = at(books, '2026-06-30')

  it('that waits, and for how long', () => {
    expect([value('UNAPPLIED_CASH'), value('UNAPPLIED_CASH_SHARE')]).toEqual([400, 40])
    // (300 x 20 + 100 x 10) / 400.
    expect(value('UNAPPLIED_CASH_AGE')).toBe(17.5)
  })

  it('that comes back: 600 of 1,000', () => {
    expect([value('CASH_BOUNCED'), value('BOUNCE_RATE'), value('RECEIPT_COUNT')]).toEqual([600, 60, 2])
  })
})

describe('numbers from outside', () => {
  const values: ExternalValue[] = [
    { metric: 'COLLECTION_COST', day: day('2026-06-15'), value: '30', currency: 'EUR' },
    { metric: 'COLLECTION_COST', day: day('2026-06-30'), value: '40', currency: 'USD' },
    { metric: 'COLLECTION_STAFF', day: day('2025-05-25'), value: '4', currency: null },
  ]
  const rate = (on: string, value: string) => ({ currency: 'EUR', validOn: day(on), rate: value })
  const books = kpiBooks(
    rowsOf([receipt('2026-06-10', 800)], 'USD').map((row) => bookRow(row, 'USD')),
    'USD',
    { rates: [rate('2026-06-15', '1.00'), rate('2026-06-30', '1.20')] },
  )
  const value = (
    metric: KpiMetric,
    on: string,
    view = { ...books.view, external: externalBookOf(values) },
  ) => {
    const period = { from: day(on) - 29, to: day(on) }
    const point = { day: day(on), period, asOf: day(on) }
    const { outcome } = evaluate(kpiDefinition(metric), point, conventionsOf(), view)
    return outcome?.value?.toNumber() ?? outcome?.reason
  }

  it('take money at the rate of its day, and in ratios at that of the end', () => {
    // 30 x 1.00 + 40; and (30 x 1.20 + 40) / 800.
    expect(value('COLLECTION_COST', '2026-06-30')).toBe(70)
    expect(value('COST_TO_COLLECT', '2026-06-30')).toBe(0.095)
  })

  it('hold until something else is said, for 400 days', () => {
    expect(value('COLLECTION_STAFF', '2026-06-29')).toBe(4)
    expect(value('COLLECTION_STAFF', '2026-06-30')).toBe('NOT_RECORDED')
    expect(value('COLLECTION_COST', '2026-06-14')).toBe('NOT_RECORDED')
  })
})
