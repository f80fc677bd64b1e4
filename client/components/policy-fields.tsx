import type { CountedOrders, CreditOutcome } from '../documents.generated.ts'
import { CheckField } from '../ui/check-field.tsx'
import { decimalInput, SelectField, TextField } from '../ui/field.tsx'
import type { PolicyDraft } from './policy-draft.ts'
import { PolicyByClass, PolicyRatings, PolicySteps } from './policy-lists.tsx'
import { countedOrdersWords, policyOutcomeWords } from './policy-words.ts'

/** The paths whose problems its fields show. */
export const policyFields = [
  'countedOrders',
  'clearingDays',
  'insuranceCounts',
  'tolerancePercent',
  'overLimit',
  'pastDueDays',
  'pastDueAmount',
  'pastDue',
  'overGranted',
  'escalation',
  'classLimits',
  'ratingLimits',
  'reviewPeriods',
]

type PolicyFieldsProps = {
  readonly draft: PolicyDraft
  readonly currency: string
  readonly errorAt: (path: string) => string | null
  readonly onChange: (changes: Partial<PolicyDraft>) => void
}

type OutcomeProps = {
  readonly label: string
  readonly value: CreditOutcome
  readonly error: string | null
  readonly onChange: (outcome: CreditOutcome) => void
}

const OutcomeField = ({ label, value, error, onChange }: OutcomeProps) => (
  <SelectField
    label={label}
    value={value}
    error={error}
    onChange={({ target }) => onChange(target.value as CreditOutcome)}
  >
    {Object.entries(policyOutcomeWords).map(([id, word]) => (
      <option key={id} value={id}>
        {word}
      </option>
    ))}
  </SelectField>
)

const PlainFields = ({ draft, currency, errorAt, onChange }: PolicyFieldsProps) => (
  <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
    <TextField
      label="Tolerance, in percent of the limit"
      required
      {...decimalInput}
      value={draft.tolerancePercent}
      error={errorAt('tolerancePercent')}
      onChange={({ target }) => onChange({ tolerancePercent: target.value })}
    />
    <OutcomeField
      label="What exceeds the limit by more"
      value={draft.overLimit}
      error={errorAt('overLimit')}
      onChange={(overLimit) => onChange({ overLimit })}
    />
    <OutcomeField
      label="More than class or rating are granted"
      value={draft.overGranted}
      error={errorAt('overGranted')}
      onChange={(overGranted) => onChange({ overGranted })}
    />
    <TextField
      label="Late is what is past due for more days than"
      type="number"
      min={0}
      max={365}
      required
      value={draft.pastDueDays}
      error={errorAt('pastDueDays')}
      onChange={({ target }) => onChange({ pastDueDays: target.value })}
    />
    <TextField
      label={`How much may be late, in ${currency}`}
      required
      {...decimalInput}
      value={draft.pastDueAmount}
      error={errorAt('pastDueAmount')}
      onChange={({ target }) => onChange({ pastDueAmount: target.value })}
    />
    <OutcomeField
      label="Whoever is late with more"
      value={draft.pastDue}
      error={errorAt('pastDue')}
      onChange={(pastDue) => onChange({ pastDue })}
    />
    <SelectField
      label="Which orders count"
      value={draft.countedOrders}
      error={errorAt('countedOrders')}
      onChange={({ target }) => onChange({ countedOrders: target.value as CountedOrders })}
    >
      {Object.entries(countedOrdersWords).map(([id, word]) => (
        <option key={id} value={id}>
          {word}
        </option>
      ))}
    </SelectField>
    <TextField
      label="Days in which a payment can bounce"
      type="number"
      min={0}
      max={120}
      required
      value={draft.clearingDays}
      error={errorAt('clearingDays')}
      onChange={({ target }) => onChange({ clearingDays: target.value })}
    />
    <div className="self-end pb-2">
      <CheckField
        label="Insurance makes headroom"
        checked={draft.insuranceCounts}
        onChange={({ target }) => onChange({ insuranceCounts: target.checked })}
      />
    </div>
  </div>
)

/** The rules by which credit is decided. */
export const PolicyFields = (props: PolicyFieldsProps) => (
  <div className="grid grid-cols-[minmax(0,1fr)] gap-6">
    <PlainFields {...props} />
    <PolicySteps {...props} />
    <PolicyByClass {...props} />
    <PolicyRatings {...props} />
  </div>
)
