import type { ReactNode } from 'react'
import { useState } from 'react'
import type { ListedToken } from '../components/token-list.tsx'
import { RevokeTokenDocument, RotateTokenDocument } from '../documents.generated.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { SecretBox } from '../ui/copy-button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { SelectField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { useSend } from './use-send.ts'

type SecretDialogProps = {
  readonly title: string
  /** Null where an earlier attempt made it. */
  readonly secret: string | null
  readonly onClose: () => void
  readonly children?: ReactNode
}

/** Shows a token, this once. */
export const SecretDialog = ({ title, secret, onClose, children }: SecretDialogProps) => (
  <Dialog title={title} onClose={onClose} isKept>
    <div className="grid gap-4">
      {secret === null ? (
        <Notice tone="watch">
          An earlier attempt made this token, and its secret cannot be shown again. Revoke it and make a new
          one.
        </Notice>
      ) : (
        <>
          <p className="text-pretty text-muted">
            Put it where the program keeps its secrets. It is shown only now: here, only its hash is kept.
          </p>
          <SecretBox label="Token" text={secret} what="the token" />
          <p className="text-xs text-muted">
            Programs send it as{' '}
            <code className="font-mono text-ink">
              authorization: Bearer {secret.slice(0, secret.indexOf('_') + 1)}…
            </code>
          </p>
        </>
      )}
      {children}
      <DialogActions>
        <Button onClick={onClose}>Done</Button>
      </DialogActions>
    </div>
  </Dialog>
)

type TokenProps = { readonly token: ListedToken; readonly onClose: () => void }

const overlaps = [
  { hours: 0, label: 'It ends at once' },
  { hours: 1, label: 'One hour' },
  { hours: 24, label: 'One day' },
  { hours: 168, label: 'Seven days' },
  { hours: 720, label: 'Thirty days' },
] as const

/** Makes a token's successor; the old one works on for as long as programs need to change over. */
export const RotateDialog = ({ token, onClose, onMade }: TokenProps & { readonly onMade: () => void }) => {
  const send = useSend()
  const sending = useSending()
  const [made, setMade] = useState<{ readonly secret: string | null } | null>(null)
  const rotate = async (values: FormData) => {
    const overlapHours = Number(textOf(values, 'overlapHours'))
    const answer = await send(RotateTokenDocument, { id: token.id, overlapHours })
    if (isProblem(answer)) return answer
    setMade(answer)
    onMade()
    return null
  }
  if (made) return <SecretDialog title="The new token" secret={made.secret} onClose={onClose} />
  return (
    <Dialog title={`Rotate ${token.name}`} onClose={onClose}>
      <Form sending={sending} fields={['overlapHours']} onSend={rotate}>
        <p className="text-pretty text-muted">Makes a new token with the same name, rights and bounds.</p>
        <SelectField
          name="overlapHours"
          label="How long the old one works on"
          defaultValue="24"
          error={messageAt(sending.problem, 'overlapHours')}
        >
          {overlaps.map(({ hours, label }) => (
            <option key={hours} value={hours}>
              {label}
            </option>
          ))}
        </SelectField>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Make the new token</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

export const RevokeTokenDialog = ({
  token,
  onClose,
  onDone,
}: TokenProps & { readonly onDone: (told: string) => void }) => {
  const send = useSend()
  const revoke = async (reason: string | null) => {
    const answer = await send(RevokeTokenDocument, { id: token.id, reason })
    if (isProblem(answer)) return answer
    onDone(`${token.name} is revoked.`)
    return null
  }
  return (
    <ConfirmDialog
      title={`Revoke ${token.name}`}
      action="Revoke"
      reason="optional"
      onConfirm={revoke}
      onClose={onClose}
    >
      <p>
        Programs that use it are refused within a second, and their open sockets are closed. It cannot be
        undone.
      </p>
    </ConfirmDialog>
  )
}
