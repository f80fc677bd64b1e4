/** The audit as a file: row by row out of one snapshot, however many there are. */
import { and } from 'drizzle-orm'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { openReader } from '@tidemark/drizzle/transaction.ts'
import { assemblePage, requestPage, type Page, type PageRequest } from '../connection.ts'
import { csvLine } from '../csv.ts'
import { dateAt } from '../domain/calendar.ts'
import { encodeId } from '../ids.ts'
import { createLoaders, type Loaders } from '../loaders.ts'
import { matches, ofOrganization } from './filter.ts'
import type { ExportChoice } from './parameters.ts'
import { actorOf, entryKeys, knownOrigin, readEntries, type Entry } from './queries.ts'
import { subjectId, subjectName } from './subject.ts'

export type ExportFormat = 'csv' | 'ndjson'

export type ExportRequest = ExportChoice & {
  readonly format: ExportFormat
  /** Begins with a byte order mark, by which some spreadsheets know UTF-8. */
  readonly bom: boolean
}

/** In the order of the columns. */
const FIELDS = [
  'sequence',
  'id',
  'recordedAt',
  'actorKind',
  'actorId',
  'actorName',
  'action',
  'subject',
  'subjectName',
  'before',
  'after',
  'reason',
  'requestId',
  'address',
  'agent',
  'hash',
  'sealHash',
  'sealedAt',
] as const

/** An entry with its seal; what changed is JSON text. */
type Row = Readonly<Record<(typeof FIELDS)[number], string | null>>

const ROWS_PER_PAGE = 500
/** Of all of it: who reads slowly keeps a connection from others. */
const TIMEOUT_MS = 600_000

/** The text of the file in parts. It reads on when it is asked for more, and lets go of the database when it is left. */
export async function* exportAudit(
  connection: Connection,
  organization: OrganizationRow,
  { format, bom, filter, direction }: ExportRequest,
): AsyncGenerator<string, void, void> {
  const write = WRITERS[format]
  const keys = entryKeys(direction)
  const where = and(ofOrganization(organization.id), matches(filter))
  const now = Temporal.Now.instant()
  const at = { now, today: dateAt(now, organization.timeZone) }
  const reader = openReader(connection, organization.id, { timeoutMs: TIMEOUT_MS })
  try {
    let head = (bom ? '\uFEFF' : '') + (format === 'csv' ? csvLine(FIELDS) : '')
    let after: string | null = null
    do {
      const request: PageRequest<Entry> = requestPage({ first: ROWS_PER_PAGE, after }, keys)
      const entries = await reader.read((tx) => readEntries(tx, where, request))
      const { nodes, pageInfo }: Page<Entry> = assemblePage(request, entries, () => Promise.resolve(0))
      // Of one page only, so that their memory stays as small.
      const loaders = createLoaders(reader, organization, at)
      const rows = await Promise.all(nodes.map((entry) => rowOf(entry, loaders, organization)))
      yield head + rows.map(write).join('')
      head = ''
      after = pageInfo.endCursor
    } while (after !== null)
  } finally {
    await reader.close()
  }
}

const rowOf = async (entry: Entry, loaders: Loaders, organization: OrganizationRow): Promise<Row> => {
  const [actor, name, seal, origin] = await Promise.all([
    actorOf(entry, loaders),
    subjectName(entry, loaders, organization),
    loaders.auditSeal.load(entry.id),
    entry.originId === null ? null : loaders.origin.load(entry.originId),
  ])
  const known = origin === null ? null : knownOrigin(origin)
  return {
    sequence: seal?.sequence.toString() ?? null,
    id: encodeId('audit', entry.id),
    recordedAt: entry.recordedAt.toString(),
    actorKind: actor.kind,
    actorId: actor.actorId,
    actorName: actor.name,
    action: entry.action,
    subject: subjectId(entry),
    subjectName: name,
    before: entry.before,
    after: entry.after,
    reason: entry.reason,
    requestId: entry.requestId,
    address: known?.address ?? null,
    agent: known?.agent ?? null,
    hash: entry.hash,
    sealHash: seal?.hash ?? null,
    sealedAt: seal?.sealedAt.toString() ?? null,
  }
}

const parsed = (json: string | null): unknown => (json === null ? null : JSON.parse(json))

const WRITERS: Readonly<Record<ExportFormat, (row: Row) => string>> = {
  csv: (row) => csvLine(FIELDS.map((field) => row[field])),
  ndjson: (row) => `${JSON.stringify({ ...row, before: parsed(row.before), after: parsed(row.after) })}\n`,
}
