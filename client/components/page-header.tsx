import { Check, ChevronsUpDown, LogOut, UserRound } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { roleWord } from '../format/words.ts'
import type { Membership } from '../identity/session.ts'
import { useSession } from '../identity/use-session.tsx'
import { accountPath, organizationPath } from '../pages/addresses.ts'
import { Menu, menuItemClass, MenuItem } from '../ui/menu.tsx'
import { Popover } from '../ui/popover.tsx'
import { ThemeSwitch } from '../ui/theme-switch.tsx'
import { TidalMark } from '../ui/tidal-mark.tsx'

const firstLetter = (word: string): string => {
  const point = word.codePointAt(0)
  return point === undefined ? '' : String.fromCodePoint(point)
}

/** The letters that stand for a person: the first of the first and of the last word of the name. */
export const initialsOf = (name: string): string => {
  const words = name.split(/\s+/).filter((word) => word !== '')
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) =>
    firstLetter(word ?? ''),
  )
  return letters.join('').toUpperCase() || '?'
}

const switchClass =
  'inline-flex h-8 min-w-0 max-w-full items-center gap-1.5 rounded-md px-2 text-sm font-semibold tracking-[-0.006em] hover:bg-sunken'

/** Where one is, and the way to the other organizations of whoever has more than one. */
const OrganizationSwitch = ({ current }: { readonly current: Membership | null }) => {
  const { organizations } = useSession()
  const [, navigate] = useLocation()
  const [only] = organizations
  if (!only) return null
  if (organizations.length === 1)
    return (
      <Link href={organizationPath(only.slug)} className={switchClass}>
        <span className="truncate">{only.name}</span>
      </Link>
    )
  return (
    <Menu
      label={current ? `${current.name}. Switch organization` : 'Organizations: choose one'}
      align="start"
      buttonClassName={switchClass}
      button={
        <>
          <span className="truncate">{current?.name ?? 'Organizations'}</span>
          <ChevronsUpDown aria-hidden="true" className="size-3.5 shrink-0 text-faint" />
        </>
      }
    >
      {organizations.map(({ slug, name, role }) => (
        <MenuItem
          key={slug}
          onChoose={() => navigate(organizationPath(slug))}
          icon={
            <Check
              aria-hidden="true"
              className={`size-4 shrink-0 ${slug === current?.slug ? 'text-accent' : 'invisible'}`}
            />
          }
        >
          <span className="min-w-0 flex-1 truncate">{name}</span>
          <span className="pl-3 text-xs text-faint">{roleWord(role)}</span>
          {slug === current?.slug && <span className="sr-only">, shown now</span>}
        </MenuItem>
      ))}
    </Menu>
  )
}

const PersonMenu = () => {
  const { person, leave } = useSession()
  if (!person) return null
  return (
    <Popover
      label={`${person.name}: account, theme, sign out`}
      button={initialsOf(person.name)}
      buttonClassName="relative inline-flex size-8 shrink-0 items-center justify-center rounded-full bg-accent-tint text-2xs font-semibold text-accent hover:outline-2 hover:outline-line-strong"
      className="w-64 p-1"
    >
      <div className="border-b border-line px-2.5 pt-2 pb-2.5">
        <p className="truncate font-semibold">{person.name}</p>
        <p className="truncate text-xs text-muted">{person.email}</p>
      </div>
      <div className="flex items-center justify-between py-2 pr-1.5 pl-2.5">
        <span>Theme</span>
        <ThemeSwitch />
      </div>
      <Link
        href={accountPath}
        onClick={({ currentTarget }) => currentTarget.closest<HTMLElement>('[popover]')?.hidePopover()}
        className={menuItemClass}
      >
        <UserRound aria-hidden="true" className="size-4 text-muted" />
        Your account
      </Link>
      <button type="button" onClick={() => void leave()} className={menuItemClass}>
        <LogOut aria-hidden="true" className="size-4 text-muted" />
        Sign out
      </button>
    </Popover>
  )
}

type PageHeaderProps = {
  /** The organization shown; null on pages that belong to none. */
  readonly current: Membership | null
  /** The way to the organization's pages. */
  readonly nav?: ReactNode
  readonly chip?: ReactNode
}

/** The top of every page of somebody who is signed in. */
export const PageHeader = ({ current, nav, chip }: PageHeaderProps) => (
  <>
    <a
      href="#content"
      className="sr-only z-50 rounded-md bg-accent px-4 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-3 focus:left-3"
    >
      Skip to the content
    </a>
    <header className="sticky top-0 z-20 border-b border-line bg-page max-sm:static print:static print:bg-transparent">
      <div className="flex flex-wrap items-center gap-x-3 px-4 sm:gap-x-4 sm:px-6 lg:px-8">
        <Link
          href="/"
          aria-label="Tidemark, start"
          className="flex h-13 items-center gap-2 text-base font-semibold tracking-[-0.012em]"
        >
          <TidalMark className="size-6 text-accent" />
          <span className="max-lg:hidden">Tidemark</span>
        </Link>
        <div className="min-w-0 max-sm:flex-1 sm:border-l sm:border-line sm:pl-2">
          <OrganizationSwitch current={current} />
        </div>
        {nav !== undefined && <div className="min-w-0 max-sm:order-last max-sm:basis-full">{nav}</div>}
        <div className="ml-auto flex items-center gap-2.5 print:hidden">
          {chip}
          <PersonMenu />
        </div>
      </div>
    </header>
  </>
)
