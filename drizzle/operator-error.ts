/**
 * An error whose one-line message is written for the person at the terminal: it says what is wrong and what to do.
 * `main` prints the message alone, without a stack, and exits non-zero. It never carries a secret.
 */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
}
