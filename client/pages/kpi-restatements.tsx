import { RefreshCw } from 'lucide-react'
import { useState } from 'react'
import type { Explained } from '../components/kpi-explanation.tsx'
import {
  afterChoices,
  afterOf,
  KpiRestatements,
  restatedFrom,
  RestatingEntries,
} from '../components/kpi-restatements.tsx'
import { AsWasNote } from '../components/segment-view.tsx'
import { seriesOf } from '../components/kpi-series.tsx'
import {
  KpiRestatementsDocument,
  type KpiRestatements_RestatementFragment,
  type KpiRestatementsQueryVariables,
  type KpiFacts_DefinitionFragment,
  KpiRestatingEntriesDocument,
} from '../documents.generated.ts'
import { useAnswer } from '../live/use-answer.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { controlClass } from '../ui/field.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { useSeen } from '../ui/use-seen.ts'
import { Answered } from './answered.tsx'
import type { Asked } from './figures-page.tsx'
import { Panel } from './page-body.tsx'

const entriesFirst = 20
const entriesMore = 200

type EntriesProps = {
  readonly asked: Asked
  readonly question: Pick<KpiRestatementsQueryVariables, 'metric' | 'filter' | 'afterDays'>
  readonly restated: KpiRestatements_RestatementFragment
}

const Entries = ({ asked, question: { metric, filter, afterDays }, restated }: EntriesProps) => {
  const [first, setFirst] = useState(entriesFirst)
  const { date, now } = restated
  const answer = useAnswer(KpiRestatingEntriesDocument, {
    metric,
    ...(filter === undefined ? {} : { filter }),
    afterDays,
    day: date,
    knownAt: now.knownAt,
    first,
  })
  return (
    <Answered
      of={answer}
      title="The entries could not be loaded"
      skeleton={<Skeleton className="m-4 h-16" />}
    >
      {({ restatements }) => {
        const entries = restatements[0]?.entries ?? []
        return (
          <div>
            <RestatingEntries entries={entries} restated={restated} timeZone={asked.timeZone} />
            {entries.length === first && first < entriesMore && (
              <div className="border-t border-line px-4 py-2.5">
                <Button onClick={() => setFirst(entriesMore)}>Show more entries</Button>
              </div>
            )}
          </div>
        )
      }}
    </Answered>
  )
}

type RestatementsProps = {
  readonly asked: Asked
  readonly definition: KpiFacts_DefinitionFragment
  /** The question of the page, with its filter and its conventions. */
  readonly question: Pick<KpiRestatementsQueryVariables, 'metric' | 'knownAt' | 'filter' | 'conventions'>
  readonly isWaiting: boolean
}

/**
 * What figures were when they were first known, what they are now, and what moved them. Like the explanation it takes
 * longer than a figure, so it is asked once somebody comes near it and follows no events.
 */
export const KpiRestatementsPanel = ({ asked, definition, question, isWaiting }: RestatementsProps) => {
  const { ref, isSeen } = useSeen<HTMLDivElement>()
  const choice = seriesOf(asked.search.get('series'))
  const after = afterOf(asked.search.get('after'))
  const variables = {
    ...question,
    from: restatedFrom(choice, asked.day),
    to: asked.day,
    granularity: choice.id,
    afterDays: after.days,
  }
  const answer = useAnswer(KpiRestatementsDocument, variables, { pause: isWaiting || !isSeen })
  return (
    <div ref={ref}>
      <Panel
        title="First known, and now"
        actions={
          <div className="flex flex-wrap items-center gap-2">
            <label className="flex items-center gap-2 text-muted">
              First known
              <select
                value={after.id}
                onChange={({ target }) => asked.change({ after: target.value })}
                className={`${controlClass} select h-9 w-auto!`}
              >
                {afterChoices.map(({ id, label }) => (
                  <option key={id} value={id}>
                    {label}
                  </option>
                ))}
              </select>
            </label>
            <IconButton label="Compare with what is known now" onClick={answer.refetch}>
              <RefreshCw aria-hidden="true" className="size-4" />
            </IconButton>
          </div>
        }
      >
        <ProgressLine isActive={answer.isFetching} />
        <AsWasNote view={asked.segments} />
        <Answered
          of={answer}
          title="What was known then could not be loaded"
          skeleton={<Skeleton className="m-5 h-56" />}
        >
          {({ restatements }) => {
            const [row] = restatements
            if (!row) return null
            const { unit, currency } = row.now
            const explained: Explained = { unit, currency, better: definition.better }
            return (
              <div>
                <p className="max-w-3xl px-4 pb-2.5 text-xs text-pretty text-muted sm:px-5">
                  What is recorded late changes the figures of days that are over. Each is taken at the end of
                  its day, out of what was known {after.label}, and out of what is known now.
                </p>
                <KpiRestatements
                  key={JSON.stringify(variables)}
                  restatements={restatements}
                  explained={explained}
                >
                  {(restated) => (
                    <Entries
                      asked={asked}
                      question={{ ...question, afterDays: after.days }}
                      restated={restated}
                    />
                  )}
                </KpiRestatements>
              </div>
            )
          }}
        </Answered>
      </Panel>
    </div>
  )
}
