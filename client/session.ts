/** The session is a cookie that scripts cannot read; these calls make it, ask for it and end it. */
export type Session = {
  readonly signedIn: boolean
  /** Whether this server lets anybody into its invented company. */
  readonly demo: boolean
}

const headers = { 'x-tidemark-client': 'dashboard' }

/** Rejects where the server cannot be reached or does not answer as it should. */
export const readSession = async (): Promise<Session> => {
  const response = await fetch('/session', { headers })
  if (!response.ok) throw new Error(`The server answered ${response.status}.`)
  return (await response.json()) as Session
}

/** Null where it worked, else what to tell the person. */
const post = async (path: string, body: object): Promise<string | null> => {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (response.ok) return null
    const answer = (await response.json().catch(() => ({}))) as { readonly message?: string }
    return answer.message ?? `The server answered ${response.status}.`
  } catch {
    return 'The server cannot be reached.'
  }
}

export const signIn = (token: string): Promise<string | null> => post('/session', { token })

export const enterDemo = (): Promise<string | null> => post('/session/demo', {})

/** Rejects where the session may still be there. */
export const signOut = async (): Promise<void> => {
  const response = await fetch('/session', { method: 'DELETE', headers })
  const isOver = response.ok || response.status === 401
  if (!isOver) throw new Error(`The server answered ${response.status}.`)
}

// Whoever left the demo wants to be out of it, also after a reload.
const leftDemoKey = 'tidemark.left-demo'
export const hasLeftDemo = (): boolean => localStorage.getItem(leftDemoKey) !== null
export const rememberLeftDemo = (hasLeft: boolean): void => {
  if (hasLeft) localStorage.setItem(leftDemoKey, 'true')
  else localStorage.removeItem(leftDemoKey)
}
