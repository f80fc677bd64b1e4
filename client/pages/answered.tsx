import type { ReactNode } from 'react'
import type { Answer } from '../live/use-answer.ts'
import { ErrorCard } from '../ui/error-card.tsx'
import { Notice } from '../ui/notice.tsx'
import { errorWords } from './error-words.ts'

type AnsweredProps<Data> = {
  readonly of: Answer<Data>
  /** What could not be loaded. */
  readonly title: string
  readonly skeleton: ReactNode
  readonly children: (data: Data) => ReactNode
}

/**
 * What an answer to another question looks like until the right one is there: framed, and not at once, since most are
 * quicker. It is not dimmed: it can be read as well as ever.
 */
export const answerClass = (isOther: boolean): string =>
  `rounded-md outline-2 -outline-offset-2 outline-dashed transition-[outline-color] ${isOther ? 'outline-line-strong delay-300' : 'outline-transparent'}`

/** An answer, or the place of it, or why there is none; an old answer stays below why there is no newer one. */
export const Answered = <Data,>({
  of: { data, error, isOther, refetch },
  title,
  skeleton,
  children,
}: AnsweredProps<Data>) => (
  <>
    {error &&
      (data ? (
        <Notice tone="watch" role="alert" className="mx-4 mb-3 sm:mx-5">
          {errorWords(error)}
        </Notice>
      ) : (
        <ErrorCard title={title} message={errorWords(error)} onRetry={refetch} />
      ))}
    {data ? (
      <div aria-busy={isOther} className={`grid grid-cols-[minmax(0,1fr)] gap-4 ${answerClass(isOther)}`}>
        {children(data)}
      </div>
    ) : (
      !error && skeleton
    )}
  </>
)
