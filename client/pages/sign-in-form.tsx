import { useState } from 'react'
import { settle } from '../identity/problem.ts'
import { isRefusal } from '../identity/requests.ts'
import { signIn, verifyBackupCode, verifyCode } from '../identity/session.ts'
import { SubmitButton } from '../ui/button.tsx'
import { PasswordField, TextField } from '../ui/field.tsx'
import { Form, secretOf, textOf, useSending } from '../ui/form.tsx'
import { messageAt } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'

type SignInFormProps = {
  /** Whose sign-in it is; null where that is still to be said. */
  readonly email: string | null
  readonly onSignedIn: () => void | Promise<void>
}

type PasswordStepProps = SignInFormProps & {
  readonly note: string | null
  readonly onCodeNeeded: () => void
}

const PasswordStep = ({ email, note, onSignedIn, onCodeNeeded }: PasswordStepProps) => {
  const sending = useSending()
  const send = async (values: FormData) => {
    const answer = await signIn(email ?? textOf(values, 'email'), secretOf(values, 'password'))
    return settle(answer, ({ twoFactor }) => (twoFactor ? onCodeNeeded() : onSignedIn()))
  }
  return (
    <Form sending={sending} fields={['email', 'password']} onSend={send}>
      {note !== null && !sending.problem && (
        <output>
          <Notice tone="watch">{note}</Notice>
        </output>
      )}
      <TextField
        name="email"
        type="email"
        label="E-mail"
        required
        readOnly={email !== null}
        defaultValue={email ?? undefined}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        error={messageAt(sending.problem, 'email')}
      />
      <PasswordField
        name="password"
        label="Password"
        required
        autoComplete="current-password"
        error={messageAt(sending.problem, 'password')}
      />
      <SubmitButton isBusy={sending.isBusy} className="mt-1 h-10 w-full">
        Sign in
      </SubmitButton>
    </Form>
  )
}

type CodeStepProps = {
  readonly onSignedIn: () => void | Promise<void>
  /** Back to the password, and why; null where the person wanted to. */
  readonly onStartAgain: (note: string | null) => void
}

const quietClass = 'rounded-sm text-sm font-medium text-accent underline-offset-4 hover:underline'

const CodeStep = ({ onSignedIn, onStartAgain }: CodeStepProps) => {
  const [isBackup, setIsBackup] = useState(false)
  const sending = useSending()
  const send = async (values: FormData) => {
    const code = textOf(values, 'code').replaceAll(/\s/g, '')
    const answer = await (isBackup ? verifyBackupCode(code) : verifyCode(code))
    if (isRefusal(answer) && answer.code === 'CHALLENGE_GONE') {
      onStartAgain(answer.message)
      return null
    }
    return settle(answer, onSignedIn, 'code')
  }
  return (
    <Form key={String(isBackup)} sending={sending} fields={['code']} onSend={send} takesFocus>
      <TextField
        name="code"
        label={isBackup ? 'Backup code' : 'Code'}
        hint={
          isBackup
            ? 'One of the codes that you kept when you turned the second factor on. Each works once.'
            : 'The six digits that your authenticator app shows for Tidemark.'
        }
        required
        autoComplete={isBackup ? 'off' : 'one-time-code'}
        inputMode={isBackup ? 'text' : 'numeric'}
        autoCapitalize="none"
        spellCheck={false}
        error={messageAt(sending.problem, 'code')}
      />
      <SubmitButton isBusy={sending.isBusy} className="mt-1 h-10 w-full">
        Go on
      </SubmitButton>
      <div className="flex flex-wrap justify-between gap-x-4 gap-y-2">
        <button type="button" onClick={() => setIsBackup(!isBackup)} className={quietClass}>
          {isBackup ? 'Use the app instead' : 'Use a backup code'}
        </button>
        <button type="button" onClick={() => onStartAgain(null)} className={quietClass}>
          Start again
        </button>
      </div>
    </Form>
  )
}

/** E-mail and password, then the second factor where there is one. */
export const SignInForm = ({ email, onSignedIn }: SignInFormProps) => {
  const [step, setStep] = useState<'PASSWORD' | 'CODE'>('PASSWORD')
  const [note, setNote] = useState<string | null>(null)
  const startAgain = (why: string | null) => {
    setNote(why)
    setStep('PASSWORD')
  }
  return step === 'PASSWORD' ? (
    <PasswordStep email={email} note={note} onSignedIn={onSignedIn} onCodeNeeded={() => setStep('CODE')} />
  ) : (
    <CodeStep onSignedIn={onSignedIn} onStartAgain={startAgain} />
  )
}
