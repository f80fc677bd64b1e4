/**
 * The operations of one socket, from their `subscribe` message to their very end. graphql-ws knows an operation by
 * its client's name (`id`) alone: where a client ends one and uses its name again while that one is still on its way,
 * the older would answer in the name of the newer, and never be ended. Here the older is ended and silenced.
 */
import type { ExecutionResult, GraphQLError } from 'graphql'
import type { Actor } from '../access/actor.ts'

export type Operation = {
  readonly id: string
  /** A newer operation has its name: nothing that it does may be heard of. */
  superseded: boolean
  /** Aborted when nobody waits for it any more. */
  readonly left: AbortController
  /** What it follows, once that is opened. */
  source: AsyncIterableIterator<ExecutionResult> | null
  /** Why an actor may not have it; null as long as nobody was let in. */
  rightsError: ((actor: Actor) => GraphQLError | null) | null
  /** The rights, as text, with which it was allowed last. */
  allowed: string
  /** Ends it with an error; null while nobody waits for its next event. */
  fail: ((error: GraphQLError) => void) | null
  /** Why it was ended, where that was for want of rights. */
  refusal: GraphQLError | null
}

/** A new operation of this name, which ends an older one that still has it. */
export const beginOperation = (operations: Set<Operation>, id: string): Operation => {
  for (const older of operations) {
    if (older.id !== id) continue
    older.superseded = true
    end(older)
  }
  const operation: Operation = {
    id,
    superseded: false,
    left: new AbortController(),
    source: null,
    rightsError: null,
    allowed: '',
    fail: null,
    refusal: null,
  }
  operations.add(operation)
  return operation
}

/** Nobody waits for them any more. Those whose source is still being opened end when it is. */
export const endOperations = (operations: ReadonlySet<Operation>): void => {
  for (const operation of operations) end(operation)
}

/**
 * Ends those that the actor may not have any more, each with an error that says why. Rights that were gained count from
 * the next operation on.
 */
export const endForbidden = (operations: ReadonlySet<Operation>, actor: Actor): void => {
  const rights = rightsOf(actor)
  for (const operation of operations) {
    if (operation.rightsError === null || operation.allowed === rights) continue
    operation.refusal ??= operation.rightsError(actor)
    if (operation.refusal === null) {
      operation.allowed = rights
      continue
    }
    operation.fail?.(operation.refusal)
    end(operation)
  }
}

/** Of one look-up: thousands of sockets of one actor ask at the same time. */
const known = new WeakMap<ReadonlySet<string>, string>()

const rightsOf = ({ scopes }: Actor): string => {
  const rights = known.get(scopes) ?? [...scopes].toSorted().join(' ')
  known.set(scopes, rights)
  return rights
}

/**
 * What the message of a client ends. graphql-ws ends a subscription by itself, yet has no hook for what is still on its
 * way: a query, whose statement would run on for nobody.
 */
export const endCompleted = (operations: ReadonlySet<Operation>, message: string): void => {
  if (!/"type"\s*:\s*"complete"/.test(message.slice(0, COMPLETE_LENGTH_MAX))) return
  const id = idOf(message)
  for (const operation of operations) if (operation.id === id) operation.left.abort()
}

const COMPLETE_LENGTH_MAX = 1_000

const idOf = (message: string): unknown => {
  try {
    const { id, type } = JSON.parse(message) as { readonly id?: unknown; readonly type?: unknown }
    return type === 'complete' ? id : undefined
  } catch {
    // graphql-ws closes the socket for it.
    return undefined
  }
}

const end = (operation: Operation): void => {
  operation.left.abort()
  endSource(operation)
}

/** Its source says the same where it is asked for its next event, so nothing is lost here. */
const endSource = ({ source }: Operation): void => void source?.return?.().catch(() => {})

/**
 * What `promise` gives, or nothing ever for an operation that was superseded: graphql-ws would go on from any answer
 * to send a `complete` in the name of the newer one, and to forget that. What waits for ever is collected.
 */
export const unlessSuperseded = async <T>(operation: Operation, promise: Promise<T>): Promise<T> => {
  try {
    const value = await promise
    if (!operation.superseded) return value
  } catch (error) {
    if (!operation.superseded) throw error
  }
  return new Promise<T>(() => {})
}

/** What `promise` gives, unless the operation is refused first. Of many in a row nothing is kept. */
const unlessRefused = async <T>(operation: Operation, promise: Promise<T>): Promise<T> => {
  const { promise: told, resolve, reject } = Promise.withResolvers<T>()
  operation.fail = reject
  promise.then(resolve, reject)
  if (operation.refusal !== null) reject(operation.refusal)
  try {
    const value = await told
    // An event that was executed before it was refused: too late.
    if (operation.refusal !== null) throw operation.refusal
    return value
  } finally {
    operation.fail = null
  }
}

/** The source of an operation, as graphql-ws may see it. */
export const followSource = (
  operations: Set<Operation>,
  operation: Operation,
  source: AsyncIterableIterator<ExecutionResult>,
): AsyncIterableIterator<ExecutionResult> => {
  operation.source = source
  if (operation.superseded || operation.refusal !== null) endSource(operation)
  let asked = false
  const ask = async (): Promise<IteratorResult<ExecutionResult>> => {
    asked = true
    let ended = true
    try {
      const step = await unlessRefused(operation, source.next())
      ended = step.done === true || operation.superseded
      return step
    } finally {
      if (ended) operations.delete(operation)
    }
  }
  return {
    next: () => unlessSuperseded(operation, ask()),
    async return() {
      // Whoever has asked once asks until the end: only there it is over.
      if (!asked) operations.delete(operation)
      await source.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
