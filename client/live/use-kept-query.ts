import { useEffect, useEffectEvent, useRef, useState } from 'react'
import {
  type AnyVariables,
  type CombinedError,
  type RequestPolicy,
  type TypedDocumentNode,
  useQuery,
} from 'urql'

export type Kept<Data> = {
  /** The last answer that was whole; null before the first. */
  readonly data: Data | null
  /** Why the last attempt failed; null where it did not. */
  readonly error: CombinedError | null
  readonly isFetching: boolean
  /** Asks the server again, whatever is known. */
  readonly refetch: () => void
}

type Options = {
  readonly pause?: boolean
  /** `cache-and-network` where the page may have been left and come back to. */
  readonly requestPolicy?: RequestPolicy
}

const askAgainAfterMs = 3000

const tookTooLong = (error: CombinedError | undefined): boolean =>
  error?.graphQLErrors.some(({ extensions }) => extensions['code'] === 'TIMEOUT') === true

/** A query that keeps what it has shown while it asks again, and where asking again fails. */
export const useKeptQuery = <Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  { pause = false, requestPolicy = 'cache-first' }: Options = {},
): Kept<Data> => {
  const [result, execute] = useQuery<Data>({ query, variables, pause, requestPolicy })
  const [kept, keep] = useState<Data | null>(null)
  const fresh = result.data && !result.error ? result.data : kept
  if (fresh !== kept) keep(fresh)

  // A server that has just started is busy with its books. Once, so that nobody makes it busier still.
  const hasAskedAgain = useRef(false)
  const isTooLong = tookTooLong(result.error)
  const askAgain = useEffectEvent(() => execute({ requestPolicy: 'network-only' }))
  useEffect(() => {
    if (!isTooLong || hasAskedAgain.current) return
    const timer = setTimeout(() => {
      hasAskedAgain.current = true
      askAgain()
    }, askAgainAfterMs)
    return () => clearTimeout(timer)
  }, [isTooLong])
  return {
    data: fresh,
    error: result.error ?? null,
    isFetching: result.fetching || result.stale,
    refetch: () => execute({ requestPolicy: 'network-only' }),
  }
}
