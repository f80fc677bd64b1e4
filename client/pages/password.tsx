import { useState } from 'react'
import { useHistoryState } from 'wouter/use-browser-location'
import { Link } from 'wouter'
import { resetPassword } from '../identity/account.ts'
import { linkSecretOf } from '../identity/link-secret.ts'
import { settle } from '../identity/problem.ts'
import { useSession } from '../identity/use-session.tsx'
import { buttonClass, SubmitButton } from '../ui/button.tsx'
import { Form, secretOf, useSending } from '../ui/form.tsx'
import { messageAt } from '../ui/form-problem.ts'
import { PageHeading } from '../ui/page-heading.tsx'
import { EntryLayout } from './entry-layout.tsx'
import { NewPasswordField } from './new-password.tsx'

const PasswordForm = ({ secret, onDone }: { readonly secret: string; readonly onDone: () => void }) => {
  const { refresh } = useSession()
  const sending = useSending()
  const send = async (values: FormData) =>
    settle(await resetPassword(secret, secretOf(values, 'password')), async () => {
      onDone()
      await refresh()
    })
  return (
    <>
      <PageHeading
        title="Set a new password"
        note="All sessions of this account end, and you sign in with the new one."
      />
      <Form sending={sending} fields={['password']} onSend={send} className="mt-6">
        <NewPasswordField
          name="password"
          label="New password"
          error={messageAt(sending.problem, 'password')}
        />
        <SubmitButton isBusy={sending.isBusy} className="mt-1 h-10 w-full">
          Set the password
        </SubmitButton>
      </Form>
    </>
  )
}

/** A new password by a link that whoever runs the server handed over. */
export const PasswordPage = () => {
  const secret = linkSecretOf(useHistoryState())
  const [isDone, setIsDone] = useState(false)
  if (isDone)
    return (
      <EntryLayout>
        <PageHeading key="done" title="The password is set" note="Sign in with it now." />
        <Link href="/sign-in" replace className={`${buttonClass('primary')} mt-6 h-10 w-full`}>
          Go to the sign-in
        </Link>
      </EntryLayout>
    )
  if (secret === null)
    return (
      <EntryLayout>
        <PageHeading
          key="incomplete"
          title="This link is not complete"
          note="Open the whole link that you were given, from its beginning to its end."
        />
        <Link href="/sign-in" className={`${buttonClass('plain')} mt-6`}>
          Go to the sign-in
        </Link>
      </EntryLayout>
    )
  return (
    <EntryLayout>
      <PasswordForm key={secret} secret={secret} onDone={() => setIsDone(true)} />
    </EntryLayout>
  )
}
