/** `kpiChanged`: the values as they are, then again whenever one of them changed. */
import type { Context } from '../context.ts'
import type { KpiAsk, KpiState } from '../live/kpi-watch.ts'
import { createQueue, type Queue } from '../live/queue.ts'

/** Throws BAD_USER_INPUT as `kpis` does, and LIMIT_EXCEEDED where too much is watched already. */
export async function followKpis(context: Context, args: KpiAsk): Promise<Queue<KpiState>> {
  const { metrics, filter, segments, currency, conventions } = args
  const ask = { metrics, filter, currency, conventions, ...(segments && { segments }) }
  let last: KpiState | null = null
  let take = (state: KpiState): void => void (last = state)
  const stop = await context.kpiWatch.follow(context.organization, ask, (state) => take(state))
  const present: readonly KpiState[] = last === null ? [] : [last]
  const queue = createQueue(present, {
    // Of a state only the last is worth telling.
    itemsMax: 1,
    keyOf: () => 'state',
    onEnd: stop,
    order: { position: present[0]?.sequence ?? 0n, sequenceOf: ({ sequence }) => sequence },
  })
  take = (state) => queue.push(state)
  return queue
}
