type ChoiceBarProps<Id extends string> = {
  readonly legend: string
  readonly choices: readonly { readonly id: Id; readonly label: string }[]
  readonly chosen: Id
  readonly onChoose: (id: Id) => void
}

/** A few choices side by side, of which one holds. */
export const ChoiceBar = <Id extends string>({ legend, choices, chosen, onChoose }: ChoiceBarProps<Id>) => (
  <fieldset className="flex max-w-full flex-wrap rounded-md border border-line-strong bg-surface p-0.5 print:hidden">
    <legend className="sr-only">{legend}</legend>
    {choices.map(({ id, label }) => (
      <label
        key={id}
        className="relative flex h-7 cursor-pointer items-center rounded-sm px-2.5 text-xs font-medium text-muted transition-colors hover:text-ink has-checked:bg-sunken has-checked:text-ink has-focus-visible:outline-2 has-focus-visible:outline-accent"
      >
        <input
          type="radio"
          name={legend}
          value={id}
          checked={chosen === id}
          onChange={() => onChoose(id)}
          className="sr-only"
        />
        {label}
      </label>
    ))}
  </fieldset>
)
