import { type ReactNode, Suspense, useEffect, useEffectEvent, useMemo, useRef } from 'react'
import { Provider } from 'urql'
import { Link } from 'wouter'
import { LiveChip } from '../components/live-chip.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { OrganizationViewerDocument } from '../documents.generated.ts'
import { type Membership, rememberOrganization } from '../identity/session.ts'
import { useSession } from '../identity/use-session.tsx'
import type { Live } from '../live.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { useLive } from '../live/use-live.ts'
import { ErrorCard } from '../ui/error-card.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import {
  type OrganizationPageId,
  organizationPages,
  organizationPath,
  type OrganizationPlace,
} from './addresses.ts'
import {
  AgingPage,
  AlertChannelsPage,
  AlertRulesPage,
  AlertsPage,
  AuditPage,
  ControlPaperPage,
  ControlsPage,
  CreditApplicationPage,
  CreditApplicationsPage,
  CreditImportPage,
  CreditPlanPage,
  CreditPolicyPage,
  CreditRequestsPage,
  CreditReviewsPage,
  CreditScorecardPage,
  CreditTextPage,
  CustomerPage,
  CustomersPage,
  GoalPage,
  GoalsPage,
  KpiPage,
  KpisPage,
  MembersPage,
  NewApplicationPage,
  NewGoalPage,
  NewRulePage,
  preloadPage,
  ReviewPage,
  ReviewsPage,
  RulePage,
  TokensPage,
} from './chunks.ts'
import { DashboardPage } from './dashboard.tsx'
import { errorWords } from './error-words.ts'
import { useAlertCount } from './use-alert-count.ts'
import { type Viewing, ViewingContext } from './use-viewer.ts'

type NavProps = {
  readonly viewing: Viewing
  readonly page: OrganizationPageId
  /** How many open alerts nobody looks after; null where that is not known. */
  readonly alertCount: number | null
}

/** Beside the word of its page. Nothing is there where there is nothing to look after. */
const AlertCount = ({ count }: { readonly count: number }) => (
  <span className="figures ml-1.5 rounded-full bg-act-tint px-1.5 py-0.5 text-2xs font-semibold text-act">
    {count > 99 ? '99+' : count}
    <span className="sr-only"> to look after</span>
  </span>
)

/** On a narrow screen the pages are wider than it is: the one that is shown has to be among those that are seen. */
const bringIntoSight = (link: HTMLAnchorElement | null) => {
  const nav = link?.closest('nav')
  if (link && nav) nav.scrollTo({ left: link.offsetLeft - nav.clientWidth / 2 })
}

/** The organization's pages that the viewer may see. */
const Nav = ({ viewing: { membership, may }, page, alertCount }: NavProps) => (
  <nav aria-label="Pages" className="relative overflow-x-auto max-sm:-mx-2 max-sm:-mt-1">
    <ul className="flex gap-1">
      {organizationPages
        .filter(({ id, scope }) => id === 'dashboard' || may(scope))
        .map(({ id, title }) => {
          const path = organizationPath(membership.slug, id)
          const preload = () => preloadPage(path)
          return (
            <li key={id}>
              <Link
                href={path}
                ref={id === page ? bringIntoSight : undefined}
                onPointerEnter={preload}
                onFocus={preload}
                aria-current={id === page ? 'page' : undefined}
                className="relative inline-flex h-11 items-center rounded-sm px-2 font-medium whitespace-nowrap text-muted -outline-offset-4 hover:text-ink aria-[current]:text-ink aria-[current]:after:absolute aria-[current]:after:inset-x-2 aria-[current]:after:bottom-0 aria-[current]:after:h-0.5 aria-[current]:after:bg-accent-fill sm:h-13"
              >
                {title}
                {id === 'alerts' && alertCount !== null && alertCount > 0 && (
                  <AlertCount count={alertCount} />
                )}
              </Link>
            </li>
          )
        })}
    </ul>
  </nav>
)

/** As calm as what will come: a heading and a panel. */
const PageSkeleton = () => (
  <div aria-hidden="true" className="px-4 pt-6 sm:px-6 lg:px-8">
    <Skeleton className="h-5 w-40" />
    <Skeleton className="mt-6 h-56 w-full max-w-5xl" />
  </div>
)

const NotAllowed = ({ viewing }: { readonly viewing: Viewing }) => (
  <div className="mx-auto max-w-md px-6 pt-[14vh]">
    <PageHeading
      title="Your role does not include this page"
      place={viewing.membership.name}
      note="Ask an admin of the organization if you need it."
    />
  </div>
)

const alertPageOf = (live: Live, detail: string | null): ReactNode => {
  switch (detail) {
    case null:
      return <AlertsPage live={live} />
    case 'rules':
      return <AlertRulesPage live={live} />
    case 'channels':
      return <AlertChannelsPage live={live} />
    case 'new':
      return <NewRulePage />
    default:
      return <RulePage key={detail} id={detail} />
  }
}

