import { Plus, Trash2 } from 'lucide-react'
import type { CreditRecommendation, CreditRiskClass } from '../documents.generated.ts'
import { recommendationWords } from '../format/application-words.ts'
import { riskWords } from '../format/credit-words.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Fieldset } from '../ui/check-field.tsx'
import { SelectField, TextField } from '../ui/field.tsx'
import { changedRow, nextRow, withoutRow } from './draft-rows.ts'
import {
  type BandDraft,
  builtInCriteria,
  type CriterionDraft,
  type ScorecardDraft,
} from './scorecard-draft.ts'

type ErrorAt = (path: string) => string | null

type RowProps = {
  readonly index: number
  readonly errorAt: ErrorAt
  /** Null where it is the only one. */
  readonly onRemove: (() => void) | null
}

const Remove = ({ label, onRemove }: { readonly label: string } & Pick<RowProps, 'onRemove'>) =>
  onRemove && (
    <IconButton label={label} onClick={onRemove} className="self-end justify-self-end">
      <Trash2 aria-hidden="true" className="size-4" />
    </IconButton>
  )

type CriterionProps = RowProps & {
  readonly criterion: CriterionDraft
  readonly onChange: (changes: Partial<CriterionDraft>) => void
}

const CriterionRow = ({ criterion, index, errorAt, onChange, onRemove }: CriterionProps) => {
  const { key, name, weight, steps, unknownPoints } = criterion
  const at = (field: string) => errorAt(`criteria.${index}.${field}`)
  const isBuiltIn = builtInCriteria.some((one) => one.key === key)
  return (
    <Fieldset
      legend={`Criterion ${index + 1}`}
      className="grid grid-cols-[minmax(0,1fr)] items-start gap-3 rounded-md border border-line bg-page p-3 sm:grid-cols-2"
    >
      <SelectField
        label="What counts"
        value={isBuiltIn ? key : ''}
        onChange={({ target }) => {
          const chosen = builtInCriteria.find((one) => one.key === target.value)
          onChange(chosen ? { key: chosen.key, name: name || chosen.label } : { key: '' })
        }}
      >
        {builtInCriteria.map((one) => (
          <option key={one.key} value={one.key}>
            {one.label}
          </option>
        ))}
        <option value="">A figure of your own</option>
      </SelectField>
      <TextField
        label="Name"
        required
        autoComplete="off"
        value={name}
        error={at('name')}
        onChange={({ target }) => onChange({ name: target.value })}
      />
      {!isBuiltIn && (
        <TextField
          label="Its key"
          hint="Small letters, digits and underscores, such as equity_ratio."
          required
          autoComplete="off"
          className="sm:col-span-2"
          value={key}
          error={at('key')}
          onChange={({ target }) => onChange({ key: target.value })}
        />
      )}
      <TextField
        label="Points by value"
        hint="From which value on how many of 100, such as 1: 30, 3: 60, 10: 100."
        className="sm:col-span-2"
        required
        autoComplete="off"
        value={steps}
        error={at('steps')}
        onChange={({ target }) => onChange({ steps: target.value })}
      />
      <TextField
        label="Weight"
        type="number"
        min={1}
        max={100}
        required
        value={weight}
        error={at('weight')}
        onChange={({ target }) => onChange({ weight: target.value })}
      />
      <div className="grid grid-cols-[minmax(0,1fr)_auto] items-start gap-3">
        <TextField
          label="Points where nobody knows it"
          type="number"
          min={0}
          max={100}
          required
          value={unknownPoints}
          error={at('unknownPoints')}
          onChange={({ target }) => onChange({ unknownPoints: target.value })}
        />
        <Remove label={`Remove criterion ${index + 1}`} onRemove={onRemove} />
      </div>
    </Fieldset>
  )
}

type BandProps = RowProps & {
  readonly band: BandDraft
  readonly onChange: (changes: Partial<BandDraft>) => void
}

