import type { SegmentView } from '../documents.generated.ts'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { controlClass } from '../ui/field.tsx'
import { type Dimension, dimensions } from './question.ts'

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
const SegmentViewBar = ({ view, onChange }: SegmentViewProps) => (
  <ChoiceBar
    legend="Segments"
    choices={views}
    chosen={view}
    onChoose={(id) => onChange(id === 'AS_WAS' ? null : id)}
  />
)

type SegmentActionsProps = SegmentViewProps & {
  readonly dimension: Dimension
  readonly onDimension: (dimension: Dimension['dimension']) => void
}

/** What a panel of segments shows, and by which dimension. */
export const SegmentActions = ({ view, onChange, dimension, onDimension }: SegmentActionsProps) => (
  <div className="flex flex-wrap items-center gap-2">
    <SegmentViewBar view={view} onChange={onChange} />
    <select
      aria-label="Dimension"
      value={dimension.dimension}
      onChange={({ target }) => {
        const chosen = dimensions.find((one) => one.dimension === target.value)
        if (chosen !== undefined) onDimension(chosen.dimension)
      }}
      className={`${controlClass} select h-9 w-auto!`}
    >
      {dimensions.map(({ dimension: id, label }) => (
        <option key={id} value={id}>
          {label}
        </option>
      ))}
    </select>
  </div>
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
