/** What a goal serves, and which other goals it gets in the way of. */
import { isBefore } from './calendar.ts'
import { areApart, type Branch } from './goal-tree.ts'
import type { Band } from './goal-trajectory.ts'
import type { KpiDefinition, KpiMetric } from './kpi.ts'
import type { Exact } from './money.ts'
import type { SmartLetter } from './smart.ts'

/** A goal as another one can be in its way. */
export type Aiming = {
  readonly kpi: KpiDefinition
  /** The currency and the conventions, as one text. */
  readonly measuredIn: string
  readonly filter: Branch['filter']
  readonly direction: 'INCREASE' | 'DECREASE' | 'MAINTAIN_BAND'
  readonly target: Exact | null
  readonly band: Band | null
  readonly startsOn: Temporal.PlainDate
  readonly deadline: Temporal.PlainDate
}

export type ConflictKind = 'OPPOSITE_DIRECTION' | 'DIFFERENT_TARGET' | 'DUPLICATE' | 'PULLS_AGAINST'

export type Conflict = { readonly kind: ConflictKind; readonly sentence: string }

/** Null where both can be reached. `name` is the other goal's. */
export function conflictOf(one: Aiming, other: Aiming, name: string): Conflict | null {
  const overlap = isBefore(one.startsOn, other.deadline) && isBefore(other.startsOn, one.deadline)
  if (!overlap || areApart(one.filter, other.filter, one.kpi)) return null
  if (one.kpi.metric !== other.kpi.metric) return pullOf(one, other, name)
  if (isOpposite(one, other)) {
    const sentence = `"${name}" wants the same KPI to ${AIMS[other.direction]}.`
    return { kind: 'OPPOSITE_DIRECTION', sentence }
  }
  if (one.measuredIn !== other.measuredIn || !isSameScope(one.filter, other.filter)) return null
  return sameKpiConflict(one, other, name)
}

const AIMS = { INCREASE: 'rise', DECREASE: 'fall', MAINTAIN_BAND: 'stay within a band' } as const

function isOpposite(one: Aiming, other: Aiming): boolean {
  const banded = [one, other].find(({ direction }) => direction === 'MAINTAIN_BAND')
  if (banded === undefined) return one.direction !== other.direction
  const { target } = banded === one ? other : one
  // Two bands are told apart by their edges.
  if (target === null || banded.band === null) return false
  return target.lt(banded.band.low) || target.gt(banded.band.high)
}

/** Of the same KPI, scope and conventions, in the same direction. */
function sameKpiConflict(one: Aiming, other: Aiming, name: string): Conflict | null {
  const isSame = sameAim(one, other)
  const [sooner, later] = isBefore(other.deadline, one.deadline) ? [other, one] : [one, other]
  if (one.deadline.equals(other.deadline)) {
    return isSame
      ? { kind: 'DUPLICATE', sentence: `"${name}" wants the same of the same KPI by the same day.` }
      : {
          kind: 'DIFFERENT_TARGET',
          sentence: `"${name}" sets another target for the same KPI on the same day.`,
        }
  }
  // Farther by a later day is a step on the same way.
  if (isSame || sooner.target === null || later.target === null) return null
  const goesOn =
    one.direction === 'INCREASE' ? later.target.gt(sooner.target) : later.target.lt(sooner.target)
  if (goesOn) return null
  const sentence =
    sooner === other
      ? `By this one's later deadline the KPI would have fallen back behind the target of "${name}".`
      : `By the later deadline of "${name}" the KPI would have fallen back behind this one's target.`
  return { kind: 'DIFFERENT_TARGET', sentence }
}

const sameAim = (one: Aiming, other: Aiming): boolean =>
  one.direction === 'MAINTAIN_BAND'
    ? sameNumber(one.band?.low, other.band?.low) && sameNumber(one.band?.high, other.band?.high)
    : sameNumber(one.target, other.target)

const sameNumber = (one: Exact | null | undefined, other: Exact | null | undefined): boolean =>
  one != null && other != null && one.eq(other)

const isSameScope = (one: Aiming['filter'], other: Aiming['filter']): boolean =>
  JSON.stringify(sortedScope(one)) === JSON.stringify(sortedScope(other))

const sortedScope = (filter: Aiming['filter']) =>
  Object.entries(filter)
    .filter(([, values]) => values !== undefined)
    .map(([dimension, values]) => [dimension, values?.toSorted()])
    .toSorted(([a], [b]) => String(a).localeCompare(String(b)))

type Move = { readonly metrics: readonly KpiMetric[]; readonly direction: 'INCREASE' | 'DECREASE' }

const down = (...metrics: KpiMetric[]): Move => ({ metrics, direction: 'DECREASE' })
const up = (...metrics: KpiMetric[]): Move => ({ metrics, direction: 'INCREASE' })

