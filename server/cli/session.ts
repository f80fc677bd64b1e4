/** What every command of the command line gets: the database, opened when it is first needed, and a way to answer. */
import { userInfo } from 'node:os'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import { OperatorError } from '@tidemark/drizzle/operator-error.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import type { CommandContext } from '../command.ts'
import { readDatabaseConfig } from '../config.ts'
import { openDatabase, type OpenDatabase } from '../database.ts'
import { createPublisher, type LogError } from '../events.ts'
import { sourceOf } from '../ledger/origin.ts'
import { findOrganization, listOrganizations } from '../organization/queries.ts'
import type { Problem } from '../problem.ts'

export type Books = {
  readonly connection: Connection
  readonly organization: OrganizationRow
}

export type CliSession = {
  /** Where its changes come from. The name of the system's user stands nowhere else, so that it can be erased. */
  readonly caller: TerminalCaller
  /** Joins the running database, or starts it for the time of the command. Brings its tables up to date. */
  connection(): Promise<Connection>
  /** The organization of this slug, to read from. Throws an OperatorError that names those there are. */
  books(slug: string): Promise<Books>
  /** The same for commands: `recordReceipt(await session.commands(slug), input)`. */
  commands(slug: string): Promise<CommandContext>
  /** On standard output: `data` as JSON with --json, else `text`. */
  answer(text: string, data: unknown): void
  /** On standard error: what is not the answer. */
  note(text: string): void
  close(): Promise<void>
}

/** Of the command line, as the audit names it. */
export const TERMINAL = 'terminal'

export type TerminalCaller = { readonly requestId: null; readonly address: null; readonly agent: string }

export const openCliSession = (wantsJson: () => boolean): CliSession => {
  const note = (text: string) => void process.stderr.write(`${text}\n`)
  const logError: LogError = (error, message) =>
    note(`${message}: ${error instanceof Error ? error.message : String(error)}`)
  let opening: Promise<OpenDatabase> | undefined
  let publisher: ReturnType<typeof createPublisher> | undefined

  const connection = async () => {
    opening ??= openDatabase(readDatabaseConfig(process.env), { asServer: false })
    return (await opening).connection
  }

  const books = async (slug: string): Promise<Books> => {
    const opened = await connection()
    const organization = await findOrganization(opened, slug)
    if (organization === null) throw await unknownOrganization(opened, slug)
    return { connection: opened, organization }
  }

  const caller = callerAtTerminal()
  return {
    caller,
    connection,
    books,
    async commands(slug) {
      const { connection: opened, organization } = await books(slug)
      const told = (publisher ??= createPublisher(opened, logError))
      return {
        connection: opened,
        organization,
        actor: TERMINAL,
        source: await sourceOf(opened, organization.id, null, caller),
        now: Temporal.Now.instant(),
        posted: () => told.publish('posted', { organizationId: organization.id }),
      }
    },
    answer: (text, data) =>
      void process.stdout.write(`${wantsJson() ? JSON.stringify(data, plainBigint, 2) : text}\n`),
    note,
    async close() {
      await publisher?.close()
      // Where it could not be opened there is nothing to close, and the command has said why.
      const database = await opening?.catch(() => undefined)
      await database?.close()
    },
  }
}

/** A problem as the command line tells it: by the option at fault. */
export const refuse = (
  problem: Problem,
  optionOf: (path: Problem['path']) => string | undefined,
): OperatorError => {
  const option = optionOf(problem.path)
  return new OperatorError(option === undefined ? problem.message : `${option}: ${problem.message}`)
}

const callerAtTerminal = (): TerminalCaller => ({
  requestId: null,
  address: null,
  agent: `tidemark cli, ${userName()}`,
})

const userName = (): string => {
  try {
    return userInfo().username
  } catch {
    // In a container the user may have no name.
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}

const plainBigint = (_name: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value

const unknownOrganization = async (connection: Connection, slug: string): Promise<OperatorError> => {
  const slugs = (await listOrganizations(connection)).map(({ slug }) => slug)
  const known =
    slugs.length === 0
      ? 'There is none yet: `pnpm tidemark organization create`.'
      : `There is ${slugs.slice(0, 20).join(', ')}${slugs.length > 20 ? ', ...' : ''}.`
  return new OperatorError(`--organization: there is no organization "${slug}". ${known}`)
}
