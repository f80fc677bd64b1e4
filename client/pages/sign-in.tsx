import { type FormEvent, useState } from 'react'
import * as session from '../session.ts'
import { Button } from '../ui/button.tsx'
import { ThemeSwitch } from '../ui/theme-switch.tsx'
import { TidalMark } from '../ui/tidal-mark.tsx'

type SignInProps = {
  readonly hasDemo: boolean
  /** Why the person is here again; null where they just came. */
  readonly note: string | null
  readonly onSignedIn: () => void
}

export const SignIn = ({ hasDemo, note, onSignedIn }: SignInProps) => {
  const [token, setToken] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setIsBusy] = useState(false)

  const attempt = async (enter: () => Promise<string | null>) => {
    setIsBusy(true)
    const message = await enter()
    setIsBusy(false)
    setProblem(message)
    if (message !== null) return
    session.rememberLeftDemo(false)
    onSignedIn()
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void attempt(() => session.signIn(token.trim()))
  }

  return (
    <div className="flex min-h-dvh flex-col">
      <header className="flex justify-end p-4">
        <ThemeSwitch />
      </header>
      <main className="mx-auto w-full max-w-sm flex-1 px-6 pt-[12vh] pb-16">
        <TidalMark className="size-9 text-accent" />
        <h1 className="mt-5 text-display font-semibold">Tidemark</h1>
        <p className="mt-2 text-base text-pretty text-muted">
          The goals of your credit and collections team, live.
        </p>
        {note !== null && (
          <output className="mt-6 block rounded-md bg-watch-tint px-3.5 py-2.5 text-watch">{note}</output>
        )}
        <form onSubmit={submit} className="mt-8">
          <label htmlFor="token" className="text-sm font-medium">
            API token
          </label>
          <input
            id="token"
            name="token"
            type="password"
            required
            autoComplete="current-password"
            spellCheck={false}
            placeholder="tdm_…"
            value={token}
            onChange={({ target }) => setToken(target.value)}
            aria-invalid={problem !== null}
            aria-describedby="token-help"
            className="mt-1.5 block h-10 w-full rounded-md border border-line-strong bg-surface px-3 font-mono text-sm placeholder:text-faint"
          />
          <div id="token-help" className="mt-2 text-xs text-pretty">
            {problem === null ? (
              <p className="text-muted">
                <code className="font-mono">pnpm tidemark token create</code> makes one.
              </p>
            ) : (
              <p role="alert" className="font-medium text-act">
                {problem}
              </p>
            )}
          </div>
          <Button type="submit" look="primary" disabled={isBusy} className="mt-5 h-10 w-full">
            Sign in
          </Button>
        </form>
        {hasDemo && (
          <div className="mt-8 border-t border-line pt-6">
            <p className="text-muted">This server carries an invented company to look around in.</p>
            <Button
              disabled={isBusy}
              onClick={() => void attempt(session.enterDemo)}
              className="mt-3 h-10 w-full"
            >
              Enter the demo
            </Button>
          </div>
        )}
      </main>
    </div>
  )
}
