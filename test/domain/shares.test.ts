/** Items in segments: shares of an invoice over several product lines, and moves from segment to segment. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry } from '@tidemark/server/domain/invoice.ts'
import { measures, type Measure, type Quantity, type SegmentRow } from '@tidemark/server/domain/measures.ts'
import { balanceOn, project, type History } from '@tidemark/server/domain/projection.ts'
import { wholeIn, type Share } from '@tidemark/server/domain/shares.ts'
import { day, entry } from '../support/kpi-books.ts'
import { randomItems } from '../support/random-books.ts'

const WHOLE = 1

const shares: fc.Arbitrary<readonly Share[]> = fc
  .array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 4 })
  .map((weights) =>
    weights.map((weight, index) => ({ number: index + 1, segmentId: 10 + index, weight: BigInt(weight) })),
  )

const moves = fc.array(
  fc.record({
    share: fc.nat(),
    to: fc.integer({ min: 20, max: 24 }),
    after: fc.integer({ min: -10, max: 200 }),
    place: fc.nat(),
  }),
  { maxLength: 4 },
)

type Draw = { readonly history: History; readonly shares: readonly Share[] }

const draw: fc.Arbitrary<Draw> = fc
  .tuple(randomItems({ minLength: 1, maxLength: 3 }), shares, moves)
  .map(([items, parts, all]) => {
    const none = { kind: 'INVOICE' as const, startsOn: 0, entries: [] }
    const history = items.find(({ kind }) => kind === 'INVOICE') ?? none
    const entries: Entry[] = [...history.entries]
    for (const { share, to, after, place } of all) {
      const installment = (share % parts.length) + 1
      const moved = entry('MOVED', 0n, history.startsOn + after, { installment, segmentId: to })
      // Recorded at any time, before or after what it moves was billed, paid or bounced.
      entries.splice(place % (entries.length + 1), 0, moved)
    }
    return { history: { ...history, entries }, shares: parts }
  })

const sumOf = (rows: readonly Quantity[]): Quantity =>
  rows.reduce<Quantity>(
    (sum, row) => ({
      amount: sum.amount + row.amount,
      count: sum.count + row.count,
      days: sum.days + row.days,
      amountDays: sum.amountDays + row.amountDays,
    }),
    { amount: 0n, count: 0, days: 0n, amountDays: 0n },
  )

/** Sums by what tells the rows apart, without those that are nothing. */
function summed(rows: readonly SegmentRow[], keyOf: (row: SegmentRow) => string): Record<string, string> {
  const groups = [...Map.groupBy(rows, keyOf)].map(([key, of]): [string, Quantity] => [key, sumOf(of)])
  return Object.fromEntries(
    groups
      .filter(([, { amount, count, days, amountDays }]) => amount || count || days || amountDays)
      .map(([key, { amount, count, days, amountDays }]) => [key, `${amount} ${count} ${days} ${amountDays}`]),
  )
}

const placeOf = ({ measure, anchor, day: on }: SegmentRow) => `${measure} ${anchor} ${on}`
const asWas = (rows: readonly SegmentRow[]) => rows.filter((row) => !row.asIs)

