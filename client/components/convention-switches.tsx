import type { KpiFacts_RowFragment, RateBasis } from '../documents.generated.ts'
import { Button } from '../ui/button.tsx'
import { SelectField } from '../ui/field.tsx'
import { type ConventionName, conventionNames } from './question.ts'

type Used = KpiFacts_RowFragment['conventions']

const monthWords = (count: number): string => (count === 1 ? '1 month' : `${count} months`)

const basisWords = { COUNT: 'Each invoice counts one', AMOUNT: 'By money' } as const satisfies Record<
  RateBasis,
  string
>

const months = [1, 2, 3, 6, 12, 24] as const
const monthOptions = (current: number) =>
  [...new Set<number>([...months, current])]
    .toSorted((a, b) => a - b)
    .map((count) => ({ value: String(count), words: monthWords(count) }))

/** What each convention is called, and what there is to choose from. */
const switchOf = (name: ConventionName, used: Used) => {
  switch (name) {
    case 'dsoMonths':
      return { label: 'Sales of the last', options: monthOptions(used.dsoMonths) }
    case 'ceiMonths':
      return { label: 'Collection of the last', options: monthOptions(used.ceiMonths) }
    case 'periodMonths':
      return { label: 'Period', options: monthOptions(used.periodMonths) }
    case 'rateBasis':
      return {
        label: 'Weight',
        options: (['COUNT', 'AMOUNT'] as const).map((basis) => ({ value: basis, words: basisWords[basis] })),
      }
    case 'floorDaysLate':
      return {
        label: 'Days paid early',
        options: [
          { value: 'false', words: 'Count as less than 0' },
          { value: 'true', words: 'Count as 0' },
        ],
      }
  }
}

const isKnown = (name: string): name is ConventionName =>
  (conventionNames as readonly string[]).includes(name)

/** A convention and its choice, in words, such as "Sales of the last: 3 months". */
export const conventionWords = (names: readonly string[], used: Used): string[] =>
  names.filter(isKnown).map((name) => {
    const { label, options } = switchOf(name, used)
    return `${label}: ${options.find(({ value }) => value === String(used[name]))?.words.toLowerCase() ?? String(used[name])}`
  })

type SwitchesProps = {
  /** The conventions that change this KPI, by their names in the API. */
  readonly names: readonly string[]
  /** What the value shown was computed with. */
  readonly used: Used
  /** Whether the address chooses any of them. */
  readonly isChosen: boolean
  readonly onChange: (changes: Readonly<Record<string, string | null>>) => void
}

/** The choices that change the answer. They stand in the address, and go back to the organization's own. */
export const ConventionSwitches = ({ names, used, isChosen, onChange }: SwitchesProps) => {
  const known = names.filter(isKnown)
  if (known.length === 0) return null
  return (
    <search aria-label="Conventions" className="flex flex-wrap items-end gap-3">
      {known.map((name) => {
        const { label, options } = switchOf(name, used)
        return (
          <SelectField
            key={name}
            label={label}
            value={String(used[name])}
            onChange={({ target }) => onChange({ [name]: target.value })}
            className="min-w-0 flex-1 basis-40 sm:max-w-56"
          >
            {options.map(({ value, words }) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </SelectField>
        )
      })}
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
