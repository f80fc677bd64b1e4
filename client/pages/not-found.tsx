import { Compass } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { PageHeader } from '../components/page-header.tsx'
import { useSession } from '../identity/use-session.tsx'
import { buttonClass } from '../ui/button.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { EntryLayout } from './entry-layout.tsx'

const Lost = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => (
  <>
    <Compass aria-hidden="true" className="mb-4 size-7 text-accent" />
    <PageHeading title={title} />
    <div className="mt-2 text-pretty text-muted">{children}</div>
  </>
)

/** An address that leads nowhere: unknown, or an organization that one is no member of, which looks the same. */
export const NotFoundPage = () => {
  const { person } = useSession()
  const words = (
    <Lost title="There is nothing here">
      <p>The address may be mistyped, or it belongs to an organization that you are no member of.</p>
      <Link href="/" className={`${buttonClass('plain')} mt-5`}>
        Go to the start
      </Link>
    </Lost>
  )
  if (!person) return <EntryLayout>{words}</EntryLayout>
  return (
    <>
      <PageHeader current={null} />
      <main id="content" tabIndex={-1} className="mx-auto max-w-md px-6 pt-[14vh] outline-none">
        {words}
      </main>
    </>
  )
}

/** For somebody who is a member of nothing, or no longer. */
export const NoOrganizationPage = () => (
  <>
    <PageHeader current={null} />
    <main id="content" tabIndex={-1} className="mx-auto max-w-md px-6 pt-[14vh] outline-none">
      <Lost title="You are a member of no organization">
        <p>Ask whoever administers yours for an invitation. Its link brings you in.</p>
      </Lost>
    </main>
  </>
)
