import { LogOut } from 'lucide-react'
import type { ReactNode } from 'react'
import type { PageHeader_OrganizationFragment } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatZone } from '../format/moment.ts'
import { IconButton } from '../ui/button.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { ThemeSwitch } from '../ui/theme-switch.tsx'
import { TidalMark } from '../ui/tidal-mark.tsx'

type PageHeaderProps = {
  /** Null until it is known. */
  readonly organization: PageHeader_OrganizationFragment | null
  readonly liveChip: ReactNode
  readonly onSignOut: () => void
}

const WhereAndWhen = ({ name, timeZone, today }: PageHeader_OrganizationFragment) => (
  <>
    <h1 className="truncate text-base font-semibold tracking-[-0.006em]">{name}</h1>
    <p className="truncate text-xs text-muted">
      As of <time dateTime={today}>{formatDay(today, 'full')}</time>
      <span className="text-faint"> · {formatZone(timeZone)}</span>
    </p>
  </>
)

export const PageHeader = ({ organization, liveChip, onSignOut }: PageHeaderProps) => (
  <header className="sticky top-0 z-20 border-b border-line bg-page max-sm:static print:static print:bg-transparent">
    <div className="flex flex-wrap items-center gap-x-5 gap-y-2.5 px-4 py-2.5 sm:px-6 lg:px-8">
      <p className="flex items-center gap-2 text-base font-semibold tracking-[-0.012em]">
        <TidalMark className="size-6 text-accent" />
        Tidemark
      </p>
      <div className="order-last min-w-0 flex-1 basis-full border-line sm:order-none sm:basis-0 sm:border-l sm:pl-5">
        {organization ? (
          <WhereAndWhen {...organization} />
        ) : (
          <>
            <h1 className="sr-only">Loading the figures</h1>
            <Skeleton className="my-1 h-3.5 w-44" />
            <Skeleton className="my-1.5 h-2.5 w-56" />
          </>
        )}
      </div>
      <div className="ml-auto flex items-center gap-2 print:hidden">
        {liveChip}
        <ThemeSwitch />
        <IconButton label="Sign out" onClick={onSignOut}>
          <LogOut aria-hidden="true" className="size-4" />
        </IconButton>
      </div>
    </div>
  </header>
)
