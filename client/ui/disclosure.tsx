import { ChevronRight } from 'lucide-react'
import type { DetailsHTMLAttributes, ReactNode } from 'react'

type DisclosureProps = Omit<DetailsHTMLAttributes<HTMLDetailsElement>, 'children'> & {
  readonly label: ReactNode
  readonly labelClassName?: string
  readonly children: ReactNode
}

/** What is there for whoever asks for it. */
export const Disclosure = ({
  label,
  labelClassName = '',
  className = '',
  children,
  ...rest
}: DisclosureProps) => (
  <details {...rest} className={`group/disclosure ${className}`}>
    <summary
      className={`flex cursor-pointer list-none items-center gap-1.5 rounded-md [&::-webkit-details-marker]:hidden ${labelClassName}`}
    >
      <ChevronRight
        aria-hidden="true"
        className="size-4 shrink-0 text-faint transition-transform group-open/disclosure:rotate-90"
      />
      {label}
    </summary>
    {children}
  </details>
)
