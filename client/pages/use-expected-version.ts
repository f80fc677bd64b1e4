import { useRef } from 'react'
import type { TypedDocumentNode } from 'urql'
import { type FormProblem, isProblem, makeProblem } from '../ui/form-problem.ts'
import { type Success, useSend } from './use-send.ts'

/**
 * Sends changes of what has a version, from the version that was seen when its form was opened. Where somebody else was
 * faster nothing is overwritten: the problem says what they changed, what was typed stays, and sending it once more
 * means that it is to hold all the same. `findVersion` asks for the version that it has by now; null where it is gone.
 */
export const useExpectedVersion = (opened: number, findVersion: () => Promise<number | null>) => {
  const send = useSend()
  const seen = useRef(opened)
  return async <
    Data extends Readonly<Record<string, object>>,
    Input extends { readonly expectedVersion?: number | null | undefined },
  >(
    mutation: TypedDocumentNode<Data, { readonly input: Input }>,
    input: Omit<Input, 'expectedVersion'>,
  ): Promise<Success<Data> | FormProblem> => {
    const answer = await send(mutation, { ...input, expectedVersion: seen.current } as Input)
    if (!isProblem(answer) || !answer.isConflict) return answer
    const version = await findVersion()
    if (version === null || version === seen.current) return answer
    seen.current = version
    return makeProblem(
      `${answer.message}. Your edit is kept below: send it again if it is to hold.`,
      null,
      true,
    )
  }
}
