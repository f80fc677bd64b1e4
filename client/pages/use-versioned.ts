import { useState } from 'react'
import { useClient } from 'urql'
import { type GoalDetail_GoalFragment, GoalDetailDocument } from '../documents.generated.ts'
import { useExpectedVersion } from './use-expected-version.ts'

type Goal = GoalDetail_GoalFragment

/** Sends changes of a goal or of what belongs to it; `versionOf` finds the version in the goal. */
export const useVersioned = (goal: Goal, versionOf: (goal: Goal) => number | null) => {
  const client = useClient()
  const [opened] = useState(() => versionOf(goal) ?? 0)
  return useExpectedVersion(opened, async () => {
    const again = await client
      .query(GoalDetailDocument, { id: goal.id }, { requestPolicy: 'network-only' })
      .toPromise()
    return again.data?.goal ? versionOf(again.data.goal) : null
  })
}
