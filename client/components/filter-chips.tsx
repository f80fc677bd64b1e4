import { X } from 'lucide-react'
import type { KpiFilter, SegmentView } from '../documents.generated.ts'
import { Button } from '../ui/button.tsx'
import { type Dimension, dimensions } from './question.ts'

type FilterChipsProps = {
  readonly filter: KpiFilter | null
  readonly view: SegmentView
  /** The name of a collector by id; null where it is not known. */
  readonly nameOf: (collectorId: string) => string | null
  /** Takes a dimension out of the filter, or goes back to segments as they were. */
  readonly onRemove: (parameter: Dimension['field'] | 'segments') => void
}

type ChipProps = { readonly words: string; readonly removal: string; readonly onRemove: () => void }

const Chip = ({ words, removal, onRemove }: ChipProps) => (
  <li className="min-w-0">
    <Button
      onClick={onRemove}
      aria-label={`${words}. ${removal}`}
      className="h-8 max-w-full border-accent! bg-accent-tint! px-2.5! text-xs text-accent!"
    >
      <span className="truncate">{words}</span>
      <X aria-hidden="true" className="size-3.5 shrink-0" />
    </Button>
  </li>
)

/** Which segments the figures are of, where they are not of all, and whether as they are today. */
export const FilterChips = ({ filter, view, nameOf, onRemove }: FilterChipsProps) => {
  if (filter === null && view === 'AS_WAS') return null
  return (
    <ul aria-label="Only" className="flex flex-wrap gap-2">
      {dimensions.map(({ field, label }) => {
        const values = filter?.[field]
        if (!values || values.length === 0) return null
        const words = field === 'collectorId' ? values.map((id) => nameOf(id) ?? 'a collector') : values
        return (
          <Chip
            key={field}
            words={`${label}: ${words.join(', ')}`}
            removal="Show all again"
            onRemove={() => onRemove(field)}
          />
        )
      })}
      {view === 'AS_IS' && (
        <Chip
          words="Segments as they are today"
          removal="Show them as they were"
          onRemove={() => onRemove('segments')}
        />
      )}
    </ul>
  )
}
