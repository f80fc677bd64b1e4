import type { Context } from '../context.ts'
import { knownAtOf } from '../kpi/source.ts'
import type { Item } from '../ledger/histories.ts'
import { required } from '../loaders.ts'

/** The invoice as its entries recorded by `knownAt` leave it; by all of them where it is left out. */
export async function knownInvoice(
  { loaders, settledAt }: Context,
  id: string,
  knownAt: Temporal.Instant | null | undefined,
): Promise<Item> {
  const item = await required(loaders.item, id)
  if (!knownAt) return item
  const at = knownAtOf({ knownAt, settledAt: await settledAt() })
  const entries = (await loaders.entries.load(id)).filter(
    ({ recordedAt }) => recordedAt !== null && Temporal.Instant.compare(recordedAt, at) <= 0,
  )
  return { ...item, entries }
}
