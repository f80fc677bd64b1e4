/** WebSocket frames of `next` messages, made so that sockets share their bytes. */
import type { Payload } from '../live/hub.ts'

/** FIN, and the opcode of a text; what a server sends is not masked (RFC 6455, 5.2). */
const WHOLE_TEXT = 0x81
const LENGTH_IN_2_BYTES = 126
const LENGTH_IN_8_BYTES = 127
/** Shorter ones are copied for each client's name: that costs less than to write two pieces. */
const SHARED_FROM_BYTES = 8 * 1024

const END = Buffer.from('}')

/**
 * Whole frames, one after the other, for whom calls the operation `id`: one buffer, or, where a payload is large, several
 * of which the payload's is the same for all names.
 */
export function nextFrames(id: string, payloads: readonly Payload[]): readonly Buffer[] {
  const head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`)
  const pieces: Buffer[] = []
  let small: Buffer[] = []
  const endSmall = () => {
    if (small.length > 0) pieces.push(small.length === 1 && small[0] ? small[0] : Buffer.concat(small))
    small = []
  }
  for (const { json } of payloads) {
    small.push(headerOf(head.length + json.length + END.length), head)
    if (json.length >= SHARED_FROM_BYTES) {
      endSmall()
      pieces.push(json)
    } else small.push(json)
    small.push(END)
  }
  endSmall()
  return pieces
}

function headerOf(length: number): Buffer {
  if (length < LENGTH_IN_2_BYTES) return Buffer.from([WHOLE_TEXT, length])
  if (length < 2 ** 16) {
    const header = Buffer.from([WHOLE_TEXT, LENGTH_IN_2_BYTES, 0, 0])
    header.writeUInt16BE(length, 2)
    return header
  }
  const header = Buffer.alloc(10)
  header.set([WHOLE_TEXT, LENGTH_IN_8_BYTES])
  header.writeBigUInt64BE(BigInt(length), 2)
  return header
}
