/** What a backup says of itself, as the member `manifest.json` of its file. */
import type { AppliedMigration } from '../migrate.ts'

/** Rises when an older Tidemark could not read the file. */
export const FORMAT = 1
export const MANIFEST = 'manifest.json'

export type Manifest = {
  readonly format: number
  /** The version of the Tidemark that wrote it. */
  readonly product: string
  /** The moment that all of it is of, by the clock of the database. */
  readonly takenAt: string
  /** The same as PostgreSQL tells it: which transactions are in it. */
  readonly snapshot: string
  /** As PostgreSQL counts: 180004 is 18.4. */
  readonly postgres: number
  /** What the tables had been brought to, in order. */
  readonly migrations: readonly AppliedMigration[]
  readonly organizations: number
  readonly tables: readonly Member[]
}

/** A table's rows, as COPY writes them, in a member of the file. */
export type Member = {
  readonly member: string
  /** As SQL takes it, such as `public.customer`. */
  readonly table: string
  readonly columns: readonly string[]
  /** Of what is in the member once it is unpacked. */
  readonly rows: number
  readonly bytes: number
  readonly sha256: string
}

export const lastMigration = ({ migrations }: Pick<Manifest, 'migrations'>): string =>
  migrations.at(-1)?.tag ?? 'none'

/** Null where the text is no manifest of this format. */
export const parseManifest = (text: string): Manifest | null => {
  const value = parseJson(text)
  const isWhole =
    isRecord(value) &&
    value['format'] === FORMAT &&
    ['product', 'takenAt', 'snapshot'].every((key) => typeof value[key] === 'string') &&
    ['postgres', 'organizations'].every((key) => isCount(value[key])) &&
    isArrayOf(value['migrations'], isMigration) &&
    isArrayOf(value['tables'], isMember)
  return isWhole ? (value as Manifest) : null
}

/** The format that the text claims to have; null where it claims none. */
export const formatOf = (text: string): number | null => {
  const value = parseJson(text)
  return isRecord(value) && isCount(value['format']) ? value['format'] : null
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

const isText = (value: unknown): boolean => typeof value === 'string'

const isArrayOf = (value: unknown, isElement: (element: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isElement)

const isMigration = (value: unknown): boolean =>
  isRecord(value) && isText(value['tag']) && isText(value['hash']) && isCount(value['when'])

const isMember = (value: unknown): boolean =>
  isRecord(value) &&
  ['member', 'table', 'sha256'].every((key) => isText(value[key])) &&
  isArrayOf(value['columns'], isText) &&
  ['rows', 'bytes'].every((key) => isCount(value[key]))
