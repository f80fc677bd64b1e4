import { useMemo } from 'react'
import { GoalsDocument, type GoalsQuery, type GoalState } from '../documents.generated.ts'
import { type Kept, useKeptQuery } from '../live/use-kept-query.ts'

const firstPage = 200
/** As many as the API gives at once. */
const most = 1000

/** All goals of one state: most organizations have fewer than a first page of them. */
const useGoalsOf = (state: GoalState, isWanted: boolean): Kept<GoalsQuery> => {
  const page = useKeptQuery(
    GoalsDocument,
    { state, first: firstPage },
    { pause: !isWanted, requestPolicy: 'cache-and-network' },
  )
  const hasMore = page.data?.goals.pageInfo.hasNextPage === true
  const all = useKeptQuery(
    GoalsDocument,
    { state, first: most },
    { pause: !isWanted || !hasMore, requestPolicy: 'cache-and-network' },
  )
  return hasMore && (all.data !== null || all.error !== null) ? all : page
}

export type GoalList = {
  readonly goals: readonly GoalsQuery['goals']['nodes'][number][]
  /** Whether every state that is wanted has answered. */
  readonly isComplete: boolean
  /** Whether there are more than can be shown. */
  readonly isCut: boolean
  readonly isFetching: boolean
  readonly error: Kept<GoalsQuery>['error']
  /** Where the first answer stood among the events. */
  readonly cursor: string | null
  readonly refetch: () => void
}

/** The goals of some states, each state a question of its own; drafts and what is paused change seldom. */
export const useGoalList = (states: readonly GoalState[]): GoalList => {
  const wants = (state: GoalState) => states.includes(state)
  const active = useGoalsOf('ACTIVE', true)
  const draft = useGoalsOf('DRAFT', wants('DRAFT'))
  const paused = useGoalsOf('PAUSED', wants('PAUSED'))
  const closed = useGoalsOf('CLOSED', wants('CLOSED'))
  const asked = [
    active,
    ...[draft, paused, closed].filter((_, index) =>
      wants((['DRAFT', 'PAUSED', 'CLOSED'] as const)[index] ?? 'DRAFT'),
    ),
  ]
  const answers = [active.data, draft.data, paused.data, closed.data]
  const goals = useMemo(
    () => answers.flatMap((data) => data?.goals.nodes ?? []),
    // oxlint-disable-next-line react/exhaustive-deps -- the answers themselves, not the list of them
    answers,
  )
  return {
    goals,
    isComplete: asked.every(({ data }) => data !== null),
    isCut: asked.some(({ data }) => data?.goals.pageInfo.hasNextPage === true),
    isFetching: asked.some(({ isFetching }) => isFetching),
    error: asked.find(({ error }) => error)?.error ?? null,
    cursor: active.data?.goals.progressCursor ?? null,
    refetch: () => {
      for (const { refetch } of asked) refetch()
    },
  }
}
