/** Files that people name at the command line. */
import { readFile } from 'node:fs/promises'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'

/** Throws what can be told where it cannot be read, or is not UTF-8. */
export const readTextFile = async (file: string): Promise<string> => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file))
  } catch (cause) {
    const isCoded = cause instanceof TypeError
    throw new OperatorError(
      isCoded ? `${file} is not UTF-8 text: export it as such.` : `${file} cannot be read.`,
      { cause },
    )
  }
}
