import { type ReactNode, useState } from 'react'
import { ControlItemLine } from '../components/control-items.tsx'
import {
  type ControlItem,
  type MarkDraft,
  type MarkDrafts,
  markOf,
  marksToSend,
  notDrawn,
  saidCount,
  withoutOutcome,
} from '../components/control-marks.ts'
import { Conclusion } from '../components/control-papers.tsx'
import { conclusionLooks, outcomeLooks } from '../components/control-words.ts'
import {
  type ControlConclusion,
  type ControlOutcome,
  type ControlPaper_PaperFragment,
  UpdateControlPaperDocument,
} from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'
import { Button, SubmitButton } from '../ui/button.tsx'
import { SelectField, TextAreaField, TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, makeProblem, messageAt } from '../ui/form-problem.ts'
import { useToast } from '../ui/toasts.tsx'
import { customerPath } from './addresses.ts'
import { Panel } from './page-body.tsx'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

type Paper = ControlPaper_PaperFragment

const notesMax = 10_000
const itemsAtOnce = 100

const outcomes = Object.keys(outcomeLooks) as readonly ControlOutcome[]
const conclusions = Object.keys(conclusionLooks) as readonly ControlConclusion[]

const isOutcome = (text: string): text is ControlOutcome => Object.hasOwn(outcomeLooks, text)
const isConclusion = (text: string): text is ControlConclusion => Object.hasOwn(conclusionLooks, text)

/** The path of an item's fields, wherever it stands in what is sent. */
const pathOf = (key: string) => `item ${key}`

type MarkFieldsProps = {
  readonly item: ControlItem
  readonly draft: MarkDraft
  readonly isKept: boolean
  readonly error: string | null
  readonly onChange: (draft: MarkDraft) => void
}

const MarkFields = ({ item, draft, isKept, error, onChange }: MarkFieldsProps) => (
  <fieldset className="grid grid-cols-[minmax(0,8.5rem)_minmax(0,1fr)] items-start gap-3">
    <legend className="sr-only">What came of {item.what}</legend>
    <SelectField
      label="Outcome"
      value={draft.outcome ?? ''}
      onChange={({ target: { value } }) => onChange({ ...draft, outcome: isOutcome(value) ? value : null })}
    >
      {/* What was said can be changed, and not unsaid. */}
      {!isKept && <option value="">Not yet</option>}
      {outcomes.map((outcome) => (
        <option key={outcome} value={outcome}>
          {outcomeLooks[outcome].word}
        </option>
      ))}
    </SelectField>
    <TextField
      label="What was seen"
      maxLength={500}
      autoComplete="off"
      value={draft.note}
      onChange={({ target }) => onChange({ ...draft, note: target.value })}
      error={error}
    />
  </fieldset>
)

const MarkShown = ({ outcome, note }: MarkDraft) => (
  <p className="text-pretty wrap-anywhere">
    {outcome === null ? (
      <span className="text-muted">Nothing was said of it.</span>
    ) : (
      <Badge tone={outcomeLooks[outcome].tone}>{outcomeLooks[outcome].word}</Badge>
    )}{' '}
    {note}
  </p>
)

type ItemsProps = {
  readonly items: readonly ControlItem[]
  readonly none: string
  readonly children: (item: ControlItem) => ReactNode
}

const Items = ({ items, none, children }: ItemsProps) => {
  const { membership } = useViewing()
  const [shown, setShown] = useState(itemsAtOnce)
  if (items.length === 0)
    return <p className="border-t border-line px-4 py-6 text-center text-muted sm:px-5">{none}</p>
  return (
    <ul>
      {items.slice(0, shown).map((item) => (
        <ControlItemLine
          key={item.key}
          item={item}
          customerHref={(customer) => customerPath(membership.slug, customer)}
        >
          {children(item)}
        </ControlItemLine>
      ))}
      {items.length > shown && (
        <li className="border-t border-line px-4 py-3 print:hidden sm:px-5">
          <Button onClick={() => setShown((count) => count + itemsAtOnce)}>Show more</Button>
        </li>
      )}
    </ul>
  )
}

type BothProps = { readonly paper: Paper; readonly children: (item: ControlItem) => ReactNode }

