import { lazy, type ReactNode, Suspense, useState } from 'react'
import { BackupCodes } from '../components/backup-codes.tsx'
import {
  disableSecondFactor,
  enableSecondFactor,
  makeBackupCodes,
  type SecondFactor,
} from '../identity/account.ts'
import { settle } from '../identity/problem.ts'
import { verifyCode } from '../identity/session.ts'
import { useSession } from '../identity/use-session.tsx'
import { Badge } from '../ui/badge.tsx'
import { Button, SubmitButton } from '../ui/button.tsx'
import { CopyButton } from '../ui/copy-button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { PasswordField, TextField } from '../ui/field.tsx'
import { Form, secretOf, textOf, useSending } from '../ui/form.tsx'
import { type FormProblem, messageAt } from '../ui/form-problem.ts'
import { Skeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { Panel } from './page-body.tsx'

// Only who turns the second factor on needs it.
const QrCode = lazy(async () => ({ default: (await import('../components/qr-code.tsx')).QrCode }))

type PasswordStepProps = {
  readonly words: ReactNode
  readonly action: string
  readonly isDanger?: boolean
  readonly onPassword: (password: string) => Promise<FormProblem | null>
  readonly onClose: () => void
}

/** What touches the second factor asks for the password first. */
const PasswordStep = ({ words, action, isDanger = false, onPassword, onClose }: PasswordStepProps) => {
  const { person } = useSession()
  const sending = useSending()
  return (
    <Form
      sending={sending}
      fields={['password']}
      onSend={(values) => onPassword(secretOf(values, 'password'))}
    >
      <p className="text-pretty text-muted">{words}</p>
      <input
        type="email"
        name="email"
        autoComplete="username"
        readOnly
        value={person?.email ?? ''}
        className="hidden"
      />
      <PasswordField
        name="password"
        label="Your password"
        required
        autoComplete="current-password"
        error={messageAt(sending.problem, 'password')}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <SubmitButton look={isDanger ? 'danger' : 'primary'} isBusy={sending.isBusy}>
          {action}
        </SubmitButton>
      </DialogActions>
    </Form>
  )
}

type ScanStepProps = {
  readonly factor: SecondFactor
  readonly onVerified: () => void
  readonly onClose: () => void
}

const ScanStep = ({ factor, onVerified, onClose }: ScanStepProps) => {
  const sending = useSending()
  const verify = async (values: FormData) =>
    settle(await verifyCode(textOf(values, 'code').replaceAll(/\s/g, '')), onVerified, 'code')
  return (
    <Form sending={sending} fields={['code']} onSend={verify} takesFocus>
      <p className="text-pretty text-muted">
        Scan this with an authenticator app, then type the code that it shows.
      </p>
      <div className="flex flex-wrap items-start gap-5">
        <Suspense fallback={<Skeleton className="size-60" />}>
          <div className="w-60 max-sm:mx-auto">
            <QrCode text={factor.uri} label="QR code for the authenticator app" />
          </div>
        </Suspense>
        <div className="min-w-0 flex-1 basis-44">
          <p className="text-sm font-medium">Cannot scan?</p>
          <p className="mt-1 text-xs text-muted">Type this key into the app:</p>
          <p className="mt-2 font-mono text-xs leading-relaxed break-all select-all">
            {factor.secret.match(/.{1,4}/g)?.join(' ')}
          </p>
          <CopyButton text={factor.secret} what="the key" className="mt-3" />
        </div>
      </div>
      <TextField
        name="code"
        label="Code from the app"
        required
        autoComplete="one-time-code"
        inputMode="numeric"
        error={messageAt(sending.problem, 'code')}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <SubmitButton isBusy={sending.isBusy}>Turn on</SubmitButton>
      </DialogActions>
    </Form>
  )
}

type FactorDialogProps = { readonly onClose: () => void; readonly onChanged: (told: string) => void }

const CodesStep = ({
  codes,
  onClose,
}: {
  readonly codes: readonly string[]
  readonly onClose: () => void
}) => (
  <div className="grid gap-4">
    <BackupCodes codes={codes} />
    <DialogActions>
      <Button look="primary" onClick={onClose}>
        I have kept them
      </Button>
    </DialogActions>
  </div>
)

/** Password, QR code and first code, backup codes. Nothing is in force before the first code was right. */
const EnableDialog = ({ onClose, onChanged }: FactorDialogProps) => {
  const [factor, setFactor] = useState<SecondFactor | null>(null)
  const [isOn, setIsOn] = useState(false)
  const begin = async (password: string) => settle(await enableSecondFactor(password), setFactor, 'password')
  const finish = () => {
    setIsOn(true)
    onChanged('The second factor is on.')
  }
  const title = isOn ? 'Backup codes' : 'Turn the second factor on'
  return (
    <Dialog key={title} title={title} onClose={onClose} isKept={isOn}>
      {factor === null ? (
        <PasswordStep
          words="Signing in will take a code from an app on your phone beside the password."
          action="Go on"
          onPassword={begin}
          onClose={onClose}
        />
      ) : isOn ? (
        <CodesStep codes={factor.backupCodes} onClose={onClose} />
      ) : (
        <ScanStep factor={factor} onVerified={finish} onClose={onClose} />
      )}
    </Dialog>
  )
}

const NewCodesDialog = ({ onClose, onChanged }: FactorDialogProps) => {
  const [codes, setCodes] = useState<readonly string[] | null>(null)
  const make = async (password: string) =>
    settle(
      await makeBackupCodes(password),
      ({ backupCodes }) => {
        setCodes(backupCodes)
        onChanged('There are new backup codes.')
      },
      'password',
    )
  return (
    <Dialog title="New backup codes" onClose={onClose} isKept={codes !== null}>
      {codes === null ? (
        <PasswordStep
          words="The codes that you have now stop working."
          action="Make new codes"
          onPassword={make}
          onClose={onClose}
        />
      ) : (
        <CodesStep codes={codes} onClose={onClose} />
      )}
    </Dialog>
  )
}

const DisableDialog = ({ onClose, onChanged }: FactorDialogProps) => {
  const disable = async (password: string) =>
    settle(
      await disableSecondFactor(password),
      () => {
        onClose()
        onChanged('The second factor is off.')
      },
      'password',
    )
  return (
    <Dialog title="Turn the second factor off" onClose={onClose}>
      <PasswordStep
        words="Then the password alone is enough to sign in as you, and the backup codes are void."
        action="Turn off"
        isDanger
        onPassword={disable}
        onClose={onClose}
      />
    </Dialog>
  )
}

const dialogs = { ENABLE: EnableDialog, CODES: NewCodesDialog, DISABLE: DisableDialog } as const

/** Whether signing in takes a code beside the password, and how to change that. */
export const SecondFactorPanel = () => {
  const { person, refresh } = useSession()
  const tell = useToast()
  const [opened, setOpened] = useState<keyof typeof dialogs | null>(null)
  const isOn = person?.twoFactor === true
  const Opened = opened && dialogs[opened]
  const changed = (told: string) => {
    tell(told)
    void refresh()
  }
  return (
    <Panel
      title="Second factor"
      note={isOn ? <Badge tone="well">On</Badge> : <Badge tone="watch">Off</Badge>}
    >
      <div className="px-4 pb-4 sm:px-5">
        <p className="max-w-prose text-pretty text-muted">
          {isOn
            ? 'Signing in takes a code from your authenticator app beside the password.'
            : 'With a code from an app on your phone beside the password, a stolen password is not enough.'}
        </p>
        <div className="mt-3 flex flex-wrap gap-2">
          {isOn ? (
            <>
              <Button onClick={() => setOpened('CODES')}>New backup codes</Button>
              <Button onClick={() => setOpened('DISABLE')}>Turn off</Button>
            </>
          ) : (
            <Button onClick={() => setOpened('ENABLE')}>Turn on</Button>
          )}
        </div>
      </div>
      {Opened && <Opened onClose={() => setOpened(null)} onChanged={changed} />}
    </Panel>
  )
}
