import { useState } from 'react'
import { AboveAuthority } from '../components/approval-need.tsx'
import type { NamedCustomer } from '../components/customer-field.tsx'
import { DecideCreditApplicationDocument } from '../documents.generated.ts'
import { applicationStatusWords, termsText } from '../format/application-words.ts'
import type { Day } from '../format/day.ts'
import { formatMoney } from '../format/quantity.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { Form, useSending } from '../ui/form.tsx'
import { isProblem } from '../ui/form-problem.ts'
import { type Trial, type Wish, WishForm } from './application-decision-form.tsx'
import type { ApplicationDialogProps } from './application-dialogs.tsx'
import { useApplicationVersion } from './use-application-version.ts'
import { type Tried, useTrial } from './use-trial.ts'

const wouldBe = (trial: Trial): string | null => {
  if (trial.__typename === 'ApprovalRequested') return null
  const { status, decision } = trial.application
  if (!decision?.limit) return 'Nothing is granted.'
  const { word } = applicationStatusWords[status]
  return `${word}: ${formatMoney(decision.limit, 'exact')}, ${termsText(decision.termsDays ?? 0).toLowerCase()}.`
}

type ConfirmProps = ApplicationDialogProps & {
  readonly tried: Tried<Wish, Trial>
  readonly onBack: () => void
}

const Confirm = ({ application, tried: { wish, trial }, onBack, onDone }: ConfirmProps) => {
  const send = useApplicationVersion(application)
  const sending = useSending()
  const needsApproval = trial.__typename === 'ApprovalRequested'
  const decide = async () => {
    const answer = await send(DecideCreditApplicationDocument, wish)
    if (isProblem(answer)) return answer
    onDone(answer.__typename === 'ApprovalRequested' ? 'It waits for approval.' : 'It is decided.')
    return null
  }
  return (
    <Form sending={sending} fields={[]} onSend={decide}>
      {needsApproval ? (
        <AboveAuthority requirements={trial.requirements} />
      ) : (
        <p className="text-base font-medium text-pretty">{wouldBe(trial)}</p>
      )}
      <ul className="list-disc pl-5 text-muted">
        {wish.reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      {wish.decision.approve ? (
        <p className="text-pretty text-muted">
          The customer’s limit, terms, risk class and next review are set at once, all of it or nothing.
        </p>
      ) : (
        <p className="text-pretty text-muted">These reasons are told to who asked.</p>
      )}
      <DialogActions>
        <Button onClick={onBack}>Back</Button>
        <SubmitButton look={wish.decision.approve ? 'primary' : 'danger'} isBusy={sending.isBusy}>
          {needsApproval ? 'Ask for approval' : wish.decision.approve ? 'Grant it' : 'Decline it'}
        </SubmitButton>
      </DialogActions>
    </Form>
  )
}

type DecideProps = ApplicationDialogProps & {
  readonly today: Day
  /** Who is to get the credit, where who asked is no customer; null where nobody is chosen. */
  readonly customer: NamedCustomer | null
}

/** Decides on an application: first the server says what would become of it, by the very way that decides. */
export const DecideDialog = ({ customer: first, today, ...props }: DecideProps) => {
  const [application] = useState(props.application)
  const [customer, setCustomer] = useState(first)
  const { tried, before, onTried, onBack } = useTrial<Wish, Trial>()
  return (
    <Dialog title={`Decide on ${application.legalName}`} onClose={props.onClose}>
      {tried ? (
        <Confirm {...props} application={application} tried={tried} onBack={onBack} />
      ) : (
        <WishForm
          {...props}
          application={application}
          before={before}
          today={today}
          customer={customer}
          onCustomer={setCustomer}
          onTried={onTried}
        />
      )}
    </Dialog>
  )
}