/** The sample, and the exceptions beside it: an exception that was drawn stands in the sample. */
const Both = ({ paper: { run, marks }, children }: BothProps) => {
  const { sample, exceptions, exceptionCount } = run
  const others = notDrawn(exceptions, sample)
  return (
    <>
      <Panel
        title="Sample"
        note={
          sample.length === 0
            ? null
            : `${formatCount(saidCount(sample, marks))} of ${formatCount(sample.length)} done`
        }
      >
        <Items items={sample} none="There was nothing to draw from.">
          {children}
        </Items>
      </Panel>
      {others.length > 0 && (
        <Panel title="Exceptions that were not drawn" note={formatCount(others.length)}>
          <Items items={others} none="">
            {children}
          </Items>
          {exceptionCount > exceptions.length && (
            <p className="border-t border-line px-4 py-3 text-muted sm:px-5">
              The test found {formatCount(exceptionCount)} exceptions; the first{' '}
              {formatCount(exceptions.length)} are kept one by one.
            </p>
          )}
        </Panel>
      )}
    </>
  )
}

/** What people made of a working paper that can be changed no more, or not by the viewer. */
export const ControlWorkDone = ({ paper }: { readonly paper: Paper }) => (
  <>
    <Both paper={paper}>{({ key }) => <MarkShown {...markOf(paper.marks, key)} />}</Both>
    <Panel title="Conclusion" note={<Conclusion conclusion={paper.conclusion} />}>
      <div className="border-t border-line px-4 py-3 sm:px-5">
        <p className="max-w-prose text-pretty wrap-anywhere whitespace-pre-line">
          {paper.notes ?? <span className="text-muted">Nothing was written down.</span>}
        </p>
      </div>
    </Panel>
  </>
)

type ControlWorkProps = {
  readonly paper: Paper
  /** Somebody else was faster: what they said is asked for, what was typed stays. */
  readonly onConflict: () => void
}

/** Where it is said what came of each item and what all of it comes to: kept as often as one likes until it is signed. */
export const ControlWork = ({ paper, onConflict }: ControlWorkProps) => {
  const send = useSend()
  const sending = useSending()
  const tell = useToast()
  const [drafts, setDrafts] = useState<MarkDrafts>({})
  const { marks } = paper
  const draftOf = (key: string) => drafts[key] ?? markOf(marks, key)
  const keep = async (values: FormData) => {
    const [lost] = withoutOutcome(drafts)
    if (lost !== undefined) return makeProblem('Say what came of it, too.', pathOf(lost))
    const sent = marksToSend(marks, drafts)
    const conclusion = textOf(values, 'conclusion')
    const answer = await send(UpdateControlPaperDocument, {
      paper: paper.id,
      expectedVersion: paper.version,
      marks: sent,
      notes: textOf(values, 'notes') || null,
      conclusion: isConclusion(conclusion) ? conclusion : null,
    })
    if (isProblem(answer)) {
      if (answer.isConflict) onConflict()
      const [, index] = /^marks\.(\d+)(\.|$)/.exec(answer.field ?? '') ?? []
      const key = index === undefined ? undefined : sent[Number(index)]?.key
      return key === undefined ? answer : makeProblem(answer.message, pathOf(key))
    }
    setDrafts({})
    tell('The working paper is saved.')
    return null
  }
  return (
    <Form
      sending={sending}
      fields={['notes', 'conclusion', ...Object.keys(drafts).map(pathOf)]}
      onSend={keep}
      className="gap-5!"
    >
      <Both paper={paper}>
        {(item) => (
          <MarkFields
            item={item}
            draft={draftOf(item.key)}
            isKept={marks.some(({ key }) => key === item.key)}
            error={sending.problem?.field === pathOf(item.key) ? sending.problem.message : null}
            onChange={(draft) => setDrafts({ ...drafts, [item.key]: draft })}
          />
        )}
      </Both>
      <Panel title="Conclusion">
        <div className="grid gap-4 border-t border-line px-4 py-4 sm:px-5">
          <TextAreaField
            name="notes"
            label="Notes"
            hint="What the exceptions come to, and what else is to be said. Needed where there are exceptions."
            rows={4}
            maxLength={notesMax}
            defaultValue={paper.notes ?? ''}
            error={messageAt(sending.problem, 'notes')}
          />
          <SelectField
            name="conclusion"
            label="The control is"
            defaultValue={paper.conclusion ?? ''}
            error={messageAt(sending.problem, 'conclusion')}
            className="sm:max-w-72"
          >
            <option value="">Not concluded yet</option>
            {conclusions.map((conclusion) => (
              <option key={conclusion} value={conclusion}>
                {conclusionLooks[conclusion].word}
              </option>
            ))}
          </SelectField>
          <div>
            <SubmitButton isBusy={sending.isBusy}>Save</SubmitButton>
          </div>
        </div>
      </Panel>
    </Form>
  )
}
