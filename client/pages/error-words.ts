import type { CombinedError } from 'urql'

/** What failed, in a sentence. The server's own names an unexpected error as its log does. */
export const errorWords = (error: CombinedError | null): string => {
  const [first] = error?.graphQLErrors ?? []
  if (first) return first.message
  const status = (error?.response as Response | undefined)?.status
  return status === undefined || status < 400
    ? 'The server cannot be reached. What you see may be old.'
    : `The server answered ${status}. Try again.`
}
