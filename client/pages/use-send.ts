import { useRef } from 'react'
import { type TypedDocumentNode, useClient } from 'urql'
import { type FormProblem, makeProblem } from '../ui/form-problem.ts'
import { errorWords } from './error-words.ts'

type Told = {
  readonly __typename: string
  readonly message: string
  readonly path: readonly string[]
  /** Of what is refused field by field. */
  readonly faults?: readonly { readonly path: readonly string[]; readonly message: string }[]
}
type Payload<Data> = Data[keyof Data]

/** What a mutation answers where it succeeded, or where what it asks for waits for approval: its union without the problems. */
export type Success<Data> = Extract<
  Payload<Data>,
  { readonly __typename: `${string}Success` | 'ApprovalRequested' }
>

// Only what names itself a success is one: nothing that the page does not understand passes for it.
const isSuccess = <Data>(payload: Payload<Data>): payload is Success<Data> => {
  const { __typename = '' } = payload as { readonly __typename?: string }
  return __typename.endsWith('Success') || __typename === 'ApprovalRequested'
}

const problemIn = (payload: object): FormProblem => {
  const { __typename, message, path, faults = [] } = payload as Partial<Told>
  return makeProblem(
    message ?? 'The server gave an answer that this page does not know.',
    path?.join('.') || null,
    __typename === 'Conflict',
    faults.map((fault) => ({ field: fault.path.join('.'), message: fault.message })),
  )
}

/**
 * Sends a mutation of one field. Resolves with the success or with the problem, whose path names the field of the
 * input; what went wrong otherwise, a missing right included, is a problem of the whole in the server's words.
 */
export const useSend = () => {
  const client = useClient()
  const sent = useRef({ input: '', key: '' })
  // The same input sent again is the same wish: after a lost answer it must not be carried out twice.
  const keyFor = (input: object): string => {
    const text = JSON.stringify(input)
    if (sent.current.input !== text) sent.current = { input: text, key: crypto.randomUUID() }
    return sent.current.key
  }
  return async <Data extends Readonly<Record<string, object>>, Input extends object>(
    mutation: TypedDocumentNode<Data, { readonly input: Input }>,
    input: Input,
  ): Promise<Success<Data> | FormProblem> => {
    const variables = { input: { ...input, idempotencyKey: keyFor({ mutation, input }) } }
    const { data, error } = await client.mutation<Data>(mutation, variables).toPromise()
    const payload = data && (Object.values(data)[0] as Payload<Data> | undefined)
    if (error || !payload) return makeProblem(errorWords(error ?? null))
    if (!isSuccess<Data>(payload)) return problemIn(payload)
    // Done: the next time it is a wish of its own.
    sent.current = { input: '', key: '' }
    return payload
  }
}
