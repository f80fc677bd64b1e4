import { useState } from 'react'
import type { CreditLimitRowOutcome, LimitRows_RowFragment } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatCount } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import type { Tone } from '../ui/tone.ts'
import { LimitChange } from './limit-history.tsx'

type Row = LimitRows_RowFragment

const looks = {
  SET: { word: 'Changes', tone: 'well' },
  AWAITING_APPROVAL: { word: 'Needs approval', tone: 'watch' },
  UNCHANGED: { word: 'Unchanged', tone: 'idle' },
  REFUSED: { word: 'Refused', tone: 'act' },
} as const satisfies Record<CreditLimitRowOutcome, { word: string; tone: Tone }>

const rowsAtOnce = 100

const daysWords = ({ effectiveOn, until }: Row): string | null => {
  if (effectiveOn === null) return null
  const from = `from ${formatDay(effectiveOn, 'medium')}`
  return until === null ? from : `${from} through ${formatDay(until, 'medium')}`
}

const Line = ({ row }: { readonly row: Row }) => {
  const { word, tone } = looks[row.outcome]
  return (
    <tr>
      <td className="text-muted">{formatCount(row.row)}</td>
      <th scope="row" className="min-w-24 font-medium! wrap-anywhere">
        {row.customerNumber ?? <span className="font-normal text-faint">Unknown</span>}
      </th>
      <td>
        <Badge tone={tone}>{word}</Badge>
      </td>
      <td className="w-full">
        {row.previous && row.limit && <LimitChange previous={row.previous} limit={row.limit} />}
        {row.outcome === 'SET' && <span className="block text-xs text-muted">{daysWords(row)}</span>}
        {row.problems.map(({ path, message }) => (
          <span key={`${path.join('.')} ${message}`} className="block text-xs text-pretty text-act">
            {path.length > 0 && `${path.join('.')}: `}
            {message}
          </span>
        ))}
      </td>
    </tr>
  )
}

type Choice = 'ALL' | CreditLimitRowOutcome

/** The rows of a file of limits, each with what becomes of it, those that are refused first to be seen. */
export const LimitRows = ({ rows }: { readonly rows: readonly Row[] }) => {
  const [choice, setChoice] = useState<Choice>(() =>
    rows.some(({ outcome }) => outcome === 'REFUSED') ? 'REFUSED' : 'ALL',
  )
  const [shown, setShown] = useState(rowsAtOnce)
  const chosen = choice === 'ALL' ? rows : rows.filter(({ outcome }) => outcome === choice)
  const countOf = (outcome: CreditLimitRowOutcome) => rows.filter((row) => row.outcome === outcome).length
  const choices = [
    { id: 'ALL', label: `All ${formatCount(rows.length)}` },
    ...(['REFUSED', 'SET', 'AWAITING_APPROVAL', 'UNCHANGED'] as const).flatMap((id) =>
      id === 'AWAITING_APPROVAL' && countOf(id) === 0
        ? []
        : [{ id, label: `${looks[id].word} ${formatCount(countOf(id))}` }],
    ),
  ] satisfies readonly { id: Choice; label: string }[]
  return (
    <>
      <div className="flex px-4 pb-3 sm:px-5">
        <ChoiceBar
          legend="Which rows"
          choices={choices}
          chosen={choice}
          onChoose={(id) => {
            setChoice(id)
            setShown(rowsAtOnce)
          }}
        />
      </div>
      {chosen.length === 0 ? (
        <p className="border-t border-line px-4 py-8 text-center text-muted">There is none of them.</p>
      ) : (
        <table className="rows figures">
          <caption className="sr-only">Rows of the file, and what becomes of each</caption>
          <thead>
            <tr>
              <th scope="col">Line</th>
              <th scope="col">Customer</th>
              <th scope="col">Outcome</th>
              <th scope="col">Limit</th>
            </tr>
          </thead>
          <tbody>
            {chosen.slice(0, shown).map((row) => (
              <Line key={row.row} row={row} />
            ))}
            {chosen.length > shown && (
              <tr>
                <td colSpan={4}>
                  <Button onClick={() => setShown((count) => count + rowsAtOnce)}>Show more</Button>
                </td>
              </tr>
            )}
          </tbody>
        </table>
      )}
    </>
  )
}
