import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import { audit } from '@tidemark/drizzle/tables/audit.ts'
import type { AuditRow, OriginRow } from '@tidemark/drizzle/rows.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { actorInWords } from '../access/actor-words.ts'
import { assemblePage, requestPage, type Page, type PageRequest, type SortKey } from '../connection.ts'
import type { Context } from '../context.ts'
import { decodeId, encodeId } from '../ids.ts'
import { isErased } from '../ledger/origin.ts'
import type { Loaders } from '../loaders.ts'
import type { AuditActorKind, AuditFilter, AuditOrder, OrderDirection } from '../schema.generated.ts'
import { matches, ofOrganization } from './filter.ts'

/** A row of the audit; what changed as JSON text. */
export type Entry = Omit<AuditRow, 'before' | 'after' | 'xid'> & {
  readonly before: string | null
  readonly after: string | null
}

type EntriesArguments = {
  readonly first: number
  readonly after?: string | null | undefined
  readonly filter?: AuditFilter | null | undefined
  readonly orderBy?: readonly AuditOrder[] | null | undefined
}

const { xid: _xid, before, after, ...plain } = getTableColumns(audit)
const columns = {
  ...plain,
  before: sql<string | null>`${before}::text`,
  after: sql<string | null>`${after}::text`,
}

export async function listEntries(context: Context, args: EntriesArguments): Promise<Page<Entry>> {
  const { reader, organization } = context
  const [order] = args.orderBy ?? []
  const request = requestPage(args, entryKeys(order?.direction ?? 'DESC'))
  const where = and(ofOrganization(organization.id), args.filter ? matches(args.filter) : undefined)
  const rows = await reader.read((tx) => readEntries(tx, where, request))
  return assemblePage(request, rows, (limit) =>
    reader.read((tx) =>
      tx.$count(tx.select({ id: audit.id }).from(audit).where(where).limit(limit).as('limited')),
    ),
  )
}

/** A page of the entries that fulfil `where`. */
export const readEntries = (
  tx: Tx,
  where: ReturnType<typeof and>,
  { after: beyond, orderBy, limit }: Pick<PageRequest<Entry>, 'after' | 'orderBy' | 'limit'>,
): Promise<Entry[]> =>
  tx
    .select(columns)
    .from(audit)
    .where(and(where, beyond))
    .orderBy(...orderBy)
    .limit(limit)

/** By the moment of recording, then the id: as an index has them. */
export const entryKeys = (direction: OrderDirection): SortKey<Entry>[] => [
  {
    name: 'RECORDED_AT',
    column: audit.recordedAt,
    direction,
    type: 'timestamptz',
    valueOf: ({ recordedAt }) => recordedAt.toString(),
  },
  { name: 'ID', column: audit.id, direction, type: 'uuid', valueOf: ({ id }) => id },
]

export async function findEntry({ reader, organization }: Context, id: string): Promise<Entry | null> {
  const uuid = decodeId('audit', id)
  if (uuid === null) return null
  const [found] = await reader.read((tx) =>
    tx
      .select(columns)
      .from(audit)
      .where(and(ofOrganization(organization.id), eq(audit.id, uuid))),
  )
  return found ?? null
}

/** Who did something. */
export type EntryActor = {
  readonly kind: AuditActorKind
  readonly name: string
  /** Of the person or the token. */
  readonly actorId: string | null
}

/** Null for what tells nothing, or was erased. */
export const knownOrigin = (origin: OriginRow): OriginRow | null =>
  isErased(origin) || (origin.address === null && origin.agent === null) ? null : origin

const KINDS: Readonly<Record<string, AuditActorKind>> = {
  member: 'MEMBER',
  token: 'TOKEN',
  terminal: 'TERMINAL',
  // Of older versions, with the name of the system's user.
  cli: 'TERMINAL',
  demo: 'DEMO',
  system: 'SYSTEM',
}

export async function actorOf({ actor }: Pick<Entry, 'actor'>, loaders: Loaders): Promise<EntryActor> {
  const [word = '', id = ''] = actor.split(':')
  const kind = KINDS[word] ?? 'SYSTEM'
  const name = await actorInWords(actor, loaders)
  if (kind === 'MEMBER') return { kind, name, actorId: encodeId('person', id) }
  return { kind, name, actorId: kind === 'TOKEN' ? encodeId('token', id) : null }
}
