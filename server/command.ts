/** How every command runs: one transaction that is committed, or undone for a problem or a dry run. */
import postgres from 'postgres'
import { actorName } from './access/actor.ts'
import { renewView, type Context } from './context.ts'
import { badUserInput } from './errors.ts'
import { once } from './idempotency.ts'
import { isProblem, type Problem } from './problem.ts'
import { inTransaction, type Tx } from '@tidemark/drizzle/transaction.ts'
import type { Connection } from '@tidemark/drizzle/connect.ts'
import type { OrganizationRow } from '@tidemark/drizzle/rows.ts'
import { sourceOf } from './ledger/origin.ts'
import type { Applying } from './authority/applying.ts'
import type { Audit, Author } from './ledger/audit.ts'

/** Who commands, in whose books, and at what time. */
export type CommandContext = Author & {
  readonly connection: Connection
  readonly organization: OrganizationRow
  readonly now: Temporal.Instant
  /** Of a token: the greatest credit limit that it may set, in minor units of the base currency; else any. */
  readonly creditLimitMax?: bigint | null
  /** Told after the commit. */
  readonly posted: () => void
  /** Of a command that was approved: it is carried out in the transaction of its last approval. */
  readonly applying?: Applying
}

export type Command = {
  /** Its name in the audit, such as `recordReceipt`. */
  readonly action: string
  readonly input: { readonly dryRun: boolean; readonly idempotencyKey?: string | null | undefined }
  /** What it means when a unique constraint of this name refuses a row that another command wrote just before. */
  readonly duplicates?: Readonly<Record<string, Problem>>
  /** The longest that its transaction may take, where that is more than usual. */
  readonly timeoutMs?: number
  /** How many rows it is about, where they may be thousands: its statements are then planned for as many. */
  readonly rows?: number
  /** True where no goal changes by it that somebody watches from moment to moment: it is evaluated within a second. */
  readonly isQuiet?: boolean
}

/** Comparing each of them with every row of a small table takes longer from here on than planning. */
const MANY_ROWS = 100

/** What every command answers with: what `writeAudit` gave, or null where nothing was written. */
export type Audited = { readonly audit: Audit | null }

/**
 * Runs `work` and commits what it wrote, unless it answers with a problem or this is a dry run: then nothing is
 * left of it, and `audit` is null. A repeated idempotency key gets the first outcome back from the database, its
 * `audit` included, so it must be plain data.
 */
export async function runCommand<Success extends Audited>(
  context: CommandContext,
  { action, input, duplicates, timeoutMs, rows = 1, isQuiet = false }: Command,
  work: (tx: Tx) => Promise<Success | Problem>,
): Promise<Success | Problem> {
  const { connection, organization, actor } = context
  const key = input.dryRun ? null : input.idempotencyKey
  try {
    // Whoever applies it has the savepoint, and tells of it after the commit.
    if (context.applying !== undefined) return await work(context.applying.tx)
    const transaction = {
      organizationId: organization.id,
      mode: 'write',
      plans: rows < MANY_ROWS ? 'ONCE' : 'ANEW',
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    } as const
    const outcome = await inTransaction(connection, transaction, async (tx) => {
      const request = { organizationId: organization.id, actor, action, key, input }
      const answer = await once(tx, request, () => work(tx))
      if (isProblem(answer)) throw new Undo(answer)
      if (input.dryRun) throw new Undo({ ...answer, audit: null })
      return answer
    })
    if (!isQuiet) context.posted()
    return outcome
  } catch (error) {
    if (error instanceof Undo) return error.answer as Success | Problem
    const duplicate = duplicates?.[violatedConstraint(error) ?? '']
    if (duplicate !== undefined) return duplicate
    throw error
  }
}

/** Runs a command for a resolver. What is read through `context` afterwards sees what was written. */
export async function carryOut<Input, Outcome>(
  context: Context,
  command: (context: CommandContext, input: Input) => Promise<Outcome>,
  input: Input,
): Promise<Outcome> {
  const { connection, organization, actor, caller, now, events } = context
  // The answer of an earlier field of the same mutation holds a connection until here: one at a time, or a pool of
  // waiting mutations would wait for itself.
  await context.reader.close()
  const posted = () => events.publish('posted', { organizationId: organization.id })
  try {
    const source = await sourceOf(connection, organization.id, actor, caller)
    const { creditLimitMax = null } = actor
    const by = { actor: actorName(actor), creditLimitMax, source }
    const commands = { connection, organization, ...by, now, posted }
    return await command(commands, withKey(input, caller.idempotencyKey))
  } finally {
    renewView(context)
  }
}

/** Throws BAD_USER_INPUT where the input has another key than the request. */
function withKey<Input>(input: Input, key: string | null | undefined): Input {
  if (key == null || typeof input !== 'object' || input === null) return input
  const own = 'idempotencyKey' in input ? input.idempotencyKey : null
  if (own != null && own !== key)
    throw badUserInput('The header Idempotency-Key and the field `idempotencyKey` differ: give one of them.')
  return { ...input, idempotencyKey: key }
}

const UNIQUE_VIOLATION = '23505'

/** drizzle wraps the driver's error. */
function violatedConstraint(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof postgres.PostgresError && cause.code === UNIQUE_VIOLATION)
      return cause.constraint_name
  }
  return undefined
}

/** Carries the answer out of a transaction that must not be committed. */
class Undo extends Error {
  readonly answer: object
  constructor(answer: object) {
    super('The transaction was undone on purpose')
    this.answer = answer
  }
}
