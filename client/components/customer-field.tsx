import type { GoalCustomersQuery } from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { Button } from '../ui/button.tsx'
import { CheckField, Fieldset } from '../ui/check-field.tsx'
import { TextField } from '../ui/field.tsx'

export type NamedCustomer = GoalCustomersQuery['customers']['nodes'][number]

type CustomerFieldProps = {
  readonly text: string
  readonly chosen: NamedCustomer | null
  /** Null before anybody was looked for. */
  readonly found: readonly NamedCustomer[] | null
  /** How many more fit than are shown. */
  readonly more: number
  readonly error: string | null
  readonly isRequired?: boolean
  readonly onText: (text: string) => void
  readonly onChoose: (customer: NamedCustomer | null) => void
}

/** One customer out of all: searched by number or name, then chosen. */
export const CustomerField = (props: CustomerFieldProps) => {
  const { text, chosen, found, more, error, isRequired = true, onText, onChoose } = props
  if (chosen)
    return (
      <p className="flex flex-wrap items-center justify-between gap-2 rounded-md bg-sunken px-3.5 py-2">
        <span className="min-w-0">
          <span className="font-medium">{chosen.name}</span>{' '}
          <span className="figures text-xs text-muted">{chosen.number}</span>
        </span>
        <Button className="h-8 px-2.5 text-xs" onClick={() => onChoose(null)}>
          Another one
        </Button>
      </p>
    )
  return (
    <div className="grid gap-3">
      <TextField
        type="search"
        label={isRequired ? 'Customer' : 'Customer (optional)'}
        hint="The beginning of the number, or a part of the name."
        required={isRequired}
        autoComplete="off"
        value={text}
        error={error}
        onChange={({ target }) => onText(target.value)}
      />
      <div aria-live="polite">
        {found?.length === 0 && <p className="text-muted">No customer fits.</p>}
        {found && found.length > 0 && (
          <Fieldset legend="Which of them" className="grid gap-2">
            {found.map((customer) => (
              <CheckField
                key={customer.id}
                type="radio"
                name="customer"
                label={customer.name}
                hint={<span className="figures">{customer.number}</span>}
                checked={false}
                onChange={() => onChoose(customer)}
              />
            ))}
            {more > 0 && (
              <p className="text-xs text-muted">And {formatCount(more)} more: write more of the name.</p>
            )}
          </Fieldset>
        )}
      </div>
    </div>
  )
}
