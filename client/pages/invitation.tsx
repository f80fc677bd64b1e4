import { useEffect, useState } from 'react'
import { Link, useLocation } from 'wouter'
import { useHistoryState } from 'wouter/use-browser-location'
import { formatMoment } from '../format/moment.ts'
import { roleWord } from '../format/words.ts'
import { acceptInvitation, type InvitationFacts, readInvitation } from '../identity/account.ts'
import { linkSecretOf } from '../identity/link-secret.ts'
import { settle } from '../identity/problem.ts'
import { isRefusal, type Refusal } from '../identity/requests.ts'
import { rememberLeftDemo } from '../identity/session.ts'
import { useSession } from '../identity/use-session.tsx'
import { Button, buttonClass, SubmitButton } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { Form, secretOf, textOf, useSending } from '../ui/form.tsx'
import { messageAt } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { organizationPath } from './addresses.ts'
import { EntryLayout } from './entry-layout.tsx'
import { NewPasswordField } from './new-password.tsx'
import { ProviderButton } from './provider-button.tsx'
import { SignInForm } from './sign-in-form.tsx'

type InvitedProps = { readonly secret: string; readonly facts: InvitationFacts }

/** After joining: the organization's own pages, without a way back to a link that is spent. */
const useArrival = () => {
  const { refresh } = useSession()
  const [, navigate] = useLocation()
  return async ({ organization }: { readonly organization: string }) => {
    rememberLeftDemo(false)
    await refresh()
    navigate(organizationPath(organization), { replace: true })
  }
}

const NewAccount = ({ secret, facts }: InvitedProps) => {
  const arrive = useArrival()
  const sending = useSending()
  const send = async (values: FormData) => {
    const account = { name: textOf(values, 'name'), password: secretOf(values, 'password') }
    return settle(await acceptInvitation(secret, account), arrive)
  }
  return (
    <Form sending={sending} fields={['name', 'password']} onSend={send}>
      <TextField
        name="email"
        type="email"
        label="E-mail"
        readOnly
        value={facts.email}
        autoComplete="username"
      />
      <TextField
        name="name"
        label="Your name"
        hint="As your colleagues know you."
        required
        maxLength={200}
        autoComplete="name"
        error={messageAt(sending.problem, 'name')}
      />
      <NewPasswordField name="password" error={messageAt(sending.problem, 'password')} />
      <SubmitButton isBusy={sending.isBusy} className="mt-1 h-10 w-full">
        Join {facts.organization.name}
      </SubmitButton>
    </Form>
  )
}

const Join = ({ secret, facts }: InvitedProps) => {
  const arrive = useArrival()
  const sending = useSending()
  return (
    <Form
      sending={sending}
      fields={[]}
      onSend={async () => settle(await acceptInvitation(secret, null), arrive)}
    >
      <p className="text-muted">
        You are signed in as <span className="font-medium text-ink">{facts.email}</span>.
      </p>
      <SubmitButton isBusy={sending.isBusy} className="h-10 w-full">
        Join {facts.organization.name}
      </SubmitButton>
    </Form>
  )
}

/** Whoever is signed in is not who was invited. */
const OtherPerson = ({ facts, email }: Pick<InvitedProps, 'facts'> & { readonly email: string }) => {
  const { leave } = useSession()
  return (
    <>
      <Notice tone="watch">
        You are signed in as {email}, but the invitation is for {facts.email}.
      </Notice>
      <Button onClick={() => void leave()} className="mt-4 h-10 w-full">
        Sign out and go on
      </Button>
    </>
  )
}

const Ways = ({ secret, facts, onChanged }: InvitedProps & { readonly onChanged: () => Promise<void> }) => {
  const { person, oidc } = useSession()
  if (facts.signedIn) return <Join secret={secret} facts={facts} />
  if (person) return <OtherPerson facts={facts} email={person.email} />
  return (
    <>
      {facts.account && (
        <p className="mb-4 text-pretty text-muted">
          You have an account here already. Sign in to it, and join with one more press.
        </p>
      )}
      {facts.account ? (
        <SignInForm email={facts.email} onSignedIn={onChanged} />
      ) : (
        <NewAccount secret={secret} facts={facts} />
      )}
      {oidc && (
        <div className="mt-6 border-t border-line pt-6">
          <ProviderButton name={oidc.name} way={{ to: '/', invitation: secret }} />
        </div>
      )}
    </>
  )
}

const Invitation = ({ secret }: { readonly secret: string }) => {
  const { refresh } = useSession()
  const [facts, setFacts] = useState<InvitationFacts | Refusal | null>(null)
  useEffect(() => {
    let isStale = false
    void readInvitation(secret).then((found) => {
      if (!isStale) setFacts(found)
    })
    return () => {
      isStale = true
    }
  }, [secret])

  if (facts === null) return null
  if (isRefusal(facts))
    return (
      <>
        <PageHeading
          title={facts.code === 'GONE' ? 'This invitation no longer works' : 'The invitation cannot be read'}
          note={
            facts.code === 'GONE'
              ? 'It was used, revoked, or is over. Ask whoever sent it for a new one.'
              : facts.message
          }
        />
        <Link href="/" className={`${buttonClass('plain')} mt-6`}>
          Go to the start
        </Link>
      </>
    )
  return (
    <>
      <PageHeading
        title={`Join ${facts.organization.name}`}
        note={
          <>
            You are invited as <span className="font-medium text-ink">{roleWord(facts.role)}</span>. The
            invitation is good until {formatMoment(facts.expiresAt)}.
          </>
        }
      />
      <div className="mt-6">
        <Ways secret={secret} facts={facts} onChanged={refresh} />
      </div>
    </>
  )
}

/** The way in for somebody new, by the link of whoever invited them. */
export const InvitationPage = () => {
  const secret = linkSecretOf(useHistoryState())
  const { person } = useSession()
  return (
    <EntryLayout>
      {secret === null ? (
        <>
          <PageHeading
            title="This link is not complete"
            note="Open the whole link that you were given, from its beginning to its end."
          />
          <Link href="/" className={`${buttonClass('plain')} mt-6`}>
            Go to the start
          </Link>
        </>
      ) : (
        // Who is signed in is part of the answer, so that it is asked again when that changes.
        <Invitation key={`${secret} ${person?.email}`} secret={secret} />
      )}
    </EntryLayout>
  )
}
