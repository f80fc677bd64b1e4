import type { PolicyRules_PolicyFragment } from '../documents.generated.ts'
import { type Day, formatDay } from '../format/day.ts'
import { formatMoment } from '../format/moment.ts'
import { Badge } from '../ui/badge.tsx'
import { policyDifferences } from './policy-words.ts'

type Policy = PolicyRules_PolicyFragment

/** What one version changed of another. */
export const PolicyChanges = ({ before, after }: { readonly before: Policy; readonly after: Policy }) => {
  const differences = policyDifferences(before, after)
  if (differences.length === 0) return <p className="text-muted">No rule is another.</p>
  return (
    <ul className="grid gap-0.5">
      {differences.map(({ label, before: was, after: is }) => (
        <li key={label} className="text-pretty wrap-anywhere">
          <span className="font-medium">{label}:</span> <span className="text-muted">{was}</span>{' '}
          <span aria-hidden="true">→</span>
          <span className="sr-only">became</span> {is}
        </li>
      ))}
    </ul>
  )
}

type PolicyVersionProps = {
  readonly policy: Policy
  /** The version before, or the defaults. */
  readonly before: Policy
  readonly isInForce: boolean
  readonly today: Day
  readonly timeZone: string
}

/** A version: since when, by whom, why, and what it changed. */
export const PolicyVersion = ({ policy, before, isInForce, today, timeZone }: PolicyVersionProps) => {
  const { version, effectiveOn, setAt, setBy, reason } = policy
  const isToCome = effectiveOn !== null && effectiveOn > today
  return (
    <li className="grid gap-1 border-t border-line px-4 py-3 sm:px-5">
      <p className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
        <span className="font-medium">Version {version}</span>
        {isInForce && <Badge tone="well">In force</Badge>}
        {isToCome && <Badge tone="watch">To come</Badge>}
        {effectiveOn !== null && (
          <span className="text-muted">
            {isToCome ? 'from' : 'since'} {formatDay(effectiveOn, 'medium')}
          </span>
        )}
      </p>
      <PolicyChanges before={before} after={policy} />
      {reason !== null && <p className="text-pretty text-muted">“{reason}”</p>}
      {setAt !== null && (
        <p className="figures text-xs text-muted">
          {setBy ?? 'Somebody'}, <time dateTime={setAt}>{formatMoment(setAt, timeZone)}</time>
        </p>
      )}
    </li>
  )
}
