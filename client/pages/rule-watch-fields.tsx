import { conventionNames, switchesOf } from '../components/conventions.ts'
import { byTheme } from '../components/kpi-themes.ts'
import { watching } from '../components/rule-draft.ts'
import {
  type KpiConventionsInput,
  RuleConventionsDocument,
  type RuleGoalsQuery,
  type RuleSubjectsQuery,
} from '../documents.generated.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { SelectField, TextField } from '../ui/field.tsx'
import type { RulePartProps } from './rule-form.tsx'
import { ScopeChoice } from './scope-choice.tsx'

export type OfferedKpi = RuleSubjectsQuery['kpiCatalog'][number]
export type OfferedGoal = Pick<RuleGoalsQuery['goals']['nodes'][number], 'id' | 'name'>

type Choices = { readonly kpis: readonly OfferedKpi[]; readonly goals: readonly OfferedGoal[] }

const subjects = [
  { id: 'goal', label: 'A goal' },
  { id: 'kpi', label: 'A KPI' },
  { id: 'credit', label: 'Credit' },
] as const

/** What a new rule watches: a goal, a KPI of some segments, or the credit of all customers. */
export const WatchFields = ({ draft, onChange, problemAt, kpis, goals }: RulePartProps & Choices) => {
  const kpi = kpis.find(({ metric }) => metric === draft.metric)
  return (
    <>
      <div>
        <p aria-hidden="true" className="mb-1.5 text-sm font-medium">
          What it watches
        </p>
        <div className="flex">
          <ChoiceBar
            legend="What it watches"
            choices={subjects}
            chosen={draft.watches}
            onChoose={(watches) => onChange(watching(draft, watches))}
          />
        </div>
      </div>
      {draft.watches === 'credit' && (
        <p className="text-sm text-pretty text-muted">
          The credit of all customers, each with an alert of its own.
        </p>
      )}
      {draft.watches === 'goal' && (
        <SelectField
          label="Goal"
          required
          value={draft.goalId ?? ''}
          error={problemAt('goalId')}
          onChange={({ target }) => onChange({ goalId: target.value || null })}
        >
          <option value="">Choose a goal</option>
          {goals.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </SelectField>
      )}
      {draft.watches === 'kpi' && (
        <>
          <SelectField
            label="KPI"
            required
            value={draft.metric ?? ''}
            hint={kpi?.formula}
            error={problemAt('kpi.metric')}
            onChange={({ target }) =>
              onChange({
                metric: kpis.find(({ metric }) => metric === target.value)?.metric ?? null,
                conventions: null,
              })
            }
          >
            <option value="">Choose a KPI</option>
            {byTheme(kpis).map(({ theme, title, definitions }) => (
              <optgroup key={theme} label={title}>
                {definitions.map(({ metric, name }) => (
                  <option key={metric} value={metric}>
                    {name}
                  </option>
                ))}
              </optgroup>
            ))}
          </SelectField>
          {kpi && (
            <>
              <ScopeChoice
                filter={draft.filter}
                error={problemAt('kpi.filter')}
                onChange={(filter) => onChange({ filter })}
              />
              <Measured draft={draft} onChange={onChange} problemAt={problemAt} kpi={kpi} />
            </>
          )}
        </>
      )}
    </>
  )
}

/** The conventions and the currency that the KPI is measured in: frozen with the rule. */
const Measured = ({ draft, onChange, problemAt, kpi }: RulePartProps & { readonly kpi: OfferedKpi }) => {
  const { data } = useKeptQuery(RuleConventionsDocument, { metric: kpi.metric })
  const usual = data?.kpis[0]?.conventions
  const problem = problemAt('kpi.currency') ?? problemAt('kpi.conventions')
  const used = usual && { ...usual, ...draft.conventions }
  const choose = (chosen: KpiConventionsInput | null) => {
    if (chosen) onChange({ conventions: { ...draft.conventions, ...chosen } })
  }
  return (
    <Disclosure
      label="How it is measured"
      labelClassName="w-fit text-sm font-medium"
      open={problem !== null || undefined}
    >
      <div className="mt-3 grid gap-4 sm:grid-cols-2">
        {used &&
          switchesOf(kpi.conventions.filter((name) => conventionNames.some((known) => known === name))).map(
            ({ name, label, chosenIn, options, read }) => (
              <SelectField
                key={name}
                label={label}
                value={chosenIn(used as typeof usual)}
                onChange={({ target }) => choose(read(target.value))}
              >
                {options(used as typeof usual).map(({ value, words }) => (
                  <option key={value} value={value}>
                    {words}
                  </option>
                ))}
              </SelectField>
            ),
          )}
        <TextField
          label="Currency"
          maxLength={3}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          value={draft.currency}
          hint="Empty: the base currency."
          error={problem}
          onChange={({ target }) => onChange({ currency: target.value })}
        />
      </div>
    </Disclosure>
  )
}
