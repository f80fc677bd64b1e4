import { useState } from 'react'
import { useClient } from 'urql'
import type { ListedRequest } from '../components/request-list.tsx'
import {
  ApproveRequestDocument,
  CommentOnRequestDocument,
  CreditRequestVersionDocument,
  RejectRequestDocument,
  WithdrawRequestDocument,
} from '../documents.generated.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextAreaField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { type FormProblem, isProblem, messageAt } from '../ui/form-problem.ts'
import { useExpectedVersion } from './use-expected-version.ts'
import { useSend } from './use-send.ts'

export type RequestDeed = 'approve' | 'reject' | 'withdraw' | 'comment'

const deeds = {
  approve: {
    title: 'Approve',
    note: 'With the last approval it is carried out at once, as if it were asked for now.',
    needsComment: false,
  },
  reject: { title: 'Reject', note: 'That ends it; nothing of it is done.', needsComment: true },
  withdraw: { title: 'Take back', note: 'That ends it; nothing of it is done.', needsComment: false },
  comment: { title: 'Comment', note: 'Whoever may see the request reads it.', needsComment: true },
} as const satisfies Record<RequestDeed, object>

const approvedWords = {
  PENDING: 'Your approval counts; it needs more.',
  APPROVED: 'It is approved and carried out.',
  FAILED: 'It is approved, and could not be carried out.',
  REJECTED: 'It is rejected.',
  WITHDRAWN: 'It was taken back.',
  EXPIRED: 'It has expired.',
} as const

/** Sends a deed; resolves with what was done, in words. */
const useDeed = (request: ListedRequest) => {
  const client = useClient()
  const [opened] = useState(request.version)
  const send = useSend()
  const sendVersioned = useExpectedVersion(opened, async () => {
    const again = await client
      .query(CreditRequestVersionDocument, { id: request.id }, { requestPolicy: 'network-only' })
      .toPromise()
    return again.data?.approvalRequest?.version ?? null
  })
  return async (deed: RequestDeed, comment: string): Promise<string | FormProblem> => {
    const input = { request: request.id, comment: comment || null }
    switch (deed) {
      case 'approve': {
        const answer = await sendVersioned(ApproveRequestDocument, input)
        return isProblem(answer) ? answer : approvedWords[answer.state]
      }
      case 'reject': {
        const answer = await sendVersioned(RejectRequestDocument, { request: request.id, comment })
        return isProblem(answer) ? answer : 'It is rejected.'
      }
      case 'withdraw': {
        const answer = await sendVersioned(WithdrawRequestDocument, input)
        return isProblem(answer) ? answer : 'It is taken back.'
      }
      case 'comment': {
        const answer = await send(CommentOnRequestDocument, { request: request.id, comment })
        return isProblem(answer) ? answer : 'It is said.'
      }
    }
  }
}

type RequestDialogProps = {
  readonly request: ListedRequest
  readonly deed: RequestDeed
  readonly onClose: () => void
  readonly onDone: (told: string) => void
}

/** Decides a request, or says something about it. */
export const RequestDialog = ({ request, deed, onClose, onDone }: RequestDialogProps) => {
  const carryOut = useDeed(request)
  const sending = useSending()
  const { title, note, needsComment } = deeds[deed]
  const confirm = async (values: FormData) => {
    const answer = await carryOut(deed, textOf(values, 'comment'))
    if (typeof answer !== 'string') return answer
    onDone(answer)
    return null
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <Form sending={sending} fields={['comment']} onSend={confirm}>
        <p className="font-medium text-pretty">{request.summary}</p>
        <p className="text-pretty text-muted">{note}</p>
        <TextAreaField
          name="comment"
          label={deed === 'reject' ? 'Why' : needsComment ? 'Comment' : 'Comment (optional)'}
          required={needsComment}
          maxLength={1000}
          rows={2}
          error={messageAt(sending.problem, 'comment')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton look={deed === 'reject' ? 'danger' : 'primary'} isBusy={sending.isBusy}>
            {title}
          </SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
