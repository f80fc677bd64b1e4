import { useState } from 'react'
import type { ListedChannel } from '../components/channel-list.tsx'
import {
  CreateAlertChannelDocument,
  DeleteAlertChannelDocument,
  RotateAlertChannelSecretDocument,
} from '../documents.generated.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { SecretBox } from '../ui/copy-button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextAreaField, TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { useSend } from './use-send.ts'

type SecretProps = { readonly secret: string | null; readonly onClose: () => void }

/** The secret that messages are signed by, this once. */
const SecretDialog = ({ secret, onClose }: SecretProps) => (
  <Dialog title="The secret of the webhook" onClose={onClose} isKept>
    <div className="grid gap-4">
      {secret === null ? (
        <Notice tone="watch">
          An earlier attempt made it, and it cannot be shown again. Give the webhook a new one.
        </Notice>
      ) : (
        <>
          <p className="text-pretty text-muted">
            Whoever receives checks by it that a message comes from here, as the Standard Webhooks
            specification says. It is shown only now.
          </p>
          <SecretBox label="Secret" text={secret} what="the secret" />
        </>
      )}
      <DialogActions>
        <Button onClick={onClose}>Done</Button>
      </DialogActions>
    </div>
  </Dialog>
)

type CreateProps = { readonly onDone: (told: string) => void; readonly onClose: () => void }

const kinds = [
  { id: 'emails', label: 'E-mail' },
  { id: 'url', label: 'Webhook' },
] as const

const addressesIn = (text: string): string[] => text.split(/[\s,;]+/).filter((address) => address !== '')

/** Asks where to send to; of a webhook the secret is shown then. */
export const CreateChannelDialog = ({ onDone, onClose }: CreateProps) => {
  const send = useSend()
  const sending = useSending()
  const { problem } = sending
  const [kind, setKind] = useState<(typeof kinds)[number]['id']>('emails')
  const [made, setMade] = useState<{ readonly secret: string | null } | null>(null)
  const create = async (values: FormData) => {
    const target =
      kind === 'emails' ? { emails: addressesIn(textOf(values, 'emails')) } : { url: textOf(values, 'url') }
    const answer = await send(CreateAlertChannelDocument, { name: textOf(values, 'name'), target })
    if (isProblem(answer)) return answer
    if (kind === 'url') setMade(answer)
    else onDone('Alerts can be sent there.')
    return null
  }
  if (made) return <SecretDialog secret={made.secret} onClose={() => onDone('Alerts can be sent there.')} />
  return (
    <Dialog title="New channel" onClose={onClose}>
      <Form sending={sending} fields={['name', 'target.emails', 'target.url']} onSend={create}>
        <TextField
          name="name"
          label="Name"
          required
          maxLength={200}
          autoComplete="off"
          error={messageAt(problem, 'name')}
        />
        <ChoiceBar legend="What kind" choices={kinds} chosen={kind} onChoose={setKind} />
        {kind === 'emails' ? (
          <TextAreaField
            name="emails"
            label="Addresses"
            hint="1 to 20, one a line."
            rows={3}
            spellCheck={false}
            required
            error={messageAt(problem, 'target.emails')}
          />
        ) : (
          <TextField
            name="url"
            label="Address"
            type="url"
            placeholder="https://"
            required
            autoComplete="off"
            hint="It gets a signed POST request with JSON for each."
            error={messageAt(problem, 'target.url')}
          />
        )}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Add it</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

type ChannelDialogProps = CreateProps & { readonly channel: ListedChannel }

export const RotateChannelDialog = ({ channel, onDone, onClose }: ChannelDialogProps) => {
  const send = useSend()
  const [made, setMade] = useState<{ readonly secret: string | null } | null>(null)
  const rotate = async () => {
    const answer = await send(RotateAlertChannelSecretDocument, { channel: channel.id })
    if (isProblem(answer)) return answer
    setMade(answer)
    return null
  }
  if (made) return <SecretDialog secret={made.secret} onClose={() => onDone('It signs by the new secret.')} />
  return (
    <ConfirmDialog
      title={`A new secret for ${channel.name}`}
      action="Make a new secret"
      onConfirm={rotate}
      onClose={onClose}
    >
      <p>What is sent from now on is signed by it. The old one is of no use any more.</p>
    </ConfirmDialog>
  )
}

export const DeleteChannelDialog = ({ channel, onDone, onClose }: ChannelDialogProps) => {
  const send = useSend()
  const remove = async () => {
    const answer = await send(DeleteAlertChannelDocument, { channel: channel.id })
    if (isProblem(answer)) return answer
    onDone(`${channel.name} is deleted.`)
    return null
  }
  return (
    <ConfirmDialog title={`Delete ${channel.name}`} action="Delete" onConfirm={remove} onClose={onClose}>
      <p>Nothing is sent there any more, also by rules that name it. What was sent stays to be seen.</p>
    </ConfirmDialog>
  )
}
