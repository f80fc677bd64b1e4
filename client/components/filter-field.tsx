import { X } from 'lucide-react'
import { Button } from '../ui/button.tsx'
import { SelectField } from '../ui/field.tsx'

type FilterFieldProps = {
  readonly label: string
  readonly value: string
  /** How it is said that nothing is chosen; left out where something always is. */
  readonly none?: string
  readonly choices: readonly { readonly id: string; readonly label: string }[]
  readonly onChoose: (id: string) => void
}

/** One of the things by which a list is filtered or ordered. */
export const FilterField = ({ label, value, none, choices, onChoose }: FilterFieldProps) => (
  <SelectField
    label={label}
    value={value}
    onChange={({ target }) => onChoose(target.value)}
    className="min-w-0 flex-1 basis-32 sm:max-w-52"
  >
    {none !== undefined && <option value="">{none}</option>}
    {choices.map((choice) => (
      <option key={choice.id} value={choice.id}>
        {choice.label}
      </option>
    ))}
  </SelectField>
)

export const ClearFilters = ({ onClear }: { readonly onClear: () => void }) => (
  <Button look="quiet" className="h-10" onClick={onClear}>
    <X aria-hidden="true" className="size-4" />
    Clear
  </Button>
)
