/** Where a subscriber stands in an organization's sequence of progress; opaque to callers. */

const VERSION = 1
const SHAPE = /^[\w-]{1,200}$/

/** `foreign`: a cursor, but of another organization, such as one that was set up anew. Null: no cursor at all. */
export type ProgressCursor = { readonly foreign: boolean; readonly sequence: bigint } | null

export const encodeProgressCursor = (organizationId: string, sequence: bigint): string =>
  Buffer.from(JSON.stringify([VERSION, organizationId, sequence.toString()])).toString('base64url')

export function decodeProgressCursor(organizationId: string, cursor: string): ProgressCursor {
  if (!SHAPE.test(cursor)) return null
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (!Array.isArray(parsed) || parsed.length !== 3 || parsed[0] !== VERSION) return null
    const [, owner, sequence] = parsed as unknown[]
    if (typeof owner !== 'string' || typeof sequence !== 'string' || !/^\d{1,18}$/.test(sequence)) return null
    return { foreign: owner !== organizationId, sequence: BigInt(sequence) }
  } catch {
    // Not ours.
    return null
  }
}
