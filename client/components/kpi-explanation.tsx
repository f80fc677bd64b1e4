import { ChevronRight } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'
import { startsOf, waterfallRangeOf } from '../charts/geometry.ts'
import { SpanBar } from '../charts/span-bar.tsx'
import type {
  KpiExplanation_ExplanationFragment,
  KpiStrip_DefinitionFragment,
} from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatChange, formatQuantity, type Quantity } from '../format/quantity.ts'
import { ChangeText } from '../ui/change.tsx'
import type { Tone } from '../ui/tone.ts'
import { isMoreBetter } from './better-words.tsx'
import { nullSentence } from './null-words.ts'

/** What all changes of one explanation have in common. */
export type Explained = Quantity & { readonly better: KpiStrip_DefinitionFragment['better'] }

export const toneOfChange = (change: number, better: Explained['better']): Tone => {
  const more = isMoreBetter[better]
  if (more === null || change === 0) return 'idle'
  return change > 0 === more ? 'well' : 'act'
}

const rowClass =
  'grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1.5 px-4 py-2.5 sm:grid-cols-[minmax(0,13rem)_minmax(0,1fr)_minmax(0,9rem)] sm:px-5'
const barClass = 'max-sm:order-last max-sm:col-span-2'

type OpenableProps = {
  readonly name: ReactNode
  readonly note?: ReactNode
  readonly bar: ReactNode
  readonly change: number
  readonly explained: Explained
  /** What it is made of, shown once somebody asks; null where it goes no further. */
  readonly children: (() => ReactNode) | null
}

/** What something added to the value, and what that is made of. */
export const Openable = ({ name, note, bar, change, explained, children }: OpenableProps) => {
  const [isOpen, setIsOpen] = useState(false)
  const id = useId()
  const label = (
    <span className="min-w-0">
      <span className="block truncate font-medium">{name}</span>
      {note != null && <span className="block truncate text-xs text-muted">{note}</span>}
    </span>
  )
  return (
    <li className="border-t border-line">
      <div
        className={`relative ${rowClass} ${children ? 'hover:bg-sunken has-[button:focus-visible]:bg-sunken' : ''}`}
      >
        {children ? (
          <button
            type="button"
            aria-expanded={isOpen}
            aria-controls={isOpen ? id : undefined}
            onClick={() => setIsOpen(!isOpen)}
            className="flex min-w-0 items-center gap-2 text-left after:absolute after:inset-0"
          >
            <ChevronRight
              aria-hidden="true"
              className={`size-3.5 shrink-0 text-faint transition-transform ${isOpen ? 'rotate-90' : ''}`}
            />
            {label}
          </button>
        ) : (
          <span className="flex min-w-0 pl-5.5">{label}</span>
        )}
        <span className={barClass}>{bar}</span>
        <span className="justify-self-end">
          <ChangeText
            change={formatChange(change, explained, 'exact')}
            isMoreBetter={isMoreBetter[explained.better]}
          />
        </span>
      </div>
      {isOpen && children && (
        <div id={id} className="ml-4 border-l-2 border-line sm:ml-6">
          {children()}
        </div>
      )}
    </li>
  )
}

type Value = KpiExplanation_ExplanationFragment['from']

const Level = ({ row, bar }: { readonly row: Value; readonly bar: ReactNode }) => (
  <li className="border-t border-line">
    <div className={rowClass}>
      <span className="min-w-0 pl-5.5 font-semibold">{formatDay(row.date, 'medium')}</span>
      <span className={barClass}>{bar}</span>
      <span className="justify-self-end font-semibold whitespace-nowrap">
        {row.value === null ? '' : formatQuantity(row.value, row, 'exact')}
      </span>
    </div>
  </li>
)

type Part = KpiExplanation_ExplanationFragment['parts'][number]

type KpiExplanationProps = {
  readonly explanation: KpiExplanation_ExplanationFragment
  readonly explained: Explained
  /** What a part is made of. */
  readonly children: (part: Part) => ReactNode
}

/** A waterfall from the value of one day to that of another; each step opens. */
export const KpiExplanation = ({ explanation, explained, children }: KpiExplanationProps) => {
  const { from, to, parts } = explanation
  if (from.value === null || to.value === null || explanation.change === null)
    return (
      <p className="border-t border-line px-4 py-8 text-center text-pretty text-muted">
        {nullSentence(from.value === null ? from : to)}
      </p>
    )
  const changes = parts.map(({ change }) => Number(change))
  const start = from.value
  const starts = startsOf(changes).map((sum) => start + sum)
  const { range, isCut } = waterfallRangeOf([start, to.value, ...starts])
  const origin = range[0] < 0 && range[1] > 0 ? 0 : null
  const base = Math.min(Math.max(0, range[0]), range[1])
  const level = (value: number) => (
    <SpanBar from={base} to={value} range={range} tone="idle" origin={origin} />
  )
  return (
    <div className="figures">
      <ol aria-label="From the first value to the second">
        <Level row={from} bar={level(start)} />
        {parts.map((part, index) => {
          const at = starts[index] ?? start
          const change = changes[index] ?? 0
          return (
            <Openable
              key={part.driver}
              name={part.name}
              bar={
                <SpanBar
                  from={at}
                  to={at + change}
                  range={range}
                  tone={toneOfChange(change, explained.better)}
                  origin={origin}
                />
              }
              change={change}
              explained={explained}
            >
              {() => (
                <>
                  <p className="max-w-prose px-4 pt-2 pb-3 text-pretty text-muted sm:px-5">
                    {part.description}
                  </p>
                  {children(part)}
                </>
              )}
            </Openable>
          )
        })}
        <Level row={to} bar={level(to.value)} />
      </ol>
      <p className="flex flex-wrap gap-x-4 border-t border-line px-4 py-2.5 text-xs text-muted sm:px-5">
        <span>
          In all {formatChange(Number(explanation.change), explained, 'exact').text}; the steps add up to it.
        </span>
        {isCut && <span>The bars do not begin at 0.</span>}
      </p>
    </div>
  )
}

type ChangeListProps = {
  readonly label: string
  readonly explained: Explained
  readonly rows: readonly {
    readonly id: string
    readonly name: ReactNode
    readonly note?: ReactNode
    readonly change: number
    readonly children: (() => ReactNode) | null
  }[]
}

/** What a change is made of, as bars on one scale. */
export const ChangeList = ({ label, explained, rows }: ChangeListProps) => {
  const most = Math.max(...rows.map(({ change }) => Math.abs(change)), 0) || 1
  return (
    <ul aria-label={label}>
      {rows.map(({ id, name, note, change, children }) => (
        <Openable
          key={id}
          name={name}
          note={note}
          change={change}
          explained={explained}
          bar={
            <SpanBar
              from={0}
              to={change}
              range={[-most, most]}
              tone={toneOfChange(change, explained.better)}
              origin={0}
            />
          }
        >
          {children}
        </Openable>
      ))}
    </ul>
  )
}