const LESS_OWED = down('DSO', 'DSO_AVERAGE', 'DSO_COUNT_BACK', 'TOTAL_RECEIVABLES', 'CURRENT_RECEIVABLES')
const LESS_OVERDUE = down(
  'PAST_DUE',
  'PAST_DUE_SHARE',
  'PAST_DUE_COUNT',
  'PAST_DUE_OVER_90',
  'PAST_DUE_OVER_90_SHARE',
  'AVERAGE_DAYS_DELINQUENT',
)
const both = (...moves: readonly Move[]): Move => down(...moves.flatMap(({ metrics }) => metrics))

/** Moves that are known to work against each other, and why. */
const PULLS: readonly (readonly [one: Move, other: Move, why: string])[] = [
  [
    up('SALES', 'INVOICES_SENT', 'SALES_PLAN_ATTAINMENT'),
    LESS_OWED,
    'more is sold on credit before it is collected, so growth raises what is owed',
  ],
  [
    up('CREDIT_UTILISATION', 'WEIGHTED_AVERAGE_TERMS'),
    both(LESS_OWED, LESS_OVERDUE, down('BAD_DEBT', 'BAD_DEBT_RATE', 'NET_BAD_DEBT_RATE')),
    'more credit, or credit for longer, means that more is owed and at risk',
  ],
  [
    down('WRITTEN_OFF', 'BAD_DEBT', 'BAD_DEBT_RATE', 'NET_BAD_DEBT_RATE'),
    down('PAST_DUE_OVER_90', 'PAST_DUE_OVER_90_SHARE'),
    'the oldest debts leave the books by being collected or written off, and the second is to happen less',
  ],
  [
    down('CREDITED', 'RETURN_RATE'),
    down('DISPUTED_RECEIVABLES', 'DISPUTED_SHARE', 'OPEN_DISPUTE_COUNT', 'DAYS_DEDUCTIONS_OUTSTANDING'),
    'disputes are often settled by a credit note',
  ],
  [
    down('DISCOUNTED', 'DISCOUNT_CAPTURE_RATE', 'UNEARNED_DISCOUNTS', 'UNEARNED_DISCOUNT_SHARE'),
    LESS_OWED,
    'discounts are what early payment is bought with',
  ],
  [
    down('DISCOUNTED', 'DISCOUNT_CAPTURE_RATE', 'UNEARNED_DISCOUNTS', 'UNEARNED_DISCOUNT_SHARE'),
    up('PAID_WITHIN_30_DAYS', 'PAID_WITHIN_60_DAYS', 'ON_TIME_RATE'),
    'discounts are what early payment is bought with',
  ],
  [
    down('COLLECTION_COST', 'COLLECTION_STAFF', 'COST_TO_COLLECT', 'COST_PER_RECEIPT'),
    both(LESS_OVERDUE, LESS_OWED),
    'collecting more takes people and money, which are to become less',
  ],
  [
    down('COLLECTION_COST', 'COLLECTION_STAFF', 'COST_TO_COLLECT', 'COST_PER_RECEIPT'),
    up('CASH_COLLECTED', 'COLLECTION_EFFECTIVENESS_INDEX', 'COLLECTED_SHARE', 'ON_TIME_RATE'),
    'collecting more takes people and money, which are to become less',
  ],
  [up('CUSTOMER_SATISFACTION'), LESS_OVERDUE, 'customers who are reminded more often are less pleased'],
  [
    down('TIME_TO_INVOICE', 'TIME_TO_INVOICE_P90'),
    up('INVOICE_ACCURACY'),
    'bills that go out sooner are checked less',
  ],
]

function pullOf(one: Aiming, other: Aiming, name: string): Conflict | null {
  const does = ({ kpi, direction }: Aiming, move: Move) =>
    direction === move.direction && move.metrics.includes(kpi.metric)
  const found = PULLS.find(([a, b]) => (does(one, a) && does(other, b)) || (does(one, b) && does(other, a)))
  return found === undefined
    ? null
    : { kind: 'PULLS_AGAINST', sentence: `It pulls against "${name}": ${found[2]}.` }
}

/** R. `parent` is the name of the goal above it. */
export function relevantOf(known: {
  readonly why: string | null
  readonly parent: string | null
  readonly conflicts: readonly Conflict[]
}): SmartLetter {
  const { why, parent, conflicts } = known
  const serves = parent !== null ? `It serves "${parent}".` : why === null ? null : 'It says why it matters.'
  const purpose = serves ?? 'It says neither why it matters nor which goal it serves.'
  const verdict = serves === null || conflicts.length > 0 ? 'WARN' : 'PASS'
  return { verdict, sentence: [purpose, ...conflicts.map(({ sentence }) => sentence)].join(' ') }
}
