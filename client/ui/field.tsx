import { Eye, EyeOff } from 'lucide-react'
import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
  useState,
} from 'react'
import { IconButton } from './button.tsx'

type FieldFacts = {
  readonly label: ReactNode
  readonly hint?: ReactNode
  /** What is wrong with what was sent; null where nothing is. */
  readonly error?: string | null
  readonly className?: string
}

/** What ties a control to its label, its hint and its error. */
type Ties = {
  readonly id: string
  readonly 'aria-invalid': boolean
  readonly 'aria-describedby': string | undefined
}

export const controlClass =
  'block w-full rounded-md border border-line-strong bg-surface px-3 text-sm text-ink placeholder:text-faint aria-invalid:border-act [&[readonly]]:border-line [&[readonly]]:bg-sunken'

/** A control with its label above and, below, what helps to fill it in or what was wrong. */
export const Field = ({
  label,
  hint,
  error = null,
  className = '',
  children,
}: FieldFacts & { readonly children: (ties: Ties) => ReactNode }) => {
  const id = useId()
  const described = [error === null ? null : `${id}-error`, hint == null ? null : `${id}-hint`]
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1.5 block text-sm font-medium">
        {label}
      </label>
      {children({
        id,
        'aria-invalid': error !== null,
        'aria-describedby': described.filter((part) => part !== null).join(' ') || undefined,
      })}
      {error !== null && (
        <p id={`${id}-error`} className="mt-1.5 text-xs font-medium text-pretty text-act">
          {error}
        </p>
      )}
      {hint != null && (
        <p id={`${id}-hint`} className="mt-1.5 text-xs text-pretty text-muted">
          {hint}
        </p>
      )}
    </div>
  )
}

/** For an exact decimal: what is no such thing never gets to the server, which would refuse the whole form for it. */
export const decimalInput = {
  inputMode: 'decimal',
  pattern: String.raw`-?[0-9]+(\.[0-9]+)?`,
  title: 'Digits, with a point before decimals, such as 1250.50',
  autoComplete: 'off',
} as const

type Without<Attributes> = Omit<Attributes, 'id' | 'className'>

export const TextField = ({
  label,
  hint,
  error,
  className,
  ...input
}: FieldFacts & Without<InputHTMLAttributes<HTMLInputElement>>) => (
  <Field {...facts({ label, hint, error, className })}>
    {(ties) => <input type="text" {...input} {...ties} className={`${controlClass} h-10`} />}
  </Field>
)

/** A password, which can be looked at: what is typed twice blindly is only wrong more often. */
export const PasswordField = ({
  label,
  hint,
  error,
  className,
  ...input
}: FieldFacts & Without<InputHTMLAttributes<HTMLInputElement>>) => {
  const [isShown, setIsShown] = useState(false)
  const Icon = isShown ? EyeOff : Eye
  return (
    <Field {...facts({ label, hint, error, className })}>
      {(ties) => (
        <div className="relative">
          <input
            {...input}
            {...ties}
            type={isShown ? 'text' : 'password'}
            autoCapitalize="none"
            spellCheck={false}
            className={`${controlClass} h-10 pr-11`}
          />
          <IconButton
            label={isShown ? 'Hide the password' : 'Show the password'}
            aria-pressed={isShown}
            onClick={() => setIsShown(!isShown)}
            className="absolute top-1 right-1"
          >
            <Icon aria-hidden="true" className="size-4" />
          </IconButton>
        </div>
      )}
    </Field>
  )
}

export const SelectField = ({
  label,
  hint,
  error,
  className,
  ...select
}: FieldFacts & Without<SelectHTMLAttributes<HTMLSelectElement>>) => (
  <Field {...facts({ label, hint, error, className })}>
    {(ties) => <select {...select} {...ties} className={`${controlClass} select h-10`} />}
  </Field>
)

export const TextAreaField = ({
  label,
  hint,
  error,
  className,
  isCode = false,
  ...area
}: FieldFacts & { readonly isCode?: boolean } & Without<TextareaHTMLAttributes<HTMLTextAreaElement>>) => (
  <Field {...facts({ label, hint, error, className })}>
    {(ties) => (
      <textarea
        rows={3}
        {...area}
        {...ties}
        className={`${controlClass} resize-y py-2 ${isCode ? 'font-mono text-xs' : ''}`}
      />
    )}
  </Field>
)

/** Without what is left out: an absent hint and one that is undefined are not the same to the compiler. */
const facts = ({
  label,
  hint,
  error,
  className,
}: { [K in keyof FieldFacts]: FieldFacts[K] | undefined }) => ({
  label,
  hint,
  ...(error === undefined ? {} : { error }),
  ...(className === undefined ? {} : { className }),
})
