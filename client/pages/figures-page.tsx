import type { ReactNode } from 'react'
import { useSearchParams } from 'wouter'
import { CutOffBanner, CutOffControl } from '../components/cut-off-control.tsx'
import { FilterChips } from '../components/filter-chips.tsx'
import { LiveChip } from '../components/live-chip.tsx'
import {
  type CutOffs,
  isLive,
  parseCutOffs,
  parseFilter,
  parseView,
  withValues,
} from '../components/question.ts'
import { KpiCollectorsDocument, type KpiFilter, type SegmentView } from '../documents.generated.ts'
import { type Day, dayIn } from '../format/day.ts'
import type { Live } from '../live.ts'
import { useIsPaused } from '../live/use-is-paused.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { type Pulse, useLivePulse } from '../live/use-live-pulse.ts'
import { PageHeading } from '../ui/page-heading.tsx'
import { useNow } from '../ui/use-now.ts'
import { useViewing } from './use-viewer.ts'

type Changes = Readonly<Record<string, string | null | readonly string[]>>

/** What the address of a page of figures asks for, and the way to ask for something else: a new entry of the history. */
export type Asked = {
  readonly cutOffs: CutOffs
  readonly filter: KpiFilter | null
  readonly segments: SegmentView
  readonly search: URLSearchParams
  readonly change: (changes: Changes) => void
  /** The organization's day, now. */
  readonly today: Day
  /** The day that figures are of. */
  readonly day: Day
  readonly timeZone: string
}

export const useAsked = (timeZone: string): Asked => {
  const [search, setSearch] = useSearchParams()
  const today = dayIn(timeZone, useNow())
  const cutOffs = parseCutOffs(search, today)
  return {
    cutOffs,
    filter: parseFilter(search),
    segments: parseView(search),
    search,
    change: (changes) => setSearch((before) => withValues(before, changes)),
    today,
    day: cutOffs.asOf ?? today,
    timeZone,
  }
}

/** When the page has to ask again; never while it shows the past or is held still. */
export const useFiguresPulse = (live: Live, { cutOffs, timeZone }: Asked, cursor: string | null): Pulse => {
  const isPaused = useIsPaused(live)
  return useLivePulse(live, { isLive: isLive(cutOffs) && !isPaused, cursor, timeZone })
}

type FiguresHeadProps = {
  readonly live: Live
  readonly asked: Asked
  readonly title: string
  readonly note?: ReactNode
}

/** The top of a page of figures: what it is, the one control of its time, and of which segments it is. */
export const FiguresHead = ({ live, asked, title, note }: FiguresHeadProps) => {
  const { membership } = useViewing()
  const { cutOffs, filter, segments, today, timeZone, change } = asked
  const collectors = useKeptQuery(KpiCollectorsDocument, {}, { pause: !filter?.collectorId })
  const control = {
    cutOffs,
    today,
    timeZone,
    onChange: ({ asOf, knownAt }: CutOffs) => change({ asOf, knownAt }),
  }
  return (
    <>
      <PageHeading
        title={title}
        place={membership.name}
        note={note}
        actions={
          <div className="flex min-w-0 flex-wrap items-center gap-2 print:hidden">
            {isLive(cutOffs) && <LiveChip socket={live.socket} />}
            <CutOffControl {...control} />
          </div>
        }
      />
      <CutOffBanner {...control} />
      <FilterChips
        filter={filter}
        view={segments}
        nameOf={(id) =>
          collectors.data?.kpis.find(({ collectorId }) => collectorId === id)?.collectorName ?? null
        }
        onRemove={(parameter) => change({ [parameter]: null })}
      />
    </>
  )
}
