/** One line for the person at the terminal, for every error that ends the process. */
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'

const MESSAGES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full. Free some space, or set DATA_DIR to a folder on another disk.',
  // PostgreSQL's own codes.
  '53100': 'The disk of the database is full. Free some space, or set DATA_DIR to a folder on another disk.',
  '25006': 'The database is read-only. Set DATABASE_URL to one that can be written.',
  '42501': 'The database user lacks a right that Tidemark needs. Make it the owner of the database.',
  EROFS: 'The disk is read-only. Set DATA_DIR to a folder that can be written.',
  EMFILE: 'Too many files are open. Raise the limit (ulimit -n).',
}

/** What is wrong and what to do; never a stack, and never a secret. */
export const messageForOperator = (error: unknown): string => {
  if (error instanceof OperatorError) return oneLine(error.message)
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof OperatorError) return oneLine(cause.message)
    const known = 'code' in cause ? MESSAGES[String(cause.code)] : undefined
    if (known !== undefined) return known
  }
  const text = error instanceof Error ? error.message : String(error)
  return `Unexpected error: ${oneLine(text)}. Set LOG_LEVEL=debug to see where.`
}

const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ').trim()
