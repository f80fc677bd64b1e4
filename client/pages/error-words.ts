import type { CombinedError } from 'urql'

/** What failed, in a sentence. The server's own names an unexpected error as its log does. */
export const errorWords = (error: CombinedError | null): string => {
  const [first] = error?.graphQLErrors ?? []
  if (!first) return 'The server cannot be reached. What you see may be old.'
  return first.message
}
