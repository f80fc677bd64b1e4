import { Plus, X } from 'lucide-react'
import { useState } from 'react'
import { PersonField } from '../components/person-field.tsx'
import { UpdateGoalReviewDocument, type ReviewQuery } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { Button, IconButton, SubmitButton } from '../ui/button.tsx'
import { TextAreaField, TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { useToast } from '../ui/toasts.tsx'
import { Panel } from './page-body.tsx'
import { usePeople } from './use-people.ts'
import { useSend } from './use-send.ts'

type Review = NonNullable<ReviewQuery['goalReview']>
type Decision = Review['decisions'][number]

const discussionMax = 10_000
const decisionMax = 2_000

/** A decision that is being written, told apart from others by a number of its own. */
type Line = { readonly key: number; readonly decision: Decision | null }

const Said = ({ review }: { readonly review: Review }) => (
  <>
    <div className="grid max-w-prose gap-1.5 border-t border-line px-4 py-3 sm:px-5">
      {review.discussion === null ? (
        <p className="text-muted">Nothing was written down.</p>
      ) : (
        <p className="text-pretty wrap-anywhere whitespace-pre-line">{review.discussion}</p>
      )}
    </div>
    <ul>
      {review.decisions.map(({ text, owner, dueOn }) => (
        <li key={text} className="border-t border-line px-4 py-3 sm:px-5">
          <span className="block font-medium text-pretty">{text}</span>
          <span className="figures block text-xs text-muted">
            {owner?.name ?? 'Nobody'}
            {dueOn !== null && `, by ${formatDay(dueOn, 'medium')}`}
          </span>
        </li>
      ))}
    </ul>
  </>
)

type LineFieldsProps = {
  readonly index: number
  readonly line: Line
  readonly people: ReturnType<typeof usePeople>
  readonly errorAt: (field: string) => string | null
  readonly onRemove: () => void
}

const LineFields = ({ index, line: { key, decision }, people, errorAt, onRemove }: LineFieldsProps) => (
  <fieldset className="grid items-start gap-3 sm:grid-cols-[minmax(0,1fr)_11rem_10rem_auto]">
    <legend className="sr-only">Decision {index + 1}</legend>
    <TextField
      name={`text-${key}`}
      label="Decision"
      required
      maxLength={decisionMax}
      defaultValue={decision?.text ?? ''}
      error={errorAt('text')}
    />
    <PersonField
      name={`owner-${key}`}
      label="Who"
      people={people}
      initial={decision?.owner?.id ?? null}
      error={errorAt('ownerId')}
    />
    <TextField
      name={`due-${key}`}
      label="By"
      type="date"
      defaultValue={decision?.dueOn ?? ''}
      error={errorAt('dueOn')}
    />
    <div className="sm:pt-6.5">
      <IconButton label={`Remove decision ${index + 1}`} onClick={onRemove}>
        <X aria-hidden="true" className="size-4" />
      </IconButton>
    </div>
  </fieldset>
)

type ReviewTalkProps = {
  readonly review: Review
  readonly mayWrite: boolean
  /** Somebody else was faster: what they wrote is asked for, what was typed stays. */
  readonly onConflict: () => void
}

const Talk = ({ review, onConflict }: Omit<ReviewTalkProps, 'mayWrite'>) => {
  const send = useSend()
  const sending = useSending()
  const tell = useToast()
  const people = usePeople(review.decisions.map(({ owner }) => owner))
  const [lines, setLines] = useState<readonly Line[]>(() =>
    review.decisions.map((decision, key) => ({ key, decision })),
  )
  const [next, setNext] = useState(lines.length)
  const keep = async (values: FormData) => {
    const answer = await send(UpdateGoalReviewDocument, {
      review: review.id,
      expectedVersion: review.version,
      discussion: textOf(values, 'discussion') || null,
      decisions: lines.map(({ key }) => ({
        text: textOf(values, `text-${key}`),
        ownerId: textOf(values, `owner-${key}`) || null,
        dueOn: textOf(values, `due-${key}`) || null,
      })),
    })
    if (isProblem(answer)) {
      if (answer.isConflict) onConflict()
      return answer
    }
    tell('What was said and decided is saved.')
    return null
  }
  const pathOf = (index: number, field: string) => `decisions.${index}.${field}`
  const paths = lines.flatMap((_, index) => ['text', 'ownerId', 'dueOn'].map((field) => pathOf(index, field)))
  return (
    <div className="border-t border-line px-4 py-4 sm:px-5">
      <Form sending={sending} fields={['discussion', ...paths]} onSend={keep}>
        <TextAreaField
          name="discussion"
          label="What was said"
          rows={4}
          maxLength={discussionMax}
          defaultValue={review.discussion ?? ''}
          error={messageAt(sending.problem, 'discussion')}
        />
        {lines.map((line, index) => (
          <LineFields
            key={line.key}
            index={index}
            line={line}
            people={people}
            errorAt={(field) => messageAt(sending.problem, pathOf(index, field))}
            onRemove={() => setLines(lines.filter(({ key }) => key !== line.key))}
          />
        ))}
        <div className="flex flex-wrap gap-2">
          <Button
            onClick={() => {
              setLines([...lines, { key: next, decision: null }])
              setNext(next + 1)
            }}
          >
            <Plus aria-hidden="true" className="size-4" />
            Add a decision
          </Button>
          <SubmitButton isBusy={sending.isBusy}>Save</SubmitButton>
        </div>
      </Form>
    </div>
  )
}

/** What was said about the findings and what was decided: written until somebody signs. */
export const ReviewTalk = ({ review, mayWrite, onConflict }: ReviewTalkProps) => (
  <Panel title="Discussed and decided">
    {mayWrite ? <Talk review={review} onConflict={onConflict} /> : <Said review={review} />}
  </Panel>
)
