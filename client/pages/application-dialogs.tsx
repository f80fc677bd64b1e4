import { useState } from 'react'
import { useClient } from 'urql'
import { AboveAuthority } from '../components/approval-need.tsx'
import type { NamedCustomer } from '../components/customer-field.tsx'
import {
  type ApplicationDetail_ApplicationFragment,
  CreateApplicantCustomerDocument,
  CreditApplicationVersionDocument,
  type CreditRiskClass,
  type CreditVerdictInput,
  DecideCreditApplicationDocument,
  TryCreditDecisionDocument,
  type TryCreditDecisionMutation,
  WithdrawCreditApplicationDocument,
} from '../documents.generated.ts'
import { applicationStatusWords, termsText } from '../format/application-words.ts'
import { riskWords } from '../format/credit-words.ts'
import { addDays, addMonths, type Day } from '../format/day.ts'
import { formatMoney } from '../format/quantity.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { decimalInput, SelectField, TextAreaField, TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, makeProblem, messageAt } from '../ui/form-problem.ts'
import { RadioField } from '../ui/radio-field.tsx'
import { CustomerChoice } from './customer-choice.tsx'
import { useExpectedVersion } from './use-expected-version.ts'
import { useReviewMonths } from './use-review-months.ts'
import { type Success, useSend } from './use-send.ts'
import { type Tried, useTrial } from './use-trial.ts'

type Application = ApplicationDetail_ApplicationFragment

type DialogProps = {
  readonly application: Application
  readonly onClose: () => void
  /** What was done, in words. */
  readonly onDone: (told: string) => void
}

/** Sends changes of an application, from the version that was seen when the form was opened. */
const useApplicationVersion = ({ id, version }: Application) => {
  const client = useClient()
  const [opened] = useState(version)
  return useExpectedVersion(opened, async () => {
    const again = await client
      .query(CreditApplicationVersionDocument, { id }, { requestPolicy: 'network-only' })
      .toPromise()
    return again.data?.creditApplication?.version ?? null
  })
}

/** What is to be decided, without how. */
type Wish = {
  readonly application: string
  readonly decision: CreditVerdictInput
  readonly reasons: readonly string[]
}

/** What the server says would become of it. */
type Trial = Success<TryCreditDecisionMutation>

const reasonsIn = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

const wouldBe = (trial: Trial): string | null => {
  if (trial.__typename === 'ApprovalRequested') return null
  const { status, decision } = trial.application
  if (!decision?.limit) return 'Nothing is granted.'
  const { word } = applicationStatusWords[status]
  return `${word}: ${formatMoney(decision.limit, 'exact')}, ${termsText(decision.termsDays ?? 0).toLowerCase()}.`
}

type ConfirmProps = DialogProps & { readonly tried: Tried<Wish, Trial>; readonly onBack: () => void }

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

const verdicts = [
  { id: 'approve', label: 'Grant it', hint: 'All that was asked for, or less.' },
  { id: 'decline', label: 'Decline it', hint: 'Nothing is granted.' },
] as const

const approvalFields = ['limit', 'until', 'termsDays', 'riskClass', 'nextReviewOn', 'customer']
const decisionFields = ['reasons', ...approvalFields.map((field) => `decision.approve.${field}`)]

type ApprovalProps = {
  readonly application: Application
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

type WishFormProps = DialogProps & {
  /** What was chosen before, where one came back. */
  readonly before: Wish | null
  readonly today: Day
  readonly customer: NamedCustomer | null
  readonly onCustomer: (customer: NamedCustomer | null) => void
  readonly onTried: (tried: Tried<Wish, Trial>) => void
}

const WishForm = ({ application, before, today, customer, onCustomer, onClose, onTried }: WishFormProps) => {
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

type DecideProps = DialogProps & {
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

/** Takes back an application on which nobody has decided. */
export const WithdrawDialog = ({ application, onClose, onDone }: DialogProps) => {
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

type MakeCustomerProps = Omit<DialogProps, 'onDone'> & {
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
