import { alertableStatuses, conditionKinds, isMoment, kindOf, toldRoles } from '../components/rule-draft.ts'
import { thresholdHint, thresholdLabel } from '../components/rule-words.ts'
import type { AlertConditionKind, GoalStatus, KpiUnit } from '../documents.generated.ts'
import { goalStatusWords, roleWord } from '../format/words.ts'
import { CheckField, Fieldset } from '../ui/check-field.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { SelectField, TextField } from '../ui/field.tsx'
import type { RulePartProps } from './rule-form.tsx'

type ConditionProps = RulePartProps & {
  /** What its values are in; null where that is not known, or for a checklist. */
  readonly unit: KpiUnit | null
  readonly currency: string
}

const Statuses = ({ draft, onChange, problemAt }: RulePartProps) => (
  <Fieldset
    legend="Its status is"
    error={problemAt('condition')}
    className="grid gap-x-5 gap-y-2 min-[26rem]:grid-cols-2"
  >
    {alertableStatuses.map((status: GoalStatus) => (
      <CheckField
        key={status}
        label={goalStatusWords[status]}
        checked={draft.statuses.includes(status)}
        onChange={({ target }) =>
          onChange({
            statuses: target.checked
              ? [...draft.statuses, status]
              : draft.statuses.filter((other) => other !== status),
          })
        }
      />
    ))}
  </Fieldset>
)

const Roles = ({ draft, onChange, problemAt }: RulePartProps) => (
  <Fieldset
    legend="A step of the credit policy wants to be told"
    error={problemAt('condition')}
    className="grid gap-x-5 gap-y-2 min-[26rem]:grid-cols-2"
  >
    {toldRoles.map((role) => (
      <CheckField
        key={role}
        label={roleWord(role)}
        checked={draft.roles.includes(role)}
        onChange={({ target }) =>
          onChange({
            roles: target.checked ? [...draft.roles, role] : draft.roles.filter((other) => other !== role),
          })
        }
      />
    ))}
  </Fieldset>
)

/** When it holds, and from when on that counts. */
export const ConditionFields = ({ draft, onChange, problemAt, unit, currency }: ConditionProps) => {
  const { threshold } = kindOf(draft)
  const isChange = draft.kind === 'CHANGE_UP' || draft.kind === 'CHANGE_DOWN'
  const hint = thresholdHint(draft.kind, unit, currency)
  return (
    <>
      <SelectField
        label="It fires when"
        value={draft.kind}
        onChange={({ target }) =>
          onChange({ kind: target.value as AlertConditionKind, threshold: '', recovery: '' })
        }
      >
        {conditionKinds
          .filter(({ on }) => on.includes(draft.watches))
          .map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
      </SelectField>
      {draft.kind === 'STATUS' && <Statuses draft={draft} onChange={onChange} problemAt={problemAt} />}
      {draft.kind === 'ESCALATION' && <Roles draft={draft} onChange={onChange} problemAt={problemAt} />}
      {threshold !== null && (
        <div className={isChange ? 'grid gap-4 sm:grid-cols-2' : ''}>
          <TextField
            label={thresholdLabel(draft.kind)}
            inputMode="decimal"
            required
            autoComplete="off"
            value={draft.threshold}
            hint={hint === '' ? undefined : hint}
            error={problemAt('condition')}
            onChange={({ target }) => onChange({ threshold: target.value })}
          />
          {isChange && (
            <TextField
              label="Within days"
              inputMode="numeric"
              required
              autoComplete="off"
              value={draft.days}
              onChange={({ target }) => onChange({ days: target.value })}
            />
          )}
        </div>
      )}
      {!isMoment(draft) && <Endurance draft={draft} onChange={onChange} problemAt={problemAt} />}
    </>
  )
}

/** For how long it has to hold before somebody is told, and to be well before it is over. */
const Endurance = ({ draft, onChange, problemAt }: RulePartProps) => {
  const number = (name: 'forDays' | 'keepFiringDays' | 'forEvaluations', label: string, hint: string) => (
    <TextField
      label={label}
      inputMode="numeric"
      autoComplete="off"
      value={draft[name]}
      hint={hint}
      error={problemAt(name)}
      onChange={({ target }) => onChange({ [name]: target.value })}
    />
  )
  const isEnduring = ['forEvaluations', 'keepFiringDays', 'recovery'].some(
    (field) => problemAt(field) !== null,
  )
  return (
    <>
      {number('forDays', 'For so many days', '0: at once. 3: on the third day after the first.')}
      <Disclosure
        label="When it is over, and against flapping"
        labelClassName="w-fit text-sm font-medium"
        open={isEnduring || undefined}
      >
        <div className="mt-3 grid gap-4 sm:grid-cols-2">
          {kindOf(draft).threshold !== null && (
            <TextField
              label="Over at"
              inputMode="decimal"
              autoComplete="off"
              value={draft.recovery}
              hint="This value or a better one ends it. Empty: the threshold itself."
              error={problemAt('recovery')}
              onChange={({ target }) => onChange({ recovery: target.value })}
            />
          )}
          {number('keepFiringDays', 'Well for so many days', 'Before it is over.')}
          {number('forEvaluations', 'Seen so often in a row', 'Evaluations that say so, 1 to 100.')}
        </div>
      </Disclosure>
    </>
  )
}
