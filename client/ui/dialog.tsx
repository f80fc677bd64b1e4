import { X } from 'lucide-react'
import { type ReactNode, useId, useLayoutEffect, useRef } from 'react'
import { IconButton } from './button.tsx'
import { fieldSelector } from './form.tsx'

type DialogProps = {
  readonly title: string
  readonly children: ReactNode
  readonly onClose: () => void
  /** True where what it shows cannot be had again: then only its own button closes it. */
  readonly isKept?: boolean
  readonly width?: 'narrow' | 'wide'
}

const widths = { narrow: 'max-w-lg', wide: 'max-w-3xl' } as const

/**
 * A native modal dialog, open while it is rendered: the browser keeps the focus inside, gives it back to what had it,
 * and closes on Escape.
 */
export const Dialog = ({ title, children, onClose, isKept = false, width = 'narrow' }: DialogProps) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const body = useRef<HTMLDivElement>(null)
  const titleId = useId()
  // A layout effect's cleanup runs before the element is gone, so the browser still can give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current
    if (!element) return
    element.showModal()
    // Where people go on: the first field or, without one, the first button below the title.
    const first =
      body.current?.querySelector<HTMLElement>(fieldSelector) ?? body.current?.querySelector('button')
    first?.focus()
    return () => element.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        if (!isKept) onClose()
      }}
      className={`dialog panel m-auto max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] overflow-y-auto p-0 text-ink ${widths[width]}`}
    >
      <header className="sticky top-0 z-10 flex items-start justify-between gap-4 border-b border-line bg-surface py-3.5 pr-3 pl-5">
        <h2 id={titleId} className="pt-1 text-lg font-semibold tracking-[-0.01em]">
          {title}
        </h2>
        {!isKept && (
          <IconButton label="Close" onClick={onClose}>
            <X aria-hidden="true" className="size-4" />
          </IconButton>
        )}
      </header>
      <div ref={body} className="px-5 pt-4 pb-5">
        {children}
      </div>
    </dialog>
  )
}

/** The row of buttons at the end of a dialog; the one that does it stands last. */
export const DialogActions = ({ children }: { readonly children: ReactNode }) => (
  <div className="mt-2 flex flex-wrap justify-end gap-2 max-sm:*:flex-1">{children}</div>
)
