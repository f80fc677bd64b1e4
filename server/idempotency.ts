/** Commands that are carried out once, however often they are asked for: the answer is kept with the caller's key. */
import { createHash } from 'node:crypto'
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import { conflict, invalid, isProblem, type Problem } from './problem.ts'

const KEY_LENGTH_MAX = 255

export type OnceRequest = {
  readonly organizationId: string
  /** Keys belong to whoever made them up: two tokens may use the same one. */
  readonly actor: string
  /** The command, such as `recordReceipt`. */
  readonly action: string
  /** Without a key (and in a dry run, for which pass null) the command is simply carried out. */
  readonly key: string | null | undefined
  /** All that the outcome depends on: the same key with another input is refused. */
  readonly input: unknown
}

/**
 * Carries `run` out, once per key, within the write transaction `tx`, and answers a repeated request with what the
 * first one gave. Requests at the same time wait for the first. A problem is not kept: nothing was done, and the
 * same key may be tried again. An outcome is made of JSON's values, bigint and Temporal's dates and moments.
 */
export const once = async <T extends object>(
  tx: Tx,
  request: OnceRequest,
  run: () => Promise<T | Problem>,
): Promise<T | Problem> => {
  const { key } = request
  if (key == null) return run()
  if (key === '' || key.length > KEY_LENGTH_MAX) {
    return invalid(['idempotencyKey'], `An idempotency key has 1 to ${KEY_LENGTH_MAX} characters`)
  }
  const hash = hashOf([request.action, request.input])
  for (;;) {
    if (await reserve(tx, request, key, hash)) return runAndKeep(tx, request, key, run)
    const kept = await readKept(tx, request, key)
    // Gone again: the request that had reserved it met a problem. Now it may be ours.
    if (kept === null) continue
    if (kept.hash !== hash) {
      return conflict(
        ['idempotencyKey'],
        'This idempotency key was used with another input; take a new one for a new request',
        'KEY_REUSED',
      )
    }
    return parseKept(kept.outcome) as T
  }
}

/** The primary key lets one request through; others at the same time wait until it has ended. */
const reserve = async (tx: Tx, request: OnceRequest, key: string, hash: string): Promise<boolean> => {
  const rows = await tx.sql`
    insert into idempotency_key (organization_id, actor, key, input_hash, outcome)
    values (${request.organizationId}, ${request.actor}, ${key}, ${hash}, '{}')
    on conflict do nothing returning key`
  return rows.length > 0
}

const runAndKeep = async <T extends object>(
  tx: Tx,
  { organizationId, actor }: OnceRequest,
  key: string,
  run: () => Promise<T | Problem>,
): Promise<T | Problem> => {
  const outcome = await run()
  if (isProblem(outcome)) {
    await tx.sql`
      delete from idempotency_key
      where organization_id = ${organizationId} and actor = ${actor} and key = ${key}`
  } else {
    // Not awaited: COMMIT travels with it, and is a ROLLBACK that the driver tells of where this fails.
    tx.sql`
      update idempotency_key set outcome = ${writeKept(outcome)}::text::jsonb
      where organization_id = ${organizationId} and actor = ${actor} and key = ${key}`.catch(() => {})
  }
  return outcome
}

const readKept = async (
  tx: Tx,
  { organizationId, actor }: OnceRequest,
  key: string,
): Promise<{ hash: string; outcome: string } | null> => {
  const [row] = await tx.sql<{ hash: string; outcome: string }[]>`
    select input_hash as hash, outcome::text as outcome from idempotency_key
    where organization_id = ${organizationId} and actor = ${actor} and key = ${key}`
  return row ?? null
}

/** Equal for inputs that mean the same: the order of fields does not count, and a field left out is one of null. */
const hashOf = (input: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(canonical(input)))
    .digest('hex')

const canonical = (value: unknown): unknown => {
  const plain = toPlain(value)
  const sort = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(sort)
    if (typeof node !== 'object' || node === null) return node
    return Object.fromEntries(
      Object.entries(node)
        .filter(([, field]) => field !== null)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, field]) => [name, sort(field)]),
    )
  }
  return sort(plain)
}

/** JSON has neither bigint nor dates: they travel as objects with one of these names. */
const writers = [
  ['$bigint', (value: unknown) => typeof value === 'bigint'],
  ['$date', (value: unknown) => value instanceof Temporal.PlainDate],
  ['$instant', (value: unknown) => value instanceof Temporal.Instant],
] as const

const readers = {
  $bigint: (text: string) => BigInt(text),
  $date: (text: string) => Temporal.PlainDate.from(text),
  $instant: (text: string) => Temporal.Instant.from(text),
}

const toPlain = (value: unknown): unknown => {
  const writer = writers.find(([, fits]) => fits(value))
  if (writer !== undefined) return { [writer[0]]: String(value) }
  if (Array.isArray(value)) return value.map(toPlain)
  if (typeof value !== 'object' || value === null) return value ?? null
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]) => (field === undefined ? [] : [[name, toPlain(field)]])),
  )
}

/** As JSON that `parseKept` reads again. */
export const writeKept = (outcome: object): string => JSON.stringify(toPlain(outcome))

export const parseKept = (text: string): unknown =>
  JSON.parse(text, (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value
    const [entry, ...rest] = Object.entries(value)
    if (entry === undefined || rest.length > 0) return value
    const read = Object.hasOwn(readers, entry[0]) ? readers[entry[0] as keyof typeof readers] : undefined
    return read === undefined ? value : read(String(entry[1]))
  })
