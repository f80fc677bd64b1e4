import { CheckField, Fieldset } from './check-field.tsx'

type RadioFieldProps<Id extends string> = {
  readonly legend: string
  readonly name: string
  readonly choices: readonly { readonly id: Id; readonly label: string; readonly hint: string }[]
  readonly chosen: Id
  readonly error?: string | null
  readonly className?: string
  readonly onChoose: (id: Id) => void
}

/** A few choices of which one holds, each with what it means. */
export const RadioField = <Id extends string>({
  name,
  choices,
  chosen,
  onChoose,
  ...fieldset
}: RadioFieldProps<Id>) => (
  <Fieldset {...fieldset}>
    {choices.map(({ id, label, hint }) => (
      <CheckField
        key={id}
        type="radio"
        name={name}
        value={id}
        label={label}
        hint={hint}
        checked={chosen === id}
        onChange={() => onChoose(id)}
      />
    ))}
  </Fieldset>
)
