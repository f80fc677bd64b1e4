import { useState } from 'react'
import { type AnyVariables, type CombinedError, type TypedDocumentNode, useQuery } from 'urql'

export type Kept<Data> = {
  /** The last answer that was whole; null before the first. */
  readonly data: Data | null
  /** Why the last attempt failed; null where it did not. */
  readonly error: CombinedError | null
  readonly isFetching: boolean
  /** Asks the server again, whatever is known. */
  readonly refetch: () => void
}

/** A query that keeps what it has shown while it asks again, and where asking again fails. */
export const useKeptQuery = <Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  pause = false,
): Kept<Data> => {
  const [result, execute] = useQuery<Data>({ query, variables, pause })
  const [kept, keep] = useState<Data | null>(null)
  const fresh = result.data && !result.error ? result.data : kept
  if (fresh !== kept) keep(fresh)
  return {
    data: fresh,
    error: result.error ?? null,
    isFetching: result.fetching || result.stale,
    refetch: () => execute({ requestPolicy: 'network-only' }),
  }
}
