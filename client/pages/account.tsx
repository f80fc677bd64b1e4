import { useState } from 'react'
import { Link } from 'wouter'
import { PageHeader } from '../components/page-header.tsx'
import { roleWord } from '../format/words.ts'
import { changePassword } from '../identity/account.ts'
import { settle } from '../identity/problem.ts'
import { useSession } from '../identity/use-session.tsx'
import { SubmitButton } from '../ui/button.tsx'
import { PasswordField } from '../ui/field.tsx'
import { Form, secretOf, useSending } from '../ui/form.tsx'
import { messageAt } from '../ui/form-problem.ts'
import { PageHeading } from '../ui/page-heading.tsx'
import { useToast } from '../ui/toasts.tsx'
import { organizationPath } from './addresses.ts'
import { NewPasswordField } from './new-password.tsx'
import { OwnSessionsPanel } from './own-sessions.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { SecondFactorPanel } from './second-factor.tsx'

const Person = () => {
  const { person, organizations } = useSession()
  if (!person) return null
  return (
    <Panel title="You">
      <dl className="grid gap-x-8 gap-y-3 px-4 pb-4 sm:grid-cols-[8rem_1fr] sm:px-5 sm:*:even:-mt-0">
        <dt className="text-muted max-sm:-mb-2.5 max-sm:text-xs">Name</dt>
        <dd className="font-medium wrap-anywhere">{person.name}</dd>
        <dt className="text-muted max-sm:-mb-2.5 max-sm:text-xs">E-mail</dt>
        <dd className="wrap-anywhere">{person.email}</dd>
        <dt className="text-muted max-sm:-mb-2.5 max-sm:text-xs">Organizations</dt>
        <dd>
          <ul className="grid gap-1">
            {organizations.map(({ slug, name, role }) => (
              <li key={slug}>
                <Link
                  href={organizationPath(slug)}
                  className="rounded-sm font-medium text-accent underline-offset-4 hover:underline"
                >
                  {name}
                </Link>
                <span className="text-muted"> as {roleWord(role)}</span>
              </li>
            ))}
          </ul>
        </dd>
      </dl>
    </Panel>
  )
}

const PasswordPanel = ({ onChanged }: { readonly onChanged: () => void }) => {
  const { person } = useSession()
  const tell = useToast()
  const sending = useSending()
  const change = async (values: FormData) =>
    settle(
      await changePassword(secretOf(values, 'currentPassword'), secretOf(values, 'newPassword')),
      () => {
        tell('The password is changed. All other sessions are over.')
        onChanged()
      },
      'currentPassword',
    )
  return (
    <Panel title="Password">
      <Form
        sending={sending}
        fields={['currentPassword', 'newPassword']}
        onSend={change}
        className="max-w-sm px-4 pb-5 sm:px-5"
      >
        <input
          type="email"
          name="email"
          autoComplete="username"
          readOnly
          value={person?.email ?? ''}
          className="hidden"
        />
        <PasswordField
          name="currentPassword"
          label="Current password"
          required
          autoComplete="current-password"
          error={messageAt(sending.problem, 'currentPassword')}
        />
        <NewPasswordField
          name="newPassword"
          label="New password"
          error={messageAt(sending.problem, 'newPassword')}
        />
        <div>
          <SubmitButton isBusy={sending.isBusy}>Change the password</SubmitButton>
        </div>
      </Form>
    </Panel>
  )
}

/** What belongs to a person and to no organization. */
export const AccountPage = () => {
  const { person } = useSession()
  // A changed password empties its form and ends the other sessions.
  const [passwords, setPasswords] = useState(0)
  return (
    <>
      <PageHeader current={null} />
      <main id="content" tabIndex={-1} className="outline-none">
        <PageBody>
          <PageHeading title="Your account" />
          <Person />
          {person?.password === true && (
            <>
              <PasswordPanel
                key={`password ${passwords}`}
                onChanged={() => setPasswords((count) => count + 1)}
              />
              <SecondFactorPanel />
            </>
          )}
          <OwnSessionsPanel key={`sessions ${passwords}`} />
        </PageBody>
      </main>
    </>
  )
}
