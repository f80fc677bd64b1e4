import { Plus, X } from 'lucide-react'
import type { DraftDirection, GoalDraft } from '../components/goal-draft.ts'
import { type TargetKind, wayChoices } from '../components/goal-edit.ts'
import { GuardsField, usualGuards } from '../components/guards-field.tsx'
import { byTheme } from '../components/kpi-themes.ts'
import { PersonField } from '../components/person-field.tsx'
import { GoalParentsDocument, GoalTemplatesDocument, type NewGoalQuery } from '../documents.generated.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { SelectField, TextAreaField, TextField } from '../ui/field.tsx'
import { ScopeChoice } from './scope-choice.tsx'
import { usePeople } from './use-people.ts'

export type OfferedKpi = NewGoalQuery['kpiCatalog'][number]

export type DraftProps = {
  readonly draft: GoalDraft
  readonly onChange: (changes: Partial<GoalDraft>) => void
  /** What is wrong with a field of the input; null where nothing is. */
  readonly problemAt: (field: string) => string | null
}

const checklist = 'CHECKLIST'

type MeasureProps = DraftProps & { readonly kpis: readonly OfferedKpi[] }

/** What is measured: a KPI, or what is done of a checklist. */
export const MeasureFields = ({ draft, kpis, onChange, problemAt }: MeasureProps) => {
  const isChecklist = draft.direction === 'MILESTONES'
  const chosen = kpis.find(({ metric }) => metric === draft.metric)
  const choose = (value: string) => {
    // The rules of a template are about its KPI.
    const own = { template: null, conventions: null }
    if (value === checklist) return onChange({ ...own, metric: null, direction: 'MILESTONES' })
    const kpi = kpis.find(({ metric }) => metric === value)
    const direction: DraftDirection =
      kpi?.better === 'HIGHER' ? 'INCREASE' : kpi?.better === 'LOWER' ? 'DECREASE' : 'MAINTAIN_BAND'
    onChange({ ...own, metric: kpi?.metric ?? null, direction })
  }
  return (
    <>
      <SelectField
        label="Measured by"
        required
        value={isChecklist ? checklist : (draft.metric ?? '')}
        hint={isChecklist ? 'What is done of it counts, what is due is expected.' : chosen?.formula}
        error={problemAt('metric')}
        onChange={({ target }) => choose(target.value)}
      >
        <option value="">Choose a KPI or a checklist</option>
        <option value={checklist}>A checklist of milestones</option>
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
      {!isChecklist && draft.metric !== null && (
        <ScopeChoice
          filter={draft.filter}
          error={problemAt('filter')}
          onChange={(filter) => onChange({ filter })}
        />
      )}
    </>
  )
}

const directions = [
  { id: 'DECREASE', label: 'Down to a target' },
  { id: 'INCREASE', label: 'Up to a target' },
  { id: 'MAINTAIN_BAND', label: 'To stay within a band' },
] as const satisfies readonly { id: DraftDirection; label: string }[]

const unitWords = {
  MONEY: 'the currency',
  DAYS: 'days',
  PERCENT: 'percent',
  COUNT: 'numbers',
  RATIO: 'ratios',
} as const

const targetHint = (kind: TargetKind, unit: OfferedKpi['unit'] | undefined): string => {
  if (kind === 'percent') return '-10 is a tenth less than the baseline.'
  if (kind === 'points') return '-5 is five less than the baseline.'
  return unit === undefined ? '' : `In ${unitWords[unit]}.`
}

/** How far it is to go. */
export const AimFields = ({
  draft,
  kpi,
  onChange,
  problemAt,
}: DraftProps & { readonly kpi: OfferedKpi | undefined }) => (
  <>
    <SelectField
      label="Which way"
      value={draft.direction}
      error={problemAt('direction')}
      onChange={({ target }) => onChange({ direction: target.value as DraftDirection })}
    >
      {directions.map(({ id, label }) => (
        <option key={id} value={id}>
          {label}
        </option>
      ))}
    </SelectField>
    {draft.direction === 'MAINTAIN_BAND' ? (
      <div className="grid grid-cols-2 gap-4">
        <TextField
          label="Lowest"
          inputMode="decimal"
          required
          autoComplete="off"
          value={draft.low}
          onChange={({ target }) => onChange({ low: target.value })}
          error={problemAt('band')}
        />
        <TextField
          label="Highest"
          inputMode="decimal"
          required
          autoComplete="off"
          value={draft.high}
          onChange={({ target }) => onChange({ high: target.value })}
        />
      </div>
    ) : (
      <>
        <div className="grid gap-4 sm:grid-cols-2">
          <SelectField
            label="Target as"
            value={draft.targetKind}
            onChange={({ target }) => onChange({ targetKind: target.value as TargetKind, target: '' })}
          >
            <option value="value">The value itself</option>
            <option value="percent">Percent of the baseline</option>
            <option value="points">A distance from the baseline</option>
          </SelectField>
          <TextField
            label="Target"
            inputMode="decimal"
            required
            autoComplete="off"
            value={draft.target}
            hint={targetHint(draft.targetKind, kpi?.unit)}
            onChange={({ target }) => onChange({ target: target.value })}
            error={problemAt('target') ?? problemAt('targetBy')}
          />
        </div>
        <Disclosure label="The way there" labelClassName="w-fit text-sm font-medium">
          <div className="mt-3">
            <SelectField
              label="Shape"
              value={draft.way === 'keep' ? 'linear' : draft.way}
              onChange={({ target }) => onChange({ way: target.value })}
              error={problemAt('trajectory')}
            >
              {wayChoices.map(({ id, label }) =>
                id === 'keep' ? null : (
                  <option key={id} value={id}>
                    {label}
                  </option>
                ),
              )}
            </SelectField>
          </div>
        </Disclosure>
      </>
    )}
  </>
)

