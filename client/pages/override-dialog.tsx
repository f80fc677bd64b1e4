import {
  type GoalDetail_GoalFragment,
  type GoalStatus,
  OverrideGoalStatusDocument,
  WithdrawGoalStatusOverrideDocument,
} from '../documents.generated.ts'
import { addDays, type Day } from '../format/day.ts'
import { goalStatusWords } from '../format/words.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { SelectField, TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { useVersioned } from './use-versioned.ts'

type OverrideProps = {
  readonly goal: GoalDetail_GoalFragment
  readonly onClose: () => void
  readonly onDone: (told: string) => void
}

const versionOf = ({ version }: GoalDetail_GoalFragment): number => version

const sayable = ['ON_TRACK', 'AT_RISK', 'OFF_TRACK'] as const satisfies readonly GoalStatus[]
const usualDays = 14

/** Says another status than the computed one, for a reason and a time. */
export const OverrideDialog = ({ goal, today, onClose, onDone }: OverrideProps & { readonly today: Day }) => {
  const send = useVersioned(goal, versionOf)
  const sending = useSending()
  const say = async (values: FormData) => {
    const answer = await send(OverrideGoalStatusDocument, {
      goal: goal.id,
      status: textOf(values, 'status') as GoalStatus,
      reason: textOf(values, 'reason'),
      until: textOf(values, 'until'),
    })
    if (isProblem(answer)) return answer
    onDone('Your word stands beside the computed status.')
    return null
  }
  const at = (name: string) => messageAt(sending.problem, name)
  return (
    <Dialog title="Say another status" onClose={onClose}>
      <Form sending={sending} fields={['status', 'reason', 'until']} onSend={say}>
        <p className="text-pretty text-muted">
          The computed status stays and is shown beside yours. Your word ends by itself.
        </p>
        <SelectField name="status" label="Status" error={at('status')}>
          {sayable.map((status) => (
            <option key={status} value={status}>
              {goalStatusWords[status]}
            </option>
          ))}
        </SelectField>
        <TextField
          name="reason"
          label="Why"
          required
          maxLength={500}
          autoComplete="off"
          error={at('reason')}
        />
        <TextField
          name="until"
          type="date"
          label="Until"
          required
          min={today}
          defaultValue={addDays(today, usualDays)}
          error={at('until')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Say it</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

export const WithdrawDialog = ({ goal, onClose, onDone }: OverrideProps) => {
  const send = useVersioned(goal, versionOf)
  const withdraw = async (reason: string | null) => {
    const answer = await send(WithdrawGoalStatusOverrideDocument, { goal: goal.id, reason })
    if (isProblem(answer)) return answer
    onDone('The computed status alone is told.')
    return null
  }
  return (
    <ConfirmDialog
      title="Take your word back"
      action="Take it back"
      reason="optional"
      onConfirm={withdraw}
      onClose={onClose}
    >
      <p>From now on the computed status alone is told.</p>
    </ConfirmDialog>
  )
}
