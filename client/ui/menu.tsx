import { Ellipsis } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useId, useRef } from 'react'

type MenuProps = {
  /** The name of the button. */
  readonly label: string
  /** What the button shows; dots where it is left out. */
  readonly button?: ReactNode
  readonly buttonClassName?: string
  /** Which edge of the button the menu keeps to. */
  readonly align?: 'start' | 'end'
  readonly children: ReactNode
}

const dotsClass =
  'inline-flex size-8 items-center justify-center rounded-md text-muted transition-colors hover:bg-sunken hover:text-ink'

const itemsOf = (menu: HTMLElement): HTMLElement[] => [
  ...menu.querySelectorAll<HTMLElement>('[role^="menuitem"]:not([aria-disabled="true"])'),
]

/** Which item the key leads to; null where it leads to none. */
const step = (key: string, at: number, count: number): number | null => {
  switch (key) {
    case 'ArrowDown':
      return (at + 1) % count
    case 'ArrowUp':
      return (at - 1 + count) % count
    case 'Home':
      return 0
    case 'End':
      return count - 1
    default:
      return null
  }
}

/** A button with a menu, a native popover: the browser opens it, closes it on Escape or a click elsewhere. */
export const Menu = ({ label, button, buttonClassName, align = 'end', children }: MenuProps) => {
  const id = useId()
  const anchor = `--menu-${id.replaceAll(/[^\w-]/g, '')}`
  const menu = useRef<HTMLDivElement>(null)
  const move = (event: KeyboardEvent) => {
    const element = menu.current
    if (!element) return
    if (event.key === 'Tab') {
      element.hidePopover()
      return
    }
    const items = itemsOf(element)
    const at = items.findIndex((item) => item === document.activeElement)
    const next = step(event.key, at, items.length)
    if (next === null) return
    event.preventDefault()
    items[next]?.focus()
  }
  return (
    <>
      <button
        type="button"
        popoverTarget={id}
        aria-haspopup="menu"
        aria-label={label}
        title={button === undefined ? label : undefined}
        style={{ anchorName: anchor }}
        className={buttonClassName ?? dotsClass}
      >
        {button ?? <Ellipsis aria-hidden="true" className="size-4" />}
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        aria-label={label}
        style={{ positionAnchor: anchor }}
        onKeyDown={move}
        onToggle={({ newState }) => {
          if (newState === 'open' && menu.current) itemsOf(menu.current)[0]?.focus()
        }}
        onClick={({ target }) => {
          if (target instanceof Element && target.closest('[role="menuitem"]')) menu.current?.hidePopover()
        }}
        className={`panel anchored max-w-[calc(100vw-1rem)] min-w-48 p-1 text-sm text-ink ${align === 'end' ? 'anchored-end' : ''}`}
      >
        {children}
      </div>
    </>
  )
}

export const menuItemClass =
  'flex w-full items-center gap-2.5 rounded-sm px-2.5 py-2 text-left outline-none hover:bg-sunken focus:bg-sunken'

type MenuItemProps = {
  readonly icon?: ReactNode
  readonly isDanger?: boolean
  readonly onChoose: () => void
  readonly children: ReactNode
}

export const MenuItem = ({ icon, isDanger = false, onChoose, children }: MenuItemProps) => (
  <button
    type="button"
    role="menuitem"
    tabIndex={-1}
    onClick={onChoose}
    className={`${menuItemClass} ${isDanger ? 'text-act' : ''}`}
  >
    {icon}
    {children}
  </button>
)
