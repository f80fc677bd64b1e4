/** The rules that are lists: steps of being late, what classes and ratings are granted, how often classes are reviewed. */
import { Plus, Trash2 } from 'lucide-react'
import type { CreditOutcome, Role } from '../documents.generated.ts'
import { roleWord } from '../format/words.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { CheckField, Fieldset } from '../ui/check-field.tsx'
import { decimalInput, SelectField, TextField } from '../ui/field.tsx'
import { changedRow, withoutRow } from './draft-rows.ts'
import {
  type ByClass,
  newRating,
  newStep,
  type PolicyClass,
  policyClasses,
  type PolicyDraft,
  type RatingDraft,
  saidClasses,
  type StepDraft,
} from './policy-draft.ts'
import { policyClassWords, policyOutcomeWords } from './policy-words.ts'

type ErrorAt = (path: string) => string | null

type ListsProps = {
  readonly draft: PolicyDraft
  readonly currency: string
  readonly errorAt: ErrorAt
  readonly onChange: (changes: Partial<PolicyDraft>) => void
}

/** Who can be told of a step: those who can do something about it. */
const toldRoles = [
  'SALES',
  'COLLECTOR',
  'CREDIT_MANAGER',
  'MANAGER',
  'ADMIN',
] as const satisfies readonly Role[]

const stepsMax = 10
const ratingsMax = 200

const rowClass = 'grid grid-cols-[minmax(0,1fr)] items-start gap-3 rounded-md border border-line bg-page p-3'

type StepProps = {
  readonly step: StepDraft
  readonly index: number
  readonly currency: string
  readonly errorAt: ErrorAt
  readonly onChange: (changes: Partial<StepDraft>) => void
  readonly onRemove: () => void
}

const Step = ({ step, index, currency, errorAt, onChange, onRemove }: StepProps) => {
  const at = (field: string) => errorAt(`escalation.${index}.${field}`)
  const roles = [...new Set([...toldRoles, ...step.tell])]
  return (
    <Fieldset
      legend={`Step ${index + 1}`}
      className={`${rowClass} sm:grid-cols-[repeat(3,minmax(0,1fr))_auto]`}
    >
      <TextField
        label="Past due for more days than"
        type="number"
        min={1}
        max={365}
        required
        value={step.days}
        error={at('days')}
        onChange={({ target }) => onChange({ days: target.value })}
      />
      <TextField
        label={`With more than, in ${currency}`}
        required
        {...decimalInput}
        value={step.amount}
        error={at('amount')}
        onChange={({ target }) => onChange({ amount: target.value })}
      />
      <SelectField
        label="An order of theirs"
        value={step.outcome}
        error={at('outcome')}
        onChange={({ target }) => onChange({ outcome: target.value as CreditOutcome })}
      >
        {Object.entries(policyOutcomeWords).map(([id, word]) => (
          <option key={id} value={id}>
            {word}
          </option>
        ))}
      </SelectField>
      <IconButton
        label={`Remove step ${index + 1}`}
        onClick={onRemove}
        className="justify-self-end sm:mt-7.5"
      >
        <Trash2 aria-hidden="true" className="size-4" />
      </IconButton>
      <div className="sm:col-span-4">
        <Fieldset legend="Who is told" className="flex flex-wrap gap-x-5 gap-y-2" error={at('tell')}>
          {roles.map((role) => (
            <CheckField
              key={role}
              label={roleWord(role)}
              checked={step.tell.includes(role)}
              onChange={({ target }) =>
                onChange({
                  tell: target.checked ? [...step.tell, role] : step.tell.filter((one) => one !== role),
                })
              }
            />
          ))}
        </Fieldset>
      </div>
    </Fieldset>
  )
}

/** What comes of being late for longer than the first rule of it says. */
export const PolicySteps = ({ draft, currency, errorAt, onChange }: ListsProps) => {
  const { escalation } = draft
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-3">
      <h3 className="text-sm font-semibold">Steps of being late</h3>
      {escalation.length === 0 && (
        <p className="text-muted">There are none: what is late is late, for however long.</p>
      )}
      {escalation.map((step, index) => (
        <Step
          key={step.row}
          step={step}
          index={index}
          currency={currency}
          errorAt={errorAt}
          onChange={(changes) => onChange({ escalation: changedRow(escalation, step.row, changes) })}
          onRemove={() => onChange({ escalation: withoutRow(escalation, step.row) })}
        />
      ))}
      {escalation.length < stepsMax && (
        <Button
          className="w-fit"
          onClick={() => onChange({ escalation: [...escalation, newStep(escalation, draft.pastDueDays)] })}
        >
          <Plus aria-hidden="true" className="size-4" />
          Add a step
        </Button>
      )}
    </div>
  )
}

type ClassFieldProps = {
  readonly of: PolicyClass
  readonly texts: ByClass
  readonly onText: (text: string) => void
  readonly error: string | null
}

