export const EMAIL_LENGTH_MAX = 254

/** What better-auth takes for an e-mail: letters of ASCII alone, so that no two that differ look alike. */
const EMAIL = /^(?!\.)(?!.*\.\.)[\w'+.-]*[\w+-]@([a-z\d][a-z\d-]*\.)+[a-z]{2,}$/i

/** In lower case, as it is kept; null where it is none. `.invalid` can be nobody's: the demo's own user has it. */
export const readEmail = (text: string): string | null => {
  const email = text.trim().toLowerCase()
  const possible = email.length <= EMAIL_LENGTH_MAX && EMAIL.test(email) && !email.endsWith('.invalid')
  return possible ? email : null
}
