import type { GoalDetail_GoalFragment } from '../documents.generated.ts'
import { formatSecond, formatSince } from '../format/moment.ts'
import { goalFieldWords } from './goal-words.ts'

type GoalChangesProps = {
  readonly changes: GoalDetail_GoalFragment['changes']
  readonly now: number
  readonly timeZone: string
}

const Side = ({ text }: { readonly text: string | null }) =>
  text === null ? <span className="text-faint">nothing</span> : <span className="wrap-anywhere">{text}</span>

/** Every change of a goal: what, by whom, when and why, the newest first. */
export const GoalChanges = ({ changes, now, timeZone }: GoalChangesProps) =>
  changes.length === 0 ? (
    <p className="border-t border-line px-4 py-6 text-center text-muted sm:px-5">
      Nothing was changed since it was made.
    </p>
  ) : (
    <ol>
      {changes.map(({ version, by, at, reason, fields }) => (
        <li key={version} className="border-t border-line px-4 py-3 sm:px-5">
          <ul className="grid gap-0.5">
            {fields.map(({ field, from, to }) => (
              <li key={field} className="text-pretty">
                <span className="font-medium">{goalFieldWords[field]}:</span> <Side text={from} />{' '}
                <span aria-hidden="true">→</span>
                <span className="sr-only">became</span> <Side text={to} />
              </li>
            ))}
          </ul>
          {reason !== null && <p className="mt-0.5 text-pretty text-muted">“{reason}”</p>}
          <p className="figures mt-1 text-xs text-muted">
            {by},{' '}
            <time dateTime={at} title={formatSecond(at, timeZone)}>
              {formatSince(at, now)}
            </time>
            <span className="text-faint"> · version {version}</span>
          </p>
        </li>
      ))}
    </ol>
  )