describe('rows by segment', () => {
  it('add up to the rows of the whole item, however it is shared and moved', () => {
    fc.assert(
      fc.property(draw, ({ history, shares: parts }) => {
        const rows = project(history, parts)
        const moved = rows.filter((row) => row.measure === 'TRANSFERRED')
        const others = rows.filter((row) => row.measure !== 'TRANSFERRED')
        const still = { ...history, entries: history.entries.filter(({ kind }) => kind !== 'MOVED') }
        expect(summed(asWas(others), placeOf)).toEqual(summed(project(still, wholeIn(WHOLE)), placeOf))
        expect(summed(moved, placeOf)).toEqual({})
      }),
      { numRuns: 300 },
    )
  })

  it('as-is are where every share is today, from the first day on', () => {
    fc.assert(
      fc.property(draw, ({ history, shares: parts }) => {
        const lastMoves = new Map<number, Entry>()
        for (const one of history.entries.filter(({ kind }) => kind === 'MOVED')) {
          const known = lastMoves.get(one.installment)
          if (known === undefined || one.effectiveOn >= known.effectiveOn) lastMoves.set(one.installment, one)
        }
        const today = parts.map((part) => ({
          ...part,
          segmentId: lastMoves.get(part.number)?.segmentId ?? part.segmentId,
        }))
        const still = { ...history, entries: history.entries.filter(({ kind }) => kind !== 'MOVED') }
        const key = (row: SegmentRow) => `${row.segmentId} ${placeOf(row)}`
        expect(summed(project(history, parts), key)).toEqual(summed(project(still, today), key))
      }),
      { numRuns: 300 },
    )
  })

  it('roll forward in every segment: what was open, billed, settled and transferred is what is open', () => {
    fc.assert(
      fc.property(draw, fc.integer({ min: -20, max: 250 }), ({ history, shares: parts }, after) => {
        const on = history.startsOn + after
        const rows = asWas(project(history, parts)).filter((row) => row.day <= on)
        for (const segment of Map.groupBy(rows, (row) => row.segmentId).values()) {
          const of = (measure: Measure) => sumOf(segment.filter((row) => row.measure === measure)).amount
          const added = of('BILLED') + of('ADJUSTED') + of('RECOVERED') + of('TRANSFERRED')
          const taken = of('PAID') + of('CREDIT_APPLIED') + of('DISCOUNTED') + of('WRITTEN_OFF')
          expect(of('OPEN_BY_ISSUE')).toBe(added - taken)
          expect(of('OPEN_BY_DUE')).toBe(of('OPEN_BY_ISSUE'))
        }
        const open = rows.filter((row) => row.measure === 'OPEN_BY_DUE')
        expect(sumOf(open).amount).toBe(balanceOn(history, on))
      }),
      { numRuns: 300 },
    )
  })

  it('are where each share is on the day', () => {
    fc.assert(
      fc.property(draw, fc.integer({ min: 0, max: 250 }), ({ history, shares: parts }, after) => {
        const on = history.startsOn + after
        const balances = asWas(project(history, parts)).filter(
          (row) => measures[row.measure] === 'balance' && row.day <= on,
        )
        const here = new Set(
          parts.map(
            (part) =>
              history.entries
                .filter(
                  ({ kind, installment, effectiveOn }) =>
                    kind === 'MOVED' && installment === part.number && effectiveOn <= on,
                )
                .reduce<Entry | null>(
                  (last, one) => (last === null || one.effectiveOn >= last.effectiveOn ? one : last),
                  null,
                )?.segmentId ?? part.segmentId,
          ),
        )
        const found = Object.keys(summed(balances, (row) => String(row.segmentId))).map(Number)
        expect(found.filter((segmentId) => !here.has(segmentId))).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})

describe('an invoice over two product lines', () => {
  const issued = day('2026-01-10')
  const billed = entry('INVOICED', 10_001n, issued, { dueOn: issued + 30 })
  const lines: readonly Share[] = [
    { number: 1, segmentId: 1, weight: 3_333n },
    { number: 2, segmentId: 2, weight: 6_668n },
  ]
  const amounts = (rows: readonly SegmentRow[], measure: Measure, on: number) =>
    [1, 2, 3].map((segmentId) => {
      const of = asWas(rows).filter((row) => row.measure === measure && row.day <= on)
      const { amount, count } = sumOf(of.filter((row) => row.segmentId === segmentId))
      return [Number(amount), count]
    })

  it('is billed by line, counted once, and half paid by share with the rest at the largest', () => {
    const paid = entry('PAYMENT_APPLIED', -5_000n, issued + 20)
    const rows = project({ kind: 'INVOICE', startsOn: issued, entries: [billed, paid] }, lines)
    expect(amounts(rows, 'BILLED', issued)).toEqual([
      [3333, 0],
      [6668, 1],
      [0, 0],
    ])
    // Of the 5,001 left it has 5,001 x 3,333 / 10,001 = 1,666.67, cut; so 1,667 of its 3,333 are paid.
    expect(amounts(rows, 'PAID', issued + 20)).toEqual([
      [1667, 0],
      [3333, 1],
      [0, 0],
    ])
  })

  it('is transferred with its share, and what was billed stays billed where it was', () => {
    const moved = entry('MOVED', 0n, issued + 10, { installment: 2, segmentId: 3 })
    const rows = project({ kind: 'INVOICE', startsOn: issued, entries: [billed, moved] }, lines)
    expect(amounts(rows, 'OPEN_BY_DUE', issued + 9)).toEqual([
      [3333, 0],
      [6668, 1],
      [0, 0],
    ])
    expect(amounts(rows, 'OPEN_BY_DUE', issued + 10)).toEqual([
      [3333, 0],
      [0, 0],
      [6668, 1],
    ])
    expect(amounts(rows, 'TRANSFERRED', issued + 10)).toEqual([
      [0, 0],
      [-6668, -1],
      [6668, 1],
    ])
    expect(amounts(rows, 'BILLED', issued + 99)).toEqual([
      [3333, 0],
      [6668, 1],
      [0, 0],
    ])
    expect(amounts(rows, 'PAID', issued + 99)).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
  })
})
