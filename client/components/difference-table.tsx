import { Minus, MoveRight, Plus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../ui/button.tsx'
import { type Difference, differencesOf, pathWords } from './difference.ts'

const marks = {
  ADDED: { Icon: Plus, word: 'added', colour: 'text-accent' },
  REMOVED: { Icon: Minus, word: 'removed', colour: 'text-act' },
  CHANGED: { Icon: MoveRight, word: 'changed', colour: 'text-watch' },
  SAME: { Icon: null, word: 'unchanged', colour: 'text-faint' },
} as const

const Value = ({ text, className = '' }: { readonly text: string; readonly className?: string }) => (
  <span className={`rounded-sm px-1 py-0.5 wrap-anywhere ${className}`}>
    {text === '' ? '(empty)' : text}
  </span>
)

const Row = ({ difference: { path, kind, before, after } }: { readonly difference: Difference }) => {
  const { Icon, word, colour } = marks[kind]
  return (
    <div className="grid grid-cols-[1rem_minmax(0,1fr)] gap-x-2 py-1 sm:grid-cols-[1rem_minmax(0,12rem)_minmax(0,1fr)]">
      <span className={`pt-0.5 ${colour}`}>
        {Icon && <Icon aria-hidden="true" className="size-3.5" strokeWidth={2.5} />}
        <span className="sr-only">{word}: </span>
      </span>
      <dt className="text-muted">{path.length === 0 ? 'Value' : pathWords(path)}</dt>
      <dd className="figures max-sm:col-start-2">
        {before !== null && (
          <Value
            text={before}
            className={kind === 'SAME' ? 'text-muted' : 'bg-act-tint text-act line-through decoration-1'}
          />
        )}
        {before !== null && after !== null && kind === 'CHANGED' && (
          <>
            <span className="sr-only"> became </span>
            <MoveRight aria-hidden="true" className="mx-1.5 inline size-3 text-faint" />
          </>
        )}
        {after !== null && kind !== 'SAME' && <Value text={after} className="bg-accent-tint text-accent" />}
      </dd>
    </div>
  )
}

type DifferenceTableProps = { readonly before: string | null; readonly after: string | null }

/** What a change changed, to be read: what went struck through, what came marked, what stayed on demand. */
export const DifferenceTable = ({ before, after }: DifferenceTableProps) => {
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
