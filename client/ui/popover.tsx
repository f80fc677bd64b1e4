import { type ReactNode, useId } from 'react'

type PopoverProps = {
  /** What the button is for, to those who see only what it shows. */
  readonly label: string
  readonly button: ReactNode
  readonly buttonClassName: string
  readonly align?: 'start' | 'end'
  readonly className?: string
  readonly children: ReactNode
}

/** A button that opens a panel of controls beside it; Escape and a click elsewhere close it. */
export const Popover = ({
  label,
  button,
  buttonClassName,
  align = 'end',
  className = '',
  children,
}: PopoverProps) => {
  const id = useId()
  const anchor = `--popover-${id.replaceAll(/[^\w-]/g, '')}`
  return (
    <>
      <button
        type="button"
        popoverTarget={id}
        title={label}
        style={{ anchorName: anchor }}
        className={buttonClassName}
      >
        {button}
        <span className="sr-only"> {label}</span>
      </button>
      <div
        id={id}
        popover="auto"
        style={{ positionAnchor: anchor }}
        className={`panel anchored text-sm text-ink ${align === 'end' ? 'anchored-end' : ''} ${className}`}
      >
        {children}
      </div>
    </>
  )
}
