/** As the books keep them: JSON has no bigint. */
import type { AuthorityAction, AuthorityMatrix, AuthorityRule } from '../domain/authority.ts'

export type StoredRule = Omit<AuthorityRule, 'upTo' | 'upToByActor'> & {
  readonly upTo: string | null
  readonly upToByActor: string | null
}

const textOf = (amount: bigint | null): string | null => (amount === null ? null : String(amount))
const amountOf = (text: string | null): bigint | null => (text === null ? null : BigInt(text))

export const storeRule = (rule: AuthorityRule): StoredRule => ({
  ...rule,
  upTo: textOf(rule.upTo),
  upToByActor: textOf(rule.upToByActor),
})

export const restoreRule = (rule: StoredRule): AuthorityRule => ({
  ...rule,
  upTo: amountOf(rule.upTo),
  upToByActor: amountOf(rule.upToByActor),
})

export type MatrixInBooks = AuthorityMatrix & {
  /** Null where nothing was ever set. */
  readonly effectiveOn: Temporal.PlainDate | null
}

/** What a request would do to one customer, as `approval_step` keeps it. */
export type StoredStep = {
  /** As callers count the rows of their input. */
  readonly row: number
  readonly action: AuthorityAction
  readonly customerId: string
  /** The number of the bill, where it is about one. */
  readonly subject: string | null
  readonly before: string | null
  readonly after: string | null
  /** In the base currency, minor units as text; null where it is without limit, or nobody knows. */
  readonly amount: string | null
  readonly days: number | null
}
