/** A filter of segments as callers give it, checked, for what is frozen with it: goals and alert rules. */
import { and, eq, inArray } from 'drizzle-orm'
import { isCurrency } from '../domain/money.ts'
import { isOfCustomers } from '../domain/catalog.ts'
import type { KpiMetric } from '../domain/kpi.ts'
import { kpiDefinition } from '../domain/registry.ts'
import { badUserInput } from '../errors.ts'
import { decodeId } from '../ids.ts'
import { findCustomer } from '../ledger/find.ts'
import { invalid, isProblem, notFound, type Path, type Problem } from '../problem.ts'
import type { KpiFilter } from '../schema.generated.ts'
import { filterFields, type SegmentFilter } from './segments.ts'
import { person } from '@tidemark/drizzle/tables/organization.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

const VALUES_MAX = 100
const TEXT_LENGTH_MAX = 200

/** What is null asks for nothing, so it is left out of what is frozen. Collectors become their uuids. */
function checkFilter(filter: KpiFilter, path: Path = ['filter']): SegmentFilter | Problem {
  const kept: { -readonly [Dimension in keyof SegmentFilter]: readonly string[] } = {}
  for (const dimension of filterFields) {
    const values = filter[dimension]
    if (values === null || values === undefined) continue
    const place = [...path, dimension]
    // As for `kpis`, no value is among none, and to watch nothing is a slip.
    if (values.length === 0)
      return invalid(place, `An empty list matches nothing: leave \`${dimension}\` out to measure all`)
    if (values.length > VALUES_MAX)
      return invalid(place, `At most ${VALUES_MAX} values, not ${values.length}`)
    for (const [index, value] of values.entries()) {
      const at = [...place, String(index)]
      if (value === '' || value.length > TEXT_LENGTH_MAX) {
        return invalid(at, `A value has 1 to ${TEXT_LENGTH_MAX} characters`)
      }
      if (dimension === 'currency' && !isCurrency(value))
        return invalid(at, `${value} is no ISO 4217 currency code`)
      if (dimension === 'collectorId' && decodeId('person', value) === null) {
        return notFound(at, 'There is no person with this id')
      }
    }
    kept[dimension] =
      dimension === 'collectorId' ? values.flatMap((id) => decodeId('person', id) ?? []) : values
  }
  return kept
}

/**
 * The same with the customer's uuid, who has to be the organization's. Collectors are looked up by whoever looks up other
 * people too.
 */
export async function readFilter(
  tx: Tx,
  organizationId: string,
  filter: KpiFilter,
  path: Path = ['filter'],
): Promise<SegmentFilter | Problem> {
  const checked = checkFilter(filter, path)
  if (isProblem(checked) || filter.customer == null) return checked
  const found = await findCustomer(tx, organizationId, filter.customer, [...path, 'customer'])
  return isProblem(found) ? found : { ...checked, customerId: [found.id] }
}

/**
 * Of one customer there is what its items and its credit say. Null where the KPI is made of that, or nobody is named.
 */
export function checkOfCustomer(
  metric: KpiMetric,
  { customerId }: SegmentFilter,
  path: Path = ['filter'],
): Problem | null {
  return customerId == null || isOfCustomers(kpiDefinition(metric))
    ? null
    : invalid(
        [...path, 'customer'],
        `${metric} is known for the organization as a whole only, not for one customer`,
      )
}

/** As queries take it: nobody is looked up but the customer, and who is no collector matches nothing. */
export async function segmentFilter(
  tx: Tx,
  organizationId: string,
  filter: KpiFilter | null | undefined,
): Promise<SegmentFilter> {
  const { customer, collectorId, ...rest } = filter ?? {}
  const segments = { ...rest, collectorId: collectorId?.flatMap((id) => decodeId('person', id) ?? []) }
  if (customer == null) return segments
  const found = await findCustomer(tx, organizationId, customer, ['filter', 'customer'])
  if (isProblem(found)) throw badUserInput(`${found.path.join('.')}: ${found.message}.`)
  return { ...segments, customerId: [found.id] }
}

/** The first collector whom the organization does not have. */
export async function findCollectorStranger(
  tx: Tx,
  organizationId: string,
  { collectorId }: SegmentFilter,
  path: Path,
): Promise<Problem | null> {
  if (!collectorId || collectorId.length === 0) return null
  const rows = await tx
    .select({ id: person.id })
    .from(person)
    .where(and(eq(person.organizationId, organizationId), inArray(person.id, [...collectorId])))
  const known = new Set(rows.map(({ id }) => id))
  const stranger = collectorId.findIndex((id) => !known.has(id))
  return stranger < 0
    ? null
    : notFound([...path, 'collectorId', String(stranger)], 'There is no person with this id')
}
