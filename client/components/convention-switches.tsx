import { Button } from '../ui/button.tsx'
import { SelectField } from '../ui/field.tsx'
import { conventionNames, switchesOf, type UsedConventions } from './conventions.ts'

type SwitchesProps = {
  /** The conventions that change this KPI, by their names in the API. */
  readonly names: readonly string[]
  /** What the value shown was computed with. */
  readonly used: UsedConventions
  /** Whether the address chooses any of them. */
  readonly isChosen: boolean
  readonly onChange: (changes: Readonly<Record<string, string | null>>) => void
}

/** The choices that change the answer. They stand in the address, and go back to the organization's own. */
export const ConventionSwitches = ({ names, used, isChosen, onChange }: SwitchesProps) => {
  const known = switchesOf(names)
  if (known.length === 0) return null
  return (
    <search aria-label="Conventions" className="flex flex-wrap items-end gap-3">
      {known.map(({ name, label, chosenIn, options }) => (
        <SelectField
          key={name}
          label={label}
          value={chosenIn(used)}
          onChange={({ target }) => onChange({ [name]: target.value })}
          className="min-w-0 flex-1 basis-40 sm:max-w-56"
        >
          {options(used).map(({ value, words }) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </SelectField>
      ))}
      {isChosen && (
        <Button
          look="quiet"
          className="h-10"
          onClick={() => onChange(Object.fromEntries(conventionNames.map((name) => [name, null])))}
        >
          As the organization has it
        </Button>
      )}
    </search>
  )
}
