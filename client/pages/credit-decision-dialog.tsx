import { type ReactNode, useState } from 'react'
import {
  AskCreditDecisionDocument,
  type AskCreditDecisionMutation,
  type CreditOutcome,
  type CustomerDetail_CustomerFragment,
} from '../documents.generated.ts'
import { limitText, outcomeWords } from '../format/credit-words.ts'
import { formatMoney, unknown } from '../format/quantity.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import type { Tone } from '../ui/tone.ts'
import { useSend } from './use-send.ts'

type Decision = Extract<
  AskCreditDecisionMutation['creditDecision'],
  { __typename: 'CreditDecisionSuccess' }
>['decision']

const tones = { ALLOW: 'well', REVIEW: 'watch', BLOCK: 'act' } as const satisfies Record<CreditOutcome, Tone>

const moneyText = (money: Decision['levels'][number]['before']): string =>
  money === null ? unknown : formatMoney(money, 'exact')

const Fact = ({ term, children }: { readonly term: string; readonly children: ReactNode }) => (
  <div className="flex flex-wrap justify-between gap-x-4">
    <dt className="text-muted">{term}</dt>
    <dd>{children}</dd>
  </div>
)

const Outcome = ({ decision: { outcome, reasons, levels } }: { readonly decision: Decision }) => (
  <div className="grid gap-3">
    <Notice tone={tones[outcome]} aria-live="polite">
      <p className="font-semibold">{outcomeWords[outcome]}</p>
      {reasons.length === 0 ? (
        <p>Nothing speaks against it.</p>
      ) : (
        <ul className="grid gap-0.5">
          {reasons.map(({ code, customerNumber, message }) => (
            <li key={`${code} ${customerNumber}`}>{message}</li>
          ))}
        </ul>
      )}
    </Notice>
    <ul aria-label="Limits that were looked at" className="grid gap-3">
      {levels.map((level) => (
        <li key={level.customerNumber} className="rounded-md border border-line px-3.5 py-2.5">
          <dl className="figures grid gap-1">
            <Fact term="Customer">{level.customerNumber}</Fact>
            <Fact term="Limit">{limitText(level.limit)}</Fact>
            <Fact term="Used">{moneyText(level.before)}</Fact>
            <Fact term="With the order">
              <span className="font-medium">{moneyText(level.after)}</span>
            </Fact>
          </dl>
        </li>
      ))}
    </ul>
  </div>
)

type CreditDecisionDialogProps = {
  readonly customer: CustomerDetail_CustomerFragment
  readonly onClose: () => void
}

/** Asks whether an order might go out on credit. It takes no headroom; what was asked is kept. */
export const CreditDecisionDialog = ({ customer, onClose }: CreditDecisionDialogProps) => {
  const send = useSend()
  const sending = useSending()
  const [decision, setDecision] = useState<Decision | null>(null)
  const ask = async (values: FormData) => {
    const orderAmount = {
      amount: textOf(values, 'amount'),
      currency: textOf(values, 'currency').toUpperCase(),
    }
    const answer = await send(AskCreditDecisionDocument, { customer: { id: customer.id }, orderAmount })
    setDecision(isProblem(answer) ? null : answer.decision)
    return isProblem(answer) ? answer : null
  }
  return (
    <Dialog title={`An order of ${customer.name}`} onClose={onClose}>
      <Form sending={sending} fields={['orderAmount']} onSend={ask}>
        <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_8rem]">
          <TextField
            name="amount"
            label="For how much"
            required
            inputMode="decimal"
            autoComplete="off"
            error={messageAt(sending.problem, 'orderAmount')}
          />
          <TextField
            name="currency"
            label="Currency"
            required
            minLength={3}
            maxLength={3}
            autoComplete="off"
            defaultValue={customer.exposure.currency}
          />
        </div>
        {decision && <Outcome decision={decision} />}
        <DialogActions>
          <Button onClick={onClose}>Close</Button>
          <SubmitButton isBusy={sending.isBusy}>May it go out?</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
