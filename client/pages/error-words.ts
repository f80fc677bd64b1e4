import type { CombinedError } from 'urql'

/** What failed, in a sentence, with the server's name for the request where it gave one. */
export const errorWords = (error: CombinedError | null): string => {
  const [first] = error?.graphQLErrors ?? []
  if (!first) return 'The server cannot be reached. What you see may be old.'
  const requestId = first.extensions['requestId']
  return typeof requestId === 'string' ? `${first.message} (request ${requestId})` : first.message
}
