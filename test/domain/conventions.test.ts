import { describe, expect, it } from 'vitest'
import { choicesOf, inputsOf } from '@tidemark/server/domain/catalog.ts'
import {
  chooseConventions,
  conventionTexts,
  defaultConventions,
  type Conventions,
} from '@tidemark/server/domain/conventions.ts'
import { noFacts } from '@tidemark/server/domain/invoice.ts'
import type { Input, KpiDefinition, Point } from '@tidemark/server/domain/kpi.ts'
import { Exact } from '@tidemark/server/domain/money.ts'
import type { History } from '@tidemark/server/domain/projection.ts'
import { kpiDefinitions } from '@tidemark/server/domain/registry.ts'
import { conventionsOf, day, kpiBooks, rowsOf, entry } from '../support/kpi-books.ts'

describe('conventions', () => {
  it('have defaults', () => {
    expect(chooseConventions(null)).toEqual(defaultConventions)
    expect(chooseConventions({ dsoMonths: null, rateBasis: 'AMOUNT' })).toEqual({
      ...defaultConventions,
      rateBasis: 'AMOUNT',
    })
  })

  it('are the organization’s own where nothing else is asked for', () => {
    const usual = conventionsOf({
      dsoMonths: 12,
      graceDays: 5,
      calendar: { kind: 'PERIODS_13', yearStartMonth: 4 },
    })
    expect(chooseConventions({ dsoMonths: 1 }, usual)).toEqual({ ...usual, dsoMonths: 1 })
    expect(chooseConventions({ calendar: { kind: 'WEEKS_4_4_5' } }, usual)).toMatchObject({
      dsoMonths: 12,
      calendar: { kind: 'WEEKS_4_4_5', yearStartMonth: 1, weekStartsOn: 'MONDAY' },
    })
  })

  it.each([0, 25, 1.5, -1, NaN])('refuse %s months in words that name the choice', (months) => {
    expect(chooseConventions({ ceiMonths: months })).toEqual({
      problem: `conventions.ceiMonths must be a whole number from 1 to 24, not ${months}.`,
    })
  })

  it.each<[Parameters<typeof chooseConventions>[0], string]>([
    [{ graceDays: 61 }, 'conventions.graceDays must be a whole number from 0 to 60, not 61.'],
    [
      { calendar: { kind: 'WEEKS_4_4_5', yearStartMonth: 13 } },
      'conventions.calendar.yearStartMonth must be a whole number from 1 to 12, not 13.',
    ],
    [{ lossRates: ['1', '2'] }, 'conventions.lossRates must be 5 decimals from 0 to 100, not [1, 2].'],
    [
      { lossRates: ['0', '1', '2', '3', '101'] },
      'conventions.lossRates must be 5 decimals from 0 to 100, not [0, 1, 2, 3, 101].',
    ],
    [{ lateInterestRate: '-1' }, 'conventions.lateInterestRate must be a decimal from 0 to 100, not -1.'],
  ])('refuse what is out of range: %j', (choice, problem) => {
    expect(chooseConventions(choice)).toEqual({ problem })
  })
})

/** What a computation could have read, told apart by where it stands. */
const madeUp = (input: Input, place: number): unknown => {
  const amount = new Exact(1_000 + place)
  if (input.read === 'periods') return [{ days: 30, amount: amount.times(3) }]
  return input.read === 'histogram' ? [{ days: 3, count: 2, amount }] : amount
}

/** All that a convention can change: what is read, from when on, and what is made of it. */
function answerOf(definition: KpiDefinition, point: Point, conventions: Conventions): string {
  const inputs = definition.inputs(point, conventions)
  const read = Object.entries(inputs).map(([name, input], place) => [
    name,
    Array.isArray(input)
      ? input.map((one: Input, index) => madeUp(one, place * 10 + index))
      : madeUp(input as Input, place * 10),
  ])
  const outcome = definition.compute(Object.fromEntries(read), point, conventions)
  return JSON.stringify([inputs, definition.reachesBackTo(point, conventions), outcome])
}

