/** Files of backups, changed as nothing but a test would. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Manifest } from '@tidemark/drizzle/backup/manifest.ts'
import { openPromise } from 'yauzl'
import { ZipFile } from 'yazl'

export type Contents = Map<string, Buffer>

/** The members by their names, packed as they are. */
export const readMembers = async (path: string): Promise<Contents> => {
  const zip = await openPromise(path, { autoClose: false, lazyEntries: true })
  const members: Contents = new Map()
  for await (const entry of zip.eachEntry()) {
    members.set(entry.fileName, await buffer(await zip.openReadStreamPromise(entry)))
  }
  zip.close()
  return members
}

/** The rows of each table but those that are left out. Sorted: they lie in the file as PostgreSQL came across them. */
export const readSortedRows = async (
  path: string,
  leftOut: readonly string[],
): Promise<Record<string, readonly string[]>> => {
  const members = [...(await readMembers(path))].filter(([name]) => name.endsWith('.copy.zst'))
  const tables = members.map(([name, content]): [string, readonly string[]] => [
    name.slice(0, -'.copy.zst'.length),
    String(zstdDecompressSync(content)).split('\n').toSorted(),
  ])
  return Object.fromEntries(tables.filter(([name]) => !leftOut.includes(name)))
}

/** A copy of the file `from` at `to`, whole as a zip, with other members. */
export const rewriteMembers = async (
  from: string,
  to: string,
  change: (members: Contents) => void,
): Promise<string> => {
  const members = await readMembers(from)
  change(members)
  const zip = new ZipFile()
  for (const [name, content] of members) zip.addBuffer(content, name, { compress: false })
  zip.end()
  await pipeline(zip.outputStream, createWriteStream(to))
  return to
}

export const changeManifest = (members: Contents, change: (manifest: Manifest) => object): void => {
  const manifest = JSON.parse(String(members.get('manifest.json'))) as Manifest
  members.set('manifest.json', Buffer.from(JSON.stringify(change(manifest))))
}

/** Changes the rows of a table as somebody would who knows how the file is made: the manifest tells of the new ones. */
export const changeRows = (members: Contents, table: string, change: (rows: string) => string): void => {
  const name = `${table}.copy.zst`
  const content = Buffer.from(change(String(zstdDecompressSync(members.get(name) ?? Buffer.alloc(0)))))
  members.set(name, zstdCompressSync(content))
  changeManifest(members, (manifest) => ({
    ...manifest,
    tables: manifest.tables.map((member) =>
      member.table === table
        ? {
            ...member,
            rows: String(content).split('\n').length - 1,
            bytes: content.length,
            sha256: createHash('sha256').update(content).digest('hex'),
          }
        : member,
    ),
  }))
}
