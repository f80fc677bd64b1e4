import { useState } from 'react'
import type { NamedCustomer } from '../components/customer-field.tsx'
import {
  type PolicyText_TextFragment,
  PublishCreditPolicyTextDocument,
  ReapproveCreditPolicyTextDocument,
  SaveCreditPolicyTextDocument,
  SendCreditPolicyTextDocument,
} from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextAreaField, TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { CustomerChoice } from './customer-choice.tsx'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

type Text = PolicyText_TextFragment

type DialogProps = {
  readonly onClose: () => void
  /** What was done, in words. */
  readonly onDone: (told: string) => void
}

type WriteProps = DialogProps & {
  readonly draft: Text | null
  /** What a new draft begins with. */
  readonly before: Text | null
}

/** Writes the draft of the next version. Where somebody else wrote meanwhile, nothing of theirs is overwritten. */
export const WriteTextDialog = ({ draft, before, onClose, onDone }: WriteProps) => {
  const send = useSend()
  const sending = useSending()
  const start = draft ?? before
  const save = async (values: FormData) => {
    const answer = await send(SaveCreditPolicyTextDocument, {
      title: textOf(values, 'title'),
      body: textOf(values, 'body'),
      expectedRevision: draft?.revision ?? 0,
    })
    if (isProblem(answer)) return answer
    onDone('The draft is saved.')
    return null
  }
  return (
    <Dialog title={draft ? 'Edit the draft' : 'New draft'} onClose={onClose} width="wide">
      <Form sending={sending} fields={['title', 'body']} onSend={save}>
        <TextField
          name="title"
          label="Title"
          required
          maxLength={200}
          autoComplete="off"
          defaultValue={start?.title ?? ''}
          error={messageAt(sending.problem, 'title')}
        />
        <TextAreaField
          name="body"
          label="Text"
          hint="Markdown: headings, lists, tables, emphasis and links."
          required
          rows={16}
          isCode
          defaultValue={start?.body ?? ''}
          error={messageAt(sending.problem, 'body')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Save the draft</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

/** Puts a draft into force, or approves for another year what is. */
export const ApproveTextDialog = ({ text, onClose, onDone }: DialogProps & { readonly text: Text }) => {
  const send = useSend()
  const sending = useSending()
  const isDraft = text.state === 'DRAFT'
  const { version, revision } = text
  const approve = async (values: FormData) => {
    const reason = textOf(values, 'reason')
    const answer = isDraft
      ? await send(PublishCreditPolicyTextDocument, { version, expectedRevision: revision, reason })
      : await send(ReapproveCreditPolicyTextDocument, { version, reason })
    if (isProblem(answer)) return answer
    onDone(isDraft ? 'The policy is published.' : 'The policy is approved for another year.')
    return null
  }
  return (
    <Dialog title={isDraft ? 'Publish the draft' : 'Approve it again'} onClose={onClose}>
      <Form sending={sending} fields={['reason']} onSend={approve}>
        <p className="text-pretty text-muted">
          {isDraft
            ? 'From now on it is in force, and sales and credit have to acknowledge it. Nobody publishes what they wrote.'
            : 'It stays in force for another year.'}
        </p>
        <TextAreaField
          name="reason"
          label="Why"
          required
          maxLength={500}
          rows={2}
          error={messageAt(sending.problem, 'reason')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>{isDraft ? 'Publish' : 'Approve'}</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

const addressesIn = (text: string): string[] => text.split(/[\s,;]+/).filter((part) => part !== '')

/** Sends the text by mail, to each address by itself. */
export const SendTextDialog = ({ text, onClose, onDone }: DialogProps & { readonly text: Text }) => {
  const { may } = useViewing()
  const send = useSend()
  const sending = useSending()
  const [customer, setCustomer] = useState<NamedCustomer | null>(null)
  const sendIt = async (values: FormData) => {
    const answer = await send(SendCreditPolicyTextDocument, {
      version: text.version,
      emails: addressesIn(textOf(values, 'emails')),
      ...(customer === null ? {} : { customer: { id: customer.id } }),
      message: textOf(values, 'message') || null,
    })
    if (isProblem(answer)) return answer
    onDone(`It goes to ${formatCount(answer.count)} ${answer.count === 1 ? 'address' : 'addresses'}.`)
    return null
  }
  const at = (name: string) => messageAt(sending.problem, name)
  return (
    <Dialog title="Send to customers" onClose={onClose}>
      <Form sending={sending} fields={['emails', 'customer', 'message']} onSend={sendIt}>
        <p className="text-pretty text-muted">
          Version {text.version}, “{text.title}”, goes to each address by itself: nobody sees the others.
        </p>
        <TextAreaField
          name="emails"
          label="E-mail addresses"
          hint="At most 50, each on a line of its own or with a comma between them."
          required
          rows={3}
          spellCheck={false}
          autoCapitalize="none"
          error={at('emails')}
        />
        {may('customer:read') && (
          <CustomerChoice isRequired={false} error={at('customer')} onChoose={setCustomer} />
        )}
        <TextAreaField
          name="message"
          label="Message above the text (optional)"
          maxLength={2000}
          rows={3}
          error={at('message')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Send</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