const BandRow = ({ band, index, errorAt, onChange, onRemove }: BandProps) => {
  const number = (
    field: 'from' | 'requestPercent' | 'revenuePercent' | 'termsDaysMax',
    label: string,
    max: number,
  ) => (
    <TextField
      label={label}
      type="number"
      min={0}
      max={max}
      required={field !== 'revenuePercent'}
      value={band[field]}
      error={errorAt(`bands.${index}.${field}`)}
      onChange={({ target }) => onChange({ [field]: target.value })}
    />
  )
  return (
    <Fieldset
      legend={`Band ${index + 1}`}
      className="grid grid-cols-[minmax(0,1fr)] items-end gap-3 rounded-md border border-line bg-page p-3 sm:grid-cols-3"
    >
      {number('from', 'From a score of', 100)}
      <SelectField
        label="It advises"
        value={band.recommendation}
        error={errorAt(`bands.${index}.recommendation`)}
        onChange={({ target }) => onChange({ recommendation: target.value as CreditRecommendation })}
      >
        {Object.entries(recommendationWords).map(([id, { word }]) => (
          <option key={id} value={id}>
            {word}
          </option>
        ))}
      </SelectField>
      <SelectField
        label="Risk class"
        value={band.riskClass}
        error={errorAt(`bands.${index}.riskClass`)}
        onChange={({ target }) => onChange({ riskClass: target.value as CreditRiskClass })}
      >
        {Object.entries(riskWords).map(([id, word]) => (
          <option key={id} value={id}>
            {word}
          </option>
        ))}
      </SelectField>
      {number('requestPercent', 'Limit, % of what is asked', 100)}
      {number('revenuePercent', 'At most % of revenue (optional)', 100)}
      <div className="grid grid-cols-[minmax(0,1fr)_auto] items-end gap-3">
        {number('termsDaysMax', 'Longest terms, in days', 365)}
        <Remove label={`Remove band ${index + 1}`} onRemove={onRemove} />
      </div>
    </Fieldset>
  )
}

type ScorecardFieldsProps = {
  readonly draft: ScorecardDraft
  readonly errorAt: ErrorAt
  readonly onChange: (changes: Partial<ScorecardDraft>) => void
}

const newCriterion = (row: number): CriterionDraft => ({
  row,
  key: '',
  name: '',
  weight: '10',
  steps: '0: 0',
  unknownPoints: '0',
})

const newBand = (row: number): BandDraft => ({
  row,
  from: '',
  riskClass: 'MEDIUM',
  recommendation: 'REVIEW',
  requestPercent: '100',
  revenuePercent: '',
  termsDaysMax: '30',
})

/** The paths whose problems its fields show. */
export const scorecardFields = ['criteria', 'bands', 'bankReferencesMin', 'tradeReferencesMin']

/** A scorecard, to be changed. */
export const ScorecardFields = ({ draft, errorAt, onChange }: ScorecardFieldsProps) => {
  const { criteria, bands } = draft
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
      {criteria.map((criterion, index) => (
        <CriterionRow
          key={criterion.row}
          criterion={criterion}
          index={index}
          errorAt={errorAt}
          onChange={(changes) => onChange({ criteria: changedRow(criteria, criterion.row, changes) })}
          onRemove={
            criteria.length > 1 ? () => onChange({ criteria: withoutRow(criteria, criterion.row) }) : null
          }
        />
      ))}
      <Button
        className="w-fit"
        onClick={() => onChange({ criteria: [...criteria, newCriterion(nextRow(criteria))] })}
      >
        <Plus aria-hidden="true" className="size-4" />
        Add a criterion
      </Button>
      {bands.map((band, index) => (
        <BandRow
          key={band.row}
          band={band}
          index={index}
          errorAt={errorAt}
          onChange={(changes) => onChange({ bands: changedRow(bands, band.row, changes) })}
          onRemove={bands.length > 1 ? () => onChange({ bands: withoutRow(bands, band.row) }) : null}
        />
      ))}
      <Button className="w-fit" onClick={() => onChange({ bands: [...bands, newBand(nextRow(bands))] })}>
        <Plus aria-hidden="true" className="size-4" />
        Add a band
      </Button>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="Banks that an application has to name"
          type="number"
          min={0}
          max={10}
          required
          value={draft.bankReferencesMin}
          error={errorAt('bankReferencesMin')}
          onChange={({ target }) => onChange({ bankReferencesMin: target.value })}
        />
        <TextField
          label="Suppliers that it has to name"
          type="number"
          min={0}
          max={10}
          required
          value={draft.tradeReferencesMin}
          error={errorAt('tradeReferencesMin')}
          onChange={({ target }) => onChange({ tradeReferencesMin: target.value })}
        />
      </div>
    </div>
  )
}
