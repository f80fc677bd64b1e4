import { FilePlus2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { useLocation } from 'wouter'
import { ControlFacts, type ControlItem, ControlItemLine } from '../components/control-items.tsx'
import type { ControlSearch } from '../components/control-search.ts'
import {
  ControlFoundDocument,
  type ControlFoundQuery,
  type ControlTestId,
  OpenControlPaperDocument,
} from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem } from '../ui/form-problem.ts'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { auditPath, customerPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { Panel } from './page-body.tsx'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

type Change = (changes: Readonly<Record<string, string | null>>) => void
type ControlRunProps = {
  readonly id: ControlTestId
  readonly search: ControlSearch
  readonly onChange: Change
}

const itemsAtOnce = 50

const Items = ({ items, none }: { readonly items: readonly ControlItem[]; readonly none: string }) => {
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
        />
      ))}
      {items.length > shown && (
        <li className="border-t border-line px-4 py-3 sm:px-5">
          <Button onClick={() => setShown((count) => count + itemsAtOnce)}>Show more</Button>
        </li>
      )}
    </ul>
  )
}

/** By what the sample is drawn: in the address, so that another gets the same one. */
const Draw = ({ search, onChange }: Omit<ControlRunProps, 'id'>) => {
  const draw = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const values = new FormData(event.currentTarget)
    onChange({ seed: textOf(values, 'seed') || null, size: textOf(values, 'size') || null })
  }
  return (
    <form onSubmit={draw} className="flex flex-wrap items-end gap-3 border-t border-line px-4 py-4 sm:px-5">
      <TextField
        name="seed"
        label="Seed"
        placeholder="The test and the period"
        maxLength={100}
        autoComplete="off"
        defaultValue={search.seed ?? ''}
        className="min-w-0 flex-1 basis-48 sm:max-w-72"
      />
      <TextField
        name="size"
        label="How many"
        type="number"
        min={1}
        max={1000}
        placeholder="By the population"
        defaultValue={search.size ?? ''}
        className="min-w-0 flex-1 basis-36 sm:max-w-44"
      />
      <Button type="submit" className="h-10">
        Draw the sample
      </Button>
    </form>
  )
}

/** Keeps what is shown, drawn by the same seed, so that it comes out as it was seen unless the books have moved on. */
const Keep = ({ id, search }: Omit<ControlRunProps, 'onChange'>) => {
  const { membership, may } = useViewing()
  const [, navigate] = useLocation()
  const send = useSend()
  const sending = useSending()
  const tell = useToast()
  if (!may('control:write')) return null
  const keep = async () => {
    const { from, to, seed, size: sampleSize } = search
    const answer = await send(OpenControlPaperDocument, { test: id, from, to, seed, sampleSize })
    if (isProblem(answer)) return answer
    if (answer.paper === null) return null
    tell('The working paper is open.')
    navigate(auditPath(membership.slug, answer.paper.id))
    return null
  }
  return (
    <Form sending={sending} fields={[]} onSend={keep} className="border-t border-line px-4 py-4 sm:px-5">
      <p className="max-w-prose text-pretty text-muted">
        A working paper keeps what was found as it is now, and what you make of each item that was drawn. It
        can be worked on until somebody signs it; then it stays as it is.
      </p>
      <div>
        <SubmitButton isBusy={sending.isBusy}>
          <FilePlus2 aria-hidden="true" className="size-4" />
          Open a working paper
        </SubmitButton>
      </div>
    </Form>
  )
}

const Found = ({ found, search, id, onChange }: ControlRunProps & { readonly found: ControlFoundQuery }) => {
  const { organization } = useViewing()
  const run = found.controlTest
  const { exceptions, exceptionCount, sample, population } = run
  return (
    <>
      <Panel title="What was tested">
        <ControlFacts run={run} sampled={sample.length} timeZone={organization?.timeZone ?? 'UTC'} />
        {population > 0 && <Keep id={id} search={search} />}
      </Panel>
      <Panel title="Exceptions" note={formatCount(exceptionCount)}>
        <Items
          items={exceptions}
          none={population === 0 ? 'There was nothing to test.' : 'There are none.'}
        />
        {exceptionCount > exceptions.length && (
          <p className="border-t border-line px-4 py-3 text-muted sm:px-5">
            The first {formatCount(exceptions.length)} are shown.
          </p>
        )}
      </Panel>
      <Panel title="Sample" note={formatCount(sample.length)}>
        <Draw key={`${search.seed} ${search.size}`} search={search} onChange={onChange} />
        <Items items={sample} none="There was nothing to draw from." />
      </Panel>
    </>
  )
}

/** What a test finds in a period, its exceptions and the sample that is drawn. */
export const ControlRun = (props: ControlRunProps) => {
  const { from, to, seed, size } = props.search
  const answer = useAnswer(ControlFoundDocument, { id: props.id, from, to, seed, sampleSize: size })
  return (
    <>
      <ProgressLine isActive={answer.isFetching} />
      <Answered of={answer} title="The test could not be run" skeleton={<RowsSkeleton />}>
        {(found) => <Found found={found} {...props} />}
      </Answered>
    </>
  )
}
