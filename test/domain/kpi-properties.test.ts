import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BookRow } from '@tidemark/server/domain/book.ts'
import { bookOf, bookRow } from '@tidemark/server/domain/book.ts'
import { firstOfMonth } from '@tidemark/server/domain/calendar.ts'
import { evaluate, type View } from '@tidemark/server/domain/evaluate.ts'
import type { KpiMetric } from '@tidemark/server/domain/kpi.ts'
import type { Exact } from '@tidemark/server/domain/money.ts'
import { project } from '@tidemark/server/domain/projection.ts'
import { wholeIn } from '@tidemark/server/domain/shares.ts'
import { ratesOf } from '@tidemark/server/domain/rates.ts'
import { kpiDefinitions } from '@tidemark/server/domain/registry.ts'
import { bruteForce, type PlainItem, type Question, type TwinAnswer } from '../support/brute-force.ts'
import { randomConventions } from '../support/random-conventions.ts'
import { anyDay, POSTINGS, quotations, randomItems } from '../support/random-books.ts'

const question: fc.Arbitrary<Question> = fc
  .record({
    day: anyDay,
    length: fc.integer({ min: 0, max: 100 }),
    later: fc.constantFrom(-1, 0, 0, 30),
    posting: fc.integer({ min: 0, max: POSTINGS }),
    conventions: randomConventions,
    currency: fc.constantFrom('USD', 'EUR', 'JPY'),
    region: fc.constantFrom(null, 'EMEA'),
  })
  .map(({ day, length, later, ...rest }) => ({ ...rest, day, from: day - length, asOf: day + later }))

/** What posting after posting appends to the books: the difference that each made. */
function flowOf(
  items: readonly PlainItem[],
): (BookRow & { readonly posting: number; readonly region: string })[] {
  return items.flatMap((item) =>
    [...new Set(item.entries.map((entry) => entry.posting))].flatMap((posting) => {
      const upTo = (last: number) =>
        project({ ...item, entries: item.entries.filter((entry) => entry.posting <= last) }, wholeIn(1))
      const marked = (sign: 1 | -1, last: number) =>
        upTo(last).map((row) => ({
          ...bookRow(
            {
              ...row,
              amount: BigInt(sign) * row.amount,
              count: sign * row.count,
              days: BigInt(sign) * row.days,
              amountDays: BigInt(sign) * row.amountDays,
            },
            item.currency,
          ),
          posting,
          region: item.region,
        }))
      return [...marked(1, posting), ...marked(-1, posting - 1)]
    }),
  )
}

function viewOf(items: readonly PlainItem[], { posting, region, currency }: Question): View {
  const rows = flowOf(items).filter((row) => row.posting <= posting)
  const mine = rows.filter((row) => region === null || row.region === region)
  const none = items.length === 0 ? 'EMPTY' : 'NOT_KNOWN_THEN'
  return {
    book: bookOf(mine),
    booksFrom: rows.length === 0 ? none : firstOfMonth(Math.min(...rows.map((row) => row.day))),
    rates: ratesOf(
      'USD',
      quotations.map((one) => ({ ...one, validOn: one.day })),
    ),
    currency,
    ...(region === null ? {} : { external: null }),
  }
}

function engine(items: readonly PlainItem[], asked: Question): Map<string, TwinAnswer> {
  const view = viewOf(items, asked)
  const point = { day: asked.day, period: { from: asked.from, to: asked.day }, asOf: asked.asOf }
  return new Map(
    kpiDefinitions.map((definition) => {
      const { outcome } = evaluate(definition, point, asked.conventions, view)
      return [
        definition.metric,
        outcome === null
          ? { value: null, reason: 'MISSING_RATE' as const }
          : { value: outcome.value, reason: outcome.reason },
      ]
    }),
  )
}

/** Equal to 25 digits: what both divide differently may differ in the fortieth. */
const printed = ({ value, reason }: TwinAnswer) =>
  value === null ? reason : value.toSignificantDigits(25).toFixed(15)

describe('every KPI, on random books', { timeout: 60_000 }, () => {
  it('is what brute force says, for any day, period, knowledge and currency', () => {
    fc.assert(
      fc.property(
        randomItems({ maxLength: 12 }),
        fc.array(question, { minLength: 1, maxLength: 3 }),
        (items, asked) => {
          for (const one of asked) {
            const found = engine(items, one)
            for (const { metric } of kpiDefinitions) {
              const answer = found.get(metric)
              if (answer === undefined) throw new Error(`${metric} was not computed`)
              const twin = bruteForce(metric, items, one, 'USD', quotations)
              expect([metric, printed(answer)]).toEqual([metric, printed(twin)])
            }
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('says nothing of a day that later entries change', () => {
    fc.assert(
      fc.property(randomItems({ minLength: 1, maxLength: 8 }), question, (items, asked) => {
        const day = Math.min(asked.day, asked.asOf)
        const now = { ...asked, day, asOf: day }
        const past = items
          .map((item) => ({ ...item, entries: item.entries.filter((entry) => entry.effectiveOn <= day) }))
          .filter((item) => item.entries.length > 0)
        if (past.length === 0) return
        // An entry that is dated before its item began would tell how old the books are.
        expect(engine(past, { ...now, posting: POSTINGS })).toEqual(
          engine(items, { ...now, posting: POSTINGS }),
        )
      }),
      { numRuns: 200 },
    )
  })

  it('keeps its promises: parts add up, and the on-time rate stays within 0 to 100', () => {
    fc.assert(
      fc.property(randomItems({ minLength: 1, maxLength: 10 }), question, (items, asked) => {
        const values = engine(items, asked)
        const of = (metric: KpiMetric) => values.get(metric)?.value ?? null
        const together = (a: Exact | null, b: Exact | null) => (a === null || b === null ? null : a.plus(b))
        const text = (value: Exact | null) => value?.toFixed(15) ?? null
        const receivables = together(of('CURRENT_RECEIVABLES'), of('PAST_DUE'))
        expect(text(receivables)).toBe(text(of('TOTAL_RECEIVABLES')))
        const dso = together(of('BEST_POSSIBLE_DSO'), of('AVERAGE_DAYS_DELINQUENT'))
        expect(text(dso)).toBe(text(of('DSO')))
        const onTime = of('ON_TIME_RATE')?.toNumber() ?? 0
        expect(onTime).toBeGreaterThanOrEqual(0)
        expect(onTime).toBeLessThanOrEqual(100)
      }),
      { numRuns: 200 },
    )
  })
})
