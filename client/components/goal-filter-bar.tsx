import { X } from 'lucide-react'
import { goalStatusWords } from '../format/words.ts'
import { Button } from '../ui/button.tsx'
import { SelectField } from '../ui/field.tsx'
import { SearchField } from '../ui/search-field.tsx'
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

const fieldClass = 'min-w-0 flex-1 basis-32 sm:max-w-52'

/** Which goals are shown, and in which order. All of it stands in the address. */
export const GoalFilterBar = ({ search, goals, onChange }: GoalFilterBarProps) => {
  const { state, status, owner, metric, deadline, text, sort } = search
  const isFiltered = status !== null || owner !== null || metric !== null || deadline !== null || text !== ''
  return (
    <search aria-label="Goals" className="flex flex-wrap items-end gap-3">
      <SearchField
        text={text}
        placeholder="Name, KPI, scope, owner"
        onChange={(next) => onChange({ q: next })}
      />
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
