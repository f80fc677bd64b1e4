import { useState } from 'react'
import { settle } from '../identity/problem.ts'
import { safeReturnPath } from '../identity/return-path.ts'
import { enterDemo, providerErrorWords, rememberLeftDemo } from '../identity/session.ts'
import { useSession } from '../identity/use-session.tsx'
import { Button } from '../ui/button.tsx'
import { useSending } from '../ui/form.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { EntryLayout } from './entry-layout.tsx'
import { ProviderButton } from './provider-button.tsx'
import { SignInForm } from './sign-in-form.tsx'

const DemoEntrance = ({ onEntered }: { readonly onEntered: () => Promise<void> }) => {
  const sending = useSending()
  const enter = async () => settle(await enterDemo(), onEntered)
  return (
    <section aria-label="Demo" className="mt-8 rounded-lg border border-line p-4">
      <p className="text-pretty text-muted">This server carries an invented company to look around in.</p>
      {sending.problem && (
        <Notice tone="act" role="alert" className="mt-3">
          {sending.problem.message}
        </Notice>
      )}
      <Button disabled={sending.isBusy} onClick={() => sending.send(enter)} className="mt-3 h-10 w-full">
        Enter the demo
      </Button>
    </section>
  )
}

/** The way in, and back to where one wanted to go. Once somebody is signed in, the app leaves this page by itself. */
export const SignInPage = () => {
  const { demo, oidc, note, refresh } = useSession()
  const [search] = useState(() => new URLSearchParams(location.search))
  const to = safeReturnPath(search.get('to'), location.origin)
  const sentBack = providerErrorWords(search.get('error'))
  const enter = async () => {
    rememberLeftDemo(false)
    await refresh()
  }
  return (
    <EntryLayout>
      <PageHeading title="Sign in" note="The goals of your credit and collections team, live." />
      {sentBack === null && note !== null && (
        <output className="mt-5 block">
          <Notice tone="watch">{note}</Notice>
        </output>
      )}
      {sentBack !== null && (
        <Notice tone="act" role="alert" className="mt-5">
          {sentBack}
        </Notice>
      )}
      <div className="mt-6">
        {oidc && (
          <>
            <ProviderButton name={oidc.name} way={{ to }} />
            <p className="my-5 flex items-center gap-3 text-xs text-faint before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
              or
            </p>
          </>
        )}
        <SignInForm email={null} onSignedIn={enter} />
      </div>
      <p className="mt-5 text-xs text-pretty text-muted">
        Forgot your password? Ask whoever runs this server for a link. New here? People come in by an
        invitation of their organization.
      </p>
      {demo && <DemoEntrance onEntered={enter} />}
    </EntryLayout>
  )
}
