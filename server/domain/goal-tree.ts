/** What the goals below a goal say together: sums where sums are true, and nothing where they are not. */
import { Exact } from './money.ts'
import type { KpiDefinition } from './kpi.ts'

/** A goal as its place in the tree goes by it. */
export type Branch = {
  /** Null for a checklist. */
  readonly kpi: KpiDefinition | null
  /** The currency and the conventions, as one text. */
  readonly measuredIn: string
  /** By dimension: the values that count; one that is missing counts all. */
  readonly filter: Readonly<Record<string, readonly string[] | undefined>>
  readonly value: Exact | null
  readonly baseline: Exact
  /** Null for a band. */
  readonly target: Exact | null
}

export type NoTotalReason =
  | 'NO_CHILDREN'
  | 'NOT_ADDITIVE'
  | 'DIFFERENT_KPIS'
  | 'BEYOND_THE_PARENT'
  | 'OVERLAPPING_SCOPES'

/** Each is null where one of the children has none. */
export type Total = {
  readonly value: Exact | null
  readonly baseline: Exact
  readonly target: Exact | null
}

/** The sum of the children, or why there is none: a ratio is never averaged, and nothing is counted twice. */
export function totalOf(parent: Branch, children: readonly Branch[]): Total | NoTotalReason {
  const reason = noTotalReason(parent, children)
  if (reason !== null) return reason
  const sum = (values: readonly (Exact | null)[]): Exact | null =>
    values.reduce(
      (total, value) => (total === null || value === null ? null : total.plus(value)),
      new Exact(0),
    )
  return {
    value: sum(children.map(({ value }) => value)),
    baseline: sum(children.map(({ baseline }) => baseline)) ?? new Exact(0),
    target: sum(children.map(({ target }) => target)),
  }
}

function noTotalReason(parent: Branch, children: readonly Branch[]): NoTotalReason | null {
  if (children.length === 0) return 'NO_CHILDREN'
  const { kpi } = parent
  if (kpi === null || !isAdditive(kpi)) return 'NOT_ADDITIVE'
  const isSame = ({ kpi: other, measuredIn }: Branch) =>
    other?.metric === kpi.metric && measuredIn === parent.measuredIn
  if (!children.every(isSame)) return 'DIFFERENT_KPIS'
  if (!children.every((child) => isWithin(child.filter, parent.filter))) return 'BEYOND_THE_PARENT'
  const clashes = children.some((one, index) =>
    children.slice(index + 1).some((other) => !areApart(one.filter, other.filter, kpi)),
  )
  return clashes ? 'OVERLAPPING_SCOPES' : null
}

/** Money and counts of the books. What comes from outside them is not known by segment. */
export const isAdditive = ({ unit, theme }: Pick<KpiDefinition, 'unit' | 'theme'>): boolean =>
  (unit === 'MONEY' || unit === 'COUNT') && theme !== 'OUTSIDE'

type Filter = Branch['filter']

const isWithin = (inner: Filter, outer: Filter): boolean =>
  Object.entries(outer).every(
    ([dimension, values]) =>
      values === undefined || (inner[dimension]?.every((value) => values.includes(value)) ?? false),
  )

/** True where no invoice is in both. One with lines of several products is counted in each of these. */
export const areApart = (one: Filter, other: Filter, { unit }: KpiDefinition): boolean =>
  Object.entries(one).some(([dimension, values]) => {
    if (unit === 'COUNT' && dimension === 'productLine') return false
    const others = other[dimension]
    return values !== undefined && others !== undefined && !values.some((value) => others.includes(value))
  })

/** In percent; null where either is unknown or there is nothing to share. */
export const shareOf = (part: Exact | null, whole: Exact | null): Exact | null =>
  part === null || whole === null || whole.isZero() ? null : part.div(whole).times(100)