describe('the registry', () => {
  // A Monday, so that a weekend has just passed.
  const today = day('2026-06-29')
  const point = { day: today, period: { from: day('2026-06-01'), to: today }, asOf: today }
  const others: { readonly [Name in Exclude<keyof Conventions, 'periodMonths'>]: Conventions[Name] } = {
    dsoMonths: 2,
    ceiMonths: 2,
    ceiForm: 'MONTHLY_SHARE',
    rateBasis: 'AMOUNT',
    floorDaysLate: true,
    unappliedCash: 'INCLUDE',
    taxBasis: 'NET',
    graceDays: 5,
    weekendRoll: true,
    deductionsBasis: 'RESOLVED',
    lossRates: ['1', '2', '3', '4', '5'],
    lateInterestRate: '10',
    calendar: { kind: 'WEEKS_4_4_5', yearStartMonth: 1, weekStartsOn: 'MONDAY' },
  }
  /** Where the form of the index shows: with one month both are the same. */
  const plain = conventionsOf({ ceiMonths: 3 })

  it.each(kpiDefinitions.map((definition) => [definition.metric, definition] as const))(
    'names all conventions that change %s, and no other',
    (_metric, definition) => {
      const changing = Object.entries(others)
        .filter(
          ([name, other]) =>
            answerOf(definition, point, { ...plain, [name]: other }) !== answerOf(definition, point, plain),
        )
        .map(([name]) => name)
      // The period comes in through the point, which the calendar makes too.
      const ofPeriod = { ...point, period: { ...point.period, from: day('2026-05-01') } }
      const readsPeriod = answerOf(definition, ofPeriod, plain) !== answerOf(definition, point, plain)
      const wanted = new Set([...changing, ...(readsPeriod ? ['periodMonths', 'calendar'] : [])])
      expect(definition.conventions.toSorted()).toEqual([...wanted].toSorted())
    },
  )

  it('explains each convention, with its default', () => {
    expect(conventionTexts.map(({ name }) => name).toSorted()).toEqual(
      Object.keys(defaultConventions).toSorted(),
    )
    const dso = kpiDefinitions.find(({ metric }) => metric === 'DSO')
    if (dso === undefined) throw new Error('There is one')
    expect(choicesOf(dso).map((choice) => [choice.name, choice.default])).toEqual([
      ['dsoMonths', '3'],
      ['unappliedCash', 'EXCLUDE'],
      ['taxBasis', 'GROSS'],
      ['calendar', 'CALENDAR_MONTHS'],
    ])
    expect(inputsOf(dso)).toEqual([
      {
        name: 'receivables',
        kind: 'BALANCE',
        measure: 'OPEN_BY_DUE',
        description: 'Open installments by due date: the amount at the end of a day.',
      },
      {
        name: 'sales',
        kind: 'MOVEMENT',
        measure: 'BILLED',
        description: 'Invoices billed, tax included less credit notes issued: the amount in a period.',
      },
    ])
    for (const definition of kpiDefinitions) {
      expect([definition.metric, inputsOf(definition).length > 0]).toEqual([definition.metric, true])
    }
  })
})

