/** A command that was approved and is carried out now, within the transaction of the last approval. */
import type { Tx } from '@tidemark/drizzle/transaction.ts'
import type { Identity } from '../domain/authority.ts'
import type { StoredStep } from './stored.ts'

export type Applying = {
  readonly tx: Tx
  readonly requestId: string
  /** As it is now; its steps count, and not those of whoever approved. */
  readonly requester: Identity
  readonly approvers: readonly Identity[]
  /** What was asked for, by row. */
  readonly steps: ReadonlyMap<number, StoredStep>
  /** The rows of the input that are meant; null for all. */
  readonly rows: ReadonlySet<number> | null
}
