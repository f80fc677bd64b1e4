import { ListChecks } from 'lucide-react'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { AgingPanel } from '../components/aging-panel.tsx'
import { type AgingChoice, edgesText, parseAgingChoice, usualEdges } from '../components/aging-choice.ts'
import { AgingChoiceBar } from '../components/aging-choice-bar.tsx'
import { AgingSegments } from '../components/aging-segments.tsx'
import { dimensionOf, withValues } from '../components/question.ts'
import { AsWasNote, SegmentActions, SegmentViewHelp } from '../components/segment-view.tsx'
import { Reconciliation, bookPeriods } from '../components/reconciliation.tsx'
import {
  AgingCheckDocument,
  AgingDocument,
  AgingReconciliationDocument,
  AgingSegmentsDocument,
} from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatMoney } from '../format/quantity.ts'
import type { Live } from '../live.ts'
import { useAnswer } from '../live/use-answer.ts'
import type { Pulse } from '../live/use-live-pulse.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { Notice } from '../ui/notice.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton, Skeleton } from '../ui/skeleton.tsx'
import { AgingCustomers } from './aging-customers.tsx'
import { Answered } from './answered.tsx'
import { errorWords } from './error-words.ts'
import { type Asked, FiguresHead, useAsked, useFiguresPulse } from './figures-page.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useViewing } from './use-viewer.ts'

type PartProps = {
  readonly asked: Asked
  readonly choice: AgingChoice
  readonly pulse: Pulse
}

const questionOf = ({ asked, choice }: Pick<PartProps, 'asked' | 'choice'>) => ({
  ...asked.cutOffs,
  filter: asked.filter,
  by: choice.by,
  edges: [...choice.edges],
})

/** Whether the ledger's own entries add up to the balance that is shown, once somebody asks. */
const Check = ({ asked }: { readonly asked: Asked }) => {
  const [isWanted, setIsWanted] = useState(false)
  const { data, error, isFetching, refetch } = useKeptQuery(
    AgingCheckDocument,
    { ...asked.cutOffs, filter: asked.filter, segments: asked.segments },
    { pause: !isWanted, requestPolicy: 'network-only' },
  )
  const unexplained = data?.aging.unexplained
  const isZero = unexplained !== undefined && Number(unexplained.amount) === 0
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <Button onClick={() => (isWanted ? refetch() : setIsWanted(true))} disabled={isWanted && isFetching}>
        <ListChecks aria-hidden="true" className="size-4" />
        Check against the ledger
      </Button>
      <div aria-live="polite" className="min-w-0 flex-1 basis-64">
        {error && <Notice tone="act">{errorWords(error)}</Notice>}
        {!error && data && unexplained && (
          <Notice tone={isZero ? 'well' : 'act'}>
            {isZero
              ? `The entries of the ledger add up to ${formatMoney(data.aging.ledgerBalance, 'exact')} at the end of ${formatDay(data.aging.asOf, 'medium')}: nothing is unexplained.`
              : `The entries of the ledger and these figures differ by ${formatMoney(unexplained, 'exact')}. That is a fault of Tidemark; run “tidemark kpi check”.`}
          </Notice>
        )}
      </div>
    </div>
  )
}

const Segments = ({ asked, choice, pulse }: PartProps) => {
  const [path] = useLocation()
  const dimension = dimensionOf(asked.search.get('group'))
  const answer = useAnswer(
    AgingSegmentsDocument,
    { ...questionOf({ asked, choice }), segments: asked.segments, dimension: dimension.dimension },
    { pulse: pulse.figures },
  )
  return (
    <Panel
      title="By segment"
      actions={
        <SegmentActions
          view={asked.segments}
          onChange={(segments) => asked.change({ segments })}
          dimension={dimension}
          onDimension={(group) => asked.change({ group })}
        />
      }
    >
      <SegmentViewHelp view={asked.segments} />
      <Answered
        of={answer}
        title="The segments could not be loaded"
        skeleton={<Skeleton className="m-5 h-40" />}
      >
        {({ agingBySegment }) => (
          <AgingSegments
            key={dimension.dimension}
            segments={agingBySegment}
            dimension={dimension}
            hrefOf={(value) => `${path}?${withValues(asked.search, { [dimension.field]: value }).toString()}`}
          />
        )}
      </Answered>
    </Panel>
  )
}

const Books = ({ asked, pulse }: Pick<PartProps, 'asked' | 'pulse'>) => {
  const period = bookPeriods.find(({ id }) => id === asked.search.get('books')) ?? bookPeriods[0]
  const answer = useAnswer(
    AgingReconciliationDocument,
    { ...asked.cutOffs, filter: asked.filter, from: period.from(asked.day) },
    { pulse: pulse.details },
  )
  return (
    <Panel
      title="From balance to balance"
      actions={
        <ChoiceBar
          legend="Period of the books"
          choices={bookPeriods}
          chosen={period.id}
          onChoose={(id) => asked.change({ books: id })}
        />
      }
    >
      <AsWasNote view={asked.segments} />
      <Answered
        of={answer}
        title="The books could not be loaded"
        skeleton={<Skeleton className="m-5 h-64" />}
      >
        {({ reconciliation }) => <Reconciliation reconciliation={reconciliation} />}
      </Answered>
    </Panel>
  )
}

const Ages = ({ live, timeZone }: { readonly live: Live; readonly timeZone: string }) => {
  const asked = useAsked(timeZone)
  const choice = parseAgingChoice(asked.search)
  const [cursor, setCursor] = useState<string | null>(null)
  const pulse = useFiguresPulse(live, asked, cursor)
  const answer = useAnswer(
    AgingDocument,
    { ...questionOf({ asked, choice }), segments: asked.segments },
    { pulse: pulse.figures },
  )
  const found = answer.data?.cursor.progressCursor
  if (cursor === null && found !== undefined) setCursor(found)
  const part = { asked, choice, pulse }
  return (
    <>
      <ProgressLine isActive={answer.isFetching} />
      <FiguresHead
        live={live}
        asked={asked}
        title="Aging"
        note="What customers owe, by how old it is; it adds up to the ledger."
      />
      <AgingChoiceBar
        choice={choice}
        onChange={({ by, edges }) =>
          asked.change({
            count: by === 'DUE_DATE' ? null : 'invoice-date',
            edges: edgesText(edges) === edgesText(usualEdges) ? null : edges.join('-'),
          })
        }
      />
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-2">
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
          <Answered
            of={answer}
            title="The aging could not be loaded"
            skeleton={<Skeleton className="h-96 w-full rounded-lg" />}
          >
            {({ aging }) => (
              <>
                <AgingPanel aging={aging} />
                <Check key={JSON.stringify([asked.cutOffs, asked.filter, asked.segments])} asked={asked} />
              </>
            )}
          </Answered>
        </div>
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
          <Segments {...part} />
          <Books {...part} />
        </div>
      </div>
      <AgingCustomers asked={asked} question={questionOf(part)} pulse={pulse.details} />
    </>
  )
}

/** What is owed by age, as of any day and with any edges: as a whole, by segment and by customer. */
export const AgingPage = ({ live }: { readonly live: Live }) => {
  const { organization } = useViewing()
  return (
    <PageBody isWide>
      {organization ? <Ages live={live} timeZone={organization.timeZone} /> : <RowsSkeleton />}
    </PageBody>
  )
}
