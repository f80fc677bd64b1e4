/** What is to be done so that things are as a file says: prepared, with where in the file each problem of it stands. */
import type { Audited } from '../command.ts'
import type { Path, Problem } from '../problem.ts'
import type { GoalCodeChange } from '../schema.generated.ts'
import type { Tx } from '@tidemark/drizzle/transaction.ts'

/** A work, and where in its entry of the file stands what one of its problems names. */
export type Step = {
  readonly work: (tx: Tx) => Promise<Audited | Problem>
  readonly pathOf: (path: Path) => Path
}

/** A step, and the path of its entry in the file. */
export type Planned = { readonly step: Step; readonly path: Path }

export type Plan = {
  /** Done one after the other. */
  readonly steps: readonly Planned[]
  readonly changes: readonly GoalCodeChange[]
  /** The keys of what the file does not have, and what stays. */
  readonly missing: readonly string[]
}

/** A field as the file names it. */
export type FieldDiff = { readonly field: string; readonly from: string | null; readonly to: string | null }

/** A path in an entry of the file, and what is wrong there. */
export type CodeFault = { readonly path: Path; readonly message: string }

export const isFault = (outcome: unknown): outcome is CodeFault =>
  typeof outcome === 'object' && outcome !== null && 'path' in outcome && 'message' in outcome
