import { type FormEvent, useState } from 'react'
import type { AgingBasis } from '../documents.generated.ts'
import { Button } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { Field, controlClass } from '../ui/field.tsx'
import { type AgingChoice, edgePresets, edgesText, parseEdges } from './aging-choice.ts'

const bases = [
  { id: 'DUE_DATE', label: 'Due date' },
  { id: 'INVOICE_DATE', label: 'Invoice date' },
] as const satisfies readonly { id: AgingBasis; label: string }[]

type AgingChoiceBarProps = {
  readonly choice: AgingChoice
  readonly onChange: (choice: AgingChoice) => void
}

const EdgesForm = ({ choice, onChange }: AgingChoiceBarProps) => {
  const [text, setText] = useState(edgesText(choice.edges))
  const [problem, setProblem] = useState<string | null>(null)
  const send = (event: FormEvent) => {
    event.preventDefault()
    const found = parseEdges(text, choice.by)
    if ('problem' in found) return setProblem(found.problem)
    setProblem(null)
    onChange({ ...choice, edges: found.edges })
  }
  return (
    <form onSubmit={send} className="min-w-0 flex-1 basis-72 sm:max-w-96">
      <Field label="Last day of each age" error={problem}>
        {(ties) => (
          <div className="flex gap-2">
            <input
              {...ties}
              type="text"
              inputMode="text"
              autoComplete="off"
              spellCheck={false}
              value={text}
              onChange={({ target }) => setText(target.value)}
              className={`${controlClass} figures h-9`}
            />
            <Button type="submit">Set</Button>
          </div>
        )}
      </Field>
    </form>
  )
}

/** From which date days are counted, and where one age ends and the next begins. */
export const AgingChoiceBar = ({ choice, onChange }: AgingChoiceBarProps) => (
  <search aria-label="Ages" className="flex flex-wrap items-start gap-x-6 gap-y-3">
    <div>
      <p aria-hidden="true" className="mb-1.5 text-sm font-medium">
        Days since the
      </p>
      <ChoiceBar
        legend="Days since the"
        choices={bases}
        chosen={choice.by}
        // Only by due date is nothing 0 days old.
        onChoose={(by) =>
          onChange({ by, edges: by === 'DUE_DATE' ? choice.edges.filter((edge) => edge > 0) : choice.edges })
        }
      />
    </div>
    {/* Other edges, such as those of a preset, stand in the field at once. */}
    <EdgesForm key={`${choice.by} ${edgesText(choice.edges)}`} choice={choice} onChange={onChange} />
    <div>
      <p id="edge-presets" className="mb-1.5 text-sm font-medium">
        Usual ones
      </p>
      <fieldset aria-labelledby="edge-presets" className="flex min-w-0 flex-wrap gap-1.5">
        {edgePresets.map(({ label, edges }) => (
          <button
            key={label}
            type="button"
            aria-pressed={edgesText(edges) === edgesText(choice.edges)}
            onClick={() => onChange({ ...choice, edges })}
            className="figures inline-flex h-9 items-center rounded-full border border-line-strong px-3 text-xs font-medium text-muted transition-colors hover:text-ink aria-pressed:border-accent aria-pressed:bg-accent-tint aria-pressed:text-accent"
          >
            {label}
          </button>
        ))}
      </fieldset>
    </div>
  </search>
)
