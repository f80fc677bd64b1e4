import { useState } from 'react'
import {
  type CreditRiskClass,
  type CustomerMarks_CreditFragment,
  PlaceCreditHoldDocument,
  ReleaseCreditHoldDocument,
  ReviewCreditDocument,
} from '../documents.generated.ts'
import { riskWords } from '../format/credit-words.ts'
import { addDays, addMonths, type Day, formatDay } from '../format/day.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { SelectField, TextAreaField, TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { useCustomerVersion } from './use-customer-version.ts'
import { useReviewMonths } from './use-review-months.ts'

/** Whose credit it is about. */
export type CreditCustomer = {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly credit: CustomerMarks_CreditFragment
}

type DialogProps = {
  readonly customer: CreditCustomer
  readonly onClose: () => void
  /** What was done, in words. */
  readonly onDone: (told: string) => void
}

/** Stops deliveries on credit, or lets them go on. */
export const CreditHoldDialog = ({ customer, onClose, onDone }: DialogProps) => {
  const [isHeld] = useState(customer.credit.hold !== null)
  const send = useCustomerVersion(customer)
  const sending = useSending()
  const confirm = async (values: FormData) => {
    const input = { customer: { id: customer.id }, reason: textOf(values, 'reason') }
    const answer = isHeld
      ? await send(ReleaseCreditHoldDocument, input)
      : await send(PlaceCreditHoldDocument, input)
    if (isProblem(answer)) return answer
    if (answer.__typename === 'ApprovalRequested') onDone('It waits for approval.')
    else onDone(isHeld ? 'The hold is over.' : 'The customer is on hold.')
    return null
  }
  return (
    <Dialog title={isHeld ? `End the hold of ${customer.name}` : `Hold ${customer.name}`} onClose={onClose}>
      <Form sending={sending} fields={['reason']} onSend={confirm}>
        <p className="text-pretty text-muted">
          {isHeld
            ? 'Orders are again decided by limit and policy.'
            : 'No order goes out on credit until somebody ends the hold.'}
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
          <SubmitButton look={isHeld ? 'primary' : 'danger'} isBusy={sending.isBusy}>
            {isHeld ? 'End the hold' : 'Hold'}
          </SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

/** Records that somebody looked at a customer's credit, and when that has to be next. */
export const CreditReviewDialog = ({
  customer,
  today,
  onClose,
  onDone,
}: DialogProps & { readonly today: Day }) => {
  const { credit } = customer
  const send = useCustomerVersion(customer)
  const sending = useSending()
  const [risk, setRisk] = useState<CreditRiskClass | null>(credit.riskClass)
  const monthsOf = useReviewMonths()
  const [chosen, setChosen] = useState<Day | null>(null)
  const next = chosen ?? addMonths(today, monthsOf(risk))
  const review = async (values: FormData) => {
    const answer = await send(ReviewCreditDocument, {
      customer: { id: customer.id },
      nextReviewOn: next,
      riskClass: risk,
      reason: textOf(values, 'reason'),
    })
    if (isProblem(answer)) return answer
    onDone('The review is recorded.')
    return null
  }
  const at = (name: string) => messageAt(sending.problem, name)
  return (
    <Dialog title={`Review ${customer.name}`} onClose={onClose}>
      <Form sending={sending} fields={['riskClass', 'nextReviewOn', 'reason']} onSend={review}>
        <p className="text-pretty text-muted">
          {credit.reviewedOn === null
            ? 'Nobody has reviewed it yet.'
            : `Last reviewed on ${formatDay(credit.reviewedOn, 'medium')}.`}
        </p>
        <div className="grid gap-4 sm:grid-cols-2">
          <SelectField
            label="Risk class"
            value={risk ?? ''}
            onChange={({ target }) => {
              setRisk((target.value || null) as CreditRiskClass | null)
              setChosen(null)
            }}
            error={at('riskClass')}
          >
            {credit.riskClass === null && <option value="">Not judged</option>}
            {Object.entries(riskWords).map(([id, word]) => (
              <option key={id} value={id}>
                {word}
              </option>
            ))}
          </SelectField>
          <TextField
            type="date"
            label="Next review"
            required
            min={addDays(today, 1)}
            value={next}
            onChange={({ target }) => setChosen(target.value)}
            error={at('nextReviewOn')}
          />
        </div>
        <TextAreaField
          name="reason"
          label="What came of it"
          required
          maxLength={500}
          rows={2}
          error={at('reason')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Record the review</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
