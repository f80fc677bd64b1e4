import type { SegmentView } from '../documents.generated.ts'
import { ChoiceBar } from '../ui/choice-bar.tsx'

const views = [
  { id: 'AS_WAS', label: 'As they were' },
  { id: 'AS_IS', label: 'As they are' },
] as const satisfies readonly { id: SegmentView; label: string }[]

const help = {
  AS_WAS:
    'What moved to another segment was billed and collected where it was then; what is open of it went along.',
  AS_IS: 'Everything counts in the segment that it is in today, as if it had always been there.',
} as const satisfies Record<SegmentView, string>

type SegmentViewProps = {
  readonly view: SegmentView
  readonly onChange: (view: SegmentView | null) => void
}

/** Where history counts what moved to another segment; what is usual does not stand in the address. */
export const SegmentViewBar = ({ view, onChange }: SegmentViewProps) => (
  <ChoiceBar
    legend="Segments"
    choices={views}
    chosen={view}
    onChoose={(id) => onChange(id === 'AS_WAS' ? null : id)}
  />
)

export const SegmentViewHelp = ({ view }: Pick<SegmentViewProps, 'view'>) => (
  <p className="px-4 pb-2.5 text-xs text-pretty text-muted sm:px-5">{help[view]}</p>
)

/** For what knows of one way only, where the rest of the page shows the other. */
export const AsWasNote = ({ view }: Pick<SegmentViewProps, 'view'>) =>
  view === 'AS_IS' && (
    <p className="px-4 pb-2.5 text-xs text-pretty text-muted sm:px-5">
      Here segments are as they were: what moved counts where it was then.
    </p>
  )
