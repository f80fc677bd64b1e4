import { createContext, useCallback, useContext, useEffect, useState } from 'react'
import { isRefusal } from './requests.ts'
import { enterDemo, hasLeftDemo, readSession, rememberLeftDemo, type Session, signOut } from './session.ts'

export type SessionState =
  | { readonly kind: 'ASKING' }
  | { readonly kind: 'UNREACHABLE' }
  | {
      readonly kind: 'KNOWN'
      readonly session: Session
      /** Why nobody is signed in any more; null where there is nothing to say. */
      readonly note: string | null
      /** Whether somebody signed out here: whoever comes next begins at the start. */
      readonly hasLeft: boolean
    }

/** The session as pages have it. */
export type KnownSession = Session & {
  readonly note: string | null
  readonly hasLeft: boolean
  /** Asks the server who is signed in: after signing in, and wherever the session turned out to be over. */
  readonly refresh: () => Promise<void>
  readonly leave: () => Promise<void>
}

export const SessionContext = createContext<KnownSession | null>(null)

export const useSession = (): KnownSession => {
  const session = useContext(SessionContext)
  if (!session) throw new Error('There is no session outside of the app.')
  return session
}

const overNote = 'Your session is over. Please sign in again.'
const notHeardNote = 'The server did not hear that you signed out. Please try again later.'

const know = (session: Session): SessionState => ({ kind: 'KNOWN', session, note: null, hasLeft: false })

/** A session that is there, or else the demo for everybody who has not left it on purpose. */
const arrive = async (mayEnterDemo: boolean): Promise<SessionState> => {
  const found = await readSession()
  if (isRefusal(found)) return { kind: 'UNREACHABLE' }
  if (found.person || !found.demo || !mayEnterDemo || hasLeftDemo()) return know(found)
  if (isRefusal(await enterDemo())) return know(found)
  const entered = await readSession()
  return isRefusal(entered) ? { kind: 'UNREACHABLE' } : know(entered)
}

// Other tabs have the same cookie: they have to hear when it changes. Writing this makes the browser tell them.
const changedKey = 'tidemark.session-changed'
const tellOtherTabs = () => localStorage.setItem(changedKey, String(Date.now()))

/**
 * Who is signed in, asked once when the page opens. `mayEnterDemo`: whether the page that was opened is one that a
 * visitor may be let into the demo for.
 */
export const useSessionState = (mayEnterDemo: boolean) => {
  const [state, setState] = useState<SessionState>({ kind: 'ASKING' })
  const isAsking = state.kind === 'ASKING'

  useEffect(() => {
    if (!isAsking) return
    let isStale = false
    void arrive(mayEnterDemo).then((found) => {
      if (!isStale) setState(found)
    })
    return () => {
      isStale = true
    }
  }, [isAsking, mayEnterDemo])

  const reread = useCallback(async () => {
    const found = await readSession()
    // What was known stays where the server is away for a moment.
    if (isRefusal(found)) return
    setState((before) => {
      if (found.person || before.kind !== 'KNOWN') return know(found)
      const note = before.session.person === null ? before.note : overNote
      return { ...before, session: found, note }
    })
  }, [])

  const refresh = useCallback(async () => {
    await reread()
    tellOtherTabs()
  }, [reread])

  useEffect(() => {
    const onStorage = ({ key }: StorageEvent) => {
      if (key === changedKey) void reread()
    }
    window.addEventListener('storage', onStorage)
    return () => window.removeEventListener('storage', onStorage)
  }, [reread])

  const leave = useCallback(async () => {
    rememberLeftDemo(true)
    const note = isRefusal(await signOut()) ? notHeardNote : null
    const found = await readSession()
    const gone: Session = { person: null, organizations: [], demo: false, oidc: null }
    const session = isRefusal(found) ? gone : { ...found, person: null, organizations: [] }
    setState({ kind: 'KNOWN', session, note, hasLeft: true })
    tellOtherTabs()
  }, [])

  return { state, retry: () => setState({ kind: 'ASKING' }), refresh, leave }
}
