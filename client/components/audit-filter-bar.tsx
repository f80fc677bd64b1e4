import { X } from 'lucide-react'
import { actionWord, knownActions, subjectKind } from '../format/audit-words.ts'
import { addDays, type Day } from '../format/day.ts'
import { type PeriodId, periods } from '../format/period.ts'
import { Button } from '../ui/button.tsx'
import { SelectField, TextField } from '../ui/field.tsx'
import { actorKindWords, type AuditSearch } from './audit-filter.ts'

export type NamedActor = { readonly id: string; readonly name: string }

type AuditFilterBarProps = {
  readonly search: AuditSearch
  readonly today: Day
  /** Whom to choose from; empty where the viewer may not see them. */
  readonly people: readonly NamedActor[]
  readonly tokens: readonly NamedActor[]
  /** Somebody who is chosen and in neither list, such as one who was removed. */
  readonly other: NamedActor | null
  readonly onChange: (changes: Readonly<Record<string, string | null>>) => void
}

const Options = ({ label, actors }: { readonly label: string; readonly actors: readonly NamedActor[] }) =>
  actors.length > 0 && (
    <optgroup label={label}>
      {actors.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </optgroup>
  )

const ActorField = ({ search, people, tokens, other, onChange }: AuditFilterBarProps) => (
  <SelectField
    label="Who"
    value={search.actor ?? ''}
    onChange={({ target }) => onChange({ actor: target.value })}
    className="min-w-0 flex-1 basis-36 sm:max-w-56"
  >
    <option value="">Anybody</option>
    {other && <option value={other.id}>{other.name}</option>}
    <optgroup label="Kinds">
      {Object.entries(actorKindWords).map(([kind, word]) => (
        <option key={kind} value={kind}>
          {word}
        </option>
      ))}
    </optgroup>
    <Options label="People" actors={people} />
    <Options label="Tokens" actors={tokens} />
  </SelectField>
)

/** The days of one's own choice, once they are wanted. */
const DayFields = ({ search, onChange }: Pick<AuditFilterBarProps, 'search' | 'onChange'>) => (
  <>
    <TextField
      type="date"
      label="From"
      value={search.period.from ?? ''}
      onChange={({ target }) => onChange({ from: target.value })}
      className="min-w-0 flex-1 basis-32 sm:max-w-56"
    />
    <TextField
      type="date"
      label="To"
      value={search.period.to ?? ''}
      onChange={({ target }) => onChange({ to: target.value })}
      className="min-w-0 flex-1 basis-32 sm:max-w-56"
    />
  </>
)

/** Which entries are shown. All of it stands in the address, so that it can be shared and gone back to. */
export const AuditFilterBar = (props: AuditFilterBarProps) => {
  const { search, today, onChange } = props
  const { period, action, subject } = search
  const actions = action === null || knownActions.includes(action) ? knownActions : [action, ...knownActions]
  const choosePeriod = (id: string) =>
    onChange(
      id === ('days' satisfies PeriodId)
        ? { period: null, from: period.from ?? addDays(today, -29), to: period.to ?? today }
        : { period: id, from: null, to: null },
    )
  return (
    <search aria-label="Entries" className="grid gap-3">
      <div className="flex flex-wrap gap-3">
        <SelectField
          label="Period"
          value={period.id}
          onChange={({ target }) => choosePeriod(target.value)}
          className="min-w-0 flex-1 basis-32 sm:max-w-56"
        >
          {periods.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
          <option value="days">From day to day</option>
        </SelectField>
        {period.id === 'days' && <DayFields search={search} onChange={onChange} />}
        <SelectField
          label="What"
          value={action ?? ''}
          onChange={({ target }) => onChange({ action: target.value })}
          className="min-w-0 flex-1 basis-44 sm:max-w-56"
        >
          <option value="">Everything</option>
          {actions.map((name) => (
            <option key={name} value={name}>
              {actionWord(name)}
            </option>
          ))}
        </SelectField>
        <ActorField {...props} />
      </div>
      {subject !== null && (
        <p className="flex flex-wrap items-center gap-2 text-muted">
          <span className="min-w-0 wrap-anywhere">
            Only {subjectKind(subject).toLowerCase()} <span className="font-mono text-xs">{subject}</span>
          </span>
          <Button look="quiet" className="h-7 px-2 text-xs" onClick={() => onChange({ subject: null })}>
            <X aria-hidden="true" className="size-3.5" />
            All subjects
          </Button>
        </p>
      )}
    </search>
  )
}
