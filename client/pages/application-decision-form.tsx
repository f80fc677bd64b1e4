import { useState } from 'react'
import type { NamedCustomer } from '../components/customer-field.tsx'
import {
  type ApplicationDetail_ApplicationFragment,
  type CreditRiskClass,
  type CreditVerdictInput,
  TryCreditDecisionDocument,
  type TryCreditDecisionMutation,
} from '../documents.generated.ts'
import { termsText } from '../format/application-words.ts'
import { riskWords } from '../format/credit-words.ts'
import { addDays, addMonths, type Day } from '../format/day.ts'
import { formatMoney } from '../format/quantity.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { DialogActions } from '../ui/dialog.tsx'
import { decimalInput, SelectField, TextAreaField, TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, makeProblem, messageAt } from '../ui/form-problem.ts'
import { RadioField } from '../ui/radio-field.tsx'
import type { ApplicationDialogProps } from './application-dialogs.tsx'
import { CustomerChoice } from './customer-choice.tsx'
import { useReviewMonths } from './use-review-months.ts'
import { type Success, useSend } from './use-send.ts'
import type { Tried } from './use-trial.ts'

/** What is to be decided, without how. */
export type Wish = {
  readonly application: string
  readonly decision: CreditVerdictInput
  readonly reasons: readonly string[]
}

/** What the server says would become of it. */
export type Trial = Success<TryCreditDecisionMutation>

const reasonsIn = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

const verdicts = [
  { id: 'approve', label: 'Grant it', hint: 'All that was asked for, or less.' },
  { id: 'decline', label: 'Decline it', hint: 'Nothing is granted.' },
] as const

const approvalFields = ['limit', 'until', 'termsDays', 'riskClass', 'nextReviewOn', 'customer']
const decisionFields = ['reasons', ...approvalFields.map((field) => `decision.approve.${field}`)]

type ApprovalProps = {
  readonly application: ApplicationDetail_ApplicationFragment
  readonly before: NonNullable<CreditVerdictInput['approve']> | null
  readonly today: Day
  readonly at: (field: string) => string | null
}

/** What is granted; it begins with what the scorecard proposes. */
const ApprovalFields = ({ application, before, today, at }: ApprovalProps) => {
  const { score, requestedLimit } = application
  const monthsOf = useReviewMonths()
  const [risk, setRisk] = useState<CreditRiskClass>(before?.riskClass ?? score.riskClass)
  const [chosen, setChosen] = useState<Day | null>(before?.nextReviewOn ?? null)
  const proposed = Number(score.proposedLimit.amount) > 0 ? score.proposedLimit : requestedLimit
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          name="limit"
          label={`Limit in ${requestedLimit.currency}`}
          hint={`Asked for: ${formatMoney(requestedLimit, 'exact')}.`}
          required
          {...decimalInput}
          defaultValue={before?.limit.amount ?? proposed.amount}
          error={at('limit')}
        />
        <TextField
          name="termsDays"
          label="Terms, in days"
          hint={`Asked for: ${termsText(application.requestedTermsDays).toLowerCase()}.`}
          type="number"
          min={0}
          max={365}
          required
          defaultValue={before?.termsDays ?? score.proposedTermsDays}
          error={at('termsDays')}
        />
        <SelectField
          name="riskClass"
          label="Risk class"
          value={risk}
          onChange={({ target }) => {
            setRisk(target.value as CreditRiskClass)
            setChosen(null)
          }}
          error={at('riskClass')}
        >
          {Object.entries(riskWords).map(([id, word]) => (
            <option key={id} value={id}>
              {word}
            </option>
          ))}
        </SelectField>
        <TextField
          name="nextReviewOn"
          type="date"
          label="Next review"
          required
          min={addDays(today, 1)}
          value={chosen ?? addMonths(today, monthsOf(risk))}
          onChange={({ target }) => setChosen(target.value)}
          error={at('nextReviewOn')}
        />
        <TextField
          name="until"
          type="date"
          label="Through (optional)"
          hint="A temporary limit ends by itself."
          min={today}
          defaultValue={before?.until ?? ''}
          error={at('until')}
        />
      </div>
    </>
  )
}

type WishFormProps = ApplicationDialogProps & {
  /** What was chosen before, where one came back. */
  readonly before: Wish | null
  readonly today: Day
  readonly customer: NamedCustomer | null
  readonly onCustomer: (customer: NamedCustomer | null) => void
  readonly onTried: (tried: Tried<Wish, Trial>) => void
}

export const WishForm = ({
  application,
  before,
  today,
  customer,
  onCustomer,
  onClose,
  onTried,
}: WishFormProps) => {
  const send = useSend()
  const sending = useSending()
  const [verdict, setVerdict] = useState<'approve' | 'decline'>(() => {
    if (before) return before.decision.approve ? 'approve' : 'decline'
    return application.score.recommendation === 'DECLINE' ? 'decline' : 'approve'
  })
  const isNobody = application.customer === null
  const decisionOf = (values: FormData): CreditVerdictInput =>
    verdict === 'decline'
      ? { decline: true }
      : {
          approve: {
            ...(isNobody && customer !== null ? { customer: { id: customer.id } } : {}),
            limit: { amount: textOf(values, 'limit'), currency: application.requestedLimit.currency },
            until: textOf(values, 'until') || null,
            termsDays: Number(textOf(values, 'termsDays')),
            riskClass: textOf(values, 'riskClass') as CreditRiskClass,
            nextReviewOn: textOf(values, 'nextReviewOn'),
          },
        }
  const attempt = async (values: FormData) => {
    if (verdict === 'approve' && isNobody && customer === null)
      return makeProblem('Choose the customer that gets the credit.', 'decision.approve.customer')
    const wish = {
      application: application.id,
      decision: decisionOf(values),
      reasons: reasonsIn(textOf(values, 'reasons')),
    }
    const answer = await send(TryCreditDecisionDocument, { ...wish, dryRun: true })
    if (isProblem(answer)) return answer
    onTried({ wish, trial: answer })
    return null
  }
  const at = (field: string) => messageAt(sending.problem, field)
  return (
    <Form sending={sending} fields={decisionFields} onSend={attempt}>
      <RadioField
        legend="What is decided"
        name="verdict"
        choices={verdicts}
        chosen={verdict}
        className="grid gap-2 sm:grid-cols-2"
        onChoose={setVerdict}
      />
      {verdict === 'approve' && (
        <>
          {isNobody && (
            <CustomerChoice first={customer} error={at('decision.approve.customer')} onChoose={onCustomer} />
          )}
          <ApprovalFields
            application={application}
            before={before?.decision.approve ?? null}
            today={today}
            at={(field) => at(`decision.approve.${field}`)}
          />
        </>
      )}
      <TextAreaField
        name="reasons"
        label="Why"
        hint={
          verdict === 'decline'
            ? 'Each reason on a line of its own. They are told to who asked.'
            : 'Each reason on a line of its own.'
        }
        required
        rows={3}
        defaultValue={before?.reasons.join('\n') ?? ''}
        error={at('reasons')}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <SubmitButton isBusy={sending.isBusy}>See what would change</SubmitButton>
      </DialogActions>
    </Form>
  )
}
