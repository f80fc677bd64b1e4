import { CalendarClock, History, Radio } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { addDays, addMonths, type Day, firstOfMonth, formatDay } from '../format/day.ts'
import { clockAt, formatSecond, formatZone, instantAt, startOfDay } from '../format/moment.ts'
import { dayOf } from '../format/period.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { textOf } from '../ui/form.tsx'
import { Popover } from '../ui/popover.tsx'
import { type CutOffs, isLive } from './question.ts'

type CutOffProps = {
  readonly cutOffs: CutOffs
  /** Of the organization, as its zone. */
  readonly today: Day
  readonly timeZone: string
  readonly onChange: (cutOffs: CutOffs) => void
}

/** The days that people ask for most: ends of what is over. */
const presetsOf = (today: Day) => {
  const monthEnd = addDays(firstOfMonth(today), -1)
  const quarterMonth = `${today.slice(0, 5)}${String(Math.floor((Number(today.slice(5, 7)) - 1) / 3) * 3 + 1).padStart(2, '0')}-01`
  const quarterEnd = addDays(quarterMonth, -1)
  const yearEnd = addDays(`${today.slice(0, 4)}-01-01`, -1)
  const days = [addDays(today, -1), monthEnd, quarterEnd, yearEnd, addMonths(today, -12)]
  return [...new Set(days)].toSorted().toReversed()
}

const presetClass =
  'inline-flex h-7 items-center rounded-full border border-line-strong px-2.5 text-xs font-medium text-muted transition-colors hover:text-ink aria-pressed:border-accent aria-pressed:bg-accent-tint aria-pressed:text-accent'

const Fields = ({ cutOffs: { asOf, knownAt }, today, timeZone, onChange }: CutOffProps) => {
  const [day, setDay] = useState(asOf ?? today)
  const [clock, setClock] = useState(knownAt === null ? '' : clockAt(knownAt, timeZone))
  const known = (text: string): string | null =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? instantAt(text, timeZone) : null
  const apply = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const values = new FormData(event.currentTarget)
    const chosen = dayOf(textOf(values, 'asOf'))
    event.currentTarget.closest<HTMLElement>('[popover]')?.hidePopover()
    onChange({ asOf: chosen === today ? null : chosen, knownAt: known(textOf(values, 'knownAt')) })
  }
  return (
    <form onSubmit={apply} className="grid gap-4 p-4">
      <div>
        <TextField
          type="date"
          name="asOf"
          label="As of the end of"
          value={day}
          max={today}
          onChange={({ target }) => setDay(target.value)}
        />
        <div className="mt-2 flex flex-wrap gap-1.5">
          {presetsOf(today).map((preset) => (
            <button
              key={preset}
              type="button"
              aria-pressed={preset === day}
              onClick={() => setDay(preset)}
              className={`figures ${presetClass}`}
            >
              {formatDay(preset, 'medium')}
            </button>
          ))}
        </div>
      </div>
      <div>
        <TextField
          type="datetime-local"
          name="knownAt"
          label="As known at"
          hint={`Leaves out what was recorded later. Empty: all that is known now. Time of ${formatZone(timeZone)}.`}
          value={clock}
          onChange={({ target }) => setClock(target.value)}
        />
        <div className="mt-2 flex flex-wrap gap-1.5">
          <button
            type="button"
            className={presetClass}
            aria-pressed={clock === ''}
            onClick={() => setClock('')}
          >
            Now
          </button>
          {dayOf(day) !== null && day < today && (
            <button
              type="button"
              className={presetClass}
              aria-pressed={known(clock) === startOfDay(addDays(day, 1), timeZone)}
              onClick={() => setClock(`${addDays(day, 1)}T00:00`)}
            >
              When that day ended
            </button>
          )}
        </div>
      </div>
      <button type="submit" className={buttonClass('primary')}>
        Show
      </button>
    </form>
  )
}

/** Sets "as of" and "as known at" for everything on the page. */
export const CutOffControl = (props: CutOffProps) => {
  const { cutOffs, today } = props
  const live = isLive(cutOffs)
  return (
    <Popover
      label="Choose the day, and what is to be known"
      buttonClassName={`${buttonClass('plain')} max-w-full min-w-0`}
      className="w-80 max-w-[calc(100vw-1rem)]"
      button={
        <>
          <CalendarClock
            aria-hidden="true"
            className={`size-4 shrink-0 ${live ? 'text-muted' : 'text-watch'}`}
          />
          <span className="figures truncate">
            {cutOffs.asOf === null
              ? `Today, ${formatDay(today, 'short')}`
              : formatDay(cutOffs.asOf, 'medium')}
            {cutOffs.knownAt !== null && ' · as known then'}
          </span>
        </>
      }
    >
      {/* Another address has other fields, whatever was typed and not sent. */}
      <Fields key={`${cutOffs.asOf} ${cutOffs.knownAt} ${today}`} {...props} />
    </Popover>
  )
}

/** Says that a page does not show what is now, and leads back to it. */
export const CutOffBanner = ({ cutOffs, today, timeZone, onChange }: CutOffProps) => {
  if (isLive(cutOffs)) return null
  const { asOf, knownAt } = cutOffs
  return (
    <output className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-md bg-watch-tint px-3.5 py-2 text-watch">
      <p className="figures flex min-w-0 flex-1 basis-64 items-start gap-2.5 text-pretty">
        <History aria-hidden="true" className="mt-0.5 size-4 shrink-0" strokeWidth={2.25} />
        <span>
          <span className="font-semibold">Not live.</span> These are the figures as of{' '}
          <time dateTime={asOf ?? today}>{formatDay(asOf ?? today, 'full')}</time>
          {knownAt === null ? (
            ', with all that is known of that day by now.'
          ) : (
            <>
              , as known at <time dateTime={knownAt}>{formatSecond(knownAt, timeZone)}</time>{' '}
              {formatZone(timeZone)} time.
            </>
          )}
        </span>
      </p>
      <Button onClick={() => onChange({ asOf: null, knownAt: null })} className="print:hidden">
        <Radio aria-hidden="true" className="size-4 text-accent" />
        Back to live
      </Button>
    </output>
  )
}
