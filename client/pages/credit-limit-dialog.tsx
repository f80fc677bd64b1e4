import { useState } from 'react'
import { AboveAuthority } from '../components/approval-need.tsx'
import { LimitChange, LimitSchedule } from '../components/limit-history.tsx'
import {
  type CreditLimitInput,
  type CreditLimitState,
  type CustomerDetail_CustomerFragment,
  SetCreditLimitDocument,
  TrySetCreditLimitDocument,
  type TrySetCreditLimitMutation,
} from '../documents.generated.ts'
import type { Day } from '../format/day.ts'
import { formatMoney } from '../format/quantity.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextAreaField, TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { RadioField } from '../ui/radio-field.tsx'
import { useCustomerVersion } from './use-customer-version.ts'
import { type Success, useSend } from './use-send.ts'
import { type Tried, useTrial } from './use-trial.ts'

type Customer = CustomerDetail_CustomerFragment

/** What is asked to be set, without how. */
type Wish = {
  readonly customer: { readonly id: string }
  readonly limit: CreditLimitInput
  readonly effectiveOn: Day | null
  readonly until: Day | null
  readonly reason: string
}

/** What the server says would become of it. */
type Trial = Success<TrySetCreditLimitMutation>

const states = [
  { id: 'AMOUNT', label: 'An amount', hint: '0 means that it has to pay in advance.' },
  { id: 'UNLIMITED', label: 'Unlimited', hint: 'No limit, by decision.' },
  { id: 'NOT_SET', label: 'Not set', hint: 'Orders of it are looked at by somebody.' },
] as const satisfies readonly { id: CreditLimitState; label: string; hint: string }[]

const limitOf = (state: CreditLimitState, values: FormData): CreditLimitInput => {
  if (state === 'UNLIMITED') return { unlimited: true }
  if (state === 'NOT_SET') return { notSet: true }
  return { amount: { amount: textOf(values, 'amount'), currency: textOf(values, 'currency').toUpperCase() } }
}

const fields = ['limit', 'effectiveOn', 'until', 'reason']

/** The limit that would hold last of what is asked, against what is used today; only where both are in one currency. */
const isBelowUse = ({ limit }: Wish, { exposure: { committed } }: Customer): boolean =>
  limit.amount != null &&
  committed !== null &&
  limit.amount.currency === committed.currency &&
  Number(limit.amount.amount) < Number(committed.amount)

type PartProps = { readonly customer: Customer; readonly onClose: () => void }

const Confirm = ({
  tried,
  customer,
  onBack,
  onDone,
}: PartProps & {
  readonly tried: Tried<Wish, Trial>
  readonly onBack: () => void
  readonly onDone: (told: string) => void
}) => {
  const send = useCustomerVersion(customer)
  const sending = useSending()
  const { wish, trial } = tried
  const last = { state: limitStateOf(wish.limit), amount: wish.limit.amount ?? null }
  const set = async () => {
    const answer = await send(SetCreditLimitDocument, wish)
    if (isProblem(answer)) return answer
    onDone(answer.__typename === 'ApprovalRequested' ? 'It waits for approval.' : 'The limit is set.')
    return null
  }
  const { committed } = customer.exposure
  return (
    <Form sending={sending} fields={[]} onSend={set}>
      <p className="text-base">
        <LimitChange
          previous={trial.__typename === 'ApprovalRequested' ? customer.exposure.limit : trial.previous}
          limit={last}
        />
      </p>
      {isBelowUse(wish, customer) && committed !== null && (
        <Notice tone="watch">
          {formatMoney(committed, 'exact')} are used today: the customer will be over the limit.
        </Notice>
      )}
      {trial.__typename === 'ApprovalRequested' ? (
        <AboveAuthority requirements={trial.requirements} />
      ) : (
        <div className="rounded-md border border-line bg-page px-3.5 py-2.5">
          <h3 className="mb-1.5 text-xs font-medium text-muted">What then holds</h3>
          <LimitSchedule spans={trial.schedule} />
        </div>
      )}
      <DialogActions>
        <Button onClick={onBack}>Back</Button>
        <SubmitButton isBusy={sending.isBusy}>
          {trial.__typename === 'ApprovalRequested' ? 'Ask for approval' : 'Set the limit'}
        </SubmitButton>
      </DialogActions>
    </Form>
  )
}

const limitStateOf = (limit: CreditLimitInput): CreditLimitState => {
  if (limit.amount) return 'AMOUNT'
  return limit.unlimited === true ? 'UNLIMITED' : 'NOT_SET'
}

type WishFormProps = PartProps & {
  /** What was typed before, where one came back. */
  readonly before: Wish | null
  readonly today: Day
  readonly onTried: (tried: Tried<Wish, Trial>) => void
}

const WishForm = ({ customer, before, today, onClose, onTried }: WishFormProps) => {
  const send = useSend()
  const sending = useSending()
  const { limit, currency } = customer.exposure
  const [state, setState] = useState<CreditLimitState>(() => (before ? limitStateOf(before.limit) : 'AMOUNT'))
  const amount = before?.limit.amount ?? limit.amount
  const attempt = async (values: FormData) => {
    const wish: Wish = {
      customer: { id: customer.id },
      limit: limitOf(state, values),
      effectiveOn: textOf(values, 'effectiveOn') || null,
      until: textOf(values, 'until') || null,
      reason: textOf(values, 'reason'),
    }
    const answer = await send(TrySetCreditLimitDocument, { ...wish, dryRun: true })
    if (isProblem(answer)) return answer
    onTried({ wish, trial: answer })
    return null
  }
  const at = (name: string) => messageAt(sending.problem, name)
  return (
    <Form sending={sending} fields={fields} onSend={attempt}>
      <RadioField
        legend="What it may owe at most"
        name="state"
        choices={states}
        chosen={state}
        className="grid gap-2 sm:grid-cols-3"
        onChoose={setState}
      />
      {state === 'AMOUNT' && (
        <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_8rem]">
          <TextField
            name="amount"
            label="Limit"
            required
            inputMode="decimal"
            autoComplete="off"
            defaultValue={amount?.amount ?? ''}
            error={at('limit')}
          />
          <TextField
            name="currency"
            label="Currency"
            required
            minLength={3}
            maxLength={3}
            autoComplete="off"
            defaultValue={amount?.currency ?? currency}
          />
        </div>
      )}
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          name="effectiveOn"
          type="date"
          label="From (optional)"
          hint="Today, if left out."
          min={today}
          defaultValue={before?.effectiveOn ?? ''}
          error={at('effectiveOn')}
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
      <TextAreaField
        name="reason"
        label="Why"
        required
        maxLength={500}
        rows={2}
        defaultValue={before?.reason ?? ''}
        error={at('reason')}
      />
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <SubmitButton isBusy={sending.isBusy}>See what would change</SubmitButton>
      </DialogActions>
    </Form>
  )
}

type CreditLimitDialogProps = PartProps & { readonly today: Day; readonly onDone: (told: string) => void }

/** Sets a limit: first the server says what would become of it, by the very way that sets it. */
export const CreditLimitDialog = ({ customer, today, onClose, onDone }: CreditLimitDialogProps) => {
  const [opened] = useState(customer)
  const { tried, before, onTried, onBack } = useTrial<Wish, Trial>()
  return (
    <Dialog title={`Credit limit of ${customer.name}`} onClose={onClose}>
      {tried ? (
        <Confirm tried={tried} customer={opened} onBack={onBack} onClose={onClose} onDone={onDone} />
      ) : (
        <WishForm customer={opened} before={before} today={today} onClose={onClose} onTried={onTried} />
      )}
    </Dialog>
  )
}
