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
  readonly days: readonly Span[]
  /** Of `days` what lies after `knownDay`: of that hardly anything is known. */
  readonly early: readonly Span[]
}

/**
 * `dayEnds` ascend; between two of them rows are one sum. `after`: rows up to this day do not matter; null: all do.
 * `knownDay`: what was recorded later is left out, so of later months every day must be looked at; null: nothing is.
 */
export function spansOf(dayEnds: readonly Day[], after: Day | null, knownDay: Day | null): Spans {
  const first = dayEnds[0]
  const last = dayEnds.at(-1)
  if (first === undefined || last === undefined) return { base: null, months: [], days: [], early: [] }
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
  return { base, months, ...split(days, wholeUpTo) }
}

/** A balance of segments, which have no days of their own: as it stood at `base`, and what came after it. */
export type Standing = {
  /** A month's end. */
  readonly base: Day
  /** Only what came into the balance after it is wanted; null: all of it. */
  readonly after: Day | null
  readonly upTo: Day
}

/** What months do not tell: all up to the end of the first days, then the days after a month's end. */
export function standingsOf({ base, days }: Spans): Standing[] {
  if (base === null) return []
  const first = days[0]
  const rest = first?.after === base ? days.slice(1) : days
  return [
    { base, after: null, upTo: first?.after === base ? first.upTo : base },
    ...rest.map(({ after, upTo }) => ({ base: after ?? base, after, upTo })),
  ]
}

/** Spans up to a day, and what is left of them after it. */
export function split(spans: readonly Span[], at: Day): Pick<Spans, 'days' | 'early'> {
  return {
    days: spans
      .filter(({ after }) => after === null || after < at)
      .map(({ after, upTo }) => ({ after, upTo: Math.min(upTo, at) })),
    early: spans
      .filter(({ upTo }) => upTo > at)
      .map(({ after, upTo }) => ({ after: Math.max(after ?? -Infinity, at), upTo })),
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
