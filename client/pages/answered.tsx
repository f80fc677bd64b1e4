import type { ReactNode } from 'react'
import type { Kept } from '../live/use-kept-query.ts'
import { ErrorCard } from '../ui/error-card.tsx'
import { Notice } from '../ui/notice.tsx'
import { errorWords } from './error-words.ts'

/** An answer, or the place of it, or why there is none; an old answer stays below why there is no newer one. */
export const Answered = <Data,>({
  of: { data, error, refetch },
  title,
  skeleton,
  children,
}: {
  readonly of: Kept<Data>
  /** What could not be loaded. */
  readonly title: string
  readonly skeleton: ReactNode
  readonly children: (data: Data) => ReactNode
}) => (
  <>
    {error &&
      (data ? (
        <Notice tone="watch" role="alert" className="mx-4 mb-3 sm:mx-5">
          {errorWords(error)}
        </Notice>
      ) : (
        <ErrorCard title={title} message={errorWords(error)} onRetry={refetch} />
      ))}
    {data ? children(data) : !error && skeleton}
  </>
)
