/** Over which checkpoints, months and days the rows up to some days are added up. */
import { endOfMonth, firstOfMonth } from '../domain/calendar.ts'
import type { Day } from '../domain/day.ts'

/** The days after `after` up to `upTo`; null: from the beginning of the books. */
export type Span = { readonly after: Day | null; readonly upTo: Day }

export type Spans = {
  /** A month's end: whatever stands then. Null where rows matter only after a day. */
  readonly base: Day | null
  /** Of whole months. From the beginning: as far as the checkpoint at hand does not reach. */
  readonly months: readonly Span[]
  /** `isAll`: for what is valued day by day, which takes neither months nor checkpoints. */
  readonly days: readonly (Span & { readonly isAll: boolean })[]
}

/**
 * `dayEnds` ascend; between two of them rows are one sum. `after`: rows up to this day do not matter; null: all do.
 * `knownDay`: what was recorded later is left out, so of later months every day must be looked at; null: nothing is.
 */
export function spansOf(dayEnds: readonly Day[], after: Day | null, knownDay: Day | null): Spans {
  const first = dayEnds[0]
  const last = dayEnds.at(-1)
  if (first === undefined || last === undefined) return { base: null, months: [], days: [] }
  const wholeUpTo = knownDay ?? Infinity
  // The end of the last month that was over by then.
  const base = after === null ? firstOfMonth(Math.min(first, wholeUpTo) + 1) - 1 : null
  const months: Span[] = base === null ? [] : [{ after: null, upTo: base }]
  const days: Span[] = []
  const asked = new Set(dayEnds)
  for (let before = base ?? after ?? first; before < last;) {
    const monthEnd = endOfMonth(before + 1)
    const isWhole =
      before + 1 === firstOfMonth(monthEnd) &&
      monthEnd <= Math.min(last, wholeUpTo) &&
      !isAnyBetween(asked, before + 1, monthEnd - 1)
    const upTo = Math.min(monthEnd, last)
    extend(isWhole ? months : days, { after: before, upTo })
    before = upTo
  }
  return {
    base,
    months,
    days: [...days.map((span) => ({ ...span, isAll: false })), { after, upTo: last, isAll: true }],
  }
}

function isAnyBetween(asked: ReadonlySet<Day>, from: Day, to: Day): boolean {
  for (let day = from; day <= to; day++) if (asked.has(day)) return true
  return false
}

/** Spans that meet become one: each costs a look into the index. The one from the beginning stays what it is. */
function extend(spans: Span[], { after, upTo }: Span): void {
  const last = spans.at(-1)
  if (last !== undefined && last.after !== null && last.upTo === after)
    spans[spans.length - 1] = { ...last, upTo }
  else spans.push({ after, upTo })
}
