import { Plus } from 'lucide-react'
import { useState } from 'react'
import { isMoreBetter, quantityOf } from '../components/goal-measure.ts'
import { type ActionDeed, GoalPlan, type PlannedAction } from '../components/goal-plan.tsx'
import { PersonField } from '../components/person-field.tsx'
import {
  AddGoalActionDocument,
  type GoalActionState,
  type GoalDetail_GoalFragment,
  UpdateGoalActionDocument,
} from '../documents.generated.ts'
import type { Day } from '../format/day.ts'
import { formatCount } from '../format/quantity.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { useToast } from '../ui/toasts.tsx'
import { Panel } from './page-body.tsx'
import { usePeople } from './use-people.ts'
import { useSend } from './use-send.ts'
import { useVersioned } from './use-versioned.ts'

type Goal = GoalDetail_GoalFragment
type DialogProps = {
  readonly goal: Goal
  readonly onClose: () => void
  readonly onDone: (told: string) => void
}
type ActionProps = DialogProps & { readonly action: PlannedAction }

const versionOf =
  ({ id }: PlannedAction) =>
  ({ actions }: Goal): number | null =>
    actions.find((other) => other.id === id)?.version ?? null

const fields = ['title', 'ownerId', 'dueOn', 'brings', 'reason']

/** What is done, by whom and by when. */
const ActionDialog = ({
  goal,
  action,
  onClose,
  onDone,
}: DialogProps & { readonly action: PlannedAction | null }) => {
  const [opened] = useState(action)
  const add = useSend()
  const change = useVersioned(goal, opened ? versionOf(opened) : () => null)
  const sending = useSending()
  const people = usePeople([goal.owner, goal.reviewer, ...goal.followers, opened?.owner ?? null])
  const save = async (values: FormData) => {
    const said = {
      title: textOf(values, 'title'),
      ownerId: textOf(values, 'ownerId') || null,
      dueOn: textOf(values, 'dueOn') || null,
      brings: textOf(values, 'brings') || null,
    }
    const answer = opened
      ? await change(UpdateGoalActionDocument, { action: opened.id, ...said })
      : await add(AddGoalActionDocument, { goal: goal.id, ...said })
    if (isProblem(answer)) return answer
    onDone(opened ? 'The action is changed.' : 'The action is planned.')
    return null
  }
  const at = (name: string) => messageAt(sending.problem, name)
  return (
    <Dialog title={opened ? 'Edit the action' : 'New action'} onClose={onClose}>
      <Form sending={sending} fields={fields} onSend={save}>
        <TextField
          name="title"
          label="What is done"
          required
          maxLength={200}
          autoComplete="off"
          defaultValue={opened?.title ?? ''}
          error={at('title')}
        />
        <div className="grid gap-4 sm:grid-cols-2">
          <PersonField
            name="ownerId"
            label="Who does it"
            people={people}
            initial={opened ? (opened.owner?.id ?? null) : (goal.owner?.id ?? null)}
            error={at('ownerId')}
          />
          <TextField
            name="dueOn"
            type="date"
            label="By"
            defaultValue={opened?.dueOn ?? ''}
            error={at('dueOn')}
          />
        </div>
        <TextField
          name="brings"
          label="What it is to bring (optional)"
          hint="In words, such as “two days of DSO in EMEA”."
          autoComplete="off"
          defaultValue={opened?.brings ?? ''}
          error={at('brings')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>{opened ? 'Save' : 'Plan it'}</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

const moves = {
  START: {
    state: 'STARTED',
    title: 'Start the action',
    label: 'Began on',
    button: 'Start',
    told: 'The action is under way.',
  },
  FINISH: {
    state: 'DONE',
    title: 'The action is done',
    label: 'Done on',
    button: 'Done',
    told: 'The action is done.',
  },
} as const satisfies Record<
  'START' | 'FINISH',
  { state: GoalActionState; title: string; label: string; button: string; told: string }
>

/** Tells that an action began or is done: today, or on a day before. */
const MoveDialog = ({
  goal,
  action,
  today,
  deed,
  onClose,
  onDone,
}: ActionProps & { readonly deed: keyof typeof moves; readonly today: Day }) => {
  const send = useVersioned(goal, versionOf(action))
  const sending = useSending()
  const { state, title, label, button, told } = moves[deed]
  const move = async (values: FormData) => {
    const on = textOf(values, 'on')
    const answer = await send(UpdateGoalActionDocument, {
      action: action.id,
      state,
      ...(on === '' ? {} : { on }),
    })
    if (isProblem(answer)) return answer
    onDone(told)
    return null
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <Form sending={sending} fields={['on']} onSend={move}>
        <p className="font-medium text-pretty">{action.title}</p>
        <TextField
          name="on"
          type="date"
          label={label}
          required
          max={today}
          defaultValue={today}
          error={messageAt(sending.problem, 'on')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>{button}</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

const DropDialog = ({ goal, action, onClose, onDone }: ActionProps) => {
  const send = useVersioned(goal, versionOf(action))
  const drop = async (reason: string | null) => {
    const answer = await send(UpdateGoalActionDocument, { action: action.id, state: 'DROPPED', reason })
    if (isProblem(answer)) return answer
    onDone('The action is dropped.')
    return null
  }
  return (
    <ConfirmDialog
      title="Drop the action"
      action="Drop it"
      reason="required"
      onConfirm={drop}
      onClose={onClose}
    >
      <p>
        <span className="font-medium text-ink">{action.title}</span> stays in the plan as dropped, with the
        reason.
      </p>
    </ConfirmDialog>
  )
}

type Opened = { readonly deed: ActionDeed | 'ADD'; readonly action: PlannedAction | null }

type GoalPlanPanelProps = { readonly goal: Goal; readonly today: Day; readonly mayWrite: boolean }

/** The plan of a goal, and what happens to it. */
export const GoalPlanPanel = ({ goal, today, mayWrite }: GoalPlanPanelProps) => {
  const tell = useToast()
  const [opened, setOpened] = useState<Opened | null>(null)
  const onClose = () => setOpened(null)
  const dialog = {
    goal,
    onClose,
    onDone: (told: string) => {
      onClose()
      tell(told)
    },
  }
  const { deed, action } = opened ?? { deed: null, action: null }
  const done = goal.actions.filter(({ state }) => state === 'DONE').length
  return (
    <Panel
      title="Plan"
      note={
        goal.actions.length === 0 ? null : `${formatCount(done)} of ${formatCount(goal.actions.length)} done`
      }
      actions={
        mayWrite && (
          <Button className="h-8 px-2.5 text-xs" onClick={() => setOpened({ deed: 'ADD', action: null })}>
            <Plus aria-hidden="true" className="size-3.5" />
            Add an action
          </Button>
        )
      }
    >
      <GoalPlan
        actions={goal.actions}
        quantity={quantityOf(goal)}
        isMoreBetter={isMoreBetter(goal)}
        onDo={mayWrite ? (next, one) => setOpened({ deed: next, action: one }) : null}
      />
      {(deed === 'ADD' || deed === 'EDIT') && <ActionDialog {...dialog} action={action} />}
      {(deed === 'START' || deed === 'FINISH') && action && (
        <MoveDialog {...dialog} action={action} deed={deed} today={today} />
      )}
      {deed === 'DROP' && action && <DropDialog {...dialog} action={action} />}
    </Panel>
  )
}
