import { Suspense, useEffect, useLayoutEffect, useMemo, useRef } from 'react'
import { Redirect, useLocation } from 'wouter'
import { takeLinkSecret } from '../identity/link-secret.ts'
import { safeReturnPath, signInPath } from '../identity/return-path.ts'
import { homeOrganization } from '../identity/session.ts'
import { type KnownSession, SessionContext, useSession, useSessionState } from '../identity/use-session.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { HeadingFocusContext } from '../ui/page-heading.tsx'
import { Toasts } from '../ui/toasts.tsx'
import { accountPath, organizationPath, parseOrganizationPath } from './addresses.ts'
import { AccountPage, InvitationPage, PasswordPage, SignInPage } from './chunks.ts'
import { NoOrganizationPage, NotFoundPage } from './not-found.tsx'
import { OrganizationArea } from './organization.tsx'

/** Goes elsewhere, with nothing to go back to. Two in a row are two: one that stayed mounted would not go again. */
const goTo = (path: string) => <Redirect key={path} to={path} replace />

/** Which page an address shows to whom. */
const Page = () => {
  const [path] = useLocation()
  const session = useSession()
  switch (path) {
    case '/sign-in': {
      if (!session.person) return <SignInPage />
      const to = new URLSearchParams(location.search).get('to')
      return goTo(safeReturnPath(to, location.origin))
    }
    case '/invitation':
      return <InvitationPage />
    case '/password':
      return <PasswordPage />
  }
  const found = parseOrganizationPath(path)
  if (path !== '/' && path !== accountPath && !found) return <NotFoundPage />
  if (!session.person) {
    const here = session.hasLeft ? '/' : `${path}${location.search}`
    return goTo(signInPath(here))
  }
  if (path === accountPath) return <AccountPage />
  if (!found) {
    const home = homeOrganization(session.organizations)
    return home ? goTo(organizationPath(home.slug)) : <NoOrganizationPage />
  }
  const membership = session.organizations.find(({ slug }) => slug === found.slug)
  if (!membership) return <NotFoundPage />
  // Another person or organization begins with an empty cache and a socket of its own.
  const key = `${session.person.email} ${membership.slug} ${membership.role}`
  return <OrganizationArea key={key} membership={membership} page={found.page} detail={found.detail} />
}

/** A new page begins at its top; going back leaves the place to the browser. */
const useScrollToTop = (path: string): void => {
  const isBack = useRef(false)
  const shown = useRef(path)
  useEffect(() => {
    const onPop = () => {
      isBack.current = true
    }
    window.addEventListener('popstate', onPop, { capture: true })
    return () => window.removeEventListener('popstate', onPop, { capture: true })
  }, [])
  useLayoutEffect(() => {
    if (shown.current === path) return
    shown.current = path
    if (!isBack.current) window.scrollTo(0, 0)
    isBack.current = false
  }, [path])
}

/** Only who comes to the start or to the demo itself is let into it: any other address is meant for somebody. */
const mayEnterDemo = (path: string): boolean => path === '/' || parseOrganizationPath(path)?.slug === 'demo'

/** Who is there and what they see. */
export const App = () => {
  const [path] = useLocation()
  const { state, retry, refresh, leave } = useSessionState(mayEnterDemo(location.pathname))
  const pagesShown = useRef(0)
  const takesFocus = useMemo(() => () => (pagesShown.current += 1) > 1, [])
  useScrollToTop(path)
  useEffect(() => {
    window.addEventListener('hashchange', takeLinkSecret)
    return () => window.removeEventListener('hashchange', takeLinkSecret)
  }, [])
  const known = useMemo<KnownSession | null>(
    () =>
      state.kind === 'KNOWN'
        ? { ...state.session, note: state.note, hasLeft: state.hasLeft, refresh, leave }
        : null,
    [state, refresh, leave],
  )

  if (known)
    return (
      <SessionContext value={known}>
        <HeadingFocusContext value={takesFocus}>
          <Toasts>
            <Suspense fallback={null}>
              <Page />
            </Suspense>
          </Toasts>
        </HeadingFocusContext>
      </SessionContext>
    )
  if (state.kind !== 'UNREACHABLE') return null
  return (
    <main className="mx-auto grid min-h-dvh max-w-md content-center p-6">
      <ErrorCard
        title="The server cannot be reached"
        message="Nothing is lost. Check that Tidemark is running and that you are online."
        onRetry={retry}
      />
    </main>
  )
}
