import { riskWords } from '../format/credit-words.ts'
import { SearchField } from '../ui/search-field.tsx'
import { type CustomerSearch, showChoices, sortChoices } from './customer-search.ts'
import { ClearFilters, FilterField } from './filter-field.tsx'

type CustomerFilterBarProps = {
  readonly search: CustomerSearch
  readonly onChange: (changes: Readonly<Record<string, string | null>>) => void
}

const riskChoices = Object.entries(riskWords).map(([id, label]) => ({ id: id.toLowerCase(), label }))

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
      <FilterField
        label="Show"
        value={show}
        choices={showChoices}
        onChoose={(id) => onChange({ show: id === 'all' ? null : id })}
      />
      <FilterField
        label="Risk class"
        value={risk?.toLowerCase() ?? ''}
        none="Any"
        choices={riskChoices}
        onChoose={(id) => onChange({ risk: id })}
      />
      <FilterField
        label="Order"
        value={sort.id}
        choices={sortChoices}
        onChoose={(id) => onChange({ sort: id === sortChoices[0].id ? null : id })}
      />
      {isFiltered && <ClearFilters onClear={() => onChange({ q: null, show: null, risk: null })} />}
    </search>
  )
}
