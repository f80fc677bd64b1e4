import { SelectField } from '../ui/field.tsx'

type PersonFieldProps = {
  readonly name: string
  readonly label: string
  readonly people: readonly { readonly id: string; readonly name: string }[]
  readonly initial: string | null
  readonly error: string | null
  readonly onChange?: (id: string | null) => void
}

/** One of the people, or nobody. */
export const PersonField = ({ name, label, people, initial, error, onChange }: PersonFieldProps) => (
  <SelectField
    name={name}
    label={label}
    defaultValue={initial ?? ''}
    onChange={({ target }) => onChange?.(target.value || null)}
    error={error}
  >
    <option value="">Nobody</option>
    {people.map((person) => (
      <option key={person.id} value={person.id}>
        {person.name}
      </option>
    ))}
  </SelectField>
)
