/** What somebody noted down of the audit, to compare with it: ends of the chain, and receipts of single entries. */
export type Noted = {
  readonly heads: readonly { readonly sequence: string; readonly hash: string }[]
  readonly receipts: readonly { readonly id: string; readonly hash: string }[]
  /** Lines that are neither. */
  readonly unread: readonly string[]
}

/** One line, to be kept anywhere outside of this system. */
export const noteOf = ({ sequence, hash }: { readonly sequence: string; readonly hash: string }): string =>
  `${sequence} ${hash}`

const hashPattern = /\b[\da-f]{64}\b/i
const idPattern = /\baudit_[\da-f-]{36}\b/i
const sequencePattern = /^\D*?(\d{1,19})\b/

/** Line by line: a number and a hash is an end of the chain, an entry's id and a hash is a receipt. */
export const readNoted = (text: string): Noted => {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const read = lines.map((line) => {
    const hash = hashPattern.exec(line)?.[0].toLowerCase()
    const rest = hash === undefined ? line : line.replace(hashPattern, ' ')
    const id = idPattern.exec(rest)?.[0]
    const sequence = id === undefined ? sequencePattern.exec(rest)?.[1] : undefined
    return { line, hash, id, sequence }
  })
  return {
    heads: read.flatMap(({ hash, sequence }) => (hash && sequence ? [{ sequence, hash }] : [])),
    receipts: read.flatMap(({ hash, id }) => (hash && id ? [{ id, hash }] : [])),
    unread: read.flatMap(({ line, hash, id, sequence }) => (hash && (id ?? sequence) ? [] : [line])),
  }
}