const LimitOfClass = ({ of, texts, onText, error }: ClassFieldProps) => (
  <TextField
    label={policyClassWords[of]}
    {...decimalInput}
    placeholder="Any"
    value={texts[of]}
    error={error}
    onChange={({ target }) => onText(target.value)}
  />
)

const MonthsOfClass = ({ of, texts, onText, error }: ClassFieldProps) => (
  <TextField
    label={policyClassWords[of]}
    type="number"
    min={1}
    max={60}
    placeholder="Not said"
    value={texts[of]}
    error={error}
    onChange={({ target }) => onText(target.value)}
  />
)

/** What classes are granted at most, and how often they are reviewed. */
export const PolicyByClass = ({ draft, currency, errorAt, onChange }: ListsProps) => {
  const { classLimits, reviewPeriods } = draft
  const at = (field: 'classLimits' | 'reviewPeriods', of: PolicyClass) =>
    errorAt(`${field}.${saidClasses(draft[field]).indexOf(of)}`)
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-5 lg:grid-cols-2">
      <Fieldset
        legend={`The greatest limit by risk class, in ${currency}`}
        className="grid gap-3 sm:grid-cols-4 lg:grid-cols-2 xl:grid-cols-4"
      >
        {policyClasses.map((of) => (
          <LimitOfClass
            key={of}
            of={of}
            texts={classLimits}
            error={at('classLimits', of)}
            onText={(text) => onChange({ classLimits: { ...classLimits, [of]: text } })}
          />
        ))}
      </Fieldset>
      <Fieldset
        legend="Reviewed again after so many months, by risk class"
        className="grid gap-3 sm:grid-cols-4 lg:grid-cols-2 xl:grid-cols-4"
      >
        {policyClasses.map((of) => (
          <MonthsOfClass
            key={of}
            of={of}
            texts={reviewPeriods}
            error={at('reviewPeriods', of)}
            onText={(text) => onChange({ reviewPeriods: { ...reviewPeriods, [of]: text } })}
          />
        ))}
      </Fieldset>
    </div>
  )
}

type RatingProps = {
  readonly rating: RatingDraft
  readonly index: number
  readonly currency: string
  readonly errorAt: ErrorAt
  readonly onChange: (changes: Partial<RatingDraft>) => void
  readonly onRemove: () => void
}

const Rating = ({ rating, index, currency, errorAt, onChange, onRemove }: RatingProps) => {
  const at = (field: string) => errorAt(`ratingLimits.${index}.${field}`)
  const whole = errorAt(`ratingLimits.${index}`)
  const isOfField = ['source', 'grade', 'amount'].some((field) => at(field) !== null)
  return (
    <Fieldset
      legend={`Rating ${index + 1}`}
      error={isOfField ? null : whole}
      className={`${rowClass} sm:grid-cols-[repeat(3,minmax(0,1fr))_auto]`}
    >
      <TextField
        label="Who gives it"
        required
        maxLength={60}
        autoComplete="off"
        value={rating.source}
        error={at('source')}
        onChange={({ target }) => onChange({ source: target.value })}
      />
      <TextField
        label="Grade"
        required
        maxLength={30}
        autoComplete="off"
        value={rating.grade}
        error={at('grade')}
        onChange={({ target }) => onChange({ grade: target.value })}
      />
      <TextField
        label={`Greatest limit, in ${currency}`}
        required
        {...decimalInput}
        value={rating.amount}
        error={at('amount')}
        onChange={({ target }) => onChange({ amount: target.value })}
      />
      <IconButton
        label={`Remove rating ${index + 1}`}
        onClick={onRemove}
        className="justify-self-end sm:mt-7.5"
      >
        <Trash2 aria-hidden="true" className="size-4" />
      </IconButton>
    </Fieldset>
  )
}

/** What the grades of agencies are granted at most. */
export const PolicyRatings = ({ draft, currency, errorAt, onChange }: ListsProps) => {
  const { ratingLimits } = draft
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-3">
      <h3 className="text-sm font-semibold">The greatest limit by rating</h3>
      {ratingLimits.length === 0 && <p className="text-muted">No rating bounds a limit.</p>}
      {ratingLimits.map((rating, index) => (
        <Rating
          key={rating.row}
          rating={rating}
          index={index}
          currency={currency}
          errorAt={errorAt}
          onChange={(changes) => onChange({ ratingLimits: changedRow(ratingLimits, rating.row, changes) })}
          onRemove={() => onChange({ ratingLimits: withoutRow(ratingLimits, rating.row) })}
        />
      ))}
      {ratingLimits.length < ratingsMax && (
        <Button
          className="w-fit"
          onClick={() => onChange({ ratingLimits: [...ratingLimits, newRating(ratingLimits)] })}
        >
          <Plus aria-hidden="true" className="size-4" />
          Add a rating
        </Button>
      )}
    </div>
  )
}
