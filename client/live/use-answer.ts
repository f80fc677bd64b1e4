import { useEffect, useEffectEvent, useRef } from 'react'
import type { AnyVariables, TypedDocumentNode } from 'urql'
import { type Kept, useKeptQuery } from './use-kept-query.ts'

/**
 * A query that is asked again whenever `pulse` grows. What was shown stays while it is asked again and where the server
 * cannot be reached; where the server refuses the question itself, nothing is shown for an answer to it.
 */
export const useAnswer = <Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  { pulse = 0, pause = false }: { readonly pulse?: number; readonly pause?: boolean } = {},
): Kept<Data> => {
  const kept = useKeptQuery(query, variables, { pause, requestPolicy: 'cache-and-network' })
  const renew = useEffectEvent(kept.refetch)
  const heard = useRef(pulse)
  useEffect(() => {
    if (heard.current === pulse) return
    heard.current = pulse
    if (!pause) renew()
  }, [pulse, pause])
  const isRefused = (kept.error?.graphQLErrors.length ?? 0) > 0
  return isRefused ? { ...kept, data: null } : kept
}
