/** Texts that people and programs send, as the books keep them. */
import { invalid, type Path, type Problem } from './problem.ts'

export const NAME_LENGTH_MAX = 200
export const SENTENCE_LENGTH_MAX = 2_000

/**
 * Without outer spaces and with single ones inside, so that one number written twice is one number; null where
 * nothing is left. A problem where it is too long or has control characters.
 */
export function readText(
  text: string | null | undefined,
  path: Path,
  lengthMax: number,
): { text: string | null } | Problem {
  const tidy = (text ?? '').trim().replaceAll(/\s+/g, ' ')
  if (/\p{Cc}/u.test(tidy)) return invalid(path, 'It has characters that cannot be seen')
  if (tidy.length > lengthMax)
    return invalid(path, `It has ${tidy.length} characters; at most ${lengthMax} are kept`)
  return { text: tidy === '' ? null : tidy }
}

/** The same for a text that must be there. */
export function readRequiredText(text: string, path: Path, lengthMax: number): { text: string } | Problem {
  const read = readText(text, path, lengthMax)
  if ('code' in read) return read
  return read.text === null ? invalid(path, 'It must not be empty') : { text: read.text }
}