describe('grace and weekends', () => {
  /** Friday 5 June to Sunday 7 June 2026, an installment due on each; 1.00, 2.00 and 4.00. */
  const issuedOn = day('2026-06-01')
  const rows = rowsOf(
    ['2026-06-05', '2026-06-06', '2026-06-07'].map((due, index) => ({
      kind: 'INVOICE' as const,
      startsOn: issuedOn,
      entries: [entry('INVOICED', 100n * 2n ** BigInt(index), issuedOn, { dueOn: day(due) })],
    })),
    'USD',
  )
  const books = kpiBooks(rows, 'USD')
  const pastDue = (on: string, choice = {}) => books.value('PAST_DUE', day(on), choice)

  it('without either what is due is past due the day after', () => {
    expect(['2026-06-05', '2026-06-06', '2026-06-07', '2026-06-08'].map((on) => pastDue(on))).toEqual([
      0, 1, 3, 7,
    ])
  })

  it('what is due on a weekend may be paid on Monday', () => {
    const weekendRoll = true
    const days = ['2026-06-06', '2026-06-07', '2026-06-08', '2026-06-09']
    expect(days.map((on) => pastDue(on, { weekendRoll }))).toEqual([1, 1, 1, 7])
  })

  it('grace days come first, then the weekend', () => {
    // With one day of grace Friday's bill may be paid on Saturday, and so on Monday.
    const choice = { weekendRoll: true, graceDays: 1 }
    const days = ['2026-06-06', '2026-06-08', '2026-06-09']
    expect(days.map((on) => pastDue(on, choice))).toEqual([0, 0, 7])
    expect(days.map((on) => pastDue(on, { graceDays: 1 }))).toEqual([0, 3, 7])
  })

  it('leave aging alone', () => {
    const over90 = books.value('PAST_DUE_OVER_90', day('2026-09-05'), { graceDays: 30 })
    expect(over90).toBe(3)
  })
})

describe('grace on what was paid', () => {
  // Due on Friday the 5th, Saturday the 6th and so on; each paid on the given day.
  const bill = (dueOn: string, paidOn: string, amount: bigint) => ({
    kind: 'INVOICE' as const,
    startsOn: day('2026-06-01'),
    entries: [
      entry('INVOICED', amount, day('2026-06-01'), { dueOn: day(dueOn) }),
      entry('PAYMENT_APPLIED', -amount, day(paidOn), { counterpartId: `${dueOn} ${paidOn}` }),
    ],
  })
  const books = kpiBooks(
    rowsOf(
      [
        bill('2026-06-05', '2026-06-05', 1n),
        bill('2026-06-05', '2026-06-07', 10n),
        bill('2026-06-05', '2026-06-08', 100n),
        bill('2026-06-06', '2026-06-08', 1_000n),
        bill('2026-06-08', '2026-06-18', 10_000n),
        bill('2026-06-29', '2026-06-30', 100_000n),
      ],
      'USD',
    ),
    'USD',
  )
  const inTime = (choice: Partial<Conventions>, asOf = '2026-09-30') => {
    const period = { from: day('2026-06-01'), to: day('2026-06-30') }
    const { outcome } = books.evaluate(
      'ON_TIME_RATE',
      { day: period.to, period, asOf: day(asOf) },
      { rateBasis: 'AMOUNT', ...choice },
    )
    return [outcome?.numerator, outcome?.denominator].map((one) => one?.times(100).toNumber())
  }
  const settled = (choice: Partial<Conventions>) =>
    books
      .outcome('ON_TIME_RATE_SETTLED', day('2026-06-30'), { rateBasis: 'AMOUNT', ...choice })
      .numerator?.times(100)
      .toNumber()

  it.each<[Partial<Conventions>, number]>([
    [{}, 1],
    [{ weekendRoll: true }, 1_001],
    [{ graceDays: 1 }, 100_001],
    // Friday and a day is Saturday, which Monday follows.
    [{ graceDays: 1, weekendRoll: true }, 101_111],
    [{ graceDays: 2 }, 101_011],
    [{ graceDays: 3 }, 101_111],
    [{ graceDays: 9 }, 101_111],
    [{ graceDays: 10 }, 111_111],
    [{ graceDays: 60, weekendRoll: true }, 111_111],
  ])('makes what came within it punctual: %j', (choice, paid) => {
    expect(inTime(choice)).toEqual([paid, 111_111])
    expect(settled(choice)).toBe(paid)
  })

  it('leaves out what may still be paid in time', () => {
    expect(inTime({}, '2026-06-30')).toEqual([1, 111_111])
    expect(inTime({ graceDays: 2 }, '2026-06-30')).toEqual([1_011, 11_111])
    expect(inTime({ graceDays: 2 }, '2026-07-01')).toEqual([101_011, 111_111])
  })
})

