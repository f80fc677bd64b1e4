import { useRef, useState } from 'react'
import { type TypedDocumentNode, useClient } from 'urql'
import { type GoalDetail_GoalFragment, GoalDetailDocument } from '../documents.generated.ts'
import { type FormProblem, isProblem, makeProblem } from '../ui/form-problem.ts'
import { type Success, useSend } from './use-send.ts'

type Goal = GoalDetail_GoalFragment

/**
 * Sends changes of what has a version, from the moment at which it was seen. Where somebody else was faster nothing is
 * overwritten: the problem says what they changed, what was typed stays, and sending it once more means that it is to
 * hold all the same. `versionOf` finds the version in the goal that is asked for then.
 */
export const useVersioned = (goal: Goal, versionOf: (goal: Goal) => number | null) => {
  const client = useClient()
  const send = useSend()
  const [opened] = useState(() => versionOf(goal) ?? 0)
  const seen = useRef(opened)
  return async <
    Data extends Readonly<Record<string, object>>,
    Input extends { readonly expectedVersion: number },
  >(
    mutation: TypedDocumentNode<Data, { readonly input: Input }>,
    input: Omit<Input, 'expectedVersion'>,
  ): Promise<Success<Data> | FormProblem> => {
    const answer = await send(mutation, { ...input, expectedVersion: seen.current } as Input)
    if (!isProblem(answer) || !answer.isConflict) return answer
    const again = await client
      .query(GoalDetailDocument, { id: goal.id }, { requestPolicy: 'network-only' })
      .toPromise()
    const version = again.data?.goal ? versionOf(again.data.goal) : null
    if (version === null || version === seen.current) return answer
    seen.current = version
    return makeProblem(
      `${answer.message}. Your edit is kept below: send it again if it is to hold.`,
      null,
      true,
    )
  }
}
