import { useState } from 'react'
import { type TimelineEdge, TimelineDays } from '../components/timeline.tsx'
import {
  type CustomerEventTheme,
  CustomerTimelineDocument,
  CustomerTimelineMoreDocument,
  type CustomerTimelineQuery,
} from '../documents.generated.ts'
import { eventThemeWords } from '../format/credit-words.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button } from '../ui/button.tsx'
import { SelectField } from '../ui/field.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { Answered } from './answered.tsx'
import { errorWords } from './error-words.ts'
import { Panel } from './page-body.tsx'

type Asked = { readonly id: string; readonly themes: readonly CustomerEventTheme[] | null }
type Timeline = NonNullable<CustomerTimelineQuery['customer']>['timeline']
type PartProps = { readonly asked: Asked; readonly timeZone: string }

const Next = ({ asked, timeZone, after }: PartProps & { readonly after: string }) => {
  const { data, error, refetch } = useKeptQuery(CustomerTimelineMoreDocument, { ...asked, after })
  if (!data)
    return (
      <div className="flex flex-wrap items-center gap-3 border-t border-line px-4 py-3 sm:px-5">
        {error ? (
          <>
            <span role="alert">{errorWords(error)}</span>
            <Button onClick={refetch}>Try again</Button>
          </>
        ) : (
          <output className="text-muted">Loading more…</output>
        )}
      </div>
    )
  const { edges = [], pageInfo } = data.customer?.timeline ?? {}
  return <Rows asked={asked} timeZone={timeZone} edges={edges} pageInfo={pageInfo ?? null} />
}

type RowsProps = PartProps & {
  readonly edges: readonly TimelineEdge[]
  readonly pageInfo: Timeline['pageInfo'] | null
}

const Rows = ({ asked, timeZone, edges, pageInfo }: RowsProps) => {
  const [isWanted, setIsWanted] = useState(false)
  const after = pageInfo?.hasNextPage === true ? pageInfo.endCursor : null
  return (
    <>
      <TimelineDays edges={edges} timeZone={timeZone} />
      {after !== null &&
        (isWanted ? (
          <Next asked={asked} timeZone={timeZone} after={after} />
        ) : (
          <div className="border-t border-line px-4 py-3 sm:px-5">
            <Button onClick={() => setIsWanted(true)}>Show more</Button>
          </div>
        ))}
    </>
  )
}

type CustomerTimelineProps = { readonly id: string; readonly timeZone: string; readonly pulse: number }

/** All that happened with a customer, the latest first; of one theme for whoever asks. */
export const CustomerTimeline = ({ id, timeZone, pulse }: CustomerTimelineProps) => {
  const [theme, setTheme] = useState<CustomerEventTheme | null>(null)
  const asked: Asked = { id, themes: theme === null ? null : [theme] }
  const answer = useAnswer(CustomerTimelineDocument, asked, { pulse })
  const timeline = answer.data?.customer?.timeline
  return (
    <Panel
      title="What happened"
      note={
        timeline
          ? timeline.totalCount === null
            ? `more than ${formatCount(timeline.totalCountAtLeast)}`
            : formatCount(timeline.totalCount)
          : null
      }
    >
      <div className="px-4 pb-3 sm:px-5">
        <SelectField
          label="About"
          value={theme ?? ''}
          onChange={({ target }) => setTheme((target.value || null) as CustomerEventTheme | null)}
          className="max-w-56"
        >
          <option value="">Everything</option>
          {Object.entries(eventThemeWords).map(([value, word]) => (
            <option key={value} value={value}>
              {word}
            </option>
          ))}
        </SelectField>
      </div>
      <Answered of={answer} title="What happened could not be loaded" skeleton={<RowsSkeleton />}>
        {({ customer }) =>
          customer === null || customer.timeline.edges.length === 0 ? (
            <p className="border-t border-line px-4 py-8 text-center text-muted">
              Nothing of it is on record.
            </p>
          ) : (
            <div>
              <Rows
                key={JSON.stringify(asked)}
                asked={asked}
                timeZone={timeZone}
                edges={customer.timeline.edges}
                pageInfo={customer.timeline.pageInfo}
              />
            </div>
          )
        }
      </Answered>
    </Panel>
  )
}
