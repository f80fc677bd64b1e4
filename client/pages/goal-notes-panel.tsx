import { useState } from 'react'
import { GoalNotes, type Note } from '../components/goal-notes.tsx'
import {
  AddGoalNoteDocument,
  type GoalDetail_GoalFragment,
  UpdateGoalNoteDocument,
} from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextAreaField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { useToast } from '../ui/toasts.tsx'
import { Panel } from './page-body.tsx'
import { useSend } from './use-send.ts'
import { useVersioned } from './use-versioned.ts'

type Goal = GoalDetail_GoalFragment

const lengthMax = 2000

const NoteDialog = ({
  goal,
  note,
  onClose,
}: {
  readonly goal: Goal
  readonly note: Note
  readonly onClose: () => void
}) => {
  const [opened] = useState(note)
  const send = useVersioned(goal, ({ notes }) => notes.find(({ id }) => id === opened.id)?.version ?? null)
  const sending = useSending()
  const tell = useToast()
  const save = async (values: FormData) => {
    const answer = await send(UpdateGoalNoteDocument, { note: opened.id, text: textOf(values, 'text') })
    if (isProblem(answer)) return answer
    onClose()
    tell('The note is written anew.')
    return null
  }
  return (
    <Dialog title="Edit the note" onClose={onClose}>
      <Form sending={sending} fields={['text']} onSend={save}>
        <TextAreaField
          name="text"
          label="Note"
          hint="What it said before stays in the audit log."
          rows={5}
          required
          maxLength={lengthMax}
          defaultValue={opened.text}
          error={messageAt(sending.problem, 'text')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Save</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

const NewNote = ({ goal }: { readonly goal: Goal }) => {
  const send = useSend()
  const sending = useSending()
  // A new form after each note: empty, and without what was wrong with the last one.
  const [count, setCount] = useState(0)
  const add = async (values: FormData) => {
    const answer = await send(AddGoalNoteDocument, { goal: goal.id, text: textOf(values, 'text') })
    if (isProblem(answer)) return answer
    setCount(count + 1)
    return null
  }
  return (
    <div className="border-t border-line px-4 py-3 sm:px-5">
      <Form key={count} sending={sending} fields={['text']} onSend={add}>
        <TextAreaField
          name="text"
          label="New note"
          rows={2}
          required
          maxLength={lengthMax}
          placeholder="What was found, tried or decided"
          error={messageAt(sending.problem, 'text')}
        />
        <SubmitButton isBusy={sending.isBusy} className="w-fit">
          Write it
        </SubmitButton>
      </Form>
    </div>
  )
}

type GoalNotesPanelProps = {
  readonly goal: Goal
  readonly now: number
  readonly timeZone: string
  readonly mayWrite: boolean
}

/** What was noted on a goal, and the place to note more. */
export const GoalNotesPanel = ({ goal, now, timeZone, mayWrite }: GoalNotesPanelProps) => {
  const [edited, setEdited] = useState<Note | null>(null)
  return (
    <Panel title="Notes" note={goal.notes.length === 0 ? null : formatCount(goal.notes.length)}>
      {mayWrite && <NewNote goal={goal} />}
      {goal.notes.length === 0 && !mayWrite && (
        <p className="border-t border-line px-4 py-6 text-center text-muted sm:px-5">
          Nobody has noted anything.
        </p>
      )}
      <GoalNotes notes={goal.notes} now={now} timeZone={timeZone} onEdit={mayWrite ? setEdited : null} />
      {edited && <NoteDialog goal={goal} note={edited} onClose={() => setEdited(null)} />}
    </Panel>
  )
}