describe('the tax basis', () => {
  const issuedOn = day('2026-06-01')
  const bill = (amount: bigint, tax: bigint | null) => ({
    kind: 'INVOICE' as const,
    startsOn: issuedOn,
    facts: { ...noFacts, tax },
    entries: [entry('INVOICED', amount, issuedOn, { dueOn: day('2026-07-01') })],
  })
  const note = (amount: bigint, tax: bigint | null) => ({
    kind: 'CREDIT_NOTE' as const,
    startsOn: issuedOn,
    facts: { ...noFacts, tax },
    entries: [entry('CREDITED', amount, issuedOn)],
  })
  const on = day('2026-06-30')
  const of = (...histories: History[]) => kpiBooks(rowsOf(histories, 'USD'), 'USD')
  const month = { dsoMonths: 1 }

  // KPIS.md C 11: receivables are gross, sales often net.
  it('shifts DSO by a fifth where the tax is 20 %', () => {
    const books = of(bill(120_00n, 20_00n), bill(60_00n, 10_00n))
    const values = (taxBasis: 'GROSS' | 'NET') =>
      (['DSO', 'BEST_POSSIBLE_DSO', 'DSO_COUNT_BACK', 'SALES'] as const).map((metric) =>
        books.value(metric, on, { ...month, taxBasis }),
      )
    expect(values('GROSS')).toEqual([30, 30, 30, 180])
    const counted = books.outcome('DSO_COUNT_BACK', on, { taxBasis: 'NET' })
    expect(values('NET')).toEqual([36, 36, null, 150])
    expect(counted.reason).toBe('HISTORY_EXHAUSTED')
  })

  it('takes the tax of credit notes off again, and follows corrections', () => {
    const corrected = bill(120_00n, 20_00n)
    const entries = [...corrected.entries, entry('CORRECTED', 60_00n, issuedOn)]
    const books = of({ ...corrected, entries }, note(36_00n, 6_00n))
    expect(books.value('SALES', on, { taxBasis: 'NET' })).toBe(120)
  })

  it('is not net where the tax of only some is known, nor of none', () => {
    const reasons = (...histories: History[]) =>
      (['DSO', 'SALES', 'DSO_COUNT_BACK'] as const).map(
        (metric) => of(...histories).outcome(metric, on, { ...month, taxBasis: 'NET' }).reason,
      )
    expect(reasons(bill(120_00n, 20_00n), bill(60_00n, null))).toEqual(Array(3).fill('TAX_BASIS_MIXED'))
    expect(reasons(bill(120_00n, 20_00n), note(60_00n, null))).toEqual(Array(3).fill('TAX_BASIS_MIXED'))
    expect(reasons(bill(120_00n, null))).toEqual(Array(3).fill('NOT_RECORDED'))
    // A bill without tax is one whose tax is known.
    expect(reasons(bill(120_00n, 0n))).toEqual([null, null, null])
  })
})

describe('unapplied cash', () => {
  const issuedOn = day('2026-06-01')
  const rows = rowsOf(
    [
      {
        kind: 'INVOICE',
        startsOn: issuedOn,
        entries: [entry('INVOICED', 3_000n, issuedOn, { dueOn: issuedOn + 10 })],
      },
      { kind: 'RECEIPT', startsOn: issuedOn + 5, entries: [entry('RECEIVED', 1_000n, issuedOn + 5)] },
    ],
    'USD',
  )
  const books = kpiBooks(rows, 'USD')
  const value = (metric: 'DSO' | 'DSO_COUNT_BACK' | 'AVERAGE_DAYS_DELINQUENT' | 'TOTAL_RECEIVABLES') =>
    (['EXCLUDE', 'INCLUDE'] as const).map((unappliedCash) =>
      books.value(metric, day('2026-06-30'), { dsoMonths: 1, unappliedCash }),
    )

  it('is taken off DSO and what is past due, where that is the convention', () => {
    expect(value('DSO')).toEqual([30, 20])
    expect(value('DSO_COUNT_BACK')).toEqual([30, 20])
    expect(value('AVERAGE_DAYS_DELINQUENT')).toEqual([30, 20])
    expect(value('TOTAL_RECEIVABLES')).toEqual([30, 30])
  })
})
