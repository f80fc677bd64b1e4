import { useState } from 'react'
import { editInput, type TargetKind, typedNumber, wayChoices } from '../components/goal-edit.ts'
import { quantityOf } from '../components/goal-measure.ts'
import { GuardsField, usualGuards } from '../components/guards-field.tsx'
import { PersonField } from '../components/person-field.tsx'
import {
  type GoalDetail_GoalFragment,
  type GoalGuard,
  GoalParentsDocument,
  GoalTemplatesDocument,
  UpdateGoalDocument,
} from '../documents.generated.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { CheckField, Fieldset } from '../ui/check-field.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { SelectField, TextAreaField, TextField } from '../ui/field.tsx'
import { Form, type Sending, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { type NamedPerson, usePeople } from './use-people.ts'
import { useVersioned } from './use-versioned.ts'

type Goal = GoalDetail_GoalFragment

const fields = [
  'name',
  'why',
  'target',
  'targetBy',
  'band',
  'deadline',
  'trajectory',
  'ownerId',
  'reviewerId',
  'followerIds',
  'guards',
  'parentId',
  'reason',
]

type PartProps = { readonly goal: Goal; readonly sending: Sending }

const unitWords = (goal: Goal): string => {
  const { unit, currency } = quantityOf(goal)
  return { MONEY: currency, DAYS: 'days', PERCENT: 'percent', COUNT: 'a number', RATIO: 'a ratio' }[unit]
}

const Target = ({ goal, sending: { problem } }: PartProps) => {
  const [kind, setKind] = useState<TargetKind>('value')
  if (goal.direction === 'MILESTONES') return null
  if (goal.band)
    return (
      <div className="grid grid-cols-2 gap-4">
        <TextField
          name="low"
          label="Lowest"
          inputMode="decimal"
          required
          defaultValue={typedNumber(goal.band.low)}
          error={messageAt(problem, 'band')}
        />
        <TextField
          name="high"
          label="Highest"
          inputMode="decimal"
          required
          defaultValue={typedNumber(goal.band.high)}
        />
      </div>
    )
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <SelectField
        name="targetKind"
        label="Target as"
        value={kind}
        onChange={({ target }) => setKind(target.value as TargetKind)}
      >
        <option value="value">The value itself</option>
        <option value="percent">Percent of the baseline</option>
        <option value="points">A distance from the baseline</option>
      </SelectField>
      <TextField
        // Another kind of number is another field.
        key={kind}
        name="target"
        label="Target"
        inputMode="decimal"
        required
        autoComplete="off"
        defaultValue={kind === 'value' ? typedNumber(goal.target) : ''}
        hint={kind === 'percent' ? '-10 is a tenth less than the baseline.' : `In ${unitWords(goal)}.`}
        error={messageAt(problem, 'target') ?? messageAt(problem, 'targetBy')}
      />
    </div>
  )
}

const Way = ({ goal, sending: { problem } }: PartProps) =>
  goal.band || goal.direction === 'MILESTONES' ? null : (
    <SelectField
      name="way"
      label="Way to the target"
      defaultValue="keep"
      error={messageAt(problem, 'trajectory')}
    >
      {wayChoices.map(({ id, label }) => (
        <option key={id} value={id}>
          {label}
        </option>
      ))}
    </SelectField>
  )

