/** The file of a backup, read: what it says of itself, and whether every member is what that says. */
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { OperatorError } from '../operator-error.ts'
import { formatOf, FORMAT, MANIFEST, type Manifest, type Member, parseManifest } from './manifest.ts'
import { type Content, measured, unpack } from './packing.ts'

/** A file of a backup that is open. */
export type OpenBackup = AsyncDisposable & {
  readonly path: string
  readonly manifest: Manifest
  /** Writes the rows of a member to `target`, and ends it if they are what the manifest says. */
  unpackInto(member: Member, target: Writable, options: ReadOptions): Promise<void>
}

export type ReadOptions = {
  /** Hears of bytes of rows. */
  readonly onBlock?: (bytes: number) => void
  readonly signal?: AbortSignal | undefined
}

/** Longer than the manifest of a thousand tables; a damaged length must not fill the memory. */
const MANIFEST_BYTES_MAX = 10_000_000

/** Throws an OperatorError where it is no backup, not a whole one, or of a later format. */
export const openBackup = async (path: string): Promise<OpenBackup> => {
  const zip = await openZip(path)
  try {
    const entries = new Map<string, Entry>()
    await toldOf(path, MANIFEST, async () => {
      for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry)
    })
    const manifest = await readManifest(zip, entries.get(MANIFEST), path)
    const missing = manifest.tables.find(({ member }) => !entries.has(member))
    if (missing !== undefined) throw damaged(path, missing.member, 'it is missing')
    return {
      path,
      manifest,
      async unpackInto(member, target, { onBlock = () => {}, signal }) {
        const entry = entries.get(member.member)
        if (entry === undefined) throw damaged(path, member.member, 'it is missing')
        const packed = await toldOf(path, member.member, () => zip.openReadStreamPromise(entry))
        const unpacked = unpack()
        // The first to fail takes the others with it.
        const failed: (typeof target | typeof packed)[] = []
        for (const stream of [packed, unpacked, target]) stream.once('error', () => failed.push(stream))
        try {
          await pipeline(
            packed,
            unpacked,
            (blocks: AsyncIterable<Buffer>) =>
              measured(blocks, onBlock, (content) => compare(path, member, content)),
            target,
            { signal },
          )
        } catch (error) {
          const isOfFile = failed[0] === packed || failed[0] === unpacked
          throw isOfFile && signal?.aborted !== true ? damaged(path, member.member, error) : error
        }
      },
      async [Symbol.asyncDispose]() {
        zip.close()
      },
    }
  } catch (error) {
    zip.close()
    throw error
  }
}

/** Reads every member and compares it with the manifest. Throws an OperatorError that names the one that differs. */
export const checkMembers = async (backup: OpenBackup, options: ReadOptions = {}): Promise<void> => {
  for (const member of backup.manifest.tables) {
    const nowhere = new Writable({ write: (_block, _encoding, done) => done() })
    await backup.unpackInto(member, nowhere, options)
  }
}

const compare = (path: string, { member, rows, bytes, sha256 }: Member, content: Content): void => {
  if (content.rows === rows && content.bytes === bytes && content.sha256 === sha256) return
  throw damaged(path, member, `its ${content.rows} rows are not the ${rows} that were written`)
}

const openZip = async (path: string): Promise<ZipFile> => {
  try {
    return await openPromise(path, { autoClose: false, lazyEntries: true, strictFileNames: true })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : null
    if (code === 'ENOENT') throw new OperatorError(`There is no file ${path}.`, { cause })
    if (code !== null) throw new OperatorError(`${path} cannot be read (${code}).`, { cause })
    throw new OperatorError(
      `${path} is not a whole backup: it has no end, as after a copy that was cut short. Use another one.`,
      { cause },
    )
  }
}

const readManifest = async (zip: ZipFile, entry: Entry | undefined, path: string): Promise<Manifest> => {
  if (entry === undefined) {
    throw new OperatorError(`${path} is no backup of Tidemark: there is no ${MANIFEST} in it.`)
  }
  const text = await toldOf(path, MANIFEST, async () => {
    if (entry.uncompressedSize > MANIFEST_BYTES_MAX) throw new Error('it is too long')
    const content = Buffer.concat(await (await zip.openReadStreamPromise(entry)).toArray())
    if (crc32(content) !== entry.crc32) throw new Error('its checksum differs')
    return content.toString()
  })
  const manifest = parseManifest(text)
  if (manifest !== null) return manifest
  const format = formatOf(text)
  if (format !== null && format > FORMAT) {
    throw new OperatorError(
      `${path} was made by a newer Tidemark (format ${format}; this one reads ${FORMAT}). Update Tidemark.`,
    )
  }
  throw damaged(path, MANIFEST, 'it does not say what a backup says')
}

const toldOf = async <T>(path: string, member: string, read: () => Promise<T>): Promise<T> => {
  try {
    return await read()
  } catch (error) {
    throw damaged(path, member, error)
  }
}

const damaged = (path: string, member: string, cause: unknown): OperatorError => {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new OperatorError(`${path} is damaged at ${member}: ${reason}. Use another backup.`, { cause })
}
