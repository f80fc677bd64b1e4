/** Reads aging out of the KPI store. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import {
  agingInputs,
  agingOf,
  minorOf,
  problemWithEdges,
  type Aging,
  type AgingBasis,
} from '../domain/aging.ts'
import { bookOf } from '../domain/book.ts'
import { dayAt } from '../domain/calendar.ts'
import { dateOf, formatDay } from '../domain/day.ts'
import { Exact, majorOf, type Money } from '../domain/money.ts'
import { addInput, noNeeds } from '../domain/needs.ts'
import { isMissing } from '../domain/rates.ts'
import { fetchBooks } from './answer.ts'
import { checkCurrency, checkDay, noRate, refuseIf } from './check.ts'
import { readBalancesOfEntries } from './ledger-balances.ts'
import {
  groupSegments,
  readCollectorNames,
  type GroupKey,
  type KpiDimension,
  type Names,
  type SegmentFilter,
} from './segments.ts'
import {
  fromSource,
  knownAtOf,
  type Knowledge,
  type KpiOrganization,
  type SegmentView,
  type Source,
  type Sourced,
} from './source.ts'

export type AgingQuery = {
  readonly asOf?: Temporal.PlainDate | null | undefined
  readonly by?: AgingBasis
  readonly edges?: readonly number[]
  readonly filter?: SegmentFilter | null | undefined
  readonly segments?: SegmentView
  readonly currency?: string | null | undefined
  readonly now: Temporal.Instant
} & Knowledge

export type AgingAnswer = Omit<Aging, 'exactBalance'> & {
  readonly asOf: Temporal.PlainDate
  readonly knownAt: Temporal.Instant
  readonly by: AgingBasis
  /** What the ledger's entries say less `ledgerBalance`, before anything is rounded. Reads the whole ledger. */
  readonly unexplained: (tx: Tx) => Promise<Money>
}

const defaultEdges = [30, 60, 90]

/** The answer of `aging`. Throws BAD_USER_INPUT that names the argument, or MISSING_RATE. */
export async function readAging(
  tx: Tx,
  organization: KpiOrganization,
  query: AgingQuery,
): Promise<AgingAnswer> {
  const [one] = await readGroups(tx, organization, query, [])
  if (one === undefined) throw new Error('Without dimensions there is one group')
  return one.aging
}

export type SegmentAging = GroupKey & { readonly aging: AgingAnswer }

const DIMENSIONS_MAX = 2

/** The answer of `agingBySegment`. Throws as `readAging` does. */
export async function readAgingBySegment(
  tx: Tx,
  organization: KpiOrganization,
  query: AgingQuery & { readonly groupBy: readonly KpiDimension[] },
): Promise<SegmentAging[]> {
  const groupBy = [...new Set(query.groupBy)]
  refuseIf(
    (groupBy.length === 0 || groupBy.length > DIMENSIONS_MAX) &&
      `groupBy must name 1 or ${DIMENSIONS_MAX} dimensions, not ${groupBy.length}.`,
  )
  const groups = await readGroups(tx, organization, query, groupBy)
  return groups.map(({ key, aging }) => ({ ...key, aging }))
}

/** What the arguments of an aging come to. */
export function checkAging(organization: KpiOrganization, query: AgingQuery) {
  const { by = 'DUE_DATE', edges = defaultEdges } = query
  refuseIf(problemWithEdges(by, edges))
  const currency = checkCurrency(query.currency, organization.baseCurrency)
  const today = dayAt(query.now, organization.timeZone)
  const day = query.asOf == null ? today : checkDay(query.asOf, 'asOf')
  refuseIf(
    day > today && `asOf must not lie after today, which is ${formatDay(today)} in ${organization.timeZone}.`,
  )
  return { by, edges, currency, day, knownAt: knownAtOf(query) }
}

export const refuseUnknown = ({ booksFrom }: Pick<Source, 'booksFrom'>, query: AgingQuery): void =>
  refuseIf(
    booksFrom === 'NOT_KNOWN_THEN' &&
      query.knownAt != null &&
      `Nothing had been recorded by knownAt (${knownAtOf(query).toString()}).`,
  )

async function readGroups(
  tx: Tx,
  organization: KpiOrganization,
  query: AgingQuery,
  groupBy: readonly KpiDimension[],
): Promise<{ readonly key: GroupKey; readonly aging: AgingAnswer }[]> {
  const checked = checkAging(organization, query)
  const names = await readCollectorNames(tx, organization.id, groupBy)
  return fromSource(tx, organization, query, (sourced) =>
    readGroupsFrom(sourced, organization, query, checked, groupBy, names),
  )
}

async function readGroupsFrom(
  { source, segments }: Sourced,
  organization: KpiOrganization,
  query: AgingQuery,
  { by, edges, currency, day, knownAt }: ReturnType<typeof checkAging>,
  groupBy: readonly KpiDimension[],
  names: Names,
): Promise<{ readonly key: GroupKey; readonly aging: AgingAnswer }[]> {
  refuseUnknown(source, query)
  const groups = groupSegments(segments, query.filter, groupBy, names)
  const needs = noNeeds()
  for (const input of Object.values(agingInputs(day, by, edges)).flat()) addInput(needs, input, day)
  const { rowsOf, rates } = await fetchBooks(source, needs, groups, [currency], { first: day, last: day })

  return groups.map((group) => {
    const aging = agingOf({ book: bookOf(rowsOf(group)), rates, currency }, day, by, edges)
    if ('day' in aging) throw noRate(aging)
    const unexplained = async (tx: Tx): Promise<Money> => {
      const balances = await readBalancesOfEntries(
        tx,
        organization.id,
        segments,
        group,
        day,
        knownAt,
        query.segments,
      )
      const ledger = balances.reduce((sum, balance) => {
        const rate = rates.between(balance.currency, currency, day)
        if (balance.minor === 0n) return sum
        if (isMissing(rate)) throw noRate(rate)
        return sum.plus(majorOf(balance).times(rate))
      }, new Exact(0))
      return { minor: minorOf(ledger.minus(aging.exactBalance), currency), currency }
    }
    return { key: group.key, aging: { ...aging, asOf: dateOf(day), knownAt, by, unexplained } }
  })
}