/** What is watched beside it; the templates of its KPI say what usually is. */
export const GuardFields = ({ draft, onChange, problemAt }: DraftProps) => {
  const { data } = useKeptQuery(GoalTemplatesDocument, {})
  if (draft.metric === null) return null
  return (
    <GuardsField
      chosen={draft.guards}
      usual={usualGuards(draft.metric, data?.goalTemplates ?? [])}
      error={problemAt('guards')}
      onChange={(guards) => onChange({ guards })}
    />
  )
}

/** What is to be done, each by its day. */
export const MilestoneFields = ({ draft, onChange, problemAt }: DraftProps) => {
  const { milestones } = draft
  const change = (key: string, changes: Partial<GoalDraft['milestones'][number]>) =>
    onChange({ milestones: milestones.map((one) => (one.key === key ? { ...one, ...changes } : one)) })
  return (
    <fieldset className="grid gap-3">
      <legend className="mb-2 text-sm font-medium">What is to be done</legend>
      {problemAt('milestones') !== null && (
        <p role="alert" className="text-xs font-medium text-act">
          {problemAt('milestones')}
        </p>
      )}
      {milestones.map(({ key, title, dueOn }, index) => (
        <div
          key={key}
          className="grid grid-cols-[minmax(0,1fr)_auto] items-end gap-2 sm:grid-cols-[minmax(0,1fr)_10rem_auto]"
        >
          <TextField
            label={`Milestone ${index + 1}`}
            maxLength={200}
            autoComplete="off"
            value={title}
            onChange={({ target }) => change(key, { title: target.value })}
            className="max-sm:col-span-2"
          />
          <TextField
            type="date"
            label="By"
            value={dueOn}
            onChange={({ target }) => change(key, { dueOn: target.value })}
          />
          <IconButton
            label={`Take milestone ${index + 1} off`}
            className="mb-1"
            onClick={() => onChange({ milestones: milestones.filter((one) => one.key !== key) })}
          >
            <X aria-hidden="true" className="size-4" />
          </IconButton>
        </div>
      ))}
      <Button
        className="w-fit"
        onClick={() =>
          onChange({
            milestones: [...milestones, { key: crypto.randomUUID(), title: '', dueOn: draft.deadline }],
          })
        }
      >
        <Plus aria-hidden="true" className="size-4" />
        Add a milestone
      </Button>
    </fieldset>
  )
}

/** By when, who answers for it, what it serves. */
export const PeopleAndTimeFields = ({ draft, onChange, problemAt }: DraftProps) => {
  const people = usePeople([])
  const { data } = useKeptQuery(GoalParentsDocument, {})
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          type="date"
          label="Deadline"
          required
          value={draft.deadline}
          onChange={({ target }) => onChange({ deadline: target.value })}
          error={problemAt('deadline')}
        />
        <TextField
          type="date"
          label="Starts"
          hint="Today, where it is left empty."
          value={draft.startsOn}
          onChange={({ target }) => onChange({ startsOn: target.value })}
          error={problemAt('startsOn')}
        />
        <PersonField
          name="ownerId"
          label="Owner"
          people={people}
          initial={draft.ownerId}
          error={problemAt('ownerId')}
          onChange={(ownerId) => onChange({ ownerId })}
        />
        <PersonField
          name="reviewerId"
          label="Reviewer"
          people={people}
          initial={draft.reviewerId}
          error={problemAt('reviewerId')}
          onChange={(reviewerId) => onChange({ reviewerId })}
        />
      </div>
      <TextAreaField
        label="Why it matters"
        rows={2}
        value={draft.why}
        onChange={({ target }) => onChange({ why: target.value })}
        error={problemAt('why')}
      />
      <SelectField
        label="Part of"
        value={draft.parentId ?? ''}
        onChange={({ target }) => onChange({ parentId: target.value || null })}
        error={problemAt('parentId')}
      >
        <option value="">No other goal</option>
        {data?.goals.nodes.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </SelectField>
    </>
  )
}
