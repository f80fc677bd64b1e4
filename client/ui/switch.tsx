import type { ButtonHTMLAttributes } from 'react'

type SwitchProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'role' | 'type'> & {
  readonly label: string
  readonly isOn: boolean
}

/** On or off. The word beside it says what its place and colour do. */
export const Switch = ({ label, isOn, className = '', ...rest }: SwitchProps) => (
  <button
    type="button"
    role="switch"
    aria-checked={isOn}
    aria-label={label}
    title={label}
    {...rest}
    className={`inline-flex h-8 items-center gap-2 rounded-md px-1.5 text-xs font-medium text-muted hover:text-ink disabled:opacity-60 ${className}`}
  >
    <span
      aria-hidden="true"
      className={`relative h-5 w-9 shrink-0 rounded-full border transition-colors ${isOn ? 'border-accent bg-accent' : 'border-line-strong bg-sunken'}`}
    >
      <span
        className={`absolute top-0.5 left-0.5 size-3.5 rounded-full transition-transform ${isOn ? 'translate-x-4 bg-on-accent' : 'bg-muted'}`}
      />
    </span>
    <span aria-hidden="true" className="w-5 text-left max-sm:hidden">
      {isOn ? 'On' : 'Off'}
    </span>
  </button>
)
