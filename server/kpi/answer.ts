/** From asks to evaluations: gathers what all of them need, fetches it once, evaluates each in memory. */
import { bookOf } from '../domain/book.ts'
import type { Conventions } from '../domain/conventions.ts'
import type { Day } from '../domain/day.ts'
import {
  evaluateQuestion,
  questionOf,
  type Evaluation,
  type Question,
  type View,
} from '../domain/evaluate.ts'
import { externalBookOf, type ExternalBook } from '../domain/external.ts'
import type { KpiDefinition, Point } from '../domain/kpi.ts'
import { addNeeds, noNeeds, type Needs } from '../domain/needs.ts'
import { ratesOf, type Rates } from '../domain/rates.ts'
import { seriesFor } from '../ledger/ages.ts'
import { readRates } from '../ledger/rates.ts'
import { creditNeeds, creditScopeOf, planScopeOf, readCreditBook } from './credit.ts'
import { externalNeeds, readExternal, type ExternalNeeds } from './external.ts'
import { gatherRows } from './gather.ts'
import { cellsOf, overlappingCells, type Cell, type Group } from './segments.ts'
import { readCustomerRows, type CustomersQuery } from './customer-rows.ts'
import type { CellRow, Sight } from './selection.ts'
import type { Source } from './source.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** One KPI on some points, for each of some groups. Asks may share groups: compared by identity. */
export type Ask = {
  readonly definition: KpiDefinition
  readonly conventions: Conventions
  readonly currency: string
  readonly groups: readonly Group[]
  readonly points: readonly Point[]
}

/** Evaluates an ask for one of its groups at one of its points. */
export type Answers = (ask: Ask, group: Group, point: Point) => Evaluation

/** At most four statements on the KPI store, one on exchange rates, one on what comes from outside and three on credit, whatever is asked. */
export async function answer(source: Source, asks: readonly Ask[]): Promise<Answers> {
  const needs = noNeeds()
  for (const { definition, points, conventions } of asks)
    for (const point of points) addNeeds(needs, definition, point, conventions, source.booksFrom)
  const outside = externalNeeds(asks)
  const ofCredit = creditNeeds(asks)
  const [{ rowsOf, rates }, external, credit] = await Promise.all([
    fetchBooks(
      source,
      needs,
      asks.flatMap((ask) => ask.groups),
      asks.map((ask) => ask.currency),
      daysOf(asks.flatMap((ask) => ask.points)),
      outside !== null || ofCredit !== null,
    ),
    fetchExternal(source, outside),
    ofCredit === null
      ? undefined
      : readCreditBook(source.tx, source.organizationId, ofCredit, source.sight.knownAt),
  ])
  const { booksFrom } = source
  const books = remembering((group: Group) => bookOf(rowsOf(group)))
  const views = remembering((group: Group) =>
    remembering((currency: string): View => {
      const view = { book: books(group), booksFrom, rates, currency, known: new Map() }
      const scope = creditScopeOf(group)
      const planScope = planScopeOf(group)
      return {
        ...view,
        external: group.isWhole ? external : null,
        credit: scope === null ? null : credit && { book: credit.book, scope },
        plan:
          planScope === null ? null : credit && { rows: credit.plan, scope: planScope, credit: credit.book },
      }
    }),
  )
  const questions = remembering(({ definition, conventions }: Ask) =>
    remembering((point: Point): Question => questionOf(definition, point, conventions)),
  )
  return (ask, group, point) => evaluateQuestion(questions(ask)(point), views(group)(ask.currency))
}

/** Makes something of each key once. */
function remembering<Key, Made>(make: (key: Key) => Made): (key: Key) => Made {
  const all = new Map<Key, Made>()
  return (key) => {
    let made = all.get(key)
    if (made === undefined) {
      made = make(key)
      all.set(key, made)
    }
    return made
  }
}

async function fetchExternal(
  { tx, organizationId, sight }: Source,
  needs: ExternalNeeds | null,
): Promise<ExternalBook> {
  return externalBookOf(needs === null ? [] : await readExternal(tx, organizationId, needs, sight.knownAt))
}

