import type { NamedCustomer } from '../components/customer-field.tsx'
import {
  type ApplicationDetail_ApplicationFragment,
  CreateApplicantCustomerDocument,
  WithdrawCreditApplicationDocument,
} from '../documents.generated.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextAreaField, TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { useApplicationVersion } from './use-application-version.ts'
import { useSend } from './use-send.ts'

export type ApplicationDialogProps = {
  readonly application: ApplicationDetail_ApplicationFragment
  readonly onClose: () => void
  /** What was done, in words. */
  readonly onDone: (told: string) => void
}

/** Takes back an application on which nobody has decided. */
export const WithdrawDialog = ({ application, onClose, onDone }: ApplicationDialogProps) => {
  const send = useApplicationVersion(application)
  const sending = useSending()
  const withdraw = async (values: FormData) => {
    const reason = textOf(values, 'reason')
    const answer = await send(WithdrawCreditApplicationDocument, { application: application.id, reason })
    if (isProblem(answer)) return answer
    onDone('It is taken back.')
    return null
  }
  return (
    <Dialog title="Take the application back" onClose={onClose}>
      <Form sending={sending} fields={['reason']} onSend={withdraw}>
        <p className="text-pretty text-muted">
          Nobody decides on it any more. Whoever asks again needs a new application.
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
          <SubmitButton look="danger" isBusy={sending.isBusy}>
            Take it back
          </SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

type MakeCustomerProps = Omit<ApplicationDialogProps, 'onDone'> & {
  readonly onMade: (customer: NamedCustomer) => void
}

/** Makes a customer of who asked. */
export const MakeCustomerDialog = ({ application, onClose, onMade }: MakeCustomerProps) => {
  const send = useSend()
  const sending = useSending()
  const make = async (values: FormData) => {
    const answer = await send(CreateApplicantCustomerDocument, {
      number: textOf(values, 'number'),
      name: textOf(values, 'name'),
    })
    if (isProblem(answer)) return answer
    if (answer.customer) onMade(answer.customer)
    return null
  }
  return (
    <Dialog title="Make it a customer" onClose={onClose}>
      <Form sending={sending} fields={['number', 'name']} onSend={make}>
        <p className="text-pretty text-muted">
          It gets no credit by that: the decision sets its limit and terms.
        </p>
        <TextField
          name="number"
          label="Number"
          hint="As your books use it; leading zeros count."
          required
          maxLength={100}
          autoComplete="off"
          error={messageAt(sending.problem, 'number')}
        />
        <TextField
          name="name"
          label="Name"
          required
          maxLength={200}
          autoComplete="off"
          defaultValue={application.legalName}
          error={messageAt(sending.problem, 'name')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Make it a customer</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
