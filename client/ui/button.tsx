import type { ButtonHTMLAttributes } from 'react'

const looks = {
  primary: 'bg-accent text-on-accent hover:bg-accent-fill',
  plain: 'border border-line-strong bg-surface text-ink hover:bg-sunken',
} as const

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { readonly look?: keyof typeof looks }

export const Button = ({ look = 'plain', className = '', ...rest }: ButtonProps) => (
  <button
    type="button"
    {...rest}
    className={`inline-flex h-9 items-center justify-center gap-2 rounded-md px-3.5 text-sm font-medium transition-colors disabled:opacity-60 ${looks[look]} ${className}`}
  />
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
    className={`inline-flex size-8 items-center justify-center rounded-md text-muted transition-colors hover:bg-sunken hover:text-ink ${className}`}
  />
)
