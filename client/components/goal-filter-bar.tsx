import { Search, X } from 'lucide-react'
import { useEffect, useEffectEvent, useState } from 'react'
import { goalStatusWords } from '../format/words.ts'
import { Button } from '../ui/button.tsx'
import { controlClass, Field, SelectField } from '../ui/field.tsx'
import {
  deadlineChoices,
  type GoalSearch,
  type ListedGoal,
  metricIdOf,
  nobody,
  sortChoices,
  stateChoices,
} from './goal-search.ts'
import { measureOf } from './goal-measure.ts'
import { statusOrder } from './goal-status-order.ts'

type Changes = Readonly<Record<string, string | null>>

type GoalFilterBarProps = {
  readonly search: GoalSearch
  /** What there is to choose from. */
  readonly goals: readonly ListedGoal[]
  readonly onChange: (changes: Changes) => void
}

type Choice = { readonly id: string; readonly name: string }

/** Each once, by name; one that the address asks for is among them even where no goal has it. */
const choicesOf = (choices: readonly Choice[], chosen: string | null, other: string): readonly Choice[] => {
  const known = new Map(choices.map((choice) => [choice.id, choice]))
  if (chosen !== null && !known.has(chosen)) known.set(chosen, { id: chosen, name: other })
  return [...known.values()].toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
}

const ownersOf = (goals: readonly ListedGoal[], chosen: string | null) =>
  choicesOf(
    goals.map(({ owner }) => owner ?? { id: nobody, name: 'Nobody' }),
    chosen,
    'Somebody else',
  )

const metricsOf = (goals: readonly ListedGoal[], chosen: string | null) =>
  choicesOf(
    goals.map((goal) => ({ id: metricIdOf(goal), name: measureOf(goal) })),
    chosen,
    'Another KPI',
  )

const typingPauseMs = 250

/** What is typed reaches the address once somebody stops for a moment. */
const TextFilter = ({
  text,
  onChange,
}: {
  readonly text: string
  readonly onChange: (text: string) => void
}) => {
  const [typed, setTyped] = useState(text)
  const [told, setTold] = useState(text)
  // The address changed by itself, as when one goes back.
  if (text !== told) {
    setTold(text)
    setTyped(text)
  }
  const tell = useEffectEvent((next: string) => {
    setTold(next)
    onChange(next)
  })
  useEffect(() => {
    if (typed === told) return
    const timer = setTimeout(() => tell(typed), typingPauseMs)
    return () => clearTimeout(timer)
  }, [typed, told])
  return (
    <Field label="Search" className="min-w-0 flex-2 basis-56">
      {(ties) => (
        <div className="relative">
          <Search
            aria-hidden="true"
            className="pointer-events-none absolute top-3 left-3 size-4 text-faint"
          />
          <input
            {...ties}
            type="search"
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
            placeholder="Name, KPI, scope, owner"
            autoComplete="off"
            className={`${controlClass} h-10 pl-9`}
          />
        </div>
      )}
    </Field>
  )
}

const fieldClass = 'min-w-0 flex-1 basis-32 sm:max-w-52'

/** Which goals are shown, and in which order. All of it stands in the address. */
export const GoalFilterBar = ({ search, goals, onChange }: GoalFilterBarProps) => {
  const { state, status, owner, metric, deadline, text, sort } = search
  const isFiltered = status !== null || owner !== null || metric !== null || deadline !== null || text !== ''
  return (
    <search aria-label="Goals" className="flex flex-wrap items-end gap-3">
      <TextFilter text={text} onChange={(next) => onChange({ q: next })} />
      <SelectField
        label="State"
        value={state.id}
        onChange={({ target }) => onChange({ state: target.value === 'open' ? null : target.value })}
        className={fieldClass}
      >
        {stateChoices.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </SelectField>
      <SelectField
        label="Status"
        value={status ?? ''}
        onChange={({ target }) => onChange({ status: target.value.toLowerCase() })}
        className={fieldClass}
      >
        <option value="">Any</option>
        {statusOrder.map((id) => (
          <option key={id} value={id}>
            {goalStatusWords[id]}
          </option>
        ))}
      </SelectField>
      <SelectField
        label="Owner"
        value={owner ?? ''}
        onChange={({ target }) => onChange({ owner: target.value })}
        className={fieldClass}
      >
        <option value="">Anybody</option>
        {ownersOf(goals, owner).map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </SelectField>
      <SelectField
        label="KPI"
        value={metric ?? ''}
        onChange={({ target }) => onChange({ metric: target.value.toLowerCase() })}
        className={fieldClass}
      >
        <option value="">Any</option>
        {metricsOf(goals, metric).map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </SelectField>
      <SelectField
        label="Deadline"
        value={deadline?.id ?? ''}
        onChange={({ target }) => onChange({ deadline: target.value })}
        className={fieldClass}
      >
        <option value="">Any</option>
        {deadlineChoices.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </SelectField>
      <SelectField
        label="Order"
        value={sort}
        onChange={({ target }) => onChange({ sort: target.value === 'attention' ? null : target.value })}
        className={fieldClass}
      >
        {sortChoices.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </SelectField>
      {isFiltered && (
        <Button
          look="quiet"
          className="h-10"
          onClick={() => onChange({ q: null, status: null, owner: null, metric: null, deadline: null })}
        >
          <X aria-hidden="true" className="size-4" />
          Clear
        </Button>
      )}
    </search>
  )
}
