/** People and customers of a stored filter, as they are called. */
import type { ScopeInWords } from '../domain/goal-words.ts'
import type { Loaders } from '../loaders.ts'
import type { SegmentFilter } from './segments.ts'

export async function namesOfFilter(
  { collectorId, customerId, ...filter }: SegmentFilter,
  loaders: Pick<Loaders, 'person' | 'customer'>,
): Promise<ScopeInWords> {
  const [collectors, customers] = await Promise.all([
    Promise.all((collectorId ?? []).map((id) => loaders.person.load(id))),
    Promise.all((customerId ?? []).map((id) => loaders.customer.load(id))),
  ])
  return {
    ...filter,
    collector: collectors.map((person) => person?.name ?? 'unknown'),
    customer: customers.map((one) => (one === null ? 'unknown' : `${one.name} (${one.number})`)),
  }
}
