import { useState } from 'react'
import { GoalGrid } from '../components/goal-grid.tsx'
import { DashboardMoreGoalsDocument, type DashboardQuery } from '../documents.generated.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button } from '../ui/button.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { errorWords } from './error-words.ts'

type MoreGoalsProps = {
  readonly pageInfo: DashboardQuery['goals']['pageInfo']
  readonly timeZone: string
  readonly hrefOf: (id: string) => string
}

type NextGoalsProps = Omit<MoreGoalsProps, 'pageInfo'> & { readonly after: string }

const NextGoals = ({ after, timeZone, hrefOf }: NextGoalsProps) => {
  const { data, error, refetch } = useKeptQuery(DashboardMoreGoalsDocument, { after })
  if (error && !data)
    return <ErrorCard title="More goals could not be loaded" message={errorWords(error)} onRetry={refetch} />
  if (!data) return null
  return (
    <>
      <GoalGrid goals={data.goals.nodes} timeZone={timeZone} hrefOf={hrefOf} />
      <MoreGoals pageInfo={data.goals.pageInfo} timeZone={timeZone} hrefOf={hrefOf} />
    </>
  )
}

/** The next page of goals, once somebody asks for it. */
export const MoreGoals = ({ pageInfo, timeZone, hrefOf }: MoreGoalsProps) => {
  const [isWanted, setIsWanted] = useState(false)
  const { hasNextPage, endCursor } = pageInfo
  if (!hasNextPage || endCursor === null) return null
  if (isWanted) return <NextGoals after={endCursor} timeZone={timeZone} hrefOf={hrefOf} />
  return <Button onClick={() => setIsWanted(true)}>Show more goals</Button>
}
