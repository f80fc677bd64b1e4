import { AlertCountDocument } from '../documents.generated.ts'
import type { Live } from '../live.ts'
import { useAlertPulse } from '../live/use-alert-pulse.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { useRenewal } from './use-renewal.ts'

/** How many open alerts nobody looks after, live; null until it is known. */
export const useAlertCount = (live: Live, isWanted: boolean): number | null => {
  const { data, refetch } = useKeptQuery(AlertCountDocument, {}, { pause: !isWanted })
  const pulse = useAlertPulse(live, data?.alerts.alertCursor ?? null)
  useRenewal(pulse, refetch)
  return data ? (data.alerts.totalCount ?? data.alerts.totalCountAtLeast) : null
}
