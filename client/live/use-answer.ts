import { useEffect, useEffectEvent, useRef, useState } from 'react'
import type { AnyVariables, TypedDocumentNode } from 'urql'
import { type Kept, useKeptQuery } from './use-kept-query.ts'

export type Answer<Data> = Kept<Data> & {
  /** True while what is shown answers another question than the one that is asked now. */
  readonly isOther: boolean
}

/**
 * A query that is asked again whenever `pulse` grows. What was shown stays while it is asked again, and where that fails.
 * Where another question fails, no answer to the one before stands in for it.
 */
export const useAnswer = <Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  { pulse = 0, pause = false }: { readonly pulse?: number; readonly pause?: boolean } = {},
): Answer<Data> => {
  const kept = useKeptQuery(query, variables, { pause, requestPolicy: 'cache-and-network' })
  const { data, error, isFetching } = kept

  const question = JSON.stringify(variables)
  const [answered, setAnswered] = useState<{ readonly data: Data | null; readonly question: string }>({
    data: null,
    question,
  })
  if (data !== answered.data) setAnswered({ data, question })
  const isOther = data !== null && data === answered.data && answered.question !== question

  const renew = useEffectEvent(kept.refetch)
  const heard = useRef(pulse)
  useEffect(() => {
    // Never twice at a time: what comes meanwhile is one more question after the answer.
    if (heard.current === pulse || isFetching) return
    heard.current = pulse
    if (!pause) renew()
  }, [pulse, pause, isFetching])
  return isOther && error ? { ...kept, data: null, isOther: false } : { ...kept, isOther }
}
