import type { ButtonHTMLAttributes, ReactNode } from 'react'

const looks = {
  primary: 'bg-accent text-on-accent hover:bg-accent-fill',
  plain: 'border border-line-strong bg-surface text-ink hover:bg-sunken',
  danger: 'bg-act text-on-act hover:bg-act-fill',
  quiet: 'text-muted hover:bg-sunken hover:text-ink',
} as const

export type ButtonLook = keyof typeof looks

/** What a button looks like, for links that stand among buttons. */
export const buttonClass = (look: ButtonLook): string =>
  `inline-flex h-9 items-center justify-center gap-2 rounded-md px-3.5 text-sm font-medium whitespace-nowrap transition-colors disabled:opacity-60 ${looks[look]}`

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { readonly look?: ButtonLook }

export const Button = ({ look = 'plain', className = '', ...rest }: ButtonProps) => (
  <button type="button" {...rest} className={`${buttonClass(look)} ${className}`} />
)

type SubmitButtonProps = {
  /** Whether it is being sent; only then can it not be pressed. */
  readonly isBusy: boolean
  readonly look?: 'primary' | 'danger'
  readonly className?: string
  readonly children: ReactNode
}

/** Sends the form that it stands in. */
export const SubmitButton = ({ isBusy, look = 'primary', className = '', children }: SubmitButtonProps) => (
  <button
    type="submit"
    disabled={isBusy}
    aria-busy={isBusy}
    className={`${buttonClass(look)} relative overflow-hidden ${className}`}
  >
    {children}
    {isBusy && (
      <span aria-hidden="true" className="absolute inset-x-0 bottom-0 h-0.5 overflow-hidden">
        <span className="animate-flow block h-full w-2/5 bg-current" />
      </span>
    )}
  </button>
)

/** A button that is only an icon; `label` is its name and its tooltip. */
export const IconButton = ({
  label,
  className = '',
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { readonly label: string }) => (
  <button
    type="button"
    aria-label={label}
    title={label}
    {...rest}
    className={`inline-flex size-8 shrink-0 items-center justify-center rounded-md text-muted transition-colors hover:bg-sunken hover:text-ink ${className}`}
  />
)
