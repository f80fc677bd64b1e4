import { createContext, type ReactNode, useContext, useEffect, useRef } from 'react'

/**
 * Says, when a page is shown, whether its heading is to have the focus: every one but the first, since a page that was
 * opened by its address keeps the browser's own focus.
 */
export const HeadingFocusContext = createContext<() => boolean>(() => false)

type PageHeadingProps = {
  readonly title: string
  /** Where the page belongs, for the window's title, such as the name of an organization. */
  readonly place?: string | null
  /** Whether the note stands beside the title: for pages that have no line to spare. */
  readonly isInline?: boolean
  readonly note?: ReactNode
  /** Buttons of the page, at its right. */
  readonly actions?: ReactNode
}

/** The one heading of a page. It names the window and, after a change of page, has the focus. */
export const PageHeading = ({ title, place = null, isInline = false, note, actions }: PageHeadingProps) => {
  const heading = useRef<HTMLHeadingElement>(null)
  const takesFocus = useContext(HeadingFocusContext)
  useEffect(() => {
    if (takesFocus()) heading.current?.focus({ preventScroll: true })
  }, [takesFocus])
  const windowTitle = [title, place, 'Tidemark'].filter((part) => part !== null).join(' · ')
  useEffect(() => {
    document.title = windowTitle
  }, [windowTitle])
  return (
    <header className="flex flex-wrap items-start gap-x-6 gap-y-3">
      <div
        className={`min-w-0 flex-1 basis-64 ${isInline ? 'flex flex-wrap items-baseline gap-x-4' : 'grid gap-y-0.5'}`}
      >
        <h1 ref={heading} tabIndex={-1} className="text-lg font-semibold tracking-[-0.01em] outline-none">
          {title}
        </h1>
        {note !== undefined && <p className="max-w-prose text-pretty text-muted">{note}</p>}
      </div>
      {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </header>
  )
}
