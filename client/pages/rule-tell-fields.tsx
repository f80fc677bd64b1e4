import { severityWords } from '../components/alert-words.ts'
import { noDataWords } from '../components/rule-words.ts'
import type { AlertNoDataPolicy, AlertSeverity, ChannelList_ChannelFragment } from '../documents.generated.ts'
import { CheckField, Fieldset } from '../ui/check-field.tsx'
import { SelectField, TextField } from '../ui/field.tsx'
import type { RulePartProps } from './rule-form.tsx'

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
