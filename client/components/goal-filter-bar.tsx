import { goalStatusWords } from '../format/words.ts'
import { SearchField } from '../ui/search-field.tsx'
import { ClearFilters, FilterField } from './filter-field.tsx'
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

type Choice = { readonly id: string; readonly label: string }

/** Each once, by name; one that the address asks for is among them even where no goal has it. */
const choicesOf = (choices: readonly Choice[], chosen: string | null, other: string): readonly Choice[] => {
  const known = new Map(choices.map((choice) => [choice.id, choice]))
  if (chosen !== null && !known.has(chosen)) known.set(chosen, { id: chosen, label: other })
  return [...known.values()].toSorted((a, b) => a.label.localeCompare(b.label, 'en'))
}

const ownersOf = (goals: readonly ListedGoal[], chosen: string | null) =>
  choicesOf(
    goals.map(({ owner }) => ({ id: owner?.id ?? nobody, label: owner?.name ?? 'Nobody' })),
    chosen,
    'Somebody else',
  )

const metricsOf = (goals: readonly ListedGoal[], chosen: string | null) =>
  choicesOf(
    goals.map((goal) => ({ id: metricIdOf(goal), label: measureOf(goal) })),
    chosen,
    'Another KPI',
  )

const statusChoices = statusOrder.map((id) => ({ id, label: goalStatusWords[id] }))

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
      <FilterField
        label="State"
        value={state.id}
        choices={stateChoices}
        onChoose={(id) => onChange({ state: id === 'open' ? null : id })}
      />
      <FilterField
        label="Status"
        value={status ?? ''}
        none="Any"
        choices={statusChoices}
        onChoose={(id) => onChange({ status: id.toLowerCase() })}
      />
      <FilterField
        label="Owner"
        value={owner ?? ''}
        none="Anybody"
        choices={ownersOf(goals, owner)}
        onChoose={(id) => onChange({ owner: id })}
      />
      <FilterField
        label="KPI"
        value={metric ?? ''}
        none="Any"
        choices={metricsOf(goals, metric)}
        onChoose={(id) => onChange({ metric: id.toLowerCase() })}
      />
      <FilterField
        label="Deadline"
        value={deadline?.id ?? ''}
        none="Any"
        choices={deadlineChoices}
        onChoose={(id) => onChange({ deadline: id })}
      />
      <FilterField
        label="Order"
        value={sort}
        choices={sortChoices}
        onChoose={(id) => onChange({ sort: id === 'attention' ? null : id })}
      />
      {isFiltered && (
        <ClearFilters
          onClear={() => onChange({ q: null, status: null, owner: null, metric: null, deadline: null })}
        />
      )}
    </search>
  )
}
