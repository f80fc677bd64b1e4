import { type ReactNode, useState } from 'react'
import { Button, SubmitButton } from './button.tsx'
import { Dialog, DialogActions } from './dialog.tsx'
import { TextField } from './field.tsx'
import { Form, textOf, useSending } from './form.tsx'
import { type FormProblem, makeProblem, messageAt } from './form-problem.ts'

type ConfirmDialogProps = {
  readonly title: string
  readonly children: ReactNode
  /** What the button says: the deed itself, such as "Revoke the token". */
  readonly action: string
  /** What has to be typed before it is done; null where a press will do. */
  readonly phrase?: string | null
  /** Whether it asks why; the reason goes to `onConfirm`. */
  readonly reason?: 'none' | 'optional' | 'required'
  readonly onConfirm: (reason: string | null) => Promise<FormProblem | null>
  readonly onClose: () => void
}

/** Asks before something that cannot be taken back, and says what was wrong where it is refused. */
export const ConfirmDialog = ({
  title,
  children,
  action,
  phrase = null,
  reason = 'none',
  onConfirm,
  onClose,
}: ConfirmDialogProps) => {
  const sending = useSending()
  const [typed, setTyped] = useState('')
  const confirm = (values: FormData) => {
    if (phrase !== null && typed.trim() !== phrase)
      return Promise.resolve(makeProblem('This is not the same text.', 'phrase'))
    return onConfirm(textOf(values, 'reason') || null)
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <Form sending={sending} fields={['phrase', 'reason']} onSend={confirm}>
        <div className="grid gap-2 text-pretty text-muted">{children}</div>
        {reason !== 'none' && (
          <TextField
            name="reason"
            label={reason === 'required' ? 'Reason' : 'Reason (optional)'}
            hint="Goes into the audit log and stays there: write no names."
            required={reason === 'required'}
            maxLength={500}
            autoComplete="off"
            error={messageAt(sending.problem, 'reason')}
          />
        )}
        {phrase !== null && (
          <TextField
            name="phrase"
            label={
              <>
                Type <span className="font-mono text-xs font-semibold select-all">{phrase}</span> to confirm
              </>
            }
            required
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
            error={messageAt(sending.problem, 'phrase')}
          />
        )}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton look="danger" isBusy={sending.isBusy}>
            {action}
          </SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
