/** Which segments an answer is about, and how they are put together before anything is added up. */
import type { BookRow } from '../domain/book.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { LEVELS, type Cut } from '../ledger/cuts.ts'

export type KpiDimension = 'CURRENCY' | 'BUSINESS_UNIT' | 'REGION' | 'CHANNEL' | 'PRODUCT_LINE' | 'COLLECTOR'

/** Which segments, and of whom; all given conditions must hold. Collectors and customers by their uuid. */
export type SegmentFilter = {
  readonly currency?: readonly string[] | null | undefined
  readonly businessUnit?: readonly string[] | null | undefined
  readonly region?: readonly string[] | null | undefined
  readonly channel?: readonly string[] | null | undefined
  readonly productLine?: readonly string[] | null | undefined
  readonly collectorId?: readonly string[] | null | undefined
  /** Whose items alone; as a list, as what else a filter names. */
  readonly customerId?: readonly string[] | null | undefined
}

export type Dimensions = {
  readonly currency: string
  readonly businessUnit: string | null
  readonly region: string | null
  readonly channel: string | null
  readonly productLine: string | null
  readonly collectorId: string | null
}

export type Segment = Dimensions & { readonly id: number }

/** In the order of their ids, those after `afterId`. */
export const readSegmentsAfter = async (
  tx: Tx,
  organizationId: string,
  afterId: number,
): Promise<readonly Segment[]> => tx.sql<Segment[]>`
  select id, currency, business_unit as "businessUnit", region, channel, product_line as "productLine",
    collector_id as "collectorId"
  from segment where organization_id = ${organizationId} and id > ${afterId} order by id`

/** Names of collectors by their ids. */
export type Names = ReadonlyMap<string, string>

/** Those that groups are named by; of nobody where it is not grouped by collector. */
export async function readCollectorNames(
  tx: Tx,
  organizationId: string,
  groupBy: readonly KpiDimension[],
): Promise<Names> {
  if (!groupBy.includes('COLLECTOR')) return new Map()
  const people = await tx.sql<{ id: string; name: string }[]>`
    select id, name from person
    where organization_id = ${organizationId}
      and id in (select collector_id from segment where organization_id = ${organizationId})`
  return new Map(people.map(({ id, name }) => [id, name]))
}

const columns = {
  CURRENCY: 'currency',
  BUSINESS_UNIT: 'businessUnit',
  REGION: 'region',
  CHANNEL: 'channel',
  PRODUCT_LINE: 'productLine',
  COLLECTOR: 'collectorId',
} as const satisfies Record<KpiDimension, keyof Dimensions>

/** What a row says of its group; null where it is not grouped by it, or the group has none. */
export type GroupKey = {
  readonly documentCurrency: string | null
  readonly businessUnit: string | null
  readonly region: string | null
  readonly channel: string | null
  readonly productLine: string | null
  readonly collectorId: string | null
  readonly collectorName: string | null
}

export type Within = { readonly [Dimension in keyof Dimensions]?: readonly (string | null)[] }

export type Group = {
  readonly key: GroupKey
  readonly segments: readonly Segment[]
  /** Which values of a dimension it has; of those that are left out, any. */
  readonly within: Within
  /** True where nothing was left out and nothing told apart: what knows no segments belongs to it. */
  readonly isWhole: boolean
  /** Only what belongs to these; null for everybody. */
  readonly customerIds: readonly string[] | null
  /** What another group has, and some rows besides: that group as it would be if something had not happened. */
  readonly besides?: { readonly group: Group; readonly rows: readonly BookRow[] }
}

const everything: GroupKey = {
  documentCurrency: null,
  businessUnit: null,
  region: null,
  channel: null,
  productLine: null,
  collectorId: null,
  collectorName: null,
}

/** The segments that fulfil the filter, by the dimensions; without dimensions one group, be it empty. */
export function groupSegments(
  segments: readonly Segment[],
  filter: SegmentFilter | null | undefined,
  groupBy: readonly KpiDimension[],
  names: Names = new Map(),
): Group[] {
  const chosen = segments.filter((one) => fulfils(one, filter ?? {}))
  const customerIds = filter?.customerId ?? null
  const isWhole = customerIds === null && filterFields.every((field) => filter?.[field] == null)
  const within = withinFilter(filter ?? {})
  if (groupBy.length === 0) return [{ key: everything, segments: chosen, within, isWhole, customerIds }]
  const valuesOf = (one: Segment) => groupBy.map((dimension) => one[columns[dimension]])
  const groups = Map.groupBy(chosen, (one) => JSON.stringify(valuesOf(one)))
  return [...groups.values()]
    .map((members) => ({ members, values: members[0] === undefined ? [] : valuesOf(members[0]) }))
    .sort((a, b) => compareValues(a.values, b.values))
    .map(({ members, values }) => ({
      key: keyOf(members[0], groupBy, names),
      segments: members,
      within: {
        ...within,
        ...Object.fromEntries(
          groupBy.map((dimension, index) => [columns[dimension], [values[index] ?? null]]),
        ),
      },
      isWhole: false,
      customerIds,
    }))
}

