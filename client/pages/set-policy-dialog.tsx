import { useState } from 'react'
import { useClient } from 'urql'
import type { PolicyRules } from '../components/policy-draft.ts'
import { PolicyChanges } from '../components/policy-versions.tsx'
import {
  CreditPolicyLatestDocument,
  SetCreditPolicyDocument,
  type SetCreditPolicyMutation,
} from '../documents.generated.ts'
import { type Day, formatDay } from '../format/day.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextAreaField, TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { useExpectedVersion } from './use-expected-version.ts'
import { type Success, useSend } from './use-send.ts'
import { type Tried, useTrial } from './use-trial.ts'

/** What is to be set, from when on and why. */
type Wish = PolicyRules & { readonly effectiveOn: Day | null; readonly reason: string }

/** What the server says would become of it. */
type Trial = Success<SetCreditPolicyMutation>

type SetPolicyProps = {
  /** The version that was set last, be it one that is still to come. */
  readonly latest: number
  readonly rules: PolicyRules
  readonly today: Day
  readonly onClose: () => void
  /** What was done, in words. */
  readonly onDone: (told: string) => void
}

type ConfirmProps = Pick<SetPolicyProps, 'latest' | 'onDone'> & {
  readonly tried: Tried<Wish, Trial>
  readonly onBack: () => void
}

const Confirm = ({ latest, tried: { wish, trial }, onBack, onDone }: ConfirmProps) => {
  const client = useClient()
  const [opened] = useState(latest)
  const send = useExpectedVersion(opened, async () => {
    const again = await client
      .query(CreditPolicyLatestDocument, {}, { requestPolicy: 'network-only' })
      .toPromise()
    return again.data?.creditPolicies.nodes[0]?.version ?? null
  })
  const sending = useSending()
  const { effectiveOn } = wish
  const set = async () => {
    const answer = await send(SetCreditPolicyDocument, wish)
    if (isProblem(answer)) return answer
    onDone(
      effectiveOn === null
        ? 'The policy is set.'
        : `The policy is set, and holds from ${formatDay(effectiveOn, 'medium')} on.`,
    )
    return null
  }
  return (
    <Form sending={sending} fields={[]} onSend={set}>
      <p className="font-medium">
        {effectiveOn === null ? 'From today on' : `From ${formatDay(effectiveOn, 'medium')} on`}
      </p>
      <div className="rounded-md border border-line bg-page px-3.5 py-2.5">
        <PolicyChanges before={trial.previous} after={trial.policy} />
      </div>
      <DialogActions>
        <Button onClick={onBack}>Back</Button>
        <SubmitButton isBusy={sending.isBusy}>Set the policy</SubmitButton>
      </DialogActions>
    </Form>
  )
}

type WishFormProps = Pick<SetPolicyProps, 'rules' | 'today' | 'onClose'> & {
  readonly before: Wish | null
  readonly onTried: (tried: Tried<Wish, Trial>) => void
}

const WishForm = ({ rules, today, before, onClose, onTried }: WishFormProps) => {
  const send = useSend()
  const sending = useSending()
  const attempt = async (values: FormData) => {
    const day = textOf(values, 'effectiveOn')
    const wish = {
      ...rules,
      effectiveOn: day === '' || day === today ? null : day,
      reason: textOf(values, 'reason'),
    }
    const answer = await send(SetCreditPolicyDocument, { ...wish, dryRun: true })
    if (isProblem(answer)) return answer
    onTried({ wish, trial: answer })
    return null
  }
  const at = (name: string) => messageAt(sending.problem, name)
  return (
    <Form sending={sending} fields={['effectiveOn', 'reason']} onSend={attempt}>
      <TextField
        name="effectiveOn"
        type="date"
        label="From (optional)"
        hint="Today, if left out. What was in force before stays as it was."
        min={today}
        defaultValue={before?.effectiveOn ?? ''}
        error={at('effectiveOn')}
      />
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

/** Sets the rules that were changed: first the server says what would become of them, by the very way that sets them. */
export const SetPolicyDialog = ({ latest, rules, today, onClose, onDone }: SetPolicyProps) => {
  const { tried, before, onTried, onBack } = useTrial<Wish, Trial>()
  return (
    <Dialog title="Set the policy" onClose={onClose}>
      {tried ? (
        <Confirm latest={latest} tried={tried} onBack={onBack} onDone={onDone} />
      ) : (
        <WishForm rules={rules} today={today} before={before} onClose={onClose} onTried={onTried} />
      )}
    </Dialog>
  )
}
