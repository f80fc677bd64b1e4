import { ChevronRight } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'
import type {
  Granularity,
  KpiRestatements_EntryFragment,
  KpiRestatements_RestatementFragment,
} from '../documents.generated.ts'
import { addDays, addMonths, type Day, firstOfMonth, formatDay } from '../format/day.ts'
import { entryWord } from '../format/entry-words.ts'
import { formatSecond } from '../format/moment.ts'
import { formatChange, formatMoney, formatQuantity } from '../format/quantity.ts'
import { ChangeText } from '../ui/change.tsx'
import type { Explained } from './kpi-explanation.tsx'
import { isMoreBetter } from './better-words.tsx'
import { nullWords } from './null-words.ts'
import type { SeriesChoice } from './kpi-series.tsx'

type Restated = KpiRestatements_RestatementFragment

/** How long after its day a figure counts as known: for daily figures, or for months that are closed later. */
export const afterChoices = [
  { id: '1', days: 1, label: 'after a day' },
  { id: '7', days: 7, label: 'after a week' },
  { id: '31', days: 31, label: 'after a month' },
] as const

export const afterOf = (id: string | null): (typeof afterChoices)[number] =>
  afterChoices.find((choice) => choice.id === id) ?? afterChoices[0]

/** Where the days begin; of the first, which may be a part of its week or quarter only, nothing is shown. */
const starts = {
  DAY: (day: Day) => addDays(day, -7),
  WEEK: (day: Day) => addDays(day, -7 * 6),
  MONTH: (day: Day) => firstOfMonth(addMonths(day, -6)),
  QUARTER: (day: Day) => firstOfMonth(addMonths(day, -12)),
} as const satisfies Partial<Record<Granularity, (day: Day) => Day>>

export const restatedFrom = ({ id }: SeriesChoice, day: Day): Day => starts[id](day)

/** No figure then and none now is the same, whatever the reason. */
const isSame = ({ firstKnown, now }: Restated): boolean => firstKnown.valueExact === now.valueExact

type ValueProps = { readonly row: Restated['now'] }

const Value = ({ row }: ValueProps) =>
  row.value === null ? (
    <span className="text-xs text-muted">{nullWords(row)}</span>
  ) : (
    <span className="whitespace-nowrap">{formatQuantity(row.value, row, 'exact')}</span>
  )

type RowProps = {
  readonly restated: Restated
  readonly explained: Explained
  readonly children: (restated: Restated) => ReactNode
}

const columns = 4

const Change = ({ restated, explained }: Omit<RowProps, 'children'>) => {
  const { change, firstKnown, now } = restated
  if (isSame(restated))
    return (
      <span className="text-muted">
        {firstKnown.knownAt === now.knownAt ? 'First known now' : 'Not restated'}
      </span>
    )
  if (change === null) return <span className="text-muted">Known later only</span>
  return (
    <ChangeText
      change={formatChange(Number(change), explained, 'exact')}
      isMoreBetter={isMoreBetter[explained.better]}
    />
  )
}

const Row = ({ restated, explained, children }: RowProps) => {
  const [isOpen, setIsOpen] = useState(false)
  const id = useId()
  const { date, firstKnown, now } = restated
  const day = (
    <span className="min-w-0">
      <span className="font-medium whitespace-nowrap">{formatDay(date, 'medium')}</span>
      <span className="block text-xs text-muted sm:hidden">
        {isSame(restated) ? (
          <Value row={now} />
        ) : (
          <>
            first <Value row={firstKnown} />, now <Value row={now} />
          </>
        )}
      </span>
    </span>
  )
  return (
    <>
      <tr
        className={`relative ${isSame(restated) ? '' : 'hover:bg-sunken has-[button:focus-visible]:bg-sunken'}`}
      >
        <th scope="row" className="max-sm:w-full">
          {isSame(restated) ? (
            <span className="flex pl-5.5">{day}</span>
          ) : (
            <button
              type="button"
              aria-expanded={isOpen}
              aria-controls={isOpen ? id : undefined}
              onClick={() => setIsOpen(!isOpen)}
              className="flex min-w-0 items-baseline gap-2 text-left after:absolute after:inset-0"
            >
              <ChevronRight
                aria-hidden="true"
                className={`size-3.5 shrink-0 self-center text-faint transition-transform ${isOpen ? 'rotate-90' : ''}`}
              />
              {day}
            </button>
          )}
        </th>
        <td className="text-right! max-sm:hidden">
          <Value row={firstKnown} />
        </td>
        <td className="text-right! max-sm:hidden">
          <Value row={now} />
        </td>
        <td className="text-right!">
          <Change restated={restated} explained={explained} />
        </td>
      </tr>
      {isOpen && (
        <tr id={id} className="border-t-0!">
          <td colSpan={columns} className="pt-0! pb-3!">
            <div className="overflow-x-auto rounded-md border border-line bg-page">{children(restated)}</div>
          </td>
        </tr>
      )}
    </>
  )
}

