/** What a command answers that nobody carried out, for it is above the authority of whoever asked. */
import type { Requirement } from '../domain/authority.ts'
import type { Audited } from '../command.ts'
import type { StoredStep } from './stored.ts'

/** Plain data, for it is kept with an idempotency key. */
export type ApprovalAsked = Audited & {
  readonly __typename: 'ApprovalRequested'
  /** Null with `dryRun`. */
  readonly requestId: string | null
  readonly requirements: readonly Requirement[]
  readonly stepCount: number
  /** With `dryRun` alone: else they are read with the request. */
  readonly steps: readonly StoredStep[]
  readonly dryRun: boolean
}

export const isAsked = (outcome: unknown): outcome is ApprovalAsked =>
  typeof outcome === 'object' &&
  outcome !== null &&
  '__typename' in outcome &&
  outcome.__typename === 'ApprovalRequested'
