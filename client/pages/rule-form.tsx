import { conventionNames, switchesOf } from '../components/conventions.ts'
import { byTheme } from '../components/kpi-themes.ts'
import {
  alertableStatuses,
  conditionKinds,
  isMoment,
  kindOf,
  type RuleDraft,
  toldRoles,
  watching,
} from '../components/rule-draft.ts'
import { noDataWords, thresholdHint, thresholdLabel } from '../components/rule-words.ts'
import { severityWords } from '../components/alert-words.ts'
import {
  type AlertConditionKind,
  type AlertNoDataPolicy,
  type AlertSeverity,
  type ChannelList_ChannelFragment,
  type GoalStatus,
  type KpiConventionsInput,
  type KpiUnit,
  RuleConventionsDocument,
  type RuleGoalsQuery,
  type RuleSubjectsQuery,
} from '../documents.generated.ts'
import { goalStatusWords, roleWord } from '../format/words.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { CheckField, Fieldset } from '../ui/check-field.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { SelectField, TextField } from '../ui/field.tsx'
import { ScopeChoice } from './scope-choice.tsx'

export type OfferedKpi = RuleSubjectsQuery['kpiCatalog'][number]
export type OfferedGoal = Pick<RuleGoalsQuery['goals']['nodes'][number], 'id' | 'name'>

export type RulePartProps = {
  readonly draft: RuleDraft
  readonly onChange: (changes: Partial<RuleDraft>) => void
  /** What is wrong with a field of the input; null where nothing is. */
  readonly problemAt: (field: string) => string | null
}

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

const severityHints = {
  CRITICAL: 'Somebody should look now.',
  WARNING: 'Somebody should look soon.',
  INFO: 'Good to know.',
} as const satisfies Record<AlertSeverity, string>

/** How it is told: how bad, how often, when not. */
export const TellFields = ({ draft, onChange, problemAt }: RulePartProps) => (
  <>
    <div className="grid gap-4 sm:grid-cols-2">
      <SelectField
        label="Severity"
        value={draft.severity}
        hint={severityHints[draft.severity]}
        onChange={({ target }) => onChange({ severity: target.value as AlertSeverity })}
      >
        {Object.entries(severityWords).map(([id, words]) => (
          <option key={id} value={id}>
            {words}
          </option>
        ))}
      </SelectField>
      {draft.watches !== 'credit' && (
        <TextField
          label="Told again each so many days"
          inputMode="numeric"
          autoComplete="off"
          value={draft.repeatDays}
          hint="While nobody looks after it. Empty: once only."
          error={problemAt('repeatDays')}
          onChange={({ target }) => onChange({ repeatDays: target.value })}
        />
      )}
    </div>
    {draft.watches !== 'credit' && (
      <SelectField
        label="Where there is no value"
        value={draft.noData}
        onChange={({ target }) => onChange({ noData: target.value as AlertNoDataPolicy })}
      >
        {Object.entries(noDataWords).map(([id, words]) => (
          <option key={id} value={id}>
            {words}
          </option>
        ))}
      </SelectField>
    )}
    <QuietHours draft={draft} onChange={onChange} problemAt={problemAt} />
  </>
)

const QuietHours = ({ draft, onChange, problemAt }: RulePartProps) => (
  <div className="grid gap-3">
    <CheckField
      label="Quiet hours"
      hint="What is to be sent waits until they are over; the dashboard shows it at once."
      checked={draft.isQuiet}
      onChange={({ target }) => onChange({ isQuiet: target.checked })}
    />
    {draft.isQuiet && (
      <div className="grid gap-3 pl-6.5">
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            type="time"
            label="From"
            required
            value={draft.quietFrom}
            onChange={({ target }) => onChange({ quietFrom: target.value })}
            error={problemAt('quietHours')}
          />
          <TextField
            type="time"
            label="To"
            required
            value={draft.quietTo}
            onChange={({ target }) => onChange({ quietTo: target.value })}
          />
        </div>
        <CheckField
          label="Saturdays and Sundays too"
          checked={draft.quietWeekends}
          onChange={({ target }) => onChange({ quietWeekends: target.checked })}
        />
      </div>
    )}
  </div>
)

type ChannelProps = RulePartProps & { readonly channels: readonly ChannelList_ChannelFragment[] }

/** Where it is sent to besides the dashboard. */
export const ChannelFields = ({ draft, onChange, problemAt, channels }: ChannelProps) => (
  <Fieldset legend="Sent to" error={problemAt('channelIds')} className="grid gap-2.5">
    <p className="text-xs text-pretty text-muted">
      {channels.length === 0
        ? 'There is no channel yet, so it shows on the dashboard only.'
        : 'It shows on the dashboard in any case.'}
    </p>
    {channels.map(({ id, name, kind, emails, url }) => (
      <CheckField
        key={id}
        label={name}
        hint={<span className="wrap-anywhere">{kind === 'EMAIL' ? emails?.join(', ') : url}</span>}
        checked={draft.channelIds.includes(id)}
        onChange={({ target }) =>
          onChange({
            channelIds: target.checked
              ? [...draft.channelIds, id]
              : draft.channelIds.filter((other) => other !== id),
          })
        }
      />
    ))}
  </Fieldset>
)
