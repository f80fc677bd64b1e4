import { Plus } from 'lucide-react'
import { useState } from 'react'
import { useClient } from 'urql'
import { GoalMilestones, type Milestone, type MilestoneDeed } from '../components/goal-milestones.tsx'
import {
  type GoalDetail_GoalFragment,
  GoalDetailDocument,
  UpdateMilestonesDocument,
} from '../documents.generated.ts'
import type { Day } from '../format/day.ts'
import { formatCount } from '../format/quantity.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { type FormProblem, isProblem, makeProblem } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { useToast } from '../ui/toasts.tsx'
import { Panel } from './page-body.tsx'
import { useSend } from './use-send.ts'
import { useVersioned } from './use-versioned.ts'

type Goal = GoalDetail_GoalFragment
type DialogProps = {
  readonly goal: Goal
  readonly onClose: () => void
  readonly onDone: (told: string) => void
}

const versionOf = ({ version }: Goal): number => version

/** The API names the place in its list; the form has one milestone only. */
const withoutPlace = (problem: FormProblem): FormProblem => {
  const [, , field = null] = problem.field?.split('.') ?? []
  return makeProblem(problem.message, field ?? problem.field, problem.isConflict)
}

const MilestoneDialog = ({
  goal,
  milestone,
  onClose,
  onDone,
}: DialogProps & { readonly milestone: Milestone | null }) => {
  const [opened] = useState(milestone)
  const send = useVersioned(goal, versionOf)
  const sending = useSending()
  const save = async (values: FormData) => {
    const said = { title: textOf(values, 'title'), dueOn: textOf(values, 'dueOn') }
    const reason = textOf(values, 'reason')
    const answer = await send(UpdateMilestonesDocument, {
      goal: goal.id,
      ...(opened ? { change: [{ id: opened.id, ...said }] } : { add: [said] }),
      ...(reason === '' ? {} : { reason }),
    })
    if (isProblem(answer)) return withoutPlace(answer)
    onDone(opened ? 'The milestone is changed.' : 'The milestone is on the list.')
    return null
  }
  const { problem } = sending
  const at = (name: string) => (problem?.field === name ? problem.message : null)
  return (
    <Dialog title={opened ? 'Edit the milestone' : 'New milestone'} onClose={onClose}>
      <Form sending={sending} fields={['title', 'dueOn', 'reason']} onSend={save}>
        <TextField
          name="title"
          label="What is to be done"
          required
          maxLength={200}
          autoComplete="off"
          defaultValue={opened?.title ?? ''}
          error={at('title')}
        />
        <TextField
          name="dueOn"
          type="date"
          label="By"
          required
          max={goal.deadline}
          defaultValue={opened?.dueOn ?? goal.deadline}
          error={at('dueOn')}
        />
        {opened && (
          <TextField
            name="reason"
            label="Why it is changed"
            hint="To move its day takes a reason."
            maxLength={500}
            autoComplete="off"
            error={at('reason')}
          />
        )}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>{opened ? 'Save' : 'Add it'}</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

const takenBack = {
  UNDO: { title: 'Not done after all', action: 'It is not done', told: 'The milestone is open again.' },
  DROP: { title: 'Take it off the list', action: 'Take it off', told: 'The milestone is off the list.' },
} as const

const TakeBackDialog = ({
  goal,
  milestone,
  deed,
  onClose,
  onDone,
}: DialogProps & { readonly milestone: Milestone; readonly deed: keyof typeof takenBack }) => {
  const send = useVersioned(goal, versionOf)
  const { title, action, told } = takenBack[deed]
  const confirm = async (reason: string | null) => {
    const change = deed === 'UNDO' ? { id: milestone.id, doneOn: null } : { id: milestone.id, drop: true }
    const answer = await send(UpdateMilestonesDocument, { goal: goal.id, change: [change], reason })
    if (isProblem(answer)) return answer
    onDone(told)
    return null
  }
  return (
    <ConfirmDialog title={title} action={action} reason="required" onConfirm={confirm} onClose={onClose}>
      <p className="font-medium text-ink">{milestone.title}</p>
      <p>It stays in the goal’s changes.</p>
    </ConfirmDialog>
  )
}

type PanelProps = { readonly goal: Goal; readonly today: Day; readonly mayWrite: boolean }

type Opened = { readonly deed: MilestoneDeed | 'ADD'; readonly milestone: Milestone | null }

/** The checklist of a goal: a tick counts at once, all else is asked for. */
export const GoalMilestonesPanel = ({ goal, today, mayWrite }: PanelProps) => {
  const tell = useToast()
  const [opened, setOpened] = useState<Opened | null>(null)
  const [busyId, setBusyId] = useState<string | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const send = useSend()
  const client = useClient()
  const onClose = () => setOpened(null)
  const dialog = {
    goal,
    onClose,
    onDone: (told: string) => {
      onClose()
      tell(told)
    },
  }
  const tick = async ({ id, title }: Milestone) => {
    setBusyId(id)
    const answer = await send(UpdateMilestonesDocument, {
      goal: goal.id,
      expectedVersion: goal.version,
      change: [{ id, doneOn: today }],
    })
    // Somebody changed the list: it is to be seen before it is ticked.
    if (isProblem(answer) && answer.isConflict)
      await client.query(GoalDetailDocument, { id: goal.id }, { requestPolicy: 'network-only' }).toPromise()
    setBusyId(null)
    setProblem(isProblem(answer) ? answer.message : null)
    if (!isProblem(answer)) tell(`Done: ${title}`)
  }
  const act = (deed: MilestoneDeed, milestone: Milestone) => {
    if (deed === 'TICK') void tick(milestone)
    else setOpened({ deed, milestone })
  }
  const done = goal.milestones.filter(({ doneOn }) => doneOn !== null).length
  const { deed, milestone } = opened ?? { deed: null, milestone: null }
  return (
    <Panel
      title="Milestones"
      note={`${formatCount(done)} of ${formatCount(goal.milestones.length)} done`}
      actions={
        mayWrite && (
          <Button className="h-8 px-2.5 text-xs" onClick={() => setOpened({ deed: 'ADD', milestone: null })}>
            <Plus aria-hidden="true" className="size-3.5" />
            Add a milestone
          </Button>
        )
      }
    >
      {problem !== null && (
        <Notice tone="act" role="alert" className="mx-4 mb-3 sm:mx-5">
          {problem}
        </Notice>
      )}
      <GoalMilestones milestones={goal.milestones} busyId={busyId} onDo={mayWrite ? act : null} />
      {(deed === 'ADD' || deed === 'EDIT') && <MilestoneDialog {...dialog} milestone={milestone} />}
      {(deed === 'UNDO' || deed === 'DROP') && milestone && (
        <TakeBackDialog {...dialog} milestone={milestone} deed={deed} />
      )}
    </Panel>
  )
}
