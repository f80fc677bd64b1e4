import { Minus, MoveRight, Plus } from 'lucide-react'
import { useState } from 'react'
import { formatSecond } from '../format/moment.ts'
import { Button } from '../ui/button.tsx'
import { type Difference, differencesOf, pathWords } from './difference.ts'

const marks = {
  ADDED: { Icon: Plus, word: 'added', colour: 'text-accent' },
  REMOVED: { Icon: Minus, word: 'removed', colour: 'text-act' },
  CHANGED: { Icon: MoveRight, word: 'changed', colour: 'text-watch' },
  SAME: { Icon: null, word: 'unchanged', colour: 'text-faint' },
} as const

const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/

type ValueProps = { readonly text: string; readonly timeZone: string; readonly className?: string }

/** A value as it stands in the log; a moment by the clock of the others on the page. */
const Value = ({ text, timeZone, className = '' }: ValueProps) => {
  const isInstant = instantPattern.test(text)
  return (
    <span
      className={`rounded-sm px-1 py-0.5 wrap-anywhere ${className}`}
      title={isInstant ? text : undefined}
    >
      {isInstant ? formatSecond(text, timeZone) : text || '(empty)'}
    </span>
  )
}

type RowProps = {
  readonly difference: Difference
  readonly timeZone: string
  /** Whether all of it is new: then nothing has to be marked as such. */
  readonly isNew: boolean
}

const Row = ({ difference: { path, kind, before, after }, timeZone, isNew }: RowProps) => {
  const { Icon, word, colour } = marks[isNew ? 'SAME' : kind]
  return (
    <div className="grid gap-x-2 py-1 sm:grid-cols-[minmax(0,12rem)_minmax(0,1fr)]">
      <dt className="flex gap-2 text-muted">
        {!isNew && (
          <span className={`w-3.5 shrink-0 pt-0.5 ${colour}`}>
            {Icon && <Icon aria-hidden="true" className="size-3.5" strokeWidth={2.5} />}
            <span className="sr-only">{word}: </span>
          </span>
        )}
        {path.length === 0 ? 'Value' : pathWords(path)}
      </dt>
      <dd className={`figures ${isNew ? '-mx-1' : 'max-sm:ml-4.5'}`}>
        {before !== null && (
          <Value
            text={before}
            timeZone={timeZone}
            className={kind === 'SAME' ? 'text-muted' : 'bg-act-tint text-act line-through decoration-1'}
          />
        )}
        {before !== null && after !== null && kind === 'CHANGED' && (
          <>
            <span className="sr-only"> became </span>
            <MoveRight aria-hidden="true" className="mx-1.5 inline size-3 text-faint" />
          </>
        )}
        {after !== null && kind !== 'SAME' && (
          <Value text={after} timeZone={timeZone} className={isNew ? '' : 'bg-accent-tint text-accent'} />
        )}
      </dd>
    </div>
  )
}

type DifferenceTableProps = {
  readonly before: string | null
  readonly after: string | null
  readonly timeZone: string
}

/** What a change changed, to be read: what went struck through, what came marked, what stayed on demand. */
export const DifferenceTable = ({ before, after, timeZone }: DifferenceTableProps) => {
  const [isAll, setIsAll] = useState(false)
  const differences = differencesOf(before, after)
  const changed = differences.filter(({ kind }) => kind !== 'SAME')
  const same = differences.length - changed.length
  if (differences.length === 0) return <p className="text-muted">Nothing else is on record.</p>
  const shown = isAll ? differences : changed
  return (
    <div>
      <dl className="text-xs">
        {shown.map((difference) => (
          <Row
            key={JSON.stringify([difference.path, difference.kind, difference.before, difference.after])}
            difference={difference}
            timeZone={timeZone}
            isNew={before === null}
          />
        ))}
      </dl>
      {changed.length === 0 && !isAll && <p className="text-muted">Nothing was changed.</p>}
      {same > 0 && (
        <Button look="quiet" className="-ml-2 h-7 px-2 text-xs" onClick={() => setIsAll(!isAll)}>
          {isAll ? 'Hide what stayed' : `Show ${same} that stayed`}
        </Button>
      )}
    </div>
  )
}