const applicationPageOf = (detail: string): ReactNode => {
  switch (detail) {
    case '':
      return <CreditApplicationsPage />
    case 'new':
      return <NewApplicationPage />
    case 'scorecard':
      return <CreditScorecardPage />
    default:
      return <CreditApplicationPage key={detail} id={detail} />
  }
}

const creditPageOf = (live: Live, detail: string | null): ReactNode => {
  const [place, part = ''] = detail?.split('/') ?? []
  switch (place) {
    case 'applications':
      return applicationPageOf(part)
    case 'requests':
      return <CreditRequestsPage />
    case 'text':
      return <CreditTextPage />
    case 'policy':
      return <CreditPolicyPage />
    case 'import':
      return <CreditImportPage />
    case 'plan':
      return <CreditPlanPage />
    default:
      return <CreditReviewsPage live={live} />
  }
}

const auditPageOf = (detail: string | null): ReactNode => {
  if (detail === null) return <AuditPage />
  return detail === 'controls' ? <ControlsPage /> : <ControlPaperPage key={detail} id={detail} />
}

const pageOf = ({ page, detail, live }: Omit<ShownProps, 'membership'>): ReactNode => {
  switch (page) {
    case 'dashboard':
      return <DashboardPage live={live} />
    case 'goals':
      if (detail === null) return <GoalsPage live={live} />
      return detail === 'new' ? <NewGoalPage /> : <GoalPage key={detail} live={live} id={detail} />
    case 'alerts':
      return alertPageOf(live, detail)
    case 'reviews':
      return detail === null ? <ReviewsPage /> : <ReviewPage key={detail} id={detail} />
    case 'kpis':
      return detail === null ? <KpisPage live={live} /> : <KpiPage key={detail} live={live} name={detail} />
    case 'aging':
      return <AgingPage live={live} />
    case 'customers':
      if (detail === null) return <CustomersPage live={live} />
      return <CustomerPage key={detail} live={live} id={detail} />
    case 'credit':
      return creditPageOf(live, detail)
    case 'members':
      return <MembersPage />
    case 'tokens':
      return <TokensPage />
    case 'audit':
      return auditPageOf(detail)
  }
}

const isAllowed = ({ viewer, may }: Viewing, page: OrganizationPageId): boolean =>
  viewer === null || organizationPages.some(({ id, scope }) => id === page && may(scope))

type ShownProps = AreaProps & { readonly live: Live }

const Shown = ({ live, membership, page, detail }: ShownProps) => {
  const { data, error, refetch } = useKeptQuery(OrganizationViewerDocument, {})
  // Rights change while a page is open: they are asked for again with each page, and after each time away.
  const renew = useEffectEvent(refetch)
  const lastPage = useRef(page)
  useEffect(() => {
    if (lastPage.current !== page) renew()
    lastPage.current = page
  }, [page])
  useEffect(() => live.onMissed(renew), [live])
  const viewing = useMemo<Viewing>(() => {
    const scopes = new Set(data?.viewer.scopes)
    return {
      membership,
      viewer: data?.viewer ?? null,
      organization: data?.organization ?? null,
      may: (scope) => scopes.has(scope),
    }
  }, [data, membership])
  const alertCount = useAlertCount(live, viewing.may('alert:read'))
  return (
    <ViewingContext value={viewing}>
      <PageHeader
        current={membership}
        nav={<Nav viewing={viewing} page={page} alertCount={alertCount} />}
        chip={page === 'dashboard' ? <LiveChip socket={live.socket} /> : null}
      />
      <main id="content" tabIndex={-1} className="outline-none">
        {error && !data && page !== 'dashboard' && (
          <div className="px-4 pt-6 sm:px-6 lg:px-8">
            <ErrorCard title="The page could not be loaded" message={errorWords(error)} onRetry={refetch} />
          </div>
        )}
        <Suspense fallback={<PageSkeleton />}>
          {isAllowed(viewing, page) ? pageOf({ page, detail, live }) : <NotAllowed viewing={viewing} />}
        </Suspense>
      </main>
    </ViewingContext>
  )
}

type AreaProps = Omit<OrganizationPlace, 'slug'> & { readonly membership: Membership }

/** Everything of one organization: its way to the server and its pages. */
export const OrganizationArea = ({ membership, page, detail }: AreaProps) => {
  const { refresh } = useSession()
  const { slug } = membership
  const live = useLive(slug, refresh)
  useEffect(() => rememberOrganization(slug), [slug])
  if (!live) return null
  return (
    <Provider value={live.client}>
      <Shown live={live} membership={membership} page={page} detail={detail} />
    </Provider>
  )
}