type Days = { readonly first: Day; readonly last: Day }

function daysOf(points: readonly Point[]): Days {
  let first = Infinity
  let last = -Infinity
  for (const { day, period } of points) {
    first = Math.min(first, day, period.from)
    last = Math.max(last, day)
  }
  return { first, last }
}

type Fetched = { readonly rowsOf: (group: Group) => CellRow['row'][]; readonly rates: Rates }

/** The rows that the needs name of the groups' segments, and the rates of the days for those in other currencies. */
export async function fetchBooks(
  { tx, organizationId, baseCurrency, cut, sight, isRepeated = false }: Source,
  needs: Needs,
  allGroups: readonly Group[],
  answerCurrencies: readonly string[],
  days: Days,
  /** Rates are wanted whatever the segments are in: for money from outside the books. */
  always = false,
): Promise<Fetched> {
  const everyGroup = [...new Set(allGroups.map((group) => group.besides?.group ?? group))]
  const groups = everyGroup.filter(({ customerIds }) => customerIds === null)
  const ofCustomers = everyGroup.filter(({ customerIds }) => customerIds !== null)
  const wanted = [...new Set(answerCurrencies)]
  // Rows by anchor are there of single segments only, and each of them is better read once.
  const isByAge = needs.balances.measures.size === 0 || seriesFor(needs.balances.ages, sight.isAsIs) !== null
  const cutCells =
    isByAge && sight.knownAt === null
      ? overlappingCells(groups, cut, sight.daysOfSegments)
      : cellsOf(groups).map((cell) => ({ cell, cuts: cut(cell.segmentIds) }))
  const cells = cutCells.map(({ cell }) => cell)
  const isForeign = (one: Pick<Cell, 'currency'>) => wanted.some((currency) => currency !== one.currency)
  const [rows, customerRowsOf, rates] = await Promise.all([
    gatherRows(tx, {
      organizationId,
      needs,
      cells: cutCells,
      isForeign,
      sight,
      isRepeated,
    }),
    customerReader(tx, ofCustomers, { organizationId, knownAt: sight.knownAt, isRepeated }),
    always || cells.some(isForeign) || ofCustomers.some((group) => group.segments.some(isForeign))
      ? readRates(tx, { id: organizationId, baseCurrency }, days.first, days.last, sight.knownAt)
      : ratesOf(baseCurrency, []),
  ])
  const rowsByCell = Map.groupBy(rows, ({ cell }) => cell)
  const cellsByGroup = new Map(groups.map((group): [Group, Cell[]] => [group, []]))
  for (const cell of cells) for (const group of cell.groups) cellsByGroup.get(group)?.push(cell)
  const ownRowsOf = (group: Group) =>
    customerRowsOf(group, sight) ??
    (cellsByGroup.get(group) ?? []).flatMap((cell) => (rowsByCell.get(cell) ?? []).map(({ row }) => row))
  const rowsOf = (group: Group) =>
    group.besides === undefined
      ? ownRowsOf(group)
      : [...ownRowsOf(group.besides.group), ...group.besides.rows]
  return { rowsOf, rates }
}

/** The rows of a group that belongs to customers; null for other groups. */
type RowsOfCustomers = (group: Group, sight: Pick<Sight, 'isAsIs'>) => CellRow['row'][] | null

async function customerReader(
  tx: Tx,
  groups: readonly Group[],
  query: Omit<CustomersQuery, 'customerIds'>,
): Promise<RowsOfCustomers> {
  const customerIds = [...new Set(groups.flatMap((group) => group.customerIds ?? []))]
  const rows: Awaited<ReturnType<typeof readCustomerRows>> =
    customerIds.length === 0 ? new Map() : await readCustomerRows(tx, { ...query, customerIds })
  return ({ customerIds: own, segments }, { isAsIs }) => {
    if (own === null) return null
    const within = new Set(segments.map(({ id }) => id))
    return own.flatMap((id) =>
      (rows.get(id) ?? []).flatMap((one) =>
        within.has(one.segmentId) && (isAsIs || !one.asIs) ? [one.row] : [],
      ),
    )
  }
}
