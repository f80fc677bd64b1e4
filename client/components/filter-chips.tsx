import { X } from 'lucide-react'
import type { KpiFilter } from '../documents.generated.ts'
import { Button } from '../ui/button.tsx'
import { type Dimension, dimensions } from './question.ts'

type FilterChipsProps = {
  readonly filter: KpiFilter | null
  /** The name of a collector by id; null where it is not known. */
  readonly nameOf: (collectorId: string) => string | null
  /** Takes a dimension out of the filter. */
  readonly onRemove: (field: Dimension['field']) => void
}

/** Which segments the figures are of, where they are not of all. */
export const FilterChips = ({ filter, nameOf, onRemove }: FilterChipsProps) => {
  if (filter === null) return null
  return (
    <ul aria-label="Only" className="flex flex-wrap gap-2">
      {dimensions.map(({ field, label }) => {
        const values = filter[field]
        if (!values || values.length === 0) return null
        const words = field === 'collectorId' ? values.map((id) => nameOf(id) ?? 'a collector') : values
        return (
          <li key={field} className="min-w-0">
            <Button
              onClick={() => onRemove(field)}
              aria-label={`${label}: ${words.join(', ')}. Show all again`}
              className="h-8 max-w-full border-accent! bg-accent-tint! px-2.5! text-xs text-accent!"
            >
              <span className="truncate">
                {label}: {words.join(', ')}
              </span>
              <X aria-hidden="true" className="size-3.5 shrink-0" />
            </Button>
          </li>
        )
      })}
    </ul>
  )
}
