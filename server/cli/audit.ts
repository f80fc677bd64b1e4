import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import { inTransaction } from '@tidemark/drizzle/transaction.ts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { exportAudit, type ExportFormat } from '../audit/export.ts'
import { readHead } from '../audit/head.ts'
import { readParameters } from '../audit/parameters.ts'
import { verifyAudit, type Evidence, type Verification } from '../audit/verify.ts'
import { decodeId, encodeId } from '../ids.ts'
import type { CliSession } from './session.ts'

type Receipt = Evidence['receipts'][number]
type NotedHead = Evidence['heads'][number]

type OfOrganization = { readonly organization: string }
type VerifyOptions = OfOrganization & {
  readonly receipt: readonly Receipt[]
  readonly head: readonly NotedHead[]
}
type ExportOptions = OfOrganization & {
  readonly format: ExportFormat
  readonly bom: boolean
  readonly newestFirst: boolean
  readonly since?: string
  readonly until?: string
  readonly action: readonly string[]
  readonly actorKind: readonly string[]
  readonly actor: readonly string[]
  readonly subject: readonly string[]
}

export const registerAudit = (program: Command, session: CliSession): void => {
  const noun = program.command('audit').description('what was changed, by whom and why, and the proof of it')
  addVerify(noun, session)
  addHead(noun, session)
  addExport(noun, session)
}

const addVerify = (noun: Command, session: CliSession): void => {
  noun
    .command('verify')
    .description('recomputes every hash and names what does not fit; exits with 1 where something does not')
    .requiredOption('--organization <slug>', 'whose audit')
    .addOption(
      new Option('--receipt <id:hash...>', 'what a mutation answered as `audit`: must still be so')
        .argParser(collected(readReceipt))
        .default([]),
    )
    .addOption(
      new Option('--head <sequence:hash...>', 'an end of the chain that `audit head` told before')
        .argParser(collected(readNotedHead))
        .default([]),
    )
    .action(async ({ organization: slug, receipt: receipts, head: heads }: VerifyOptions) => {
      const { connection, organization } = await session.books(slug)
      const found = await verifyAudit(connection, organization.id, { receipts, heads })
      session.answer(inWords(found).join('\n'), described(found))
      if (!found.isIntact) process.exitCode = 1
    })
}

const addHead = (noun: Command, session: CliSession): void => {
  noun
    .command('head')
    .description('tells where the chain ends: note it down outside of this system, for `audit verify --head`')
    .requiredOption('--organization <slug>', 'whose audit')
    .action(async ({ organization: slug }: OfOrganization) => {
      const { connection, organization } = await session.books(slug)
      const head = await inTransaction(connection, { organizationId: organization.id, mode: 'read' }, (tx) =>
        readHead(tx, organization.id),
      )
      session.answer(head === null ? 'Nothing is sealed yet.' : `${head.sequence}:${head.hash}`, head)
    })
}

const addExport = (noun: Command, session: CliSession): void => {
  noun
    .command('export')
    .description('writes the entries to standard output, the oldest first')
    .requiredOption('--organization <slug>', 'whose audit')
    .addOption(new Option('--format <format>', 'what kind of file').choices(['csv', 'ndjson']).default('csv'))
    .option('--bom', 'begin with a byte order mark, by which some spreadsheets know UTF-8', false)
    .option('--newest-first', 'the other way round', false)
    .option('--since <moment>', 'recorded at or after it, such as 2026-06-30T00:00:00Z')
    .option('--until <moment>', 'recorded before it')
    .option('--action <name...>', 'only what was done by one of these, such as recordReceipt', [])
    .option('--actor-kind <kind...>', 'only done by MEMBER, TOKEN, TERMINAL, DEMO or SYSTEM', [])
    .option('--actor <id...>', 'only done by one of these people or tokens', [])
    .option('--subject <id...>', 'only about one of these, such as customer_...', [])
    .action(async (options: ExportOptions) => {
      const { format, bom } = options
      const choice = readParameters(parametersOf(options))
      if ('parameter' in choice) {
        throw new OperatorError(`${OPTIONS[choice.parameter] ?? choice.parameter}: ${choice.message}`)
      }
      const { connection, organization } = await session.books(options.organization)
      const file = Readable.from(exportAudit(connection, organization, { ...choice, format, bom }))
      await pipeline(file, process.stdout, { end: false }).catch((error: unknown) => {
        // Whoever reads has enough, as `head` has.
        if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error
      })
    })
}

const OPTIONS: Readonly<Record<string, string>> = {
  'recordedAt.gte': '--since',
  'recordedAt.lt': '--until',
  action: '--action',
  actorKind: '--actor-kind',
  actorId: '--actor',
  subject: '--subject',
}

const parametersOf = (options: ExportOptions): (readonly [string, string])[] => [
  ...(options.since === undefined ? [] : [['recordedAt.gte', options.since] as const]),
  ...(options.until === undefined ? [] : [['recordedAt.lt', options.until] as const]),
  ...options.action.map((name) => ['action', name] as const),
  ...options.actorKind.map((kind) => ['actorKind', kind] as const),
  ...options.actor.map((id) => ['actorId', id] as const),
  ...options.subject.map((id) => ['subject', id] as const),
  ['direction', options.newestFirst ? 'DESC' : 'ASC'],
]

const collected =
  <Value>(read: (text: string) => Value) =>
  (text: string, before: readonly Value[]): Value[] => [...before, read(text)]

const readReceipt = (text: string): Receipt => {
  const [id = '', hash = ''] = text.split(':')
  const uuid = decodeId('audit', id)
  if (uuid === null || !isHash(hash))
    throw new InvalidArgumentError('Expected audit_...:<64 hexadecimal digits>.')
  return { id: uuid, hash }
}

const readNotedHead = (text: string): NotedHead => {
  const [sequence = '', hash = ''] = text.split(':')
  if (!/^[1-9]\d{0,17}$/.test(sequence) || !isHash(hash)) {
    throw new InvalidArgumentError('Expected <number>:<64 hexadecimal digits>, as `audit head` tells it.')
  }
  return { sequence: BigInt(sequence), hash }
}

const isHash = (text: string): boolean => /^[\da-f]{64}$/i.test(text)

const inWords = ({ isIntact, entries, unsealed, head, findings, findingCount }: Verification): string[] => [
  ...findings.map(({ kind, entryId, message }) =>
    [kind, entryId === null ? '-' : encodeId('audit', entryId), message].join('\t'),
  ),
  ...(findingCount > findings.length ? [`... and ${findingCount - findings.length} more`] : []),
  `${entries} entries, ${unsealed} of them not sealed yet${head === null ? '' : `; the chain ends at ${head.sequence}:${head.hash}`}`,
  isIntact ? 'Intact.' : `Not intact: ${findingCount} ${findingCount === 1 ? 'finding' : 'findings'}.`,
]

const described = ({ checkedAt, findings, ...rest }: Verification) => ({
  ...rest,
  checkedAt: checkedAt.toString(),
  findings: findings.map(({ entryId, ...finding }) => ({
    ...finding,
    entryId: entryId === null ? null : encodeId('audit', entryId),
  })),
})
