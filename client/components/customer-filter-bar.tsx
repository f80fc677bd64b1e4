import { X } from 'lucide-react'
import { riskWords } from '../format/credit-words.ts'
import { Button } from '../ui/button.tsx'
import { SelectField } from '../ui/field.tsx'
import { SearchField } from '../ui/search-field.tsx'
import { type CustomerSearch, showChoices, sortChoices } from './customer-search.ts'

type CustomerFilterBarProps = {
  readonly search: CustomerSearch
  readonly onChange: (changes: Readonly<Record<string, string | null>>) => void
}

const fieldClass = 'min-w-0 flex-1 basis-32 sm:max-w-52'

/** Which customers are shown, and in which order. All of it stands in the address. */
export const CustomerFilterBar = ({ search, onChange }: CustomerFilterBarProps) => {
  const { text, show, risk, sort } = search
  const isFiltered = text !== '' || show !== 'all' || risk !== null
  return (
    <search aria-label="Customers" className="flex flex-wrap items-end gap-3">
      <SearchField
        text={text}
        placeholder="Part of the name, or beginning of the number"
        onChange={(next) => onChange({ q: next })}
      />
      <SelectField
        label="Show"
        value={show}
        onChange={({ target }) => onChange({ show: target.value === 'all' ? null : target.value })}
        className={fieldClass}
      >
        {showChoices.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </SelectField>
      <SelectField
        label="Risk class"
        value={risk?.toLowerCase() ?? ''}
        onChange={({ target }) => onChange({ risk: target.value })}
        className={fieldClass}
      >
        <option value="">Any</option>
        {Object.entries(riskWords).map(([id, word]) => (
          <option key={id} value={id.toLowerCase()}>
            {word}
          </option>
        ))}
      </SelectField>
      <SelectField
        label="Order"
        value={sort.id}
        onChange={({ target }) =>
          onChange({ sort: target.value === sortChoices[0].id ? null : target.value })
        }
        className={fieldClass}
      >
        {sortChoices.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </SelectField>
      {isFiltered && (
        <Button look="quiet" className="h-10" onClick={() => onChange({ q: null, show: null, risk: null })}>
          <X aria-hidden="true" className="size-4" />
          Clear
        </Button>
      )}
    </search>
  )
}
