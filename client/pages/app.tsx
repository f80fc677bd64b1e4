import { useEffect, useEffectEvent, useState } from 'react'
import { Provider } from 'urql'
import { type Live, startLive } from '../live.ts'
import * as session from '../session.ts'
import { ErrorCard } from '../ui/error-card.tsx'
import { Dashboard } from './dashboard.tsx'
import { SignIn } from './sign-in.tsx'

type View =
  | { readonly kind: 'ASKING' }
  | { readonly kind: 'UNREACHABLE' }
  | { readonly kind: 'SIGNED_OUT'; readonly hasDemo: boolean; readonly note: string | null }
  | { readonly kind: 'SIGNED_IN'; readonly live: Live }

type Door = 'OPEN' | 'CLOSED' | 'UNREACHABLE'

/** Tries the door: a session that is there, or else the demo for everybody who has not left it on purpose. */
const tryDoor = async (): Promise<{ readonly door: Door; readonly hasDemo: boolean }> => {
  try {
    const { signedIn, demo: hasDemo } = await session.readSession()
    const isLetIn = signedIn || (hasDemo && !session.hasLeftDemo() && (await session.enterDemo()) === null)
    return { door: isLetIn ? 'OPEN' : 'CLOSED', hasDemo }
  } catch {
    return { door: 'UNREACHABLE', hasDemo: false }
  }
}

/** Who may see what: the dashboard, or the way in. */
export const App = () => {
  const [view, setView] = useState<View>({ kind: 'ASKING' })

  const showSignIn = (note: string | null) => {
    session.readSession().then(
      ({ demo }) => setView({ kind: 'SIGNED_OUT', hasDemo: demo, note }),
      () => setView({ kind: 'SIGNED_OUT', hasDemo: false, note }),
    )
  }
  const enter = () => {
    const live = startLive(() => {
      live.end()
      showSignIn('Your session is over. Please sign in again.')
    })
    setView({ kind: 'SIGNED_IN', live })
  }
  const leave = (live: Live) => {
    live.end()
    session.rememberLeftDemo(true)
    session.signOut().then(
      () => showSignIn(null),
      () => showSignIn('The server did not hear that you signed out. Please try again later.'),
    )
  }
  const arrive = useEffectEvent(({ door, hasDemo }: Awaited<ReturnType<typeof tryDoor>>) => {
    if (door === 'OPEN') enter()
    else setView(door === 'CLOSED' ? { kind: 'SIGNED_OUT', hasDemo, note: null } : { kind: 'UNREACHABLE' })
  })
  const isAsking = view.kind === 'ASKING'
  useEffect(() => {
    if (!isAsking) return
    let isStale = false
    void tryDoor().then((found) => {
      if (!isStale) arrive(found)
    })
    return () => {
      isStale = true
    }
  }, [isAsking])

  switch (view.kind) {
    case 'ASKING':
      return null
    case 'UNREACHABLE':
      return (
        <main className="mx-auto grid min-h-dvh max-w-md content-center p-6">
          <ErrorCard
            title="The server cannot be reached"
            message="Nothing is lost. Check that Tidemark is running and that you are online."
            onRetry={() => setView({ kind: 'ASKING' })}
          />
        </main>
      )
    case 'SIGNED_OUT':
      return <SignIn hasDemo={view.hasDemo} note={view.note} onSignedIn={enter} />
    case 'SIGNED_IN':
      return (
        <Provider value={view.live.client}>
          <Dashboard live={view.live} onSignOut={() => leave(view.live)} />
        </Provider>
      )
  }
}
