import { type InputHTMLAttributes, type ReactNode, useId } from 'react'

type CheckFieldProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'id' | 'className'> & {
  readonly type?: 'checkbox' | 'radio'
  readonly label: ReactNode
  readonly hint?: ReactNode
}

/** A box or a dot with its label beside it, all of it to press. */
export const CheckField = ({ type = 'checkbox', label, hint, ...input }: CheckFieldProps) => {
  const id = useId()
  return (
    <div className="flex items-start gap-2.5">
      <input
        {...input}
        type={type}
        id={id}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        className="mt-0.5 size-4 shrink-0 accent-accent"
      />
      <div className="min-w-0 text-ink">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {hint !== undefined && (
          <p id={`${id}-hint`} className="text-xs text-pretty text-muted">
            {hint}
          </p>
        )}
      </div>
    </div>
  )
}

type FieldsetProps = {
  readonly legend: string
  readonly error?: string | null
  readonly className?: string
  readonly children: ReactNode
}

/** Several of them under one name. An error makes the group the one that gets the focus. */
export const Fieldset = ({ legend, error = null, className = 'grid gap-2.5', children }: FieldsetProps) => {
  const id = useId()
  return (
    <fieldset
      aria-describedby={error === null ? undefined : id}
      data-invalid={error === null ? undefined : true}
      tabIndex={-1}
      className="min-w-0 outline-none"
    >
      <legend className="mb-2 text-sm font-medium">{legend}</legend>
      {error !== null && (
        <p id={id} className="mb-2 text-xs font-medium text-pretty text-act">
          {error}
        </p>
      )}
      <div className={className}>{children}</div>
    </fieldset>
  )
}
