import { useState } from 'react'
import {
  ActivateGoalDocument,
  CloseGoalDocument,
  type GoalDetail_GoalFragment,
  type GoalOutcome,
  PauseGoalDocument,
  ResumeGoalDocument,
} from '../documents.generated.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { RadioField } from '../ui/radio-field.tsx'
import { useVersioned } from './use-versioned.ts'

type LifeProps = {
  readonly goal: GoalDetail_GoalFragment
  readonly onClose: () => void
  /** What was done, in words. */
  readonly onDone: (told: string) => void
}

const versionOf = ({ version }: GoalDetail_GoalFragment): number => version

/** Where nothing is to be asked but whether. */
export const GoalSwitchDialog = ({ goal, onClose, onDone }: LifeProps) => {
  const send = useVersioned(goal, versionOf)
  const sending = useSending()
  const isDraft = goal.state === 'DRAFT'
  const confirm = async () => {
    const answer = isDraft
      ? await send(ActivateGoalDocument, { goal: goal.id })
      : await send(ResumeGoalDocument, { goal: goal.id })
    if (isProblem(answer)) return answer
    onDone(isDraft ? 'The goal is active.' : 'The goal is evaluated again.')
    return null
  }
  return (
    <Dialog title={isDraft ? 'Activate the goal' : 'Resume the goal'} onClose={onClose}>
      <Form sending={sending} fields={[]} onSend={confirm}>
        <p className="text-pretty text-muted">
          {isDraft
            ? 'From now on it is evaluated with each change of the books, and everybody sees where it stands.'
            : 'It is evaluated from now on. Its trajectory and its deadline are what they were.'}
        </p>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>{isDraft ? 'Activate' : 'Resume'}</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

export const PauseGoalDialog = ({ goal, onClose, onDone }: LifeProps) => {
  const send = useVersioned(goal, versionOf)
  const sending = useSending()
  const pause = async (values: FormData) => {
    const answer = await send(PauseGoalDocument, { goal: goal.id, reason: textOf(values, 'reason') })
    if (isProblem(answer)) return answer
    onDone('The goal is paused.')
    return null
  }
  return (
    <Dialog title="Pause the goal" onClose={onClose}>
      <Form sending={sending} fields={['reason']} onSend={pause}>
        <p className="text-pretty text-muted">
          It is not evaluated while it is paused; its last progress stays. The deadline does not move.
        </p>
        <TextField
          name="reason"
          label="Why"
          required
          maxLength={500}
          autoComplete="off"
          error={messageAt(sending.problem, 'reason')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Pause</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

const outcomes = [
  { id: 'ACHIEVED', label: 'Achieved', hint: 'The target was reached, as the server computed it.' },
  { id: 'MISSED', label: 'Missed', hint: 'The deadline passed without it.' },
  { id: 'ABANDONED', label: 'Given up', hint: 'It is not pursued any more. Say why.' },
] as const satisfies readonly { id: GoalOutcome; label: string; hint: string }[]

/** The outcome that the status says; a goal under way can only be given up. */
const outcomeOf = ({ progress }: GoalDetail_GoalFragment): GoalOutcome =>
  progress?.status === 'ACHIEVED' || progress?.status === 'MISSED' ? progress.status : 'ABANDONED'

export const CloseGoalDialog = ({ goal, onClose, onDone }: LifeProps) => {
  const send = useVersioned(goal, versionOf)
  const sending = useSending()
  const [outcome, setOutcome] = useState<GoalOutcome>(() => outcomeOf(goal))
  const close = async (values: FormData) => {
    const reason = textOf(values, 'reason') || null
    const answer = await send(CloseGoalDocument, { goal: goal.id, outcome, reason })
    if (isProblem(answer)) return answer
    onDone('The goal is closed.')
    return null
  }
  return (
    <Dialog title="Close the goal" onClose={onClose}>
      <Form sending={sending} fields={['outcome', 'reason']} onSend={close}>
        <RadioField
          legend="How it ended"
          name="outcome"
          choices={outcomes}
          chosen={outcome}
          error={messageAt(sending.problem, 'outcome')}
          onChoose={setOutcome}
        />
        <TextField
          name="reason"
          label={outcome === 'ABANDONED' ? 'Why' : 'Why (optional)'}
          required={outcome === 'ABANDONED'}
          maxLength={500}
          autoComplete="off"
          error={messageAt(sending.problem, 'reason')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton look="danger" isBusy={sending.isBusy}>
            Close the goal
          </SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