const Parent = ({ goal, sending: { problem } }: PartProps) => {
  const { data } = useKeptQuery(GoalParentsDocument, {})
  const below = new Set([goal.id, ...goal.children.map(({ id }) => id)])
  const others = (data?.goals.nodes ?? []).filter(({ id }) => !below.has(id) && id !== goal.parent?.id)
  const choices = goal.parent ? [goal.parent, ...others] : others
  return (
    <SelectField
      name="parentId"
      label="Part of"
      defaultValue={goal.parent?.id ?? ''}
      error={messageAt(problem, 'parentId')}
    >
      <option value="">No other goal</option>
      {choices.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </SelectField>
  )
}

const Followers = ({
  goal,
  sending: { problem },
  people,
}: PartProps & { readonly people: readonly NamedPerson[] }) => {
  const error = messageAt(problem, 'followerIds')
  const follow = new Set(goal.followers.map(({ id }) => id))
  return (
    <Disclosure
      label={`Followers (${goal.followers.length})`}
      labelClassName="w-fit text-sm font-medium"
      open={error !== null || undefined}
    >
      <div className="mt-2">
        <Fieldset
          legend="Who wants to hear of it"
          error={error}
          className="grid max-h-48 gap-2 overflow-y-auto p-1"
        >
          {people.map(({ id, name }) => (
            <CheckField key={id} name="followerIds" value={id} label={name} defaultChecked={follow.has(id)} />
          ))}
        </Fieldset>
      </div>
    </Disclosure>
  )
}

type GuardsProps = PartProps & {
  readonly chosen: readonly GoalGuard[]
  readonly onChange: (chosen: readonly GoalGuard[]) => void
}

const Guards = ({ goal, sending: { problem }, chosen, onChange }: GuardsProps) => {
  const { data } = useKeptQuery(GoalTemplatesDocument, {})
  const error = messageAt(problem, 'guards')
  if (!goal.metric) return null
  return (
    <Disclosure
      label={`Guards (${chosen.length})`}
      labelClassName="w-fit text-sm font-medium"
      open={error !== null || undefined}
    >
      <div className="mt-2">
        <GuardsField
          chosen={chosen}
          usual={usualGuards(goal.metric.metric, data?.goalTemplates ?? [])}
          error={error}
          onChange={onChange}
        />
      </div>
    </Disclosure>
  )
}

type EditGoalDialogProps = {
  readonly goal: Goal
  readonly onClose: () => void
  readonly onDone: (told: string) => void
}

/** Changes what a goal says and aims for. KPI, scope and baseline are frozen with it. */
export const EditGoalDialog = ({ goal, onClose, onDone }: EditGoalDialogProps) => {
  // As it was when the form was opened: what others change meanwhile must not look like an edit of one's own.
  const [opened] = useState(goal)
  const [guards, setGuards] = useState<readonly GoalGuard[]>(goal.guards)
  const send = useVersioned(goal, ({ version }) => version)
  const sending = useSending()
  const { problem } = sending
  const people = usePeople([goal.owner, goal.reviewer, ...goal.followers])
  const part = { goal: opened, sending }

  const save = async (values: FormData) => {
    const text = (name: string) => textOf(values, name)
    const answer = await send(
      UpdateGoalDocument,
      editInput(opened, {
        name: text('name'),
        why: text('why'),
        targetKind: (text('targetKind') || 'value') as TargetKind,
        target: text('target'),
        low: text('low'),
        high: text('high'),
        deadline: text('deadline'),
        way: text('way'),
        ownerId: text('ownerId'),
        reviewerId: text('reviewerId'),
        followerIds: values.getAll('followerIds').filter((id) => typeof id === 'string'),
        guards,
        parentId: text('parentId'),
        reason: text('reason'),
      }),
    )
    if (isProblem(answer)) return answer
    onDone('The goal is changed.')
    return null
  }

  return (
    <Dialog title="Edit the goal" onClose={onClose}>
      <Form sending={sending} fields={fields} onSend={save}>
        <TextField
          name="name"
          label="Name"
          required
          maxLength={200}
          autoComplete="off"
          defaultValue={opened.name}
          error={messageAt(problem, 'name')}
        />
        <TextAreaField
          name="why"
          label="Why it matters"
          rows={2}
          defaultValue={opened.why ?? ''}
          error={messageAt(problem, 'why')}
        />
        <Target {...part} />
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            name="deadline"
            type="date"
            label="Deadline"
            required
            defaultValue={opened.deadline}
            error={messageAt(problem, 'deadline')}
          />
          <Way {...part} />
        </div>
        <div className="grid gap-4 sm:grid-cols-2">
          <PersonField
            name="ownerId"
            label="Owner"
            people={people}
            initial={opened.owner?.id ?? null}
            error={messageAt(problem, 'ownerId')}
          />
          <PersonField
            name="reviewerId"
            label="Reviewer"
            people={people}
            initial={opened.reviewer?.id ?? null}
            error={messageAt(problem, 'reviewerId')}
          />
        </div>
        <Parent {...part} />
        <Followers {...part} people={people} />
        <Guards {...part} chosen={guards} onChange={setGuards} />
        <TextField
          name="reason"
          label="Why it is changed"
          hint="To change the target, the band or the deadline takes a reason. It stays with the goal."
          maxLength={500}
          autoComplete="off"
          error={messageAt(problem, 'reason')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Save</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
