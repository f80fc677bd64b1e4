/** Streams a CSV file: never more of it in memory than a piece. */
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import { delimiters, type Delimiter } from './mapping.ts'
import { createRecordCutter, type CsvRecord } from './records.ts'

/** Where in the file the reading stands, for a progress bar. */
export type ReadProgress = (bytesDone: number, bytesTotal: number) => void

export type CsvFile = {
  readonly path: string
  readonly delimiter: Delimiter
  readonly header: readonly string[]
  /** The records below the header; may be called more than once. */
  records(onProgress?: ReadProgress): AsyncGenerator<readonly CsvRecord[]>
}

const HEAD_BYTES = 256 * 1024
const CHUNK_BYTES = 256 * 1024

/**
 * Opens a CSV and reads its header. The delimiter is seen from the header where none is given; a byte order mark,
 * CRLF and quoted line breaks are fine. Throws an OperatorError when the file cannot be read, is empty, is not in
 * the encoding, or ends within quotes.
 */
export async function openCsv(
  path: string,
  options: { readonly encoding: string; readonly delimiter?: Delimiter | undefined },
): Promise<CsvFile> {
  const size = await sizeOf(path)
  const delimiter = options.delimiter ?? delimiterOf(await readHead(path, options.encoding))
  const recordsFrom = async function* (onProgress?: ReadProgress) {
    const cut = createRecordCutter(path, delimiter)
    let done = 0
    for await (const [text, bytes] of decoded(path, options.encoding)) {
      yield cut.push(text)
      done += bytes
      onProgress?.(done, size)
    }
    yield cut.end()
  }
  const header = (await firstRecord(recordsFrom()))?.values.map((name) => name.trim())
  if (header === undefined) throw new OperatorError(`${path} is empty.`)
  return {
    path,
    delimiter,
    header,
    async *records(onProgress) {
      let isHeader = true
      for await (const records of recordsFrom(onProgress)) {
        yield isHeader ? records.slice(1) : records
        isHeader &&= records.length === 0
      }
    },
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    const file = await stat(path)
    if (file.isFile()) return file.size
  } catch (cause) {
    throw cannotRead(path, cause)
  }
  throw new OperatorError(`${path} is no file.`)
}

function cannotRead(path: string, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'ENOENT') return new OperatorError(`There is no file ${path}.`, { cause })
  return code === '' ? cause : new OperatorError(`${path} cannot be read (${code}).`, { cause })
}

async function firstRecord(pieces: AsyncIterable<readonly CsvRecord[]>): Promise<CsvRecord | undefined> {
  for await (const [record] of pieces) if (record !== undefined) return record
  return undefined
}

async function readHead(path: string, encoding: string): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(HEAD_BYTES) })
    // Not fatal: the end may cut a character in two.
    return new TextDecoder(encoding).decode(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

/** The delimiter that the header has most of, outside quotes. */
export function delimiterOf(head: string): Delimiter {
  const header =
    head
      .trimStart()
      .replaceAll(/"(?:[^"]|"")*"/g, '')
      .split(/\r?\n/, 1)[0] ?? ''
  const count = (delimiter: Delimiter) => header.split(delimiter).length
  return delimiters.toSorted((a, b) => count(b) - count(a))[0] ?? ','
}

async function* decoded(path: string, encoding: string): AsyncGenerator<readonly [string, number]> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  const decode = (chunk?: Buffer) => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined })
    } catch (cause) {
      throw new OperatorError(
        `${path} is not ${encoding} text. Export it as UTF-8, or name its encoding in the mapping, such as "encoding": "windows-1252".`,
        { cause },
      )
    }
  }
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
    yield [decode(chunk), chunk.length]
  }
  yield [decode(), 0]
}