type KpiRestatementsProps = Omit<RowProps, 'restated'> & { readonly restatements: readonly Restated[] }

/** Figures of past days, the newest first: as they were first known, and now; each opens to what moved it. */
export const KpiRestatements = ({ restatements, ...rest }: KpiRestatementsProps) => {
  const shown = restatements.length > 1 ? restatements.slice(1) : restatements
  return (
    <>
      {shown.every(isSame) && (
        <p className="px-4 pb-2.5 text-pretty sm:px-5">
          <span className="font-semibold">Not restated.</span>{' '}
          <span className="text-muted">
            {shown.every(({ now }) => now.value === null)
              ? 'There was no figure of these days, and there is none now.'
              : 'Each of these figures is what it was when it was first known.'}
          </span>
        </p>
      )}
      <table className="rows figures">
        <caption className="sr-only">Figures as first known and as known now, the newest first</caption>
        <thead>
          <tr>
            <th scope="col">At the end of</th>
            <th scope="col" className="text-right! max-sm:hidden">
              First known
            </th>
            <th scope="col" className="text-right! max-sm:hidden">
              Now
            </th>
            <th scope="col" className="text-right!">
              Change
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.toReversed().map((restated) => (
            <Row key={restated.date} restated={restated} {...rest} />
          ))}
        </tbody>
      </table>
    </>
  )
}

type EntriesProps = {
  readonly entries: readonly KpiRestatements_EntryFragment[]
  readonly restated: Restated
  readonly timeZone: string
}

/** What was recorded after a figure was first known, and takes effect on its day or before. */
export const RestatingEntries = ({ entries, restated, timeZone }: EntriesProps) => {
  const since = formatSecond(restated.firstKnown.knownAt, timeZone)
  if (entries.length === 0)
    return (
      <p className="px-4 py-3 text-pretty text-muted">
        No entry did: an exchange rate or a number from outside the books was recorded after {since}.
      </p>
    )
  return (
    <>
      <p className="px-4 pt-3 pb-1 text-xs text-pretty text-muted">
        All that was recorded after {since} and takes effect by {formatDay(restated.date, 'medium')}, the
        largest first, whether or not this KPI reads it.
      </p>
      <table className="rows figures">
        <caption className="sr-only">Entries recorded later, the largest first</caption>
        <thead>
          <tr>
            <th scope="col">Entry</th>
            <th scope="col" className="max-sm:hidden">
              Takes effect
            </th>
            <th scope="col" className="max-md:hidden">
              Recorded
            </th>
            <th scope="col" className="text-right!">
              Amount
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map(({ kind, amount, customer, invoice, effectiveOn, recordedAt, reason }, index) => (
            // Two entries may be alike in all that they say.
            // oxlint-disable-next-line react/no-array-index-key
            <tr key={index}>
              <th scope="row">
                <span className="font-medium">{entryWord(kind, amount.amount)}</span>
                {invoice && <span className="text-muted"> {invoice.number}</span>}
                <span className="block text-xs text-pretty text-muted">
                  {customer.name}
                  {reason !== null && `: “${reason}”`}
                </span>
                <span className="block text-xs text-muted sm:hidden">
                  takes effect {formatDay(effectiveOn, 'medium')}
                </span>
              </th>
              <td className="whitespace-nowrap max-sm:hidden">{formatDay(effectiveOn, 'medium')}</td>
              <td className="whitespace-nowrap text-muted max-md:hidden">
                <time dateTime={recordedAt}>{formatSecond(recordedAt, timeZone)}</time>
              </td>
              <td className="text-right! font-medium whitespace-nowrap">{formatMoney(amount, 'exact')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}