const withinFilter = (filter: SegmentFilter): Within =>
  Object.fromEntries(
    filterFields.flatMap((field) => (filter[field] == null ? [] : [[field, filter[field]] as const])),
  )

/** What of segments a filter can name. */
export const filterFields = Object.values(columns)

const fulfils = (one: Segment, filter: SegmentFilter): boolean =>
  filterFields.every((field) => {
    const wanted = filter[field]
    const value = one[field]
    return wanted == null || (value !== null && wanted.includes(value))
  })

function keyOf(member: Segment | undefined, groupBy: readonly KpiDimension[], names: Names): GroupKey {
  if (member === undefined) return everything
  const by = (dimension: KpiDimension) => groupBy.includes(dimension)
  return {
    documentCurrency: by('CURRENCY') ? member.currency : null,
    businessUnit: by('BUSINESS_UNIT') ? member.businessUnit : null,
    region: by('REGION') ? member.region : null,
    channel: by('CHANNEL') ? member.channel : null,
    productLine: by('PRODUCT_LINE') ? member.productLine : null,
    collectorId: by('COLLECTOR') ? member.collectorId : null,
    collectorName: by('COLLECTOR') ? (names.get(member.collectorId ?? '') ?? null) : null,
  }
}

/** In the order of the values' code points, those without a value last. */
function compareValues(a: readonly (string | null)[], b: readonly (string | null)[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] ?? null
    if (left === right) continue
    if (left === null) return 1
    if (right === null) return -1
    return left < right ? -1 : 1
  }
  return 0
}

/** Segments that belong to the same groups and have the same currency: PostgreSQL adds them up. */
export type Cell = {
  readonly currency: string
  readonly groups: readonly Group[]
  readonly segmentIds: number[]
}

/** However many filters and groups there are, a flow row is read once and added to one cell. */
export function cellsOf(groups: readonly Group[]): Cell[] {
  const groupsOf = new Map<Segment, Group[]>()
  for (const group of groups) {
    for (const member of group.segments) {
      const known = groupsOf.get(member)
      if (known === undefined) groupsOf.set(member, [group])
      else known.push(group)
    }
  }
  const numbers = new Map(groups.map((group, index) => [group, index]))
  const cells = new Map<string, Cell>()
  for (const [member, memberOf] of groupsOf) {
    const key = `${member.currency} ${memberOf.map((group) => numbers.get(group)).join(' ')}`
    const cell = cells.get(key)
    if (cell === undefined)
      cells.set(key, { currency: member.currency, groups: memberOf, segmentIds: [member.id] })
    else cell.segmentIds.push(member.id)
  }
  return [...cells.values()]
}

/** A cell, and the cuts that it is made of. */
export type CutCell = { readonly cell: Cell; readonly cuts: readonly Cut[] }

/** As long as a look at what is folded of a single segment takes, where days have to be read out of `flow`. */
const SEGMENT_WEIGHT = 20

const weightOf = (cells: readonly CutCell[], daysOfSegments: number): number =>
  cells.reduce(
    (sum, { cuts }) =>
      cuts.reduce(
        (all, { level, id }) => all + (level === LEVELS.SEGMENT && id > daysOfSegments ? SEGMENT_WEIGHT : 1),
        sum,
      ),
    0,
  )

/**
 * What is read of groups that overlap, such as a region and a channel: what they have in common is single segments,
 * while of each of them there are sums. So those that sums are kept of are cells of their own, where that is less.
 */
export function overlappingCells(
  groups: readonly Group[],
  cut: (segmentIds: readonly number[]) => readonly Cut[],
  /** Of segments with ids up to this one days are folded. */
  daysOfSegments: number,
): CutCell[] {
  const withCuts = (cell: Cell): CutCell => ({ cell, cuts: cut(cell.segmentIds) })
  const apart = cellsOf(groups).map(withCuts)
  if (apart.every(({ cell }) => cell.groups.length === 1)) return apart
  const own = groups.map((group) => ({ group, cells: cellsOf([group]).map(withCuts) }))
  const isFolded = ({ cells }: (typeof own)[number]): boolean =>
    cells.every(({ cuts }) => cuts.every(({ level }) => level !== LEVELS.SEGMENT))
  const rest = own.filter((one) => !isFolded(one)).map(({ group }) => group)
  const together = [...own.filter(isFolded).flatMap(({ cells }) => cells), ...cellsOf(rest).map(withCuts)]
  return weightOf(together, daysOfSegments) < weightOf(apart, daysOfSegments) ? together : apart
}
