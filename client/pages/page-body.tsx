import { type ReactNode, useId } from 'react'

/** The place of a page of lists and forms: as wide as they can be read. */
export const PageBody = ({
  children,
  isWide = false,
}: {
  readonly children: ReactNode
  readonly isWide?: boolean
}) => (
  <div
    className={`mx-auto grid grid-cols-[minmax(0,1fr)] gap-5 px-4 pt-5 pb-16 sm:px-6 lg:px-8 ${isWide ? 'max-w-[90rem]' : 'max-w-5xl'}`}
  >
    {children}
  </div>
)

type PanelProps = {
  readonly title: string
  /** Beside the title, such as how many there are; null for nothing. */
  readonly note?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** One part of such a page. */
export const Panel = ({ title, note = null, actions, children }: PanelProps) => {
  const id = useId()
  return (
    <section aria-labelledby={id} className="panel relative min-w-0 overflow-hidden">
      <header className="flex min-h-11 flex-wrap items-center justify-between gap-x-4 gap-y-2 px-4 pt-3 pb-1.5 sm:px-5">
        <h2 id={id} className="text-base font-semibold">
          {title}
          {note !== null && <span className="figures ml-1 font-normal text-faint"> {note}</span>}
        </h2>
        {actions}
      </header>
      {children}
    </section>
  )
}
